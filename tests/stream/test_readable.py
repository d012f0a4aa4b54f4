"""``readable`` as a trio ReceiveChannel, clause by clause of trio.abc."""

from __future__ import annotations

import random
from functools import partial
from typing import Any

import pytest
import trio
import trio.testing
from support.fake_server import say
from support.frames import BINARY, CONTINUATION, frame
from support.peer import Peer
from support.streams import CLOSERS, is_blocked, is_closed_error

from trio_ws_dom import WebSocketError, open_websocket_stream
from trio_ws_dom._wire._joining import Joining


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


async def test_cancelled_receive_puts_all_parts_of_a_message_back_in_order(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    parts = [bytes([number]) * 70_000 for number in range(3)]
    ours, theirs = trio.testing.memory_stream_pair()
    peer = Peer(theirs)

    async def begin() -> None:
        await peer.accept(then=frame(BINARY, parts[0], fin=False))
        await trio.sleep(0.5)
        await peer.send(frame(CONTINUATION, parts[1], fin=False))

    nursery.start_soon(begin)
    async with open_websocket_stream("ws://peer.test/", stream=ours) as stream:
        for _ in range(3):  # an odd number, as what is turned round twice is right again
            with trio.move_on_after(1):
                await stream.readable.receive()
        await peer.send(frame(CONTINUATION, parts[2]))
        nursery.start_soon(peer.finish)
        assert await stream.readable.receive() == b"".join(parts)


async def test_other_tasks_run_while_a_long_message_is_joined(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn, turns = 0, list[int]()
    step = Joining.step

    async def take_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await trio.lowlevel.checkpoint()

    def noted(joining: Joining, size: int) -> int:
        turns.append(turn)
        return step(joining, size)

    monkeypatch.setattr(Joining, "step", noted)
    message = random.Random(1).randbytes(1024) * (3 * 1024)
    ours, theirs = trio.testing.memory_stream_pair()
    peer = Peer(theirs)
    nursery.start_soon(partial(peer.accept, then=frame(BINARY, message)))
    async with open_websocket_stream("ws://peer.test/", stream=ours) as stream:
        nursery.start_soon(take_turns)
        assert await stream.readable.receive() == message
        nursery.start_soon(peer.finish)
    assert len(turns) > 3
    assert turns[-1] - turns[0] >= len(turns) // 2  # trio shuffles


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
