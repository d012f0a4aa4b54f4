"""``readable`` as a trio ReceiveChannel: what trio.abc says, clause by clause."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.peer import BINARY, TEXT, close, frame
from support.streams import CLOSERS, closes_by_peer, is_blocked, is_closed_error

from trio_ws_dom import WebSocketError


async def test_all_messages_then_the_end(accepted: Any, autojump_clock: Any) -> None:
    """Everything that came before a clean close, then EndOfChannel, as often as asked."""
    stream, peer = await accepted()
    await peer.send(frame(TEXT, b"one"), frame(BINARY, b"two"))
    await closes_by_peer(peer)
    await stream.closed
    assert [message async for message in stream.readable] == ["one", b"two"]
    for _ in range(2):
        with pytest.raises(trio.EndOfChannel):
            await stream.readable.receive()
    assert [message async for message in stream.readable] == []


async def test_all_messages_then_the_failure(accepted: Any, autojump_clock: Any) -> None:
    """Everything that came before an unclean end, then WebSocketError, as often as asked."""
    stream, peer = await accepted()
    await peer.send(frame(TEXT, b"one"), frame(TEXT, b"two"))
    await peer.stream.aclose()
    assert [await stream.readable.receive() for _ in range(2)] == ["one", "two"]
    for _ in range(2):
        with pytest.raises(WebSocketError) as caught:
            await stream.readable.receive()
        assert caught.value.closeCode == 1006
    with pytest.raises(trio.BrokenResourceError):
        async for message in stream.readable:
            raise AssertionError(message)


async def test_messages_in_the_same_segment_as_the_answer(
    nursery: trio.Nursery, accepted: Any, autojump_clock: Any
) -> None:
    """Nothing is lost between the handshake and the first ``receive()``, however late that is."""
    stream, peer = await accepted()
    await peer.send(*(frame(TEXT, b"%d" % number) for number in range(3000)), close(1000))
    await trio.sleep(1)
    nursery.start_soon(peer.read_to_close)
    assert [await stream.readable.receive() for _ in range(3000)] == [str(n) for n in range(3000)]
    with pytest.raises(trio.EndOfChannel):
        await stream.readable.receive()


async def test_cancelled_receive(accepted: Any, autojump_clock: Any) -> None:
    """A ``receive()`` that was cancelled has taken nothing."""
    stream, peer = await accepted()
    with trio.move_on_after(1) as scope:
        await stream.readable.receive()
    assert scope.cancelled_caught
    await peer.send(frame(TEXT, b"one"))
    await trio.testing.wait_all_tasks_blocked()
    with trio.CancelScope() as scope:
        scope.cancel()
        await stream.readable.receive()
    assert scope.cancelled_caught
    assert await stream.readable.receive() == "one"


async def test_two_receivers(accepted: Any, nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A second task that receives is told that the side is busy."""
    stream, peer = await accepted()
    box = await is_blocked(nursery, stream.readable.receive)
    with pytest.raises(trio.BusyResourceError):
        await stream.readable.receive()
    await peer.send(frame(TEXT, b"one"))
    await trio.testing.wait_all_tasks_blocked()
    assert box == ["one"]


@pytest.mark.parametrize("closer", ["readable.aclose", "readable.cancel"])
async def test_blocked_receiver_and_ones_own_close(
    closer: str, accepted: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Who waits in ``receive()`` gets ClosedResourceError at once, and what waits is dropped."""
    stream, peer = await accepted()
    box = await is_blocked(nursery, stream.readable.receive)
    nursery.start_soon(CLOSERS[closer], stream)
    await trio.testing.wait_all_tasks_blocked()
    assert is_closed_error(box)
    await peer.finish()
    await stream.closed
    with pytest.raises(trio.ClosedResourceError):
        await stream.readable.receive()


@pytest.mark.parametrize("closer", ["stream.close", "writable.aclose", "writable.abort"])
async def test_what_was_received_outlives_the_close(
    closer: str, accepted: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Closing the other side drops nothing that was received; what comes later is dropped."""
    stream, peer = await accepted()
    await peer.send(frame(TEXT, b"before"))
    await trio.testing.wait_all_tasks_blocked()
    nursery.start_soon(CLOSERS[closer], stream)
    await trio.testing.wait_all_tasks_blocked()
    await peer.send(frame(TEXT, b"behind"))
    await peer.finish()
    assert [message async for message in stream.readable] == ["before"]
