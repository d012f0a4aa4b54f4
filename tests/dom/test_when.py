"""EventTarget.when() and its channel, whose queue is tested in test_receive_queue.py."""

import math
from typing import Any

import pytest
import trio
import trio.testing

from trio_ws_dom._dom import Blob, CloseEvent, Event, EventChannel, EventTarget, MessageEvent


class Target(EventTarget):
    """A target that records when there is room, and which listeners changed."""

    def __init__(self) -> None:
        self.rooms = 0
        self.changes: list[str] = []

    def _channel_has_room(self) -> None:
        self.rooms += 1

    def _listeners_changed(self, type: str) -> None:
        self.changes.append(type)


def dispatch(target: EventTarget, *types: str) -> list[Event]:
    """Dispatch an event of each type."""
    events = [Event(type) for type in types]
    for event in events:
        target.dispatchEvent(event)
    return events


async def test_events_are_buffered_from_the_call_on() -> None:
    target = EventTarget()
    dispatch(target, "a")
    channel = target.when("a", "b")
    events = dispatch(target, "b", "c", "a")
    assert [await channel.receive(), await channel.receive()] == [events[0], events[2]]
    await channel.aclose()


async def test_receive_waits_for_the_next_event(autojump_clock: trio.abc.Clock) -> None:
    target = EventTarget()
    received: list[Event] = []
    channel = target.when("a")

    async def receive() -> None:
        received.extend([event async for event in channel])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive)
        await trio.testing.wait_all_tasks_blocked()
        events = dispatch(target, "a", "a")
        await trio.testing.wait_all_tasks_blocked()
        target._end_channels()
    assert received == events


async def test_an_earlier_listener_can_keep_an_event_from_a_channel() -> None:
    target = EventTarget()
    target.addEventListener("a", lambda event: event.stopImmediatePropagation(), once=True)
    with target.when("a") as channel:
        events = dispatch(target, "a", "a")
        assert await channel.receive() is events[1]


async def test_two_channels_get_the_same_events() -> None:
    target = EventTarget()
    with target.when("a") as one, target.when("a", "b") as two:
        (event,) = dispatch(target, "a")
        assert await one.receive() is event
        assert await two.receive() is event


async def test_a_type_named_twice_counts_once() -> None:
    target = EventTarget()
    channel = target.when("a", "a")
    events = dispatch(target, "a")
    target._end_channels()
    assert [event async for event in channel] == events


async def test_receive_is_always_a_checkpoint() -> None:
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
    target = EventTarget()
    with target.when("a") as channel:
        (event,) = dispatch(target, "a")
        with trio.CancelScope() as scope:
            scope.cancel()
            await channel.receive()
        assert scope.cancelled_caught
        assert await channel.receive() is event


async def test_two_tasks_cannot_receive_at_once(autojump_clock: trio.abc.Clock) -> None:
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


@pytest.mark.parametrize("close", ["close", "aclose"])
async def test_closing_unsubscribes(close: str) -> None:
    target = EventTarget()
    channel = target.when("a", "b")
    dispatch(target, "a")
    for _ in range(2):
        if (pending := getattr(channel, close)()) is not None:
            await pending
    assert not target._listeners
    assert not target._channels
    with pytest.raises(trio.ClosedResourceError):
        await channel.receive()


async def test_closing_wakes_the_receiver() -> None:
    channel = EventTarget().when("a")

    async def receive() -> None:
        with pytest.raises(trio.ClosedResourceError):
            await channel.receive()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive)
        await trio.testing.wait_all_tasks_blocked()
        channel.close()


async def test_aclose_is_a_checkpoint_each_time() -> None:
    channel = EventTarget().when("a")
    for _ in range(2):
        with trio.testing.assert_checkpoints():
            await channel.aclose()


async def test_a_cancelled_aclose_has_closed() -> None:
    target = EventTarget()
    with trio.CancelScope() as scope:
        scope.cancel()
        async with target.when("a"):
            pass
    assert scope.cancelled_caught
    assert not target._channels


async def test_a_listener_can_close_a_channel_that_comes_after_it() -> None:
    target = EventTarget()
    target.addEventListener("a", lambda event: channel.close())
    channel = target.when("a")
    dispatch(target, "a")
    assert "0 events" in repr(channel)


async def test_the_end_comes_after_what_is_buffered() -> None:
    target = EventTarget()
    channel = target.when("a")
    events = dispatch(target, "a", "a")
    target._end_channels()
    dispatch(target, "a")
    assert [event async for event in channel] == events
    assert not target._listeners
    assert not target._channels
    channel.close()


async def test_the_end_wakes_the_receivers() -> None:
    target = EventTarget()

    async def receive(channel: EventChannel[Event]) -> None:
        with pytest.raises(trio.EndOfChannel):
            await channel.receive()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive, target.when("a"))
        nursery.start_soon(receive, target.when("a"))
        await trio.testing.wait_all_tasks_blocked()
        target._end_channels()


async def test_a_channel_made_after_the_end_has_ended() -> None:
    target = EventTarget()
    target._end_channels()
    with target.when("a") as channel:
        dispatch(target, "a")
        with pytest.raises(trio.EndOfChannel):
            await channel.receive()
    assert not target._listeners
    assert not target._channels


async def test_more_than_the_bounds_is_queued_all_the_same() -> None:
    target = EventTarget()
    with target.when("a", max_buffer_size=2) as channel:
        fullness: list[bool] = []
        for _ in range(3):
            dispatch(target, "a")
            fullness.append(target._channel_is_full("a"))
        assert fullness == [False, True, True]
        assert "3 events" in repr(channel)


async def test_only_the_types_of_a_full_channel_are_held_back() -> None:
    target = EventTarget()
    with target.when("a", "b", max_buffer_size=1), target.when("c"):
        dispatch(target, "a", "c")
        assert [target._channel_is_full(type) for type in "abcd"] == [True, True, False, False]
    assert not target._channel_is_full("a")


@pytest.mark.parametrize(
    ("data", "size"),
    [
        ("x" * 6, 6),
        ("é" * 6, 6),
        ("€" * 3, 6),
        ("\N{GRINNING FACE}" * 2, 8),
        (b"\xff" * 6, 6),
        (Blob(["x" * 6]), 6),
    ],
    ids=["ascii", "latin", "two bytes", "four bytes", "bytes", "blob"],
)
@pytest.mark.parametrize("more", [-1, 0, 1])
async def test_messages_count_the_bytes_that_they_take(data: Any, size: int, more: int) -> None:
    target = EventTarget()
    with target.when("message", max_buffer_bytes=2 * size + more):
        fullness: list[bool] = []
        for _ in range(3):
            target.dispatchEvent(MessageEvent("message", data=data))
            fullness.append(target._channel_is_full("message"))
        assert fullness == [False, more < 1, True]


@pytest.mark.parametrize("event", [CloseEvent("a", reason="x"), MessageEvent("a", data=[1, 2])])
async def test_other_events_count_in_number_only(event: Event) -> None:
    target = EventTarget()
    with target.when("a", max_buffer_size=2, max_buffer_bytes=1):
        target.dispatchEvent(event)
        assert not target._channel_is_full("a")


async def test_a_channel_is_full_at_256_kib_by_default() -> None:
    target = EventTarget()
    with target.when("a"):
        for size in (256 * 1024 - 1, 1):
            assert not target._channel_is_full("a")
            target.dispatchEvent(MessageEvent("a", data=b"x" * size))
        assert target._channel_is_full("a")


async def test_room_is_announced_once_when_there_is_some_again() -> None:
    target = Target()
    with target.when("a", max_buffer_size=2) as channel:
        dispatch(target, "a", "a", "a")
        rooms: list[int] = []
        for _ in range(3):
            await channel.receive()
            rooms.append(target.rooms)
        assert rooms == [0, 1, 1]
    assert target.rooms == 1


async def test_closing_a_full_channel_makes_room_once() -> None:
    target = Target()
    channel = target.when("a", max_buffer_size=1)
    dispatch(target, "a")
    channel.close()
    channel.close()
    assert target.rooms == 1


async def test_a_plain_target_ignores_room() -> None:
    target = EventTarget()
    with target.when("a", max_buffer_size=1) as channel:
        dispatch(target, "a")
        await channel.receive()


async def test_an_infinite_buffer_is_never_full() -> None:
    target = EventTarget()
    with target.when("a", max_buffer_size=math.inf, max_buffer_bytes=math.inf):
        for _ in range(100):
            target.dispatchEvent(MessageEvent("a", data="x" * 10_000))
        assert not target._channel_is_full("a")


@pytest.mark.parametrize(
    ("size", "error"),
    [(0, ValueError), (-1, ValueError), (1.5, TypeError), ("1", TypeError), (math.nan, TypeError)],
)
@pytest.mark.parametrize("name", ["max_buffer_size", "max_buffer_bytes"])
def test_other_bounds_are_errors_and_subscribe_nothing(
    name: str, size: Any, error: type[Exception]
) -> None:
    target = EventTarget()
    with pytest.raises(error, match=f"expected {name} "):
        target.when("a", **{name: size})
    assert not target._listeners
    assert not target._channels


def test_no_types_are_an_error() -> None:
    with pytest.raises(TypeError, match="expected at least one type"):
        EventTarget().when()


def test_a_channel_is_made_by_when_only() -> None:
    with pytest.raises(TypeError, match="no public constructor"):
        EventChannel()


async def test_subscribing_and_unsubscribing_change_the_listeners_of_each_type() -> None:
    target = Target()
    with target.when("a", "b"):
        assert target.changes == ["a", "b"]
    assert target.changes == ["a", "b", "a", "b"]


async def test_repr_tells_the_state() -> None:
    target = EventTarget()
    channel = target.when("a")
    dispatch(target, "a")
    assert repr(channel) == "<EventChannel ('a',) open, 1 events buffered>"
    target._end_channels()
    assert repr(channel) == "<EventChannel ('a',) ended, 1 events buffered>"
    channel.close()
    assert repr(channel) == "<EventChannel ('a',) closed, 0 events buffered>"


async def test_a_thread_may_not_dispatch_to_a_channel() -> None:
    target = EventTarget()
    received: list[str] = []
    target.addEventListener("foo", lambda event: received.append(event.type))
    with target.when("foo") as channel:
        with pytest.raises(RuntimeError, match=r"dispatchEvent\(\) .* trio\.from_thread\.run_sync"):
            await trio.to_thread.run_sync(target.dispatchEvent, Event("foo"))
        assert received == []
        target.dispatchEvent(Event("foo"))
        assert (await channel.receive()).type == "foo"
    await trio.to_thread.run_sync(target.dispatchEvent, Event("foo"))
    assert received == ["foo", "foo"]


async def test_the_collection_of_channels_is_not_copied_as_there_may_be_many() -> None:
    target = EventTarget()
    first = target.when("foo")
    channels = target._channels
    second = target.when("foo")
    first.close()
    assert target._channels is channels
    assert list(channels) == [second]


async def test_a_thread_may_not_close_a_channel() -> None:
    target = EventTarget()
    with target.when("foo") as channel:
        with pytest.raises(RuntimeError, match=r"close\(\) .* trio\.from_thread\.run_sync"):
            await trio.to_thread.run_sync(channel.close)
        target.dispatchEvent(Event("foo"))
        assert (await channel.receive()).type == "foo"
