"""``send()`` and ``bufferedAmount``."""

from __future__ import annotations

import array
from typing import Any

import pytest
import trio
import trio.testing
from support.fake_server import Accepted
from support.opened import socket_and_peer

from trio_ws_dom import Blob, DOMException, WebSocket
from trio_ws_dom.testing import FakeServer


@pytest.mark.parametrize(
    ("data", "came"),
    [
        ("", ""),
        ("Größe €", "Größe €"),
        ("\ud83d\ude00", "😀"),
        ("a\ud800b", "a\ufffdb"),
        (b"\x00\xff", b"\x00\xff"),
        (b"", b""),
        (bytearray(b"array"), b"array"),
        (memoryview(b"abcdef")[::2], b"ace"),
        (array.array("H", [1, 2]), array.array("H", [1, 2]).tobytes()),
        (Blob([b"a", "ä"]), "aä".encode()),
        (b"x" * 126, b"x" * 126),
        (b"y" * 70_000, b"y" * 70_000),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_what_can_be_sent(
    data: Any, came: str | bytes, accepted: Accepted, autojump_clock: Any
) -> None:
    """Each kind of data is one message of the right type, and text is a USVString."""
    ws, connection = await accepted()
    ws.send(data)
    assert ws.bufferedAmount == len(came.encode() if isinstance(came, str) else came)
    assert await connection.receive() == came
    await trio.testing.wait_all_tasks_blocked()
    assert ws.bufferedAmount == 0


@pytest.mark.parametrize("data", [None, 1, 1.5, ["a"], object(), {"a": 1}])
async def test_what_cannot_be_sent(data: Any, accepted: Accepted, autojump_clock: Any) -> None:
    """Anything else is a TypeError, and sends nothing."""
    ws, _ = await accepted()
    with pytest.raises(TypeError):
        ws.send(data)
    assert ws.bufferedAmount == 0


async def test_data_is_copied(accepted: Accepted, autojump_clock: Any) -> None:
    """Changes of a bytearray after the call are not sent."""
    ws, connection = await accepted()
    data = bytearray(b"before")
    ws.send(data)
    data[:] = b"after!"
    assert await connection.receive() == b"before"


async def test_messages_keep_their_order(accepted: Accepted, autojump_clock: Any) -> None:
    """Messages are sent in the order of the calls, as many as there are."""
    ws, connection = await accepted()
    for number in range(5000):
        ws.send(str(number))
    assert [await connection.receive() for _ in range(5000)] == [str(n) for n in range(5000)]


@pytest.mark.parametrize("data", ["text", b"", 17, None])
async def test_send_while_connecting(
    data: Any, server: FakeServer, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """It is an InvalidStateError, whatever the argument."""
    ws = WebSocket(server.url, nursery=nursery)
    with pytest.raises(DOMException) as caught:
        ws.send(data)
    assert (caught.value.name, ws.bufferedAmount) == ("InvalidStateError", 0)


async def test_send_while_closing(accepted: Accepted, autojump_clock: Any) -> None:
    """It is dropped silently, and counted."""
    ws, connection = await accepted()
    ws.close(1000)
    ws.send("ä")
    ws.send(b"xyz")
    assert ws.bufferedAmount == 5
    await ws.wait_closed()
    assert (connection.sent, connection.closeCode) == ([], 1000)
    assert ws.bufferedAmount == 5


async def test_send_once_closed(accepted: Accepted, autojump_clock: Any) -> None:
    """It is dropped and counted in CLOSED, too, but what is no data is a TypeError."""
    ws, connection = await accepted()
    await connection.close()
    await ws.wait_closed()
    ws.send("abc")
    ws.send(Blob(["de"]))
    assert ws.bufferedAmount == 5
    junk: Any = 17
    with pytest.raises(TypeError):
        ws.send(junk)


async def test_buffered_amount_does_not_fall_in_a_synchronous_stretch(
    accepted: Accepted, autojump_clock: Any
) -> None:
    """It falls at the program's checkpoints only, and then at once."""
    ws, _ = await accepted()
    amounts: list[Any] = []
    for _ in range(3):
        ws.send(b"1234")
        amounts.append(ws.bufferedAmount)
    await trio.testing.wait_all_tasks_blocked()
    assert [*amounts, ws.bufferedAmount] == [4, 8, 12, 0]


async def test_buffered_amount_in_a_listener(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """There is no checkpoint in a listener, either."""
    ws = WebSocket(server.url, nursery=nursery)
    amounts: list[int] = []

    def listener(event: object) -> None:
        for _ in range(100):
            ws.send(b"x" * 1000)
            amounts.append(ws.bufferedAmount)

    ws.onopen = listener
    await server.accept()
    await trio.testing.wait_all_tasks_blocked()
    assert amounts == [1000 * n for n in range(1, 101)]
    assert ws.bufferedAmount == 0


async def test_buffered_amount_counts_before_compression(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """It counts the program's bytes, not those on the wire."""
    ws, peer = await socket_and_peer(nursery, "Sec-WebSocket-Extensions: permessage-deflate")
    ws.send("a" * 1000)
    assert ws.bufferedAmount == 1000
    got = await peer.next()
    assert got is not None
    assert len(got.payload) < 100
    await trio.testing.wait_all_tasks_blocked()
    assert ws.bufferedAmount == 0
