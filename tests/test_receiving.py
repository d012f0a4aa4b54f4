"""Receiving by channel: one inbox per socket."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.peer import BINARY, TEXT, Peer, close, frame
from support.world import MemoryWorld

from trio_ws_dom import Blob, WebSocket, WebSocketError, open_websocket
from trio_ws_dom._inbox import BURST, MAX_WAITING, MAX_WAITING_BYTES


async def accepted(
    nursery: trio.Nursery, stream: Any = None, **options: Any
) -> tuple[WebSocket, Peer]:
    """A socket by the bare constructor, OPEN, and its peer."""
    ours, theirs = stream or trio.testing.memory_stream_pair()
    ws = WebSocket("ws://peer.test/", nursery=nursery, stream=ours, **options)
    peer = Peer(theirs)
    await peer.accept()
    await trio.testing.wait_all_tasks_blocked()
    return ws, peer


def numbers(start: int, stop: int) -> bytes:
    """Text messages with these numbers."""
    return b"".join(frame(TEXT, b"%d" % number) for number in range(start, stop))


async def end(peer: Peer, code: int = 1000) -> None:
    """The peer closes, and TCP ends."""
    await peer.send(close(code))
    await peer.read_to_close()
    await peer.stream.aclose()


async def begin(ws: WebSocket) -> None:
    """Begin the inbox, with nothing in it."""
    with trio.CancelScope() as scope:
        scope.cancel()
        await ws.receive()
    assert scope.cancelled_caught


async def test_str_and_bytes(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Text is ``str``, binary is ``bytes``, whatever ``binaryType`` is."""
    ws, peer = await accepted(nursery)
    await begin(ws)
    await peer.send(frame(TEXT, "ä".encode()), frame(BINARY, b"\xff"), frame(BINARY))
    assert [await ws.receive() for _ in range(3)] == ["ä", b"\xff", b""]


async def test_break_and_start_anew(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Nothing is lost between two loops, neither what had come nor what comes meanwhile."""
    ws, peer = await accepted(nursery)
    await begin(ws)
    await peer.send(numbers(0, 5))
    async for message in ws:
        if message == "1":
            break
    await peer.send(numbers(5, 8))
    await trio.testing.wait_all_tasks_blocked()
    nursery.start_soon(end, peer)
    assert [message async for message in ws] == ["2", "3", "4", "5", "6", "7"]


async def test_bare_socket_begins_with_the_first_receive(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """What the bare socket dispatched before it is not in the inbox."""
    ws, peer = await accepted(nursery)
    await peer.send(frame(TEXT, b"early"))
    await trio.testing.wait_all_tasks_blocked()
    await begin(ws)
    await peer.send(frame(TEXT, b"late"))
    assert await ws.receive() == "late"


@pytest.mark.parametrize("listeners", [1, 2])
async def test_inbox_and_listeners(
    listeners: int, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Messages go to both; the inbox has the payload, the event what ``binaryType`` says."""
    ws, peer = await accepted(nursery)
    seen: list[Any] = []
    ws.onmessage = lambda event: seen.append(event.data)
    if listeners == 2:
        ws.addEventListener("message", lambda event: None)
    await begin(ws)
    await peer.send(frame(BINARY, b"1"), frame(TEXT, b"2"))
    assert [await ws.receive(), await ws.receive()] == [b"1", "2"]
    assert isinstance(seen[0], Blob)
    assert seen[1:] == ["2"]


async def test_full_inbox_stops_the_reading(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """An inbox that nobody empties holds the peer up; memory is bounded, and nothing is lost."""
    ws, peer = await accepted(nursery, trio.testing.lockstep_stream_pair())
    await begin(ws)
    sent = 0

    async def flood() -> None:
        nonlocal sent
        for _ in range(100):
            await peer.send(frame(BINARY, b"x" * 10_000) * 10)
            sent += 10
        await end(peer)

    nursery.start_soon(flood)
    await trio.testing.wait_all_tasks_blocked()
    stuck_at = sent
    assert stuck_at * 10_000 < 3 * MAX_WAITING_BYTES
    assert ws._inbox._bytes < MAX_WAITING_BYTES + 64 * 10_000
    assert len([message async for message in ws]) == 1000


async def test_small_messages_fill_it_too(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Empty messages are counted, as each costs something."""
    ws, peer = await accepted(nursery)
    await begin(ws)
    await peer.send(frame(TEXT) * 5000)
    await trio.testing.wait_all_tasks_blocked()
    assert len(ws._inbox._messages) < MAX_WAITING + 100
    nursery.start_soon(end, peer)
    assert [message async for message in ws] == [""] * 5000


async def test_pings_wait_behind_a_full_inbox(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The reading stands still; it goes on when the inbox has become empty."""
    ws, peer = await accepted(nursery)
    await begin(ws)
    await peer.send(frame(TEXT) * 5000, frame(9, b"ping"))
    await trio.testing.wait_all_tasks_blocked()
    with trio.move_on_after(1) as scope:
        await peer.next()
    assert scope.cancelled_caught
    for _ in range(5000):
        await ws.receive()
    assert await peer.next() == (10, b"ping")


async def test_two_receivers(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The second one gets a BusyResourceError; the first one is not disturbed."""
    ws, peer = await accepted(nursery)
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
    await peer.send(frame(TEXT, b"hello"))
    await trio.testing.wait_all_tasks_blocked()
    assert received == ["hello"]


async def test_second_receiver_takes_nothing_from_a_woken_first(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """A message has come, and the receiver that it woke has not run yet: it is his."""
    ws, peer = await accepted(nursery)
    received: list[Any] = []

    async def receive() -> None:
        received.append(await ws.receive())
        received.append(await ws.receive())

    def intrude(event: object) -> None:
        with pytest.raises(trio.BusyResourceError):
            ws.__anext__().send(None)

    nursery.start_soon(receive)
    await peer.send(frame(TEXT, b"1"))
    await trio.testing.wait_all_tasks_blocked()
    ws.onmessage = intrude
    await peer.send(frame(TEXT, b"2"))
    await trio.testing.wait_all_tasks_blocked()
    assert received == ["1", "2"]


async def test_cancelled_receive_has_taken_nothing(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Neither one that waits nor one that finds messages."""
    ws, peer = await accepted(nursery)
    with trio.move_on_after(1) as waiting:
        await ws.receive()
    await peer.send(numbers(0, 3))
    await trio.testing.wait_all_tasks_blocked()
    await begin(ws)
    assert waiting.cancelled_caught
    assert [await ws.receive() for _ in range(3)] == ["0", "1", "2"]


async def test_cancelled_in_the_moment_of_arrival(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """A receiver that is woken by a message and cancelled in the same turn loses nothing."""
    ws, peer = await accepted(nursery)
    received: list[Any] = []
    scope = trio.CancelScope()
    ws.onmessage = lambda event: scope.cancel()

    async def receive() -> None:
        with scope:
            received.append(await ws.receive())

    nursery.start_soon(receive)
    await trio.testing.wait_all_tasks_blocked()
    await peer.send(numbers(0, 2))
    await trio.testing.wait_all_tasks_blocked()
    nursery.start_soon(end, peer)
    received += [message async for message in ws]
    assert received == ["0", "1"]


@pytest.mark.parametrize("code", [1000, 1001, 1008, 3000, 4401])
async def test_clean_end(code: int, nursery: trio.Nursery, autojump_clock: Any) -> None:
    """EndOfChannel, whatever the code, each time; ``closeEvent`` tells it."""
    ws, peer = await accepted(nursery)
    await begin(ws)
    nursery.start_soon(end, peer, code)
    for _ in range(2):
        with pytest.raises(trio.EndOfChannel):
            await ws.receive()
    assert ws.closeEvent.code == code


async def test_unclean_end(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A WebSocketError, after the messages; a new one each time, each with the cause."""
    ws, peer = await accepted(nursery)
    await begin(ws)
    await peer.send(numbers(0, 2))
    await trio.testing.wait_all_tasks_blocked()
    await peer.stream.aclose()
    await ws.wait_closed()
    assert [await ws.receive(), await ws.receive()] == ["0", "1"]
    errors = []
    for _ in range(2):
        with pytest.raises(WebSocketError) as caught:
            await ws.receive()
        errors.append(caught.value)
    assert [(error.closeCode, error.reason) for error in errors] == [(1006, "")] * 2
    assert errors[0] is not errors[1]
    assert all(error.__cause__ is ws.failure.__cause__ for error in errors)
    assert isinstance(errors[0], trio.BrokenResourceError)


async def test_unclean_end_of_a_loop(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """An unclean end raises out of ``async for`` too."""
    ws, peer = await accepted(nursery)
    await begin(ws)
    await peer.send(frame(TEXT, b"1"))
    await trio.testing.wait_all_tasks_blocked()
    await peer.stream.aclose()
    received = []
    with pytest.raises(WebSocketError):
        async for message in ws:
            received.append(message)  # noqa: PERF401  # an exception is to end this loop
    assert received == ["1"]


async def test_first_receive_after_the_end(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """An inbox that begins when all is over tells how it ended."""
    ws, peer = await accepted(nursery)
    await end(peer)
    await ws.wait_closed()
    with pytest.raises(trio.EndOfChannel):
        await ws.receive()


async def test_aclose_ends_receiving(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """ClosedResourceError after one's own aclose(), and what is unread is dropped."""
    ws, peer = await accepted(nursery)
    await begin(ws)
    await peer.send(numbers(0, 3))
    await trio.testing.wait_all_tasks_blocked()
    nursery.start_soon(peer.finish)
    await ws.aclose()
    with pytest.raises(trio.ClosedResourceError):
        await ws.receive()
    with pytest.raises(trio.ClosedResourceError):
        async for _ in ws:
            raise AssertionError("what is unread was dropped")


async def test_aclose_wakes_a_blocked_receiver(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The task that waits in ``receive()`` gets the ClosedResourceError as well."""
    ws, peer = await accepted(nursery)
    woken = trio.Event()

    async def receive() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await ws.receive()
        woken.set()

    nursery.start_soon(receive)
    await trio.testing.wait_all_tasks_blocked()
    nursery.start_soon(peer.finish)
    await ws.aclose()
    await woken.wait()


async def test_end_is_seen_after_close_was_dispatched(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Whoever sees the end of the messages finds the CloseEvent, and its listeners called."""
    ws, peer = await accepted(nursery)
    trace: list[str] = []
    ws.onclose = lambda event: trace.append("close")
    nursery.start_soon(end, peer)
    async for _ in ws:
        raise AssertionError("there is no message")
    trace.append("loop ended")
    assert trace == ["close", "loop ended"]
    assert ws.readyState == WebSocket.CLOSED


async def test_no_end_between_close_frame_and_close_event(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """While the server has not ended TCP, a receiver waits, though no message can come."""
    ws, peer = await accepted(nursery)
    await begin(ws)
    await peer.send(close(1000))
    await trio.testing.wait_all_tasks_blocked()
    with trio.move_on_after(1) as scope:
        await ws.receive()
    assert scope.cancelled_caught
    assert ws.readyState == WebSocket.CLOSING


async def test_inbox_after_the_doms_close(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """After ``close()`` what is in the inbox is still delivered, then the end."""
    ws, peer = await accepted(nursery)
    await begin(ws)
    await peer.send(numbers(0, 3))
    await trio.testing.wait_all_tasks_blocked()
    ws.close()
    await peer.send(frame(TEXT, b"too late"))
    nursery.start_soon(peer.finish)
    assert [message async for message in ws] == ["0", "1", "2"]


async def test_inbox_after_the_block(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Leaving a block closes the inbox, but what was ended by the peer is kept to be read."""
    world = MemoryWorld()
    options = world.options()

    async def part() -> None:
        peer = await world.peer()
        await peer.accept(then=frame(TEXT, b"1") + frame(TEXT, b"2"))
        await end(peer)

    nursery.start_soon(part)
    async with open_websocket(world.url, **options) as ws:
        assert await ws.receive() == "1"
        await ws.wait_closed()
    assert [message async for message in ws] == ["2"]


class Steps(trio.abc.Instrument):
    """Counts how often the task that made it is resumed by the scheduler."""

    def __init__(self) -> None:
        self.count = 0
        self._task = trio.lowlevel.current_task()
        trio.lowlevel.add_instrument(self)

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        self.count += task is self._task


async def test_a_burst_is_given_without_a_turn(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """While messages are there, others get their turn once in 256 messages."""
    ws, peer = await accepted(nursery)
    await begin(ws)
    await peer.send(frame(TEXT) * 1000)
    await trio.testing.wait_all_tasks_blocked()
    steps, counts = Steps(), []
    for _ in range(3 * BURST):
        await ws.receive()
        counts.append(steps.count)
    assert counts == [1] * BURST + [2] * BURST + [3] * BURST


async def test_a_loop_has_bursts_too(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """``async for`` gives as many."""
    ws, peer = await accepted(nursery)
    await begin(ws)
    await peer.send(frame(TEXT) * 1000)
    await trio.testing.wait_all_tasks_blocked()
    steps, counts = Steps(), []
    async for _ in ws:
        counts.append(steps.count)
        if len(counts) == 2 * BURST:
            break
    assert counts == [1] * BURST + [2] * BURST


async def test_a_burst_is_bounded_in_time(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A program that takes a millisecond per message leaves a turn to others after each."""
    ws, peer = await accepted(nursery)
    await begin(ws)
    await peer.send(numbers(0, 20))
    await trio.testing.wait_all_tasks_blocked()
    steps = Steps()
    for _ in range(5):
        autojump_clock.jump(0.001)
        await ws.receive()
    await ws.receive()
    assert steps.count == 5


async def test_a_burst_can_be_cancelled(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Cancellation is looked for each time, also where no turn is given away."""
    ws, peer = await accepted(nursery)
    await begin(ws)
    await peer.send(numbers(0, 20))
    await trio.testing.wait_all_tasks_blocked()
    received = []
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
