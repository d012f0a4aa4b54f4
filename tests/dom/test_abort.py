"""AbortController and AbortSignal."""

import contextvars
import gc
import math
import sys
import weakref
from typing import Any

import pytest
import trio
import trio.testing

from trio_ws_dom._dom import AbortController, AbortSignal, DOMException, Event


def fail(error: BaseException) -> Any:
    """Make a listener that raises."""

    def listener(event: Event) -> None:
        raise error

    return listener


def test_a_new_signal_is_not_aborted() -> None:
    """It has no reason, and nothing to raise."""
    signal = AbortController().signal
    assert not signal.aborted
    assert signal.reason is None
    signal.throwIfAborted()


def test_a_controller_has_one_signal() -> None:
    """Always the same, and read-only."""
    controller = AbortController()
    assert controller.signal is controller.signal
    with pytest.raises(AttributeError):
        controller.signal = AbortSignal.abort()  # type: ignore[misc]  # what is tested


def test_aborting_without_a_reason_is_an_abort_error() -> None:
    """As in a browser."""
    controller = AbortController()
    controller.abort()
    assert controller.signal.aborted
    assert isinstance(controller.signal.reason, DOMException)
    assert controller.signal.reason.name == "AbortError"


def test_only_the_first_abort_counts() -> None:
    """The reason stays, no second event comes."""
    controller, heard = AbortController(), []
    controller.signal.addEventListener("abort", heard.append)
    controller.abort("first")
    controller.abort("second")
    assert controller.signal.reason == "first"
    assert len(heard) == 1


def test_the_event_is_trusted_and_comes_when_aborted() -> None:
    """By listener and by on* attribute."""
    controller, seen = AbortController(), []

    def look(event: Event) -> None:
        seen.append((event.type, event.isTrusted, controller.signal.aborted, event.target))

    controller.signal.onabort = look
    controller.signal.addEventListener("abort", lambda event: look(event))
    controller.abort()
    assert seen == [("abort", True, True, controller.signal)] * 2


def test_throw_if_aborted_raises_the_reason() -> None:
    """The very same exception."""
    reason = LookupError()
    with pytest.raises(LookupError) as caught:
        AbortSignal.abort(reason).throwIfAborted()
    assert caught.value is reason


def test_a_reason_that_is_no_exception_is_shown_by_one() -> None:
    """JavaScript would throw it, Python cannot."""
    signal = AbortSignal.abort("enough")
    assert signal.reason == "enough"
    with pytest.raises(DOMException, match="the reason is 'enough'") as caught:
        signal.throwIfAborted()
    assert caught.value.name == "AbortError"


def test_abort_gives_a_signal_that_is_aborted() -> None:
    """Without a reason for an AbortError; attributes are read-only."""
    signal = AbortSignal.abort()
    assert signal.aborted
    assert signal.reason.name == "AbortError"
    for attribute in ("aborted", "reason"):
        with pytest.raises(AttributeError):
            setattr(signal, attribute, 1)


def test_a_signal_has_no_public_constructor() -> None:
    """The error says where to get one."""
    with pytest.raises(TypeError, match="no public constructor"):
        AbortSignal()


def test_repr_tells_the_state() -> None:
    """With the reason."""
    assert repr(AbortController().signal) == "<AbortSignal not aborted>"
    assert repr(AbortSignal.abort("x")) == "<AbortSignal aborted: 'x'>"


def test_algorithms_run_before_the_event_in_order() -> None:
    """Each once, however often it was added, and not after it was removed, even by another."""
    controller, done = AbortController(), []
    algorithms = [lambda: done.append("one"), lambda: done.append("two")]

    def remove() -> None:
        controller.signal._remove_algorithm(algorithms[1])

    for algorithm in (algorithms[0], remove, algorithms[1], algorithms[0]):
        controller.signal._add_algorithm(algorithm)
    controller.signal.onabort = lambda event: done.append("event")
    controller.abort()
    controller.signal._add_algorithm(algorithms[0])
    assert done == ["one", "event"]
    assert controller.signal._algorithms == {}


def test_listeners_exceptions_come_out_of_abort() -> None:
    """In a flat group, of the signal and of those that depend on it, after all were called."""
    controller, heard = AbortController(), []
    dependent = AbortSignal.any([controller.signal])
    one, two = ValueError(), KeyError()
    controller.signal.addEventListener("abort", fail(one))
    dependent.addEventListener("abort", fail(two))
    dependent.addEventListener("abort", heard.append)
    with pytest.raises(ExceptionGroup) as caught:
        controller.abort()
    assert caught.value.exceptions == (one, two)
    assert len(heard) == 1


def test_ctrl_c_in_a_listener_comes_out_bare() -> None:
    """But all that has to be aborted is, first."""
    controller, heard = AbortController(), []
    dependent = AbortSignal.any([controller.signal])
    controller.signal.onabort = fail(KeyboardInterrupt())
    dependent.onabort = heard.append
    with pytest.raises(KeyboardInterrupt):
        controller.abort()
    assert len(heard) == 1


def test_any_aborts_with_the_first() -> None:
    """For the same reason; the second changes nothing."""
    one, two, heard = AbortController(), AbortController(), []
    signal = AbortSignal.any([one.signal, two.signal])
    signal.onabort = heard.append
    two.abort("two")
    one.abort("one")
    assert signal.reason == "two"
    assert len(heard) == 1


def test_any_of_an_aborted_signal_is_aborted() -> None:
    """With the reason of the first that is."""
    signals = [AbortController().signal, AbortSignal.abort("a"), AbortSignal.abort("b")]
    assert AbortSignal.any(signals).reason == "a"


def test_any_of_nothing_never_aborts() -> None:
    """There is nobody to do it."""
    assert not AbortSignal.any([]).aborted


def test_any_of_any_depends_on_the_sources() -> None:
    """Each once, even if it is reached by two ways."""
    controller = AbortController()
    middle = AbortSignal.any([controller.signal])
    signal = AbortSignal.any([middle, controller.signal])
    assert signal._sources == (controller.signal,)
    del middle
    controller.abort("x")
    assert signal.reason == "x"


def test_dependents_are_aborted_before_anyone_is_told() -> None:
    """A listener of the source sees them so; then they are told in the order of their making."""
    controller, seen = AbortController(), []
    dependents = [AbortSignal.any([controller.signal]) for _ in range(3)]
    for number, dependent in enumerate(dependents):
        dependent.addEventListener("abort", lambda event, number=number: seen.append(number))
    controller.signal.onabort = lambda event: seen.extend(d.aborted for d in dependents)
    controller.abort()
    assert seen == [True, True, True, 0, 1, 2]


def test_a_listener_that_aborts_another_source_changes_nothing() -> None:
    """The dependent was marked before, and is told once."""
    one, two, heard = AbortController(), AbortController(), []
    signal = AbortSignal.any([one.signal, two.signal])
    signal.onabort = heard.append
    one.signal.onabort = lambda event: two.abort("two")
    one.abort("one")
    assert (signal.reason, two.signal.reason) == ("one", "two")
    assert len(heard) == 1


@pytest.mark.parametrize("junk", [[None], [AbortController()], [AbortSignal.abort(), "x"]])
def test_any_takes_signals_only(junk: Any) -> None:
    """All are checked, also behind one that is aborted."""
    with pytest.raises(TypeError, match="expected AbortSignals"):
        AbortSignal.any(junk)


def test_a_dependent_that_nobody_waits_for_can_go() -> None:
    """Else a signal for the whole program would collect one for each request."""
    controller = AbortController()
    signal = AbortSignal.any([controller.signal])
    signal.addEventListener("abort", print)
    signal.removeEventListener("abort", print)
    gone = weakref.ref(signal)
    del signal
    gc.collect()
    assert gone() is None
    assert len(controller.signal._dependents) == 0


@pytest.mark.parametrize("wait", ["listener", "algorithm"])
def test_a_dependent_that_somebody_waits_for_stays(wait: str) -> None:
    """The program need not hold it to hear of it."""
    controller, heard = AbortController(), []
    signal = AbortSignal.any([controller.signal])
    if wait == "listener":
        signal.addEventListener("abort", lambda event: heard.append(wait))
    else:
        signal._add_algorithm(lambda: heard.append(wait))
    del signal
    gc.collect()
    controller.abort()
    assert heard == [wait]


def test_an_aborted_dependent_is_not_held_by_its_other_sources() -> None:
    """Even with a listener: nothing will happen any more."""
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
    """Of trio's clock, for a TimeoutError."""
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
    """There is time to listen."""
    signal = AbortSignal.timeout(0)
    assert not signal.aborted
    with signal.when("abort") as events:
        await events.receive()
    assert signal.aborted


def test_timeout_does_not_keep_the_run_alive() -> None:
    """The run ends before it, and nobody is told."""
    heard: list[Event] = []

    async def main() -> None:
        AbortSignal.timeout(2**53 - 1).onabort = heard.append

    trio.run(main)
    assert heard == []


def test_timeout_needs_trio() -> None:
    """There is no other clock."""
    with pytest.raises(RuntimeError):
        AbortSignal.timeout(1)


@pytest.mark.parametrize("junk", [-1, math.nan, math.inf, 2**53, "1", None])
async def test_other_timeouts_are_type_errors(junk: Any) -> None:
    """As EnforceRange has it."""
    with pytest.raises(TypeError):
        AbortSignal.timeout(junk)


async def test_listeners_of_a_timeout_see_the_callers_context(
    autojump_clock: trio.abc.Clock,
) -> None:
    """As those of a task that it had started would."""
    variable = contextvars.ContextVar("variable", default="outside")
    variable.set("inside")
    signal, seen = AbortSignal.timeout(1), []
    signal.onabort = lambda event: seen.append(variable.get())
    await trio.sleep(1)
    assert seen == ["inside"]


async def test_what_a_timeouts_listeners_raise_goes_to_the_unraisable_hook(
    autojump_clock: trio.abc.Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no caller to raise it to, and trio must not crash."""
    hooked: list[BaseException | None] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: hooked.append(args.exc_value))
    error = ValueError()
    AbortSignal.timeout(1).onabort = fail(error)
    await trio.sleep(2)
    (group,) = hooked
    assert isinstance(group, ExceptionGroup)
    assert group.exceptions == (error,)


def test_ctrl_c_in_a_timeouts_listener_goes_to_the_main_task() -> None:
    """As Ctrl-C does wherever trio protects what runs."""

    async def main() -> None:
        AbortSignal.timeout(1).onabort = fail(KeyboardInterrupt())
        await trio.sleep_forever()

    with pytest.raises(KeyboardInterrupt):
        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
