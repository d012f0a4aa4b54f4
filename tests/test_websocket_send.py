"""``send()`` and ``bufferedAmount``."""

from __future__ import annotations

import array
from typing import Any

import pytest
import trio
import trio.testing
from support.peer import BINARY, CLOSE, TEXT, Frame, Peer, close
from support.world import MemoryWorld

from trio_ws_dom import Blob, DOMException, WebSocket


async def accepted(nursery: trio.Nursery, *headers: str) -> tuple[WebSocket, Peer]:
    """A socket by the bare constructor, OPEN, and its peer."""
    world = MemoryWorld()
    ws = WebSocket(world.url, nursery=nursery, **world.options())
    peer = await world.peer()
    await peer.accept(*headers)
    await trio.testing.wait_all_tasks_blocked()
    return ws, peer


@pytest.mark.parametrize(
    ("data", "frame"),
    [
        ("", Frame(TEXT, b"")),
        ("Größe €", Frame(TEXT, "Größe €".encode())),
        ("\ud83d\ude00", Frame(TEXT, "😀".encode())),
        ("a\ud800b", Frame(TEXT, "a\ufffdb".encode())),
        (b"\x00\xff", Frame(BINARY, b"\x00\xff")),
        (b"", Frame(BINARY, b"")),
        (bytearray(b"array"), Frame(BINARY, b"array")),
        (memoryview(b"abcdef")[::2], Frame(BINARY, b"ace")),
        (array.array("H", [1, 2]), Frame(BINARY, array.array("H", [1, 2]).tobytes())),
        (Blob([b"a", "ä"]), Frame(BINARY, "aä".encode())),
        (b"x" * 126, Frame(BINARY, b"x" * 126)),
        (b"y" * 70_000, Frame(BINARY, b"y" * 70_000)),
    ],
    ids=lambda value: None if isinstance(value, Frame) else type(value).__name__,
)
async def test_what_can_be_sent(
    data: Any, frame: Frame, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Each kind of data goes out as one frame of the right type; text as a USVString."""
    ws, peer = await accepted(nursery)
    ws.send(data)
    assert ws.bufferedAmount == len(frame.payload)
    assert await peer.next() == frame
    await trio.testing.wait_all_tasks_blocked()
    assert ws.bufferedAmount == 0


@pytest.mark.parametrize("data", [None, 1, 1.5, ["a"], object(), {"a": 1}])
async def test_what_cannot_be_sent(data: Any, nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Anything else is a TypeError, and sends nothing."""
    ws, _ = await accepted(nursery)
    with pytest.raises(TypeError):
        ws.send(data)
    assert ws.bufferedAmount == 0


async def test_data_is_copied(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """What is done to a bytearray after the call is not sent."""
    ws, peer = await accepted(nursery)
    data = bytearray(b"before")
    ws.send(data)
    data[:] = b"after!"
    assert await peer.next() == Frame(BINARY, b"before")


async def test_order(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Messages go out in the order of the calls, as many as there are."""
    ws, peer = await accepted(nursery)
    for number in range(5000):
        ws.send(str(number))
    assert [(await peer.next()).payload for _ in range(5000)] == [b"%d" % n for n in range(5000)]


@pytest.mark.parametrize("data", ["text", b"", 17, None])
async def test_send_while_connecting(data: Any, nursery: trio.Nursery, autojump_clock: Any) -> None:
    """InvalidStateError, whatever the argument."""
    world = MemoryWorld()
    ws = WebSocket(world.url, nursery=nursery, **world.options())
    with pytest.raises(DOMException) as caught:
        ws.send(data)
    assert (caught.value.name, ws.bufferedAmount) == ("InvalidStateError", 0)


async def test_send_while_closing(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It is dropped, silently, and counted; nothing follows the Close."""
    ws, peer = await accepted(nursery)
    ws.close(1000)
    ws.send("ä")
    ws.send(b"xyz")
    assert ws.bufferedAmount == 5
    assert await peer.next() == Frame(CLOSE, b"\x03\xe8")
    await trio.testing.wait_all_tasks_blocked()
    assert ws.bufferedAmount == 5


async def test_send_once_closed(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The same in CLOSED; what is no data is a TypeError there too."""
    ws, peer = await accepted(nursery)
    await peer.send(close(1000))
    await peer.read_to_close()
    await peer.stream.aclose()
    await ws.wait_closed()
    ws.send("abc")
    ws.send(Blob(["de"]))
    assert ws.bufferedAmount == 5
    with pytest.raises(TypeError):
        ws.send(17)  # type: ignore[arg-type]  # the wrong type is the subject


async def test_buffered_amount_does_not_fall_in_a_synchronous_stretch(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """It falls at the program's checkpoints only, and then at once."""
    ws, _ = await accepted(nursery)
    amounts = []
    for _ in range(3):
        ws.send(b"1234")
        amounts.append(ws.bufferedAmount)
    await trio.testing.wait_all_tasks_blocked()
    assert [*amounts, ws.bufferedAmount] == [4, 8, 12, 0]


async def test_buffered_amount_in_a_listener(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A listener is a synchronous stretch too."""
    world = MemoryWorld()
    ws = WebSocket(world.url, nursery=nursery, **world.options())
    amounts = []

    def listener(event: object) -> None:
        for _ in range(100):
            ws.send(b"x" * 1000)
            amounts.append(ws.bufferedAmount)

    ws.onopen = listener
    await (await world.peer()).accept()
    await trio.testing.wait_all_tasks_blocked()
    assert amounts == [1000 * n for n in range(1, 101)]
    assert ws.bufferedAmount == 0


async def test_buffered_amount_counts_before_compression(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """It is the program's bytes that are counted, not those of the wire."""
    ws, peer = await accepted(nursery, "Sec-WebSocket-Extensions: permessage-deflate")
    ws.send("a" * 1000)
    assert ws.bufferedAmount == 1000
    got = await peer.next()
    assert got is not None
    assert len(got.payload) < 100
    await trio.testing.wait_all_tasks_blocked()
    assert ws.bufferedAmount == 0


async def test_buffered_amount_of_an_unclean_end(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Bytes that will never leave stay counted."""
    ours, theirs = trio.testing.lockstep_stream_pair()
    ws = WebSocket("ws://peer.test/", nursery=nursery, stream=ours)
    peer = Peer(theirs)
    await peer.accept()
    await trio.testing.wait_all_tasks_blocked()
    ws.send(b"x" * 100)
    await trio.testing.wait_all_tasks_blocked()
    await trio.aclose_forcefully(theirs)
    await ws.wait_closed()
    assert (ws.closeEvent.code, ws.bufferedAmount) == (1006, 100)
