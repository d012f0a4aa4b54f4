"""``writable`` as a trio SendChannel, clause by clause of trio.abc."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import trio
import trio.testing
from support.frames import BINARY, CLOSE, TEXT, close, frame
from support.peer import Frame
from support.streams import BIG, CLOSERS, closes_by_peer, is_blocked, is_closed_error

from trio_ws_dom import WebSocketError
from trio_ws_dom._stream._writable import MAX_QUEUED

pytestmark = pytest.mark.usefixtures("every_stream")


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("ä", Frame(TEXT, "ä".encode())),
        ("a\ud800b", Frame(TEXT, "a\ufffdb".encode())),
        ("", Frame(TEXT, b"")),
        (b"\xff", Frame(BINARY, b"\xff")),
        (bytearray(b"array"), Frame(BINARY, b"array")),
        (memoryview(b"abcdef")[::2], Frame(BINARY, b"ace")),
    ],
)
async def test_what_can_be_sent(
    value: Any, sent: Frame, with_peer: Any, autojump_clock: Any
) -> None:
    """Text and bytes-like objects are each one message."""
    stream, peer = await with_peer()
    await stream.writable.send(value)
    assert await peer.next() == sent


@pytest.mark.parametrize("value", [None, 1, ["a"], object()])
async def test_what_cannot_be_sent(value: Any, with_peer: Any, autojump_clock: Any) -> None:
    """Anything else is a TypeError, and the stream goes on."""
    stream, peer = await with_peer()
    with pytest.raises(TypeError):
        await stream.writable.send(value)
    await stream.writable.send("next")
    assert await peer.next() == Frame(TEXT, b"next")


async def test_each_call_is_a_checkpoint(with_peer: Any, autojump_clock: Any) -> None:
    """Sending, receiving and closing let other tasks run, even if there is nothing to wait for."""
    stream, peer = await with_peer()
    with trio.testing.assert_checkpoints():
        await stream.writable.send("hello")
    await peer.send(frame(TEXT, b"hello"))
    await trio.testing.wait_all_tasks_blocked()
    with trio.testing.assert_checkpoints():
        await stream.readable.receive()
    await closes_by_peer(peer)
    await stream.closed
    for aclose in (stream.writable.aclose, stream.readable.aclose, stream.readable.aclose):
        with trio.testing.assert_checkpoints():
            await aclose()


async def test_cancelled_send_queues_nothing(with_peer: Any, autojump_clock: Any) -> None:
    """A ``send()`` that was cancelled has queued nothing, whether or not it would have waited."""
    stream, peer = await with_peer(pair=trio.testing.lockstep_stream_pair())
    with trio.CancelScope() as scope:
        scope.cancel()
        await stream.writable.send("not sent")
    assert scope.cancelled_caught
    await stream.writable.send(BIG)
    with trio.move_on_after(1) as scope:
        await stream.writable.send("not sent either")
    assert scope.cancelled_caught
    stream.close()
    await peer.read_to_close()
    assert [got.opcode for got in peer.frames] == [BINARY, CLOSE]


async def test_send_waits_for_room(
    with_peer: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """At most MAX_QUEUED bytes may wait, and further calls wait in their order."""
    stream, peer = await with_peer(pair=trio.testing.lockstep_stream_pair())
    await stream.writable.send(b"x" * MAX_QUEUED)
    await stream.writable.send("fits, as it was not more than the bound")
    for letter in "abc":
        await is_blocked(nursery, partial(stream.writable.send, letter))
    for _ in range(5):
        await peer.next()
    assert [got.payload for got in peer.frames[2:]] == [b"a", b"b", b"c"]


async def test_bytes_are_copied_at_the_call(
    with_peer: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """A bytearray that is changed while its ``send()`` waits is sent as it was."""
    stream, peer = await with_peer(pair=trio.testing.lockstep_stream_pair())
    await stream.writable.send(BIG)
    data = bytearray(b"before")
    await is_blocked(nursery, lambda: stream.writable.send(data))
    data[:] = b"latest"
    await peer.next()
    assert await peer.next() == Frame(BINARY, b"before")


@pytest.mark.parametrize("size", [100, 1000])
async def test_smaller_max_buffered_amount(
    size: int, with_peer: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """With less than MAX_QUEUED allowed, sending waits sooner, and does not fail."""
    stream, peer = await with_peer(
        pair=trio.testing.lockstep_stream_pair(), max_buffered_amount=1000
    )
    await stream.writable.send(b"x" * 901)
    box = await is_blocked(nursery, lambda: stream.writable.send(b"y" * size))
    await peer.next()
    assert await peer.next() == Frame(BINARY, b"y" * size)
    assert box == [None]


async def test_a_message_beyond_max_buffered_amount(with_peer: Any, autojump_clock: Any) -> None:
    """A message that can never fit fails the connection, and the call raises."""
    stream, _ = await with_peer(max_buffered_amount=1000)
    with pytest.raises(WebSocketError, match="max_buffered_amount"):
        await stream.writable.send(b"x" * 1001)
    with pytest.raises(WebSocketError, match="max_buffered_amount"):
        await stream.writable.send("more")
    with pytest.raises(WebSocketError):
        await stream.closed


async def test_send_when_the_peer_has_closed(with_peer: Any, autojump_clock: Any) -> None:
    """For a sender a clean end is a broken channel, too, and the error has the peer's code."""
    stream, peer = await with_peer()
    await closes_by_peer(peer)
    await stream.closed
    with pytest.raises(trio.BrokenResourceError) as caught:
        await stream.writable.send("too late")
    assert isinstance(caught.value, WebSocketError)
    assert (caught.value.closeCode, caught.value.reason) == (4000, "bye")
    assert caught.value.__cause__ is None  # nothing went wrong


async def test_send_when_the_connection_is_lost(with_peer: Any, autojump_clock: Any) -> None:
    """The error has 1006, and the cause."""
    stream, peer = await with_peer()
    await peer.stream.aclose()
    with pytest.raises(WebSocketError):
        await stream.closed
    with pytest.raises(WebSocketError) as caught:
        await stream.writable.send("too late")
    assert caught.value.closeCode == 1006
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("how", ["close", "lost"])
async def test_blocked_sender_and_the_peers_end(
    how: str, with_peer: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Waiting calls of ``send()`` raise that the connection is gone."""
    stream, peer = await with_peer(pair=trio.testing.lockstep_stream_pair())
    await stream.writable.send(BIG)
    boxes = [await is_blocked(nursery, lambda: stream.writable.send("waits")) for _ in range(2)]
    if how == "close":
        await peer.send(close(4000))
    await peer.stream.aclose()
    await trio.sleep(3)
    for box in boxes:
        assert isinstance(box[0], WebSocketError)
        assert box[0].closeCode == (4000 if how == "close" else 1006)


@pytest.mark.parametrize("closer", CLOSERS)
async def test_blocked_sender_and_ones_own_close(
    closer: str, with_peer: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Waiting and later calls of ``send()`` raise ClosedResourceError at once."""
    stream, _ = await with_peer(pair=trio.testing.lockstep_stream_pair())
    await stream.writable.send(BIG)
    boxes = [await is_blocked(nursery, lambda: stream.writable.send("waits")) for _ in range(2)]
    start = trio.current_time()
    nursery.start_soon(CLOSERS[closer], stream)
    await trio.testing.wait_all_tasks_blocked()
    assert all(map(is_closed_error, boxes))
    with pytest.raises(trio.ClosedResourceError):
        await stream.writable.send("too late")
    assert trio.current_time() == start
    with pytest.raises(WebSocketError):  # the peer reads nothing
        await stream.closed


async def test_close_is_after_what_was_sent(
    with_peer: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """What ``send()`` has taken is sent before the Close."""
    stream, peer = await with_peer(pair=trio.testing.lockstep_stream_pair())
    await stream.writable.send(BIG)
    nursery.start_soon(stream.writable.aclose)
    await trio.testing.wait_all_tasks_blocked()
    await peer.finish()
    assert [got.opcode for got in peer.frames] == [BINARY, CLOSE]
