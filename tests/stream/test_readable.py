"""``readable`` as a trio ReceiveChannel: what trio.abc says, clause by clause."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.fake_server import say
from support.streams import CLOSERS, is_blocked, is_closed_error

from trio_ws_dom import WebSocketError


async def test_all_messages_then_the_end(with_connection: Any, autojump_clock: Any) -> None:
    """Everything that came before a clean close, then EndOfChannel, as often as asked."""
    stream, connection = await with_connection()
    await say(connection, "one", b"two")
    await connection.close(4000, "bye")
    await stream.closed
    assert [message async for message in stream.readable] == ["one", b"two"]
    for _ in range(2):
        with pytest.raises(trio.EndOfChannel):
            await stream.readable.receive()
    assert [message async for message in stream.readable] == []


async def test_all_messages_then_the_failure(with_connection: Any, autojump_clock: Any) -> None:
    """Everything that came before an unclean end, then WebSocketError, as often as asked."""
    stream, connection = await with_connection()
    await say(connection, "one", "two")
    await connection.drop()
    assert [await stream.readable.receive() for _ in range(2)] == ["one", "two"]
    for _ in range(2):
        with pytest.raises(WebSocketError) as caught:
            await stream.readable.receive()
        assert caught.value.closeCode == 1006
    with pytest.raises(trio.BrokenResourceError):
        async for message in stream.readable:
            raise AssertionError(message)


async def test_messages_before_the_first_receive(
    with_connection: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Nothing is lost between the handshake and the first ``receive()``, however late that is."""
    stream, connection = await with_connection()
    await say(connection, *map(str, range(3000)))
    nursery.start_soon(connection.close)
    await trio.sleep(1)
    assert [await stream.readable.receive() for _ in range(3000)] == [str(n) for n in range(3000)]
    with pytest.raises(trio.EndOfChannel):
        await stream.readable.receive()


async def test_cancelled_receive(with_connection: Any, autojump_clock: Any) -> None:
    """A ``receive()`` that was cancelled has taken nothing."""
    stream, connection = await with_connection()
    with trio.move_on_after(1) as scope:
        await stream.readable.receive()
    assert scope.cancelled_caught
    await say(connection, "one")
    with trio.CancelScope() as scope:
        scope.cancel()
        await stream.readable.receive()
    assert scope.cancelled_caught
    assert await stream.readable.receive() == "one"


async def test_two_receivers(
    with_connection: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """A second task that receives is told that the side is busy."""
    stream, connection = await with_connection()
    box = await is_blocked(nursery, stream.readable.receive)
    with pytest.raises(trio.BusyResourceError):
        await stream.readable.receive()
    await say(connection, "one")
    assert box == ["one"]


@pytest.mark.parametrize("closer", ["readable.aclose", "readable.cancel"])
async def test_blocked_receiver_and_ones_own_close(
    closer: str, with_connection: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Who waits in ``receive()`` gets ClosedResourceError at once, and what waits is dropped."""
    stream, connection = await with_connection()
    connection.stall()
    box = await is_blocked(nursery, stream.readable.receive)
    nursery.start_soon(CLOSERS[closer], stream)
    await trio.testing.wait_all_tasks_blocked()
    assert is_closed_error(box)
    with pytest.raises(WebSocketError):  # the server answers nothing
        await stream.closed
    with pytest.raises(trio.ClosedResourceError):
        await stream.readable.receive()


@pytest.mark.parametrize("closer", ["stream.close", "writable.aclose", "writable.abort"])
async def test_what_was_received_outlives_the_close(
    closer: str, with_connection: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Closing the other side drops nothing that was received; what comes later is dropped."""
    stream, connection = await with_connection()
    await say(connection, "before")
    connection.stall()  # else it would answer at once
    nursery.start_soon(CLOSERS[closer], stream)
    await trio.testing.wait_all_tasks_blocked()
    await connection.send("behind")
    nursery.start_soon(connection.close)
    assert [message async for message in stream.readable] == ["before"]
