"""Receiving by channel, with one inbox for each socket."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.checked import close_event, not_none
from support.fake_server import Accepted, begin, say

from trio_ws_dom import Blob, WebSocket, WebSocketError, open_websocket
from trio_ws_dom._socket._inbox import BURST, MAX_WAITING
from trio_ws_dom.testing import FakeServer


def numbers(start: int, stop: int) -> list[str]:
    """Return messages with these numbers."""
    return [str(number) for number in range(start, stop)]


async def test_str_and_bytes(accepted: Accepted, autojump_clock: Any) -> None:
    """Text is ``str`` and binary is ``bytes``, whatever ``binaryType`` is."""
    ws, connection = await accepted()
    await begin(ws)
    await say(connection, "ä", b"\xff", b"")
    assert [await ws.receive() for _ in range(3)] == ["ä", b"\xff", b""]


async def test_break_and_another_loop(
    accepted: Accepted, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Nothing is lost between two loops, whether it came before or between them."""
    ws, connection = await accepted()
    await begin(ws)
    await say(connection, *numbers(0, 5))
    async for message in ws:
        if message == "1":
            break
    await say(connection, *numbers(5, 8))
    nursery.start_soon(connection.close)
    assert [message async for message in ws] == ["2", "3", "4", "5", "6", "7"]


async def test_bare_socket_begins_with_the_first_receive(
    accepted: Accepted, autojump_clock: Any
) -> None:
    """What the bare socket dispatched before it is not in the inbox."""
    ws, connection = await accepted()
    await say(connection, "early")
    await begin(ws)
    await connection.send("late")
    assert await ws.receive() == "late"


@pytest.mark.parametrize("listeners", [1, 2])
async def test_inbox_and_listeners(listeners: int, accepted: Accepted, autojump_clock: Any) -> None:
    """Messages go to both, as payload to the inbox, and by ``binaryType`` in the event."""
    ws, connection = await accepted()
    seen: list[Any] = []
    ws.onmessage = lambda event: seen.append(event.data)
    if listeners == 2:
        ws.addEventListener("message", lambda event: None)
    await begin(ws)
    await say(connection, b"1", "2")
    assert [await ws.receive(), await ws.receive()] == [b"1", "2"]
    assert isinstance(seen[0], Blob)
    assert seen[1:] == ["2"]


async def test_small_messages_fill_it_too(
    accepted: Accepted, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Empty messages are counted, as each costs something."""
    ws, connection = await accepted()
    await begin(ws)
    await say(connection, *[""] * 5000)
    assert len(not_none(ws._session.flow.inbox)) < MAX_WAITING + 100
    nursery.start_soon(connection.close)
    assert [message async for message in ws] == [""] * 5000


async def test_second_receiver_is_refused(
    accepted: Accepted, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The second one gets a BusyResourceError, and the first one is not disturbed."""
    ws, connection = await accepted()
    received: list[Any] = []

    async def receive() -> None:
        received.append(await ws.receive())

    nursery.start_soon(receive)
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(trio.BusyResourceError):
        await ws.receive()
    with pytest.raises(trio.BusyResourceError):
        async for _ in ws:
            raise AssertionError("there is no message")
    await say(connection, "hello")
    assert received == ["hello"]


async def test_second_receiver_takes_nothing_from_a_woken_first(
    accepted: Accepted, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """A message that woke a receiver belongs to it, even before it runs."""
    ws, connection = await accepted()
    received: list[Any] = []

    async def receive() -> None:
        received.append(await ws.receive())
        received.append(await ws.receive())

    def intrude(event: object) -> None:
        with pytest.raises(trio.BusyResourceError):
            ws.__anext__().send(None)

    nursery.start_soon(receive)
    await say(connection, "1")
    ws.onmessage = intrude
    await say(connection, "2")
    assert received == ["1", "2"]


async def test_cancelled_receive_has_taken_nothing(accepted: Accepted, autojump_clock: Any) -> None:
    """This holds for one that waits and for one that finds messages."""
    ws, connection = await accepted()
    with trio.move_on_after(1) as waiting:
        await ws.receive()
    await say(connection, *numbers(0, 3))
    await begin(ws)
    assert waiting.cancelled_caught
    assert [await ws.receive() for _ in range(3)] == ["0", "1", "2"]


async def test_cancelled_in_the_moment_of_arrival(
    accepted: Accepted, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """A receiver that is woken by a message and cancelled in the same turn loses nothing."""
    ws, connection = await accepted()
    received: list[Any] = []
    scope = trio.CancelScope()
    ws.onmessage = lambda event: scope.cancel()

    async def receive() -> None:
        with scope:
            received.append(await ws.receive())

    nursery.start_soon(receive)
    await trio.testing.wait_all_tasks_blocked()
    await say(connection, *numbers(0, 2))
    nursery.start_soon(connection.close)
    received += [message async for message in ws]
    assert received == ["0", "1"]


@pytest.mark.parametrize("code", [1000, 1001, 1008, 3000, 4401])
async def test_clean_end_is_end_of_channel(
    code: int, accepted: Accepted, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """It is EndOfChannel each time, whatever the code, which ``closeEvent`` has."""
    ws, connection = await accepted()
    await begin(ws)
    nursery.start_soon(connection.close, code)
    for _ in range(2):
        with pytest.raises(trio.EndOfChannel):
            await ws.receive()
    assert close_event(ws).code == code


async def test_unclean_end_is_a_websocket_error(accepted: Accepted, autojump_clock: Any) -> None:
    """It is a new WebSocketError each time, after the messages, with the cause."""
    ws, connection = await accepted()
    await begin(ws)
    await say(connection, *numbers(0, 2))
    await connection.drop()
    await ws.wait_closed()
    assert [await ws.receive(), await ws.receive()] == ["0", "1"]
    errors: list[WebSocketError] = []
    for _ in range(2):
        with pytest.raises(WebSocketError) as caught:
            await ws.receive()
        errors.append(caught.value)
    assert [(error.closeCode, error.reason) for error in errors] == [(1006, "")] * 2
    assert errors[0] is not errors[1]
    assert all(error.__cause__ is not_none(ws.failure).__cause__ for error in errors)
    assert isinstance(errors[0], trio.BrokenResourceError)


async def test_unclean_end_of_a_loop(accepted: Accepted, autojump_clock: Any) -> None:
    """An unclean end raises out of ``async for``, too."""
    ws, connection = await accepted()
    await begin(ws)
    await say(connection, "1")
    await connection.drop()
    received: list[Any] = []
    with pytest.raises(WebSocketError):
        async for message in ws:
            received.append(message)  # noqa: PERF401  # an exception should end this loop
    assert received == ["1"]


async def test_first_receive_after_the_end(accepted: Accepted, autojump_clock: Any) -> None:
    """An inbox that begins after the end reports how it ended."""
    ws, connection = await accepted()
    await connection.close()
    await ws.wait_closed()
    with pytest.raises(trio.EndOfChannel):
        await ws.receive()


async def test_aclose_ends_receiving(accepted: Accepted, autojump_clock: Any) -> None:
    """Our own aclose() raises ClosedResourceError, and drops what is unread."""
    ws, connection = await accepted()
    await begin(ws)
    await say(connection, *numbers(0, 3))
    await ws.aclose()
    with pytest.raises(trio.ClosedResourceError):
        await ws.receive()
    with pytest.raises(trio.ClosedResourceError):
        async for _ in ws:
            raise AssertionError("what is unread was dropped")


async def test_aclose_wakes_a_blocked_receiver(
    accepted: Accepted, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The task that waits in ``receive()`` gets the ClosedResourceError, too."""
    ws, _ = await accepted()
    woken = trio.Event()

    async def receive() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await ws.receive()
        woken.set()

    nursery.start_soon(receive)
    await trio.testing.wait_all_tasks_blocked()
    await ws.aclose()
    await woken.wait()


async def test_end_is_seen_after_close_was_dispatched(
    accepted: Accepted, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """A task that sees the end of the messages finds the CloseEvent, and its listeners called."""
    ws, connection = await accepted()
    trace: list[str] = []
    ws.onclose = lambda event: trace.append("close")
    nursery.start_soon(connection.close)
    async for _ in ws:
        raise AssertionError("there is no message")
    trace.append("loop ended")
    assert trace == ["close", "loop ended"]
    assert ws.readyState == WebSocket.CLOSED


async def test_inbox_after_the_doms_close(
    accepted: Accepted, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """After ``close()`` what is in the inbox is still delivered, then the end."""
    ws, connection = await accepted()
    await begin(ws)
    await say(connection, *numbers(0, 3))
    connection.stall()  # otherwise it answers at once
    ws.close()
    await say(connection, "too late")
    nursery.start_soon(connection.close)
    assert [message async for message in ws] == ["0", "1", "2"]


async def test_inbox_after_the_block(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Leaving a block closes the inbox, but after an end by the peer it can still be read."""

    async def part() -> None:
        connection = await server.accept()
        await say(connection, "1", "2")
        await connection.close()

    nursery.start_soon(part)
    async with open_websocket(server.url) as ws:
        assert await ws.receive() == "1"
        await ws.wait_closed()
    assert [message async for message in ws] == ["2"]


class Steps(trio.abc.Instrument):
    """Count how often the scheduler resumes the task that made it."""

    def __init__(self) -> None:
        self.count = 0
        self._task = trio.lowlevel.current_task()
        trio.lowlevel.add_instrument(self)

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.count += task is self._task


async def test_a_burst_is_returned_without_a_turn(accepted: Accepted, autojump_clock: Any) -> None:
    """While messages are there, other tasks get their turn once in 256 messages."""
    ws, connection = await accepted()
    await begin(ws)
    await say(connection, *[""] * 1000)
    steps = Steps()
    counts: list[int] = []
    for _ in range(3 * BURST):
        await ws.receive()
        counts.append(steps.count)
    assert counts == [1] * BURST + [2] * BURST + [3] * BURST


async def test_a_loop_has_bursts_too(accepted: Accepted, autojump_clock: Any) -> None:
    """``async for`` returns as many."""
    ws, connection = await accepted()
    await begin(ws)
    await say(connection, *[""] * 1000)
    steps = Steps()
    counts: list[int] = []
    async for _ in ws:
        counts.append(steps.count)
        if len(counts) == 2 * BURST:
            break
    assert counts == [1] * BURST + [2] * BURST


async def test_a_burst_is_bounded_in_time(accepted: Accepted, autojump_clock: Any) -> None:
    """A program that takes a millisecond per message leaves a turn to others after each."""
    ws, connection = await accepted()
    await begin(ws)
    await say(connection, *numbers(0, 20))
    steps = Steps()
    for _ in range(5):
        autojump_clock.jump(0.001)
        await ws.receive()
    await ws.receive()
    assert steps.count == 5


async def test_a_burst_can_be_cancelled(accepted: Accepted, autojump_clock: Any) -> None:
    """Cancellation is checked each time, also without a turn of others."""
    ws, connection = await accepted()
    await begin(ws)
    await say(connection, *numbers(0, 20))
    received: list[Any] = []
    with trio.CancelScope() as scope:
        async for message in ws:
            received.append(message)
            if message == "3":
                scope.cancel()
    with trio.CancelScope() as again:
        received.append(await ws.receive())
        again.cancel()
        received.append(await ws.receive())
    assert scope.cancelled_caught
    assert again.cancelled_caught
    assert received == ["0", "1", "2", "3", "4"]
