"""The bounded queue for one receiver, and how the size of messages is measured."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing

from trio_ws_dom._dom._receive_queue import AT_HAND, ReceiveQueue, held_size, held_sizes


def make(**options: Any) -> tuple[ReceiveQueue[str], list[str]]:
    """Return a queue of three items or ten bytes, and the list of its callbacks' calls."""
    calls: list[str] = []
    defaults: dict[str, Any] = {
        "max_items": 3,
        "max_size": 10,
        "on_room": lambda: calls.append("room"),
        "on_sleep": lambda: calls.append("sleep"),
    }
    return ReceiveQueue(**defaults | options), calls


def closed() -> Exception:
    return trio.ClosedResourceError()


async def receive_all(queue: ReceiveQueue[str]) -> list[str]:
    received: list[str] = []
    with pytest.raises(trio.EndOfChannel):
        while True:
            received.append(await queue.receive())
    return received


@pytest.mark.parametrize(
    ("data", "size"),
    [
        ("", 0),
        (b"", 0),
        ("abc", 3),
        (b"\xff" * 3, 3),
        ("é" * 1000, 1000),
        ("aé", 2),
        ("a€c", 6),
        ("ab\N{GRINNING FACE}" * 1000, 12_000),
    ],
)
def test_held_size_is_the_length_times_the_widest_character(data: str | bytes, size: int) -> None:
    assert held_size(data) == size
    assert held_sizes([data, "abc", data]) == 2 * size + 3


@pytest.mark.parametrize("text", ["a", "é", "€", "\N{GRINNING FACE}"])
def test_held_size_of_a_subclass_is_four_bytes_a_character_at_most(text: str) -> None:
    class Part(str):
        __slots__ = ()

    assert len(text) <= held_size(Part(text)) <= 4
    assert held_size(Part(text * 1000)) == held_size(text * 1000)


async def test_items_come_in_order_then_the_end() -> None:
    queue, _ = make()
    queue.put("a", 1)
    queue.put_many(["b", "c"], 2)
    queue.end(trio.EndOfChannel)
    assert len(queue) == 3
    assert await receive_all(queue) == ["a", "b", "c"]


async def test_the_error_at_the_end_is_new_each_time() -> None:
    queue, _ = make()
    queue.end(trio.EndOfChannel)
    queue.end(closed)
    errors: list[trio.EndOfChannel] = []
    for _ in range(2):
        with pytest.raises(trio.EndOfChannel) as caught:
            await queue.receive()
        errors.append(caught.value)
    assert errors[0] is not errors[1]


async def test_queue_is_full_at_its_number_of_items() -> None:
    queue, _ = make()
    fullness: list[bool] = []
    for _ in range(4):
        queue.put("", 0)
        fullness.append(queue.full)
    assert fullness == [False, False, True, True]


@pytest.mark.parametrize(("size", "full"), [(9, False), (10, True), (11, True)])
async def test_queue_is_full_at_its_size(size: int, full: bool) -> None:
    queue, _ = make()
    queue.put_many(["a", "b"], size)
    assert queue.full is full


async def test_room_is_announced_once_the_queue_is_below_its_bounds() -> None:
    queue, calls = make()
    for size in (1, 5, 5, 1):
        queue.put("", size)
    seen: list[tuple[bool, int]] = []
    for _ in range(4):
        await queue.receive()
        seen.append((queue.full, len(calls)))
    assert seen == [(True, 0), (False, 1), (False, 1), (False, 1)]


async def test_the_size_of_a_batch_is_released_with_its_last_item() -> None:
    queue, calls = make(max_items=9)
    queue.put_many(["a", "b"], 10)
    queue.put("c", 1)
    await queue.receive()
    assert queue.full
    await queue.receive()
    assert (queue.full, calls) == (False, ["room"])


async def test_room_is_announced_once_the_queue_is_empty_where_it_is_asked_so() -> None:
    queue, calls = make(refill_when_empty=True)
    queue.put_many(["a", "b"], 2)
    queue.put_many(["c", "d"], 2)
    for _ in range(3):
        await queue.receive()
    assert (queue.full, calls) == (True, [])
    await queue.receive()
    assert (queue.full, calls) == (False, ["room"])


async def test_no_room_is_announced_by_a_queue_that_was_never_full() -> None:
    queue, calls = make(refill_when_empty=True)
    queue.put("a", 9)
    await queue.receive()
    assert calls == []


async def test_an_empty_batch_changes_nothing() -> None:
    queue, _ = make()
    queue.put_many([], 0)
    queue.put("a", 1)
    assert await queue.receive() == "a"


async def test_receive_waits_for_an_item(autojump_clock: Any) -> None:
    queue, calls = make()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive_all, queue)
        await trio.testing.wait_all_tasks_blocked()
        assert calls == ["sleep"]
        queue.put("a", 1)
        await trio.testing.wait_all_tasks_blocked()
        assert calls == ["sleep", "sleep"]
        assert len(queue) == 0
        queue.end(trio.EndOfChannel)


async def test_an_item_that_comes_of_on_sleep_is_received() -> None:
    queue: ReceiveQueue[str]
    queue, _ = make(on_sleep=lambda: queue.put("a", 1))
    with trio.testing.assert_checkpoints():
        assert await queue.receive() == "a"


async def test_a_queue_without_on_sleep_sleeps_too(autojump_clock: Any) -> None:
    queue, _ = make(on_sleep=None)
    with trio.move_on_after(1) as scope:
        await queue.receive()
    assert scope.cancelled_caught


async def test_receive_is_a_checkpoint_without_bursts() -> None:
    queue, _ = make()
    queue.put_many(["a", "b"], 2)
    for _ in range(2):
        with trio.testing.assert_checkpoints():
            await queue.receive()
    queue.end(trio.EndOfChannel)
    with trio.testing.assert_checkpoints(), pytest.raises(trio.EndOfChannel):
        await queue.receive()


def is_ready(queue: ReceiveQueue[str]) -> bool:
    return queue.at_hand > 0 or queue.look()


def at_once(queue: ReceiveQueue[str]) -> str:
    """Receive without a yield to the scheduler."""
    assert is_ready(queue)
    with pytest.raises(StopIteration) as done:
        queue.receive().send(None)
    return str(done.value.value)


async def test_a_burst_lets_no_other_tasks_run(autojump_clock: Any) -> None:
    queue, _ = make(burst=3, burst_seconds=1)
    queue.put_many(list("abcdef"), 6)
    for first, *others in (["a", "b", "c"], ["d", "e", "f"]):
        assert not is_ready(queue)
        with trio.testing.assert_checkpoints():
            assert await queue.receive() == first
        assert [at_once(queue) for _ in others] == others


async def test_a_burst_is_bounded_in_time(autojump_clock: Any) -> None:
    queue, _ = make(burst=9, burst_seconds=1)
    queue.put_many(["a", "b", "c"], 3)
    assert await queue.receive() == "a"
    await trio.sleep(0.5)
    assert is_ready(queue)
    assert queue.take() == "b"
    await trio.sleep(0.5)
    assert not is_ready(queue)


async def test_a_steady_burst_ends_in_time_and_looks_at_the_clock_now_and_then(
    autojump_clock: Any,
) -> None:
    queue, _ = make(burst=99, burst_seconds=1, max_items=99)
    queue.put_many(["-"] * 99, 99)
    await queue.receive()
    start, looks = trio.current_time(), 0
    while queue.at_hand > 0 or queue.look():
        looks += queue.at_hand == AT_HAND
        queue.take()
        await trio.sleep(1 / 64)
    assert trio.current_time() - start == 1
    assert looks == 4


async def test_a_burst_in_no_time_is_bounded_in_number(autojump_clock: Any) -> None:
    queue, _ = make(burst=40, burst_seconds=1, max_items=99)
    queue.put_many(["-"] * 99, 99)
    await queue.receive()
    taken = 1
    while is_ready(queue):
        queue.take()
        taken += 1
    assert taken == 40


async def test_what_is_at_hand_is_over_when_the_queue_is_closed(autojump_clock: Any) -> None:
    queue, _ = make(burst=9, burst_seconds=1)
    queue.put_many(["a", "b", "c"], 3)
    await queue.receive()
    assert is_ready(queue)
    queue.close(trio.ClosedResourceError)
    assert not is_ready(queue)


async def test_what_is_at_hand_is_over_when_a_task_begins_to_wait(autojump_clock: Any) -> None:
    queue, _ = make(burst=9, burst_seconds=1)
    queue.put_many(["a", "b"], 2)
    await queue.receive()
    assert is_ready(queue)
    queue.take()
    queue.put_back("b", 1)
    assert is_ready(queue)
    await queue.receive()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(queue.receive)
        await trio.testing.wait_all_tasks_blocked()
        queue.put_many(["c", "d"], 2)
        assert not is_ready(queue)


async def test_nothing_is_ready_while_another_task_receives(autojump_clock: Any) -> None:
    queue, _ = make(burst=9, burst_seconds=1)
    queue.put("a", 1)
    await queue.receive()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(queue.receive)
        await trio.testing.wait_all_tasks_blocked()
        queue.put("b", 1)
        assert not is_ready(queue)
        with pytest.raises(trio.BusyResourceError, match="from this channel"):
            await queue.receive()


async def test_the_error_for_a_second_receiver_names_the_owner(autojump_clock: Any) -> None:
    queue, _ = make(owner="socket")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(queue.receive)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(trio.BusyResourceError, match="from this socket"):
            await queue.receive()
        queue.put("a", 1)


@pytest.mark.parametrize("burst", [0, 9])
async def test_a_cancelled_receive_has_taken_nothing(burst: int) -> None:
    queue, _ = make(burst=burst, burst_seconds=9)
    queue.put_many(["a", "b"], 2)
    await queue.receive()
    with trio.CancelScope() as scope:
        scope.cancel()
        await queue.receive()
    assert scope.cancelled_caught
    assert await queue.receive() == "b"


async def test_a_receive_that_is_cancelled_while_it_sleeps_leaves_no_trace(
    autojump_clock: Any,
) -> None:
    queue, _ = make()
    with trio.move_on_after(1) as scope:
        await queue.receive()
    assert scope.cancelled_caught
    queue.put("a", 1)
    assert await queue.receive() == "a"


async def test_a_receiver_that_was_woken_is_not_cancelled_any_more() -> None:
    queue, _ = make()
    received: list[str] = []

    async def receive() -> None:
        received.append(await queue.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive)
        await trio.testing.wait_all_tasks_blocked()
        queue.put("a", 1)
        nursery.cancel_scope.cancel()
    assert received == ["a"]


async def test_closing_drops_what_waits_and_what_comes() -> None:
    queue, calls = make()
    queue.put("a", 10)
    for _ in range(2):
        queue.close(closed)
    queue.put("b", 10)
    queue.put_back("c", 10)
    assert (len(queue), queue.full, calls) == (0, False, ["room"])
    with pytest.raises(trio.ClosedResourceError):
        await queue.receive()


async def test_closing_after_the_end_changes_the_error() -> None:
    queue, calls = make()
    queue.end(trio.EndOfChannel)
    queue.close(closed)
    queue.end(trio.EndOfChannel)
    assert calls == []
    with pytest.raises(trio.ClosedResourceError):
        await queue.receive()


@pytest.mark.parametrize("end", ["end", "close"])
async def test_the_end_wakes_the_receiver(end: str) -> None:
    queue, _ = make()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(receive_all, queue)
        await trio.testing.wait_all_tasks_blocked()
        getattr(queue, end)(trio.EndOfChannel)


async def test_what_is_put_back_comes_next() -> None:
    queue, _ = make()
    queue.put_many(["a", "b"], 2)
    queue.put("c", 1)
    queue.put_back(await queue.receive() + "!", 2)
    queue.end(trio.EndOfChannel)
    assert await receive_all(queue) == ["a!", "b", "c"]


@pytest.mark.parametrize(("size", "full"), [(9, False), (10, True)])
async def test_what_is_put_back_counts(size: int, full: bool) -> None:
    queue, calls = make()
    queue.put("a", 1)
    queue.put_back(await queue.receive(), size)
    assert queue.full is full
    await queue.receive()
    assert (queue.full, calls) == (False, ["room"] * full)


async def test_the_rest_of_a_batch_keeps_its_size_when_its_first_item_is_put_back() -> None:
    queue, calls = make(max_items=9)
    queue.put_many(["a", "b"], 9)
    queue.put_back(await queue.receive(), 1)
    assert queue.full
    await queue.receive()
    assert (queue.full, calls) == (False, ["room"])
    queue.put("c", 1)
    assert queue.full
    await queue.receive()
    assert (queue.full, calls) == (False, ["room", "room"])


async def test_ctrl_c_does_not_land_in_the_callbacks_of_an_unprotected_caller() -> None:
    seen: list[bool] = []
    queue, _ = make(
        max_items=1, on_room=lambda: seen.append(trio.lowlevel.currently_ki_protected())
    )
    queue.put("a", 1)
    queue.take()
    queue.put("a", 1)
    queue.close(closed)
    assert seen == [True, True]
