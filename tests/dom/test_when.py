"""EventTarget.when() and its channel."""

import math
from typing import Any

import pytest
import trio
import trio.testing

from trio_ws_dom._dom import Event, EventChannel, EventTarget


def dispatch(target: EventTarget, *types: str) -> list[Event]:
    """Dispatch an event of each type."""
    events = [Event(type) for type in types]
    for event in events:
        target.dispatchEvent(event)
    return events


def is_room(channel: EventChannel) -> list[int]:
    """Make a list that grows each time that `channel` says that there is room."""
    calls: list[int] = []
    channel._on_room = lambda: calls.append(len(channel._buffer))
    return calls


async def test_events_are_buffered_from_the_call_on() -> None:
    """The event objects themselves, in order, of the types asked for."""
    target = EventTarget()
    dispatch(target, "a")
    channel = target.when("a", "b")
    events = dispatch(target, "b", "c", "a")
    assert [await channel.receive(), await channel.receive()] == [events[0], events[2]]
    await channel.aclose()


async def test_receive_waits_for_the_next_event(autojump_clock: trio.abc.Clock) -> None:
    """And wakes with it."""
    target = EventTarget()
    channel = target.when("a")
    received = []

    async def receive() -> None:
        while True:
            received.append((await channel.receive(), trio.current_time()))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive)
        start = trio.current_time()
        await trio.sleep(1)
        (first,) = dispatch(target, "a")
        await trio.sleep(1)
        (second,) = dispatch(target, "a")
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert received == [(first, start + 1), (second, start + 2)]


async def test_a_channel_stands_among_the_listeners() -> None:
    """What is received after it was canceled shows that, and an earlier listener can stop it."""
    target = EventTarget()
    target.addEventListener("a", lambda event: event.stopImmediatePropagation(), once=True)
    with target.when("a") as channel:
        events = dispatch(target, "a", "a")
        assert await channel.receive() is events[1]


async def test_two_channels_get_the_same_events() -> None:
    """Each has a buffer of its own."""
    target = EventTarget()
    with target.when("a") as one, target.when("a", "b") as two:
        (event,) = dispatch(target, "a")
        assert await one.receive() is event
        assert await two.receive() is event


async def test_a_type_named_twice_counts_once() -> None:
    """Else each event would come twice."""
    target = EventTarget()
    with target.when("a", "a") as channel:
        dispatch(target, "a")
        assert len(channel._buffer) == 1


async def test_receive_is_always_a_checkpoint() -> None:
    """Also with events waiting, at the end, and when closed."""
    target = EventTarget()
    channel = target.when("a")
    dispatch(target, "a")
    with trio.testing.assert_checkpoints():
        await channel.receive()
    target._end_channels()
    with trio.testing.assert_checkpoints(), pytest.raises(trio.EndOfChannel):
        await channel.receive()
    channel.close()
    with trio.testing.assert_checkpoints(), pytest.raises(trio.ClosedResourceError):
        await channel.receive()


async def test_a_cancelled_receive_has_taken_nothing() -> None:
    """Cancelled before it looks, the event is still there."""
    target = EventTarget()
    with target.when("a") as channel:
        (event,) = dispatch(target, "a")
        with trio.CancelScope() as scope:
            scope.cancel()
            await channel.receive()
        assert scope.cancelled_caught
        assert await channel.receive() is event


async def test_a_receive_cancelled_while_it_waits_leaves_no_trace(
    autojump_clock: trio.abc.Clock,
) -> None:
    """The next event waits for the next receive."""
    target = EventTarget()
    with target.when("a") as channel:
        with trio.move_on_after(1) as scope:
            await channel.receive()
        assert scope.cancelled_caught
        (event,) = dispatch(target, "a")
        assert await channel.receive() is event


async def test_a_receive_that_was_woken_is_not_cancelled_any_more() -> None:
    """What comes first decides: here the event."""
    target = EventTarget()
    channel = target.when("a")
    received = []

    async def receive() -> None:
        received.append(await channel.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive)
        await trio.testing.wait_all_tasks_blocked()
        events = dispatch(target, "a")
        nursery.cancel_scope.cancel()
    assert received == events


async def test_two_tasks_cannot_receive_at_once(autojump_clock: trio.abc.Clock) -> None:
    """The second is told so, the first goes on waiting."""
    target = EventTarget()
    with target.when("a") as channel:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(channel.receive)
            await trio.testing.wait_all_tasks_blocked()
            with pytest.raises(trio.BusyResourceError):
                await channel.receive()
            dispatch(target, "a")
        dispatch(target, "a")
        await channel.receive()


@pytest.mark.parametrize("close", [EventChannel.close, EventChannel.aclose])
async def test_closing_unsubscribes(close: Any) -> None:
    """Nothing is buffered any more, and receiving is an error; closing again is not."""
    target = EventTarget()
    channel = target.when("a", "b")
    dispatch(target, "a")
    for _ in range(2):
        if (pending := close(channel)) is not None:
            await pending
    assert (target._listeners, target._channels) == ({}, [])
    with pytest.raises(trio.ClosedResourceError):
        await channel.receive()


async def test_closing_wakes_the_receiver() -> None:
    """A task that waits gets the error that it would get later."""
    target = EventTarget()
    channel = target.when("a")

    async def receive() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await channel.receive()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive)
        await trio.testing.wait_all_tasks_blocked()
        channel.close()


async def test_aclose_is_a_checkpoint() -> None:
    """The first and the second time."""
    channel = EventTarget().when("a")
    for _ in range(2):
        with trio.testing.assert_checkpoints():
            await channel.aclose()


async def test_a_cancelled_aclose_has_closed() -> None:
    """As every aclose() of trio."""
    target = EventTarget()
    with trio.CancelScope() as scope:
        scope.cancel()
        async with target.when("a"):
            pass
    assert scope.cancelled_caught
    assert target._channels == []


async def test_a_listener_can_close_a_channel_behind_it() -> None:
    """Then not even the event that is being dispatched gets into it."""
    target = EventTarget()
    target.addEventListener("a", lambda event: channel.close())
    channel = target.when("a")
    dispatch(target, "a")
    assert len(channel._buffer) == 0


async def test_the_end_comes_after_what_is_buffered() -> None:
    """The loop gets all, then stops; no later event gets in."""
    target = EventTarget()
    channel = target.when("a")
    events = dispatch(target, "a", "a")
    target._end_channels()
    dispatch(target, "a")
    assert [event async for event in channel] == events
    assert (target._listeners, target._channels) == ({}, [])
    channel.close()


async def test_the_end_wakes_the_receiver() -> None:
    """Also of several channels."""
    target = EventTarget()

    async def receive(channel: EventChannel) -> None:
        with pytest.raises(trio.EndOfChannel):
            await channel.receive()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive, target.when("a"))
        nursery.start_soon(receive, target.when("a"))
        await trio.testing.wait_all_tasks_blocked()
        target._end_channels()


async def test_more_than_the_buffers_size_is_queued_all_the_same() -> None:
    """A dispatch cannot wait; but the channel says that it is full."""
    target = EventTarget()
    with target.when("a", max_buffer_size=2) as channel:
        fullness = []
        for _ in range(3):
            dispatch(target, "a")
            fullness.append(channel._full)
        assert fullness == [False, True, True]
        assert len(channel._buffer) == 3


async def test_room_is_announced_when_there_is_some_again() -> None:
    """Not as long as the buffer is still full, nor when it was not."""
    target = EventTarget()
    with target.when("a", max_buffer_size=2) as channel:
        calls = is_room(channel)
        dispatch(target, "a", "a", "a")
        for _ in range(3):
            await channel.receive()
        assert calls == [1]
    assert calls == [1]


async def test_closing_a_full_channel_makes_room() -> None:
    """Once."""
    target = EventTarget()
    channel = target.when("a", max_buffer_size=1)
    calls = is_room(channel)
    dispatch(target, "a")
    channel.close()
    channel.close()
    assert calls == [0]


async def test_nobody_need_be_told_of_room() -> None:
    """A plain EventTarget does not care."""
    target = EventTarget()
    with target.when("a", max_buffer_size=1) as channel:
        dispatch(target, "a")
        await channel.receive()


async def test_an_infinite_buffer_is_never_full() -> None:
    """math.inf is a size."""
    target = EventTarget()
    with target.when("a", max_buffer_size=math.inf) as channel:
        dispatch(target, *["a"] * 100)
        assert not channel._full


@pytest.mark.parametrize(
    ("size", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), ("1", TypeError)]
)
def test_other_buffer_sizes_are_errors(size: Any, error: type[Exception]) -> None:
    """And then nothing is subscribed."""
    target = EventTarget()
    with pytest.raises(error, match="max_buffer_size must be"):
        target.when("a", max_buffer_size=size)
    assert (target._listeners, target._channels) == ({}, ())


def test_no_types_are_an_error() -> None:
    """It would wait for nothing."""
    with pytest.raises(TypeError, match="at least one type"):
        EventTarget().when()


def test_a_channel_is_made_by_when_only() -> None:
    """The constructor says so."""
    with pytest.raises(TypeError, match="no public constructor"):
        EventChannel()


async def test_subscribing_is_a_change_of_listeners() -> None:
    """And so is unsubscribing, for each type."""
    changes = []

    class Target(EventTarget):
        def _listeners_changed(self, type: str) -> None:
            changes.append(type)

    with Target().when("a", "b"):
        assert changes == ["a", "b"]
    assert changes == ["a", "b", "a", "b"]


async def test_repr_tells_the_state() -> None:
    """Open, ended, closed."""
    target = EventTarget()
    channel = target.when("a")
    dispatch(target, "a")
    assert repr(channel) == "<EventChannel ('a',) open, 1 events buffered>"
    target._end_channels()
    assert repr(channel) == "<EventChannel ('a',) ended, 1 events buffered>"
    channel.close()
    assert repr(channel) == "<EventChannel ('a',) closed, 0 events buffered>"
