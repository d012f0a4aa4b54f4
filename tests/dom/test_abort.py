"""AbortController and AbortSignal."""

import contextvars
import gc
import math
import sys
import threading
import traceback
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import trio
import trio.testing
from support.checked import members

from trio_ws_dom._dom import AbortController, AbortSignal, DOMException, Event, EventTarget
from trio_ws_dom._dom._abort import _cancel_soon


def fail(error: BaseException) -> Any:
    """Return a listener that raises."""

    def listener(event: Event) -> None:
        raise error

    return listener


def note(seen: list[int], number: int) -> Callable[[Event], None]:
    """Return a listener that appends the number."""
    return lambda event: seen.append(number)


def test_a_new_signal_is_not_aborted() -> None:
    signal = AbortController().signal
    assert not signal.aborted
    assert signal.reason is None
    signal.throwIfAborted()


def test_a_controller_has_one_signal() -> None:
    controller = AbortController()
    assert controller.signal is controller.signal
    with pytest.raises(AttributeError):
        controller.signal = AbortSignal.abort()  # type: ignore[misc]  # what is tested


def test_aborting_without_a_reason_is_an_abort_error() -> None:
    controller = AbortController()
    controller.abort()
    assert controller.signal.aborted
    assert isinstance(controller.signal.reason, DOMException)
    assert controller.signal.reason.name == "AbortError"


def test_only_the_first_abort_counts() -> None:
    controller = AbortController()
    heard: list[Event] = []
    controller.signal.addEventListener("abort", heard.append)
    controller.abort("first")
    controller.abort("second")
    assert controller.signal.reason == "first"
    assert len(heard) == 1


def test_the_abort_event_is_trusted_and_comes_when_aborted() -> None:
    controller = AbortController()
    seen: list[tuple[str, bool, bool, EventTarget | None]] = []

    def look(event: Event) -> None:
        seen.append((event.type, event.isTrusted, controller.signal.aborted, event.target))

    controller.signal.onabort = look
    controller.signal.addEventListener("abort", lambda event: look(event))
    controller.abort()
    assert seen == [("abort", True, True, controller.signal)] * 2


def test_throw_if_aborted_raises_the_very_reason() -> None:
    reason = LookupError()
    with pytest.raises(LookupError) as caught:
        AbortSignal.abort(reason).throwIfAborted()
    assert caught.value is reason


def test_a_reason_that_is_no_exception_is_shown_by_an_abort_error() -> None:
    signal = AbortSignal.abort("enough")
    assert signal.reason == "enough"
    with pytest.raises(DOMException, match="the reason is 'enough'") as caught:
        signal.throwIfAborted()
    assert caught.value.name == "AbortError"


def test_abort_gives_a_signal_that_is_aborted() -> None:
    signal = AbortSignal.abort()
    assert signal.aborted
    assert signal.reason.name == "AbortError"
    for attribute in ("aborted", "reason"):
        with pytest.raises(AttributeError):
            setattr(signal, attribute, 1)


def test_a_signal_has_no_public_constructor() -> None:
    with pytest.raises(TypeError, match="no public constructor"):
        AbortSignal()


def test_repr_tells_the_state() -> None:
    assert repr(AbortController().signal) == "<AbortSignal not aborted>"
    assert repr(AbortSignal.abort("x")) == "<AbortSignal aborted: 'x'>"


class Owner:
    """An owner of an algorithm, which records its name."""

    def __init__(self, name: str, done: list[str]) -> None:
        self.name = name
        self.done = done

    def run(self) -> None:
        self.done.append(self.name)

    def check(self, what: str) -> None:
        """Allow the call named ``what``."""


def test_algorithms_run_once_in_order_before_the_event() -> None:
    controller = AbortController()
    done: list[str] = []
    owners = [Owner(name, done) for name in ("one", "two", "one again")]
    for owner in owners:
        controller.signal._add_algorithm(owner, Owner.run, Owner.check)
    controller.signal._add_algorithm(owners[0], Owner.run, Owner.check)
    controller.signal.onabort = lambda event: done.append("event")
    controller.abort()
    controller.signal._add_algorithm(owners[0], Owner.run, Owner.check)
    assert done == ["one", "two", "one again", "event"]
    assert len(controller.signal._algorithms) == 0


def test_an_algorithm_that_another_one_removes_is_not_run() -> None:
    controller = AbortController()
    done: list[str] = []
    one, two = Owner("one", done), Owner("two", done)
    controller.signal._add_algorithm(
        one, lambda _: controller.signal._remove_algorithm(two), Owner.check
    )
    controller.signal._add_algorithm(two, Owner.run, Owner.check)
    controller.abort()
    assert done == []


def test_a_signal_does_not_keep_the_owners_of_algorithms_alive() -> None:
    controller = AbortController()
    done: list[str] = []
    owner = Owner("gone", done)
    controller.signal._add_algorithm(owner, Owner.run, Owner.check)
    del owner
    assert len(controller.signal._algorithms) == 0
    controller.abort()
    assert done == []


def know(target: EventTarget, event: Event) -> None:
    """Be a listener that knows its target, as those of programs do."""


@pytest.mark.parametrize("dependent", [False, True])
def test_a_signal_does_not_keep_targets_and_their_listeners_alive(dependent: bool) -> None:
    controller = AbortController()
    gone: list[weakref.ref[EventTarget]] = []
    for _ in range(100):
        signal = AbortSignal.any([controller.signal]) if dependent else controller.signal
        target = EventTarget()
        target.addEventListener("foo", partial(know, target), signal=signal)
        gone.append(weakref.ref(target))
    del target, signal
    gc.collect()
    assert {ref() for ref in gone} == {None}
    assert len(controller.signal._algorithms) == len(controller.signal._dependents) == 0


def test_a_signal_that_aborts_after_its_target_is_gone_does_nothing() -> None:
    controller, target = AbortController(), EventTarget()
    target.addEventListener("foo", print, signal=controller.signal)
    (listener,) = target._listeners_for("foo")
    del target
    controller.abort()
    assert not listener.removed


def test_a_listener_keeps_the_signal_that_removes_it_alive() -> None:
    controller, target = AbortController(), EventTarget()
    heard: list[Event] = []
    target.addEventListener("foo", heard.append, signal=AbortSignal.any([controller.signal]))
    gc.collect()
    controller.abort()
    target.dispatchEvent(Event("foo"))
    assert heard == []


def test_a_reason_that_is_raised_again_and_again_collects_no_frames() -> None:
    controller = AbortController()
    try:
        raise ValueError("why")
    except ValueError as exc:
        controller.abort(exc)
        before = len(traceback.extract_tb(exc.__traceback__))
    lengths: set[int] = set()
    for _ in range(50):
        for signal in (controller.signal, AbortSignal.any([controller.signal])):
            with pytest.raises(ValueError) as caught:
                signal.throwIfAborted()
            lengths.add(len(caught.traceback))
    assert lengths == {before + 2}


def test_listeners_exceptions_come_out_of_abort() -> None:
    controller = AbortController()
    heard: list[Event] = []
    dependent = AbortSignal.any([controller.signal])
    one, two = ValueError(), KeyError()
    controller.signal.addEventListener("abort", fail(one))
    dependent.addEventListener("abort", fail(two))
    dependent.addEventListener("abort", heard.append)
    with pytest.raises(ExceptionGroup) as caught:
        controller.abort()
    assert caught.value.exceptions == (one, two)
    assert len(heard) == 1


def test_ctrl_c_in_a_listener_comes_out_bare_after_all_are_aborted() -> None:
    controller = AbortController()
    heard: list[Event] = []
    dependent = AbortSignal.any([controller.signal])
    controller.signal.onabort = fail(KeyboardInterrupt())
    dependent.onabort = heard.append
    with pytest.raises(KeyboardInterrupt):
        controller.abort()
    assert len(heard) == 1


def test_any_aborts_with_the_first_and_once() -> None:
    one, two = AbortController(), AbortController()
    heard: list[Event] = []
    signal = AbortSignal.any([one.signal, two.signal])
    signal.onabort = heard.append
    two.abort("two")
    one.abort("one")
    assert signal.reason == "two"
    assert len(heard) == 1


def test_any_of_an_aborted_signal_is_aborted() -> None:
    signals = [AbortController().signal, AbortSignal.abort("a"), AbortSignal.abort("b")]
    assert AbortSignal.any(signals).reason == "a"


def test_any_of_nothing_never_aborts() -> None:
    assert not AbortSignal.any([]).aborted


def test_any_of_any_depends_on_the_sources() -> None:
    controller = AbortController()
    middle = AbortSignal.any([controller.signal])
    signal = AbortSignal.any([middle, controller.signal])
    assert signal._sources == (controller.signal,)
    del middle
    controller.abort("x")
    assert signal.reason == "x"


def test_dependents_are_aborted_before_any_listener_is_called() -> None:
    controller = AbortController()
    seen: list[int] = []
    dependents = [AbortSignal.any([controller.signal]) for _ in range(3)]
    for number, dependent in enumerate(dependents):
        dependent.addEventListener("abort", note(seen, number))
    controller.signal.onabort = lambda event: seen.extend(d.aborted for d in dependents)
    controller.abort()
    assert seen == [True, True, True, 0, 1, 2]


def test_a_listener_that_aborts_another_source_changes_nothing() -> None:
    one, two = AbortController(), AbortController()
    heard: list[Event] = []
    signal = AbortSignal.any([one.signal, two.signal])
    signal.onabort = heard.append
    one.signal.onabort = lambda event: two.abort("two")
    one.abort("one")
    assert (signal.reason, two.signal.reason) == ("one", "two")
    assert len(heard) == 1


@pytest.mark.parametrize("junk", [[None], [AbortController()], [AbortSignal.abort(), "x"]])
def test_any_takes_signals_only(junk: Any) -> None:
    with pytest.raises(TypeError, match="expected signals as AbortSignals, got"):
        AbortSignal.any(junk)


def test_a_dependent_without_listeners_is_not_kept_alive() -> None:
    controller = AbortController()
    signal = AbortSignal.any([controller.signal])
    signal.addEventListener("abort", print)
    signal.removeEventListener("abort", print)
    gone = weakref.ref(signal)
    del signal
    gc.collect()
    assert gone() is None
    assert len(controller.signal._dependents) == 0


def test_a_dependent_with_listeners_is_kept_alive() -> None:
    controller = AbortController()
    heard: list[Event] = []
    AbortSignal.any([controller.signal]).onabort = heard.append
    gc.collect()
    controller.abort()
    assert len(heard) == 1


def test_an_aborted_dependent_is_not_held_by_its_other_sources() -> None:
    one, two = AbortController(), AbortController()
    signal = AbortSignal.any([one.signal, two.signal])
    signal.onabort = print
    signal.onabort = lambda event: None
    gone = weakref.ref(signal)
    one.abort()
    del signal
    gc.collect()
    assert gone() is None


async def test_timeout_aborts_after_milliseconds(autojump_clock: trio.abc.Clock) -> None:
    start = trio.current_time()
    signal = AbortSignal.timeout(1500)
    aborted = trio.Event()
    signal.onabort = lambda event: aborted.set()
    assert not signal.aborted
    await aborted.wait()
    assert trio.current_time() - start == pytest.approx(1.5)
    assert isinstance(signal.reason, DOMException)
    assert signal.reason.name == "TimeoutError"


async def test_timeout_zero_aborts_soon_but_not_at_once() -> None:
    signal = AbortSignal.timeout(0)
    assert not signal.aborted
    with signal.when("abort") as events:
        await events.receive()
    assert signal.aborted


def test_timeout_does_not_keep_the_run_alive() -> None:
    heard: list[Event] = []

    async def main() -> None:
        AbortSignal.timeout(2**53 - 1).onabort = heard.append

    trio.run(main)
    assert heard == []


def test_timeout_needs_trio() -> None:
    with pytest.raises(RuntimeError, match=r"timeout\(\) within trio\.run\(\), got no trio run"):
        AbortSignal.timeout(1)


@pytest.mark.parametrize("milliseconds", [1500.9, 1500])
async def test_a_fraction_of_a_millisecond_is_cut_off(
    milliseconds: float, autojump_clock: trio.abc.Clock
) -> None:
    start = trio.current_time()
    with AbortSignal.timeout(milliseconds).when("abort") as events:
        await events.receive()
    assert trio.current_time() - start == pytest.approx(1.5)


async def waiting_tasks() -> int:
    """Let all tasks do what they can, then return how many are still waiting."""
    await trio.testing.wait_all_tasks_blocked()
    return trio.lowlevel.current_statistics().tasks_living


async def test_a_dropped_timeout_keeps_no_task() -> None:
    before = await waiting_tasks()
    signal = AbortSignal.timeout(10**9)
    assert await waiting_tasks() == before + 1
    del signal
    assert await waiting_tasks() == before


async def test_a_timeout_that_another_thread_drops_keeps_no_task() -> None:
    before = await waiting_tasks()
    held = [AbortSignal.timeout(10**9)]
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    assert await waiting_tasks() == before


def test_a_timeout_can_be_dropped_after_the_run() -> None:
    async def main() -> AbortSignal:
        return AbortSignal.timeout(10**9)

    signal = trio.run(main)
    del signal
    gc.collect()


def test_a_timeout_can_be_dropped_while_the_run_ends() -> None:
    async def main() -> trio.lowlevel.TrioToken:
        return trio.lowlevel.current_trio_token()

    signal = AbortController().signal
    _cancel_soon(trio.run(main), trio.CancelScope(), weakref.ref(signal))


async def test_a_timeout_with_listeners_is_kept_alive(autojump_clock: trio.abc.Clock) -> None:
    heard: list[Event] = []
    AbortSignal.timeout(1000).onabort = heard.append
    AbortSignal.any([AbortSignal.timeout(1000)]).onabort = heard.append
    gc.collect()
    await trio.sleep(2)
    assert len(heard) == 2


async def test_a_timeout_that_lost_its_listeners_is_dropped() -> None:
    before = await waiting_tasks()
    signal = AbortSignal.timeout(10**9)
    dependent = AbortSignal.any([AbortSignal.timeout(10**9)])
    for each in (signal, dependent):
        each.onabort = print
        each.onabort = None
    del signal, dependent, each
    gc.collect()
    assert await waiting_tasks() == before


async def test_a_timeout_whose_dependent_aborted_is_dropped() -> None:
    before = await waiting_tasks()
    controller = AbortController()
    AbortSignal.any([controller.signal, AbortSignal.timeout(10**9)]).onabort = lambda event: None
    gc.collect()
    assert await waiting_tasks() == before + 1
    controller.abort()
    gc.collect()
    assert await waiting_tasks() == before


async def test_a_timeout_removes_the_listeners_of_a_target(autojump_clock: trio.abc.Clock) -> None:
    target = EventTarget()
    heard: list[Event] = []
    target.addEventListener("foo", heard.append, signal=AbortSignal.timeout(1000))
    gc.collect()
    await trio.sleep(2)
    target.dispatchEvent(Event("foo"))
    assert heard == []


@pytest.mark.parametrize("junk", [-1, math.nan, math.inf, -math.inf, 2**53, "1", None])
async def test_timeouts_out_of_range_or_of_other_types_are_type_errors(junk: Any) -> None:
    with pytest.raises(TypeError, match="expected milliseconds as a number"):
        AbortSignal.timeout(junk)


async def test_listeners_of_a_timeout_see_the_callers_context(
    autojump_clock: trio.abc.Clock,
) -> None:
    variable = contextvars.ContextVar("variable", default="outside")
    variable.set("inside")
    signal = AbortSignal.timeout(1)
    seen: list[str] = []
    signal.onabort = lambda event: seen.append(variable.get())
    await trio.sleep(1)
    assert seen == ["inside"]


async def test_what_a_timeouts_listeners_raise_goes_to_the_unraisable_hook(
    autojump_clock: trio.abc.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    hooked: list[BaseException | None] = []

    def hook(unraisable: Any) -> None:
        hooked.append(unraisable.exc_value)

    monkeypatch.setattr(sys, "unraisablehook", hook)
    error = ValueError()
    AbortSignal.timeout(1).onabort = fail(error)
    await trio.sleep(2)
    assert members(hooked[0]) == (error,)


def test_ctrl_c_in_a_timeouts_listener_goes_to_the_main_task() -> None:

    async def main() -> None:
        AbortSignal.timeout(1).onabort = fail(KeyboardInterrupt())
        await trio.sleep_forever()

    with pytest.raises(KeyboardInterrupt):
        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
