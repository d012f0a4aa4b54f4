"""``readable`` as a trio ReceiveChannel, clause by clause of trio.abc."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.fake_server import say
from support.streams import CLOSERS, is_blocked, is_closed_error

from trio_ws_dom import WebSocketError


async def test_all_messages_then_the_end(with_connection: Any, autojump_clock: Any) -> None:
    """Everything from before a clean close is received, then EndOfChannel, any number of times."""
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
    """Everything from before an unclean end is received, then WebSocketError, any number of
    times."""
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


async def test_cancelled_receive_takes_nothing(with_connection: Any, autojump_clock: Any) -> None:
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


async def test_second_receiver_is_refused(
    with_connection: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """A second task that receives gets an error."""
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
    """A waiting ``receive()`` raises ClosedResourceError at once, and waiting messages are
    dropped."""
    stream, connection = await with_connection()
    connection.stall()
    box = await is_blocked(nursery, stream.readable.receive)
    nursery.start_soon(CLOSERS[closer], stream)
    await trio.testing.wait_all_tasks_blocked()
    assert is_closed_error(box)
    with pytest.raises(WebSocketError):  # the server does not answer
        await stream.closed
    with pytest.raises(trio.ClosedResourceError):
        await stream.readable.receive()


@pytest.mark.parametrize("closer", ["stream.close", "writable.aclose", "writable.abort"])
async def test_what_was_received_outlives_the_close(
    closer: str, with_connection: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Closing the other side keeps what was received, and drops what comes later."""
    stream, connection = await with_connection()
    await say(connection, "before")
    connection.stall()  # otherwise it answers at once
    nursery.start_soon(CLOSERS[closer], stream)
    await trio.testing.wait_all_tasks_blocked()
    await connection.send("after")
    nursery.start_soon(connection.close)
    assert [message async for message in stream.readable] == ["before"]
