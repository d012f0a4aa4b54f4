"""Messages in pieces, by ``send_fragments()``."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.frames import BINARY, CLOSE, PING, PONG, TEXT, frame
from support.peer import Frame

from trio_ws_dom import WebSocketError
from trio_ws_dom._stream._writable import MAX_QUEUED

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator

pytestmark = pytest.mark.usefixtures("every_stream")

CONTINUATION = 0


async def pieces(*values: Any, error: BaseException | None = None) -> AsyncGenerator[Any, None]:
    for value in values:
        await trio.lowlevel.checkpoint()
        yield value
    if error is not None:
        raise error


async def test_frames_on_the_wire(with_peer: Any, autojump_clock: Any) -> None:
    """The first frame has the opcode, only the last has FIN, and none is compressed."""
    stream, peer = await with_peer("Sec-WebSocket-Extensions: permessage-deflate")
    await stream.writable.send_fragments(pieces("a" * 100, "ä", ""))
    stream.close()
    raw = b""
    while len(raw) < (2 + 4 + 100) + (2 + 4 + 2) + 3 * (2 + 4):
        raw += await peer.stream.receive_some()
    position = 0
    heads: list[tuple[int, int]] = []
    while position < len(raw):
        heads.append((raw[position], raw[position + 1] & 0x7F))
        position += 6 + heads[-1][1]
    assert heads == [(TEXT, 100), (0, 2), (0, 0), (0x80, 0), (0x88, 0)]


async def test_fragments_of_any_bytes_like_kind(with_peer: Any, autojump_clock: Any) -> None:
    """Bytes-like objects in any mixture make a binary message."""
    stream, peer = await with_peer()
    await stream.writable.send_fragments(pieces(b"a", bytearray(b"b"), memoryview(b"c")))
    await stream.writable.send("next")
    got = [await peer.next() for _ in range(5)]
    assert got == [
        Frame(BINARY, b"a"),
        Frame(CONTINUATION, b"b"),
        Frame(CONTINUATION, b"c"),
        Frame(CONTINUATION, b""),
        Frame(TEXT, b"next"),
    ]


async def test_nothing_at_all(with_peer: Any, autojump_clock: Any) -> None:
    """An empty iterable sends nothing, and the stream goes on."""
    stream, peer = await with_peer()
    with trio.testing.assert_checkpoints():
        await stream.writable.send_fragments(pieces())
    await stream.writable.send("next")
    assert await peer.next() == Frame(TEXT, b"next")


async def test_compressed_messages_around(
    with_peer: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Uncompressed messages between them do not disturb the compression of the others."""
    stream, peer = await with_peer("Sec-WebSocket-Extensions: permessage-deflate")
    await stream.writable.send("x" * 1000)
    await stream.writable.send_fragments(pieces(b"y" * 1000))
    await stream.writable.send("x" * 1000)
    inflater = zlib.decompressobj(-15)
    got = [await peer.next() for _ in range(4)]
    for index in (0, 3):
        assert inflater.decompress(got[index].payload + b"\0\0\xff\xff") == b"x" * 1000
    assert got[1].payload == b"y" * 1000


async def test_other_messages_wait(
    with_peer: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """A message never gets between the fragments of another, but a pong does."""
    stream, peer = await with_peer()
    send, receive = trio.open_memory_channel[str](0)
    nursery.start_soon(stream.writable.send_fragments, receive)
    await send.send("one")
    nursery.start_soon(stream.writable.send, "other")
    await trio.testing.wait_all_tasks_blocked()
    await peer.send(frame(PING, b"ping"))
    await trio.testing.wait_all_tasks_blocked()
    await send.send("two")
    await send.aclose()
    got = [await peer.next() for _ in range(5)]
    assert got == [
        Frame(TEXT, b"one"),
        Frame(PONG, b"ping"),
        Frame(CONTINUATION, b"two"),
        Frame(CONTINUATION, b""),
        Frame(TEXT, b"other"),
    ]


async def test_iterable_is_asked_only_where_there_is_room(
    with_peer: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The iterable is asked for no more than there is room for."""
    stream, peer = await with_peer(pair=trio.testing.lockstep_stream_pair())
    asked = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal asked
        while True:
            asked += 1
            yield b"x" * 1024

    nursery.start_soon(peer.next)
    with trio.move_on_after(1):
        await stream.writable.send_fragments(endless())
    assert MAX_QUEUED // 1024 < asked < 3 * MAX_QUEUED // 1024


@pytest.mark.parametrize("after", [0, 1, 3])
async def test_the_iterable_raises(after: int, with_peer: Any, autojump_clock: Any) -> None:
    """After the first fragment the connection is closed with 1001, before it nothing happens."""
    stream, peer = await with_peer()
    boom = ValueError("boom")
    with pytest.raises(ValueError, match="boom") as caught:
        await stream.writable.send_fragments(pieces(*["x"] * after, error=boom))
    assert caught.value is boom
    if after == 0:
        await stream.writable.send("next")
        assert await peer.next() == Frame(TEXT, b"next")
        return
    with pytest.raises(trio.ClosedResourceError):
        await stream.writable.send("next")
    await peer.finish()
    assert peer.close_code == 1001
    assert [got.opcode for got in peer.frames[:-1]] == [TEXT] + [CONTINUATION] * (after - 1)
    assert (await stream.closed).closeCode == 1001


@pytest.mark.parametrize("begun", [False, True])
async def test_cancelled_half_way_closes_with_1001(
    begun: bool, with_peer: Any, autojump_clock: Any
) -> None:
    """After the first fragment the connection is closed with 1001, before it nothing happens."""
    stream, peer = await with_peer()

    async def stuck() -> AsyncIterator[str]:
        if begun:
            yield "one"
        await trio.sleep_forever()

    with trio.move_on_after(1) as scope:
        await stream.writable.send_fragments(stuck())
    assert scope.cancelled_caught
    if begun:
        await peer.finish()
        assert peer.close_code == 1001
    else:
        await stream.writable.send("next")
        assert await peer.next() == Frame(TEXT, b"next")


async def test_cancelled_while_waiting_for_the_turn(
    with_peer: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """A call that has not begun is cancelled without an effect on others."""
    stream, peer = await with_peer()
    send, receive = trio.open_memory_channel[str](0)
    nursery.start_soon(stream.writable.send_fragments, receive)
    await send.send("one")
    with trio.move_on_after(1) as scope:
        await stream.writable.send_fragments(pieces("other"))
    assert scope.cancelled_caught
    await send.aclose()
    got = [await peer.next() for _ in range(2)]
    assert got == [Frame(TEXT, b"one"), Frame(CONTINUATION, b"")]


@pytest.mark.parametrize("values", [("text", b"bytes"), (b"bytes", "text"), ("text", 1)])
async def test_fragments_of_mixed_kinds_are_a_type_error(
    values: Any, with_peer: Any, autojump_clock: Any
) -> None:
    """A fragment of another kind than the first is a TypeError, and the message is cut off."""
    stream, peer = await with_peer()
    with pytest.raises(TypeError):
        await stream.writable.send_fragments(pieces(*values))
    await peer.finish()
    assert peer.close_code == 1001
    assert len(peer.frames) == 2


async def test_closed_in_between(
    with_peer: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Our own close ends the message where it is, with a Close and no more fragments."""
    stream, peer = await with_peer()

    async def closing() -> AsyncIterator[str]:
        yield "one"
        stream.close(closeCode=4000)

    nursery.start_soon(peer.finish)
    with pytest.raises(trio.ClosedResourceError):
        await stream.writable.send_fragments(closing())
    await stream.closed
    assert peer.close_code == 4000
    assert len(peer.frames) == 2


async def test_closed_stream_asks_for_no_fragment(with_peer: Any, autojump_clock: Any) -> None:
    """A closed stream asks the iterable for nothing."""
    stream, _ = await with_peer()
    stream.close()
    fragments = pieces("one")
    with pytest.raises(trio.ClosedResourceError):
        await stream.writable.send_fragments(fragments)
    assert await anext(fragments) == "one"
    await fragments.aclose()


async def test_the_peer_closes_in_between(with_peer: Any, autojump_clock: Any) -> None:
    """The peer's close raises with its code."""
    stream, peer = await with_peer()

    async def closing() -> AsyncIterator[str]:
        yield "one"
        await peer.send(frame(CLOSE, b"\x0f\xa0"))
        await peer.read_to_close()
        yield "two"

    with pytest.raises(WebSocketError) as caught:
        await stream.writable.send_fragments(closing())
    assert caught.value.closeCode == 4000
    await peer.stream.aclose()
    assert (await stream.closed).closeCode == 4000
    assert [got.opcode for got in peer.frames] == [TEXT, CLOSE]


async def test_sending_from_within(with_peer: Any, autojump_clock: Any) -> None:
    """An iterable that sends on the same stream would wait for itself, which is an error."""
    stream, peer = await with_peer()

    async def selfish() -> AsyncIterator[str]:
        yield "one"
        await stream.writable.send("other")

    with pytest.raises(RuntimeError):
        await stream.writable.send_fragments(selfish())
    await peer.finish()
    assert peer.close_code == 1001


def generator(values: list[str]) -> Iterator[str]:
    yield from values


@pytest.mark.parametrize("make", [list, tuple, iter, generator])
async def test_a_plain_iterable_of_fragments_is_taken(
    make: Any, with_peer: Any, autojump_clock: Any
) -> None:
    stream, peer = await with_peer()
    await stream.writable.send_fragments(make(["a", "b"]))
    got = [await peer.next() for _ in range(3)]
    assert got == [Frame(TEXT, b"a"), Frame(CONTINUATION, b"b"), Frame(CONTINUATION, b"")]


async def test_a_generator_of_fragments_is_closed_if_one_is_wrong(
    with_peer: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    stream, peer = await with_peer()
    closed: list[bool] = []

    def fragments() -> Any:
        try:
            yield "text"
            yield b"binary"
        finally:
            closed.append(True)

    with pytest.raises(TypeError, match="all text or all binary"):
        await stream.writable.send_fragments(fragments())
    assert closed == [True]
    nursery.start_soon(peer.finish)


@pytest.mark.parametrize("message", ["one", b"one", bytearray(b"one")])
async def test_one_message_is_not_taken_for_its_fragments(
    message: Any, with_peer: Any, autojump_clock: Any
) -> None:
    stream, _ = await with_peer()
    with pytest.raises(TypeError, match=r"use send\(\)"):
        await stream.writable.send_fragments(message)
    wrong: Any = 5
    with pytest.raises(TypeError, match="expected fragments as an iterable of str or of bytes"):
        await stream.writable.send_fragments(wrong)


async def test_a_fragment_over_max_buffered_amount_fails_the_connection(
    with_peer: Any, autojump_clock: Any
) -> None:
    stream, _ = await with_peer(max_buffered_amount=10)
    with pytest.raises(WebSocketError, match="max_buffered_amount"):
        await stream.writable.send_fragments(["a", "b" * 11])
