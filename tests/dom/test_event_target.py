"""EventTarget, which adds, removes and calls listeners."""

import sys
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, TypeVar

import pytest
from support.checked import members, not_none

from trio_ws_dom._dom import (
    AbortController,
    AbortSignal,
    DOMException,
    Event,
    EventTarget,
    MessageEvent,
)

T = TypeVar("T")


class Target(EventTarget):
    """A target that records what changed, and does not call super().__init__()."""

    def __init__(self) -> None:
        self.changes: list[str] = []

    def _listeners_changed(self, type: str) -> None:
        self.changes.append(type)


def note(heard: list[T], what: T) -> Callable[[Event], None]:
    """Return a listener that appends ``what``."""
    return lambda event: heard.append(what)


def fail(error: BaseException) -> Callable[[Event], None]:
    """Return a listener that raises."""

    def listener(event: Event) -> None:
        raise error

    return listener


def test_listeners_are_called_in_order_with_the_event() -> None:
    target, event = EventTarget(), Event("foo")
    heard: list[tuple[int, Event]] = []
    target.addEventListener("foo", lambda event: heard.append((1, event)))
    target.addEventListener("bar", lambda event: heard.append((2, event)))
    target.addEventListener("foo", lambda event: heard.append((3, event)))
    assert target.dispatchEvent(event)
    assert heard == [(1, event), (3, event)]


def test_during_the_dispatch_the_event_knows_its_target() -> None:
    target, event = EventTarget(), Event("foo")
    seen: list[tuple[EventTarget | None, EventTarget | None, int, list[EventTarget]]] = []

    def look(event: Event) -> None:
        seen.append((event.target, event.currentTarget, event.eventPhase, event.composedPath()))

    target.addEventListener("foo", look)
    target.dispatchEvent(event)
    look(event)
    assert seen == [(target, target, Event.AT_TARGET, [target]), (target, None, Event.NONE, [])]


def test_a_dispatched_event_is_not_trusted() -> None:
    event = Event("foo")
    event._isTrusted = True
    EventTarget().dispatchEvent(event)
    assert not event.isTrusted


def test_none_as_a_listener_is_ignored() -> None:
    target = Target()
    target.addEventListener("foo", None)
    target.removeEventListener("foo", None)
    assert target.dispatchEvent(Event("foo"))
    assert target.changes == []


def test_types_that_are_no_strings_are_type_errors() -> None:
    target = EventTarget()
    three: Any = 3
    for call in (target.addEventListener, target.removeEventListener):
        with pytest.raises(TypeError, match="expected type as a str, got 3"):
            call(three, print)
    with pytest.raises(TypeError, match="expected types as a str, got 3"):
        target.when("foo", three)
    assert not target._listeners
    assert not target._channels


def test_a_removed_listener_is_not_called() -> None:
    target = EventTarget()
    heard: list[Event] = []
    target.addEventListener("foo", heard.append)
    target.removeEventListener("foo", print)
    target.removeEventListener("bar", heard.append)
    target.removeEventListener("foo", heard.append)
    target.removeEventListener("foo", heard.append)
    target.dispatchEvent(Event("foo"))
    assert heard == []


def test_a_listener_removed_by_another_is_not_called() -> None:
    target = EventTarget()
    heard: list[Event] = []
    target.addEventListener("foo", lambda event: target.removeEventListener("foo", heard.append))
    target.addEventListener("foo", heard.append)
    target.dispatchEvent(Event("foo"))
    assert heard == []


def test_a_listener_added_by_another_waits_for_the_next_event() -> None:
    target = EventTarget()
    heard: list[Event] = []

    def add_again(event: Event) -> None:
        target.removeEventListener("foo", heard.append)
        target.addEventListener("foo", heard.append)

    target.addEventListener("foo", add_again)
    target.addEventListener("foo", heard.append)
    target.dispatchEvent(Event("foo"))
    assert heard == []


def test_a_capture_listener_can_add_a_plain_one_for_the_same_event() -> None:
    target = EventTarget()
    heard: list[Event] = []
    target.addEventListener(
        "foo", lambda event: target.addEventListener("foo", heard.append), capture=True
    )
    target.dispatchEvent(Event("foo"))
    assert len(heard) == 1


def test_capture_listeners_come_first() -> None:
    target = EventTarget()
    heard: list[str] = []
    target.addEventListener("foo", note(heard, "plain"))
    target.addEventListener("foo", note(heard, "capture"), capture=True)
    target.dispatchEvent(Event("foo"))
    assert heard == ["capture", "plain"]


def test_stopping_in_a_capture_listener_stops_the_plain_ones() -> None:
    target = EventTarget()
    heard: list[str] = []
    target.addEventListener("foo", lambda event: event.stopPropagation(), capture=True)
    target.addEventListener("foo", note(heard, "capture"), capture=True)
    target.addEventListener("foo", note(heard, "plain"))
    target.dispatchEvent(Event("foo"))
    assert heard == ["capture"]


def test_stopping_immediately_stops_at_once() -> None:
    target = EventTarget()
    heard: list[str] = []
    target.addEventListener("foo", lambda event: event.stopImmediatePropagation(), capture=True)
    target.addEventListener("foo", note(heard, "capture"), capture=True)
    target.addEventListener("foo", note(heard, "plain"))
    target.dispatchEvent(Event("foo"))
    assert heard == []


def test_an_event_stopped_before_its_dispatch_reaches_nobody_once() -> None:
    target, event = EventTarget(), Event("foo")
    heard: list[Event] = []
    target.addEventListener("foo", heard.append)
    event.stopPropagation()
    target.dispatchEvent(event)
    assert heard == []
    target.dispatchEvent(event)
    assert heard == [event]


def test_a_once_listener_is_removed_before_its_call() -> None:
    target = EventTarget()
    heard: list[Event] = []

    def listener(event: Event) -> None:
        heard.append(event)
        target.dispatchEvent(Event("foo"))

    target.addEventListener("foo", listener, once=True)
    target.dispatchEvent(Event("foo"))
    target.dispatchEvent(Event("foo"))
    assert len(heard) == 1


def test_dispatch_says_whether_the_event_was_canceled() -> None:
    target = EventTarget()
    target.addEventListener("foo", lambda event: event.preventDefault())
    assert target.dispatchEvent(Event("foo"))
    assert not target.dispatchEvent(Event("foo", cancelable=True))


def test_a_passive_listener_cannot_cancel() -> None:
    target, event = EventTarget(), Event("foo", cancelable=True)
    seen: list[bool] = []

    def passive(event: Event) -> None:
        event.preventDefault()
        event.returnValue = False
        seen.append(event.defaultPrevented)

    target.addEventListener("foo", passive, passive=True)
    target.addEventListener("foo", lambda event: event.preventDefault())
    assert not target.dispatchEvent(event)
    assert seen == [False]


@pytest.mark.parametrize("junk", [None, "foo", object()])
def test_only_events_can_be_dispatched(junk: Any) -> None:
    with pytest.raises(TypeError, match="expected event as an Event, got"):
        EventTarget().dispatchEvent(junk)


def test_an_event_that_is_being_dispatched_cannot_be_dispatched() -> None:
    target, event = EventTarget(), Event("foo")
    target.addEventListener("foo", target.dispatchEvent)
    with pytest.raises(ExceptionGroup) as caught:
        target.dispatchEvent(event)
    (error,) = caught.value.exceptions
    assert isinstance(error, DOMException)
    assert error.name == "InvalidStateError"


def test_listeners_exceptions_come_out_after_all_were_called() -> None:
    target = EventTarget()
    heard: list[object] = []
    one, two = ValueError("one"), KeyError("two")
    for listener in (fail(one), heard.append, fail(two), heard.append, note(heard, "last")):
        target.addEventListener("foo", listener)
    event = Event("foo")
    with pytest.raises(ExceptionGroup) as caught:
        target.dispatchEvent(event)
    assert caught.value.exceptions == (one, two)
    assert heard == [event, "last"]
    assert event.eventPhase == Event.NONE


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt(), SystemExit()])
def test_an_interrupt_ends_the_dispatch_at_once(interrupt: BaseException) -> None:
    target, event = EventTarget(), Event("foo")
    heard: list[Event] = []
    target.addEventListener("foo", fail(interrupt), once=True)
    target.addEventListener("foo", heard.append)
    with pytest.raises(type(interrupt)) as caught:
        target.dispatchEvent(event)
    assert caught.value is interrupt
    assert heard == []
    assert target.dispatchEvent(event)


def test_an_interrupt_does_not_hide_what_was_raised_before() -> None:
    target, earlier, root = EventTarget(), ValueError(), OSError()
    interrupt = KeyboardInterrupt()
    interrupt.__context__ = root
    target.addEventListener("foo", fail(earlier))
    target.addEventListener("foo", fail(interrupt))
    with pytest.raises(KeyboardInterrupt) as caught:
        target.dispatchEvent(Event("foo"))
    context = caught.value.__context__
    assert members(context) == (earlier,)
    assert not_none(context).__context__ is root


def test_aborting_the_signal_removes_the_listener() -> None:
    target, controller = EventTarget(), AbortController()
    heard: list[object] = []
    target.addEventListener("foo", heard.append, signal=controller.signal)
    target.addEventListener("foo", note(heard, "x"), signal=controller.signal)
    target.dispatchEvent(Event("foo"))
    controller.abort()
    target.dispatchEvent(Event("foo"))
    assert len(heard) == 2


def test_an_aborted_signal_adds_no_listener_but_checks_it() -> None:
    target = Target()
    target.addEventListener("foo", print, signal=AbortSignal.abort())
    assert target.changes == []
    with pytest.raises(TypeError):
        target.addEventListener("foo", "junk", signal=AbortSignal.abort())  # type: ignore[arg-type]  # the check is what is tested


def test_the_signal_forgets_a_listener_that_was_removed() -> None:
    target, controller = EventTarget(), AbortController()
    heard: list[Event] = []
    target.addEventListener("foo", heard.append, signal=controller.signal)
    target.removeEventListener("foo", heard.append)
    assert len(controller.signal._algorithms) == 0
    target.addEventListener("foo", heard.append)
    controller.abort()
    target.dispatchEvent(Event("foo"))
    assert len(heard) == 1


def test_a_signal_that_aborts_right_after_its_listener_was_removed_does_nothing() -> None:
    target, controller = EventTarget(), AbortController()
    heard: list[Event] = []

    def remove_and_abort(event: Event) -> None:
        target.removeEventListener("foo", heard.append)
        controller.abort()

    target.addEventListener("foo", remove_and_abort)
    target.addEventListener("foo", heard.append, signal=controller.signal)
    target.dispatchEvent(Event("foo"))
    assert heard == []


@pytest.mark.parametrize("junk", [3, object(), AbortController()])
def test_other_things_cannot_be_signals(junk: Any) -> None:
    with pytest.raises(TypeError, match="expected signal as an AbortSignal"):
        EventTarget().addEventListener("foo", None, signal=junk)


def test_changes_of_listeners_are_announced() -> None:
    target = Target()
    target.addEventListener("a", print)
    target.addEventListener("a", print)
    target.addEventListener("b", print, once=True)
    target.removeEventListener("a", print, capture=True)
    target.removeEventListener("a", print)
    assert target.changes == ["a", "b", "a"]


def test_the_listeners_in_order_are_a_tuple_of_their_own() -> None:
    target = EventTarget()
    target.addEventListener("foo", print)
    before = target._listeners_for("foo")
    target.addEventListener("foo", repr)
    assert [listener.callback for listener in before] == [print]
    assert [listener.callback for listener in target._listeners_for("foo")] == [print, repr]


def test_the_tuple_of_listeners_is_made_once_for_many_dispatches() -> None:
    target = EventTarget()
    target.addEventListener("foo", print)
    assert target._listeners_for("foo") is target._listeners_for("foo")


def test_without_a_capturing_listener_there_is_no_pass_for_them() -> None:
    target = EventTarget()
    target.addEventListener("foo", print)
    target.addEventListener("foo", print, capture=True)
    assert target._listeners["foo"].capturing == 1
    target.removeEventListener("foo", print, capture=True)
    assert target._listeners["foo"].capturing == 0


def test_a_type_without_listeners_is_not_kept() -> None:
    target = EventTarget()
    target.addEventListener("foo", print)
    target.removeEventListener("foo", print)
    assert target._listeners == EventTarget._listeners == {}
    assert target._listeners_for("foo") == ()


def test_adding_calling_and_removing_takes_time_in_proportion_to_the_listeners() -> None:
    """It counts calls of Python functions, as time is unreliable."""

    def calls_of(count: int) -> int:
        target, calls = EventTarget(), 0
        heard: list[int] = []

        def profile(frame: object, event: str, arg: object) -> None:
            nonlocal calls
            calls += 1

        sys.setprofile(profile)
        try:
            for number in range(count):
                target.addEventListener("foo", note(heard, number), once=True)
            target.dispatchEvent(Event("foo"))
        finally:
            sys.setprofile(None)
        assert heard == list(range(count))
        return calls

    assert calls_of(2000) < 2.1 * calls_of(1000)


@pytest.mark.parametrize(
    ("options", "keywords"),
    [
        (True, {}),
        ({"capture": True}, {}),
        ({"capture": 1}, {}),
        (None, {"capture": True}),
        ({}, {"capture": True}),
        ({"once": False}, {"capture": True}),
        (MappingProxyType({"capture": True, "signal": None}), {}),
    ],
)
def test_the_third_argument_is_capture_or_a_mapping(options: Any, keywords: Any) -> None:
    target = EventTarget()
    heard: list[str] = []
    target.addEventListener("foo", note(heard, "plain"), False)
    callback = note(heard, "capture")
    target.addEventListener("foo", callback, options, **keywords)
    target.dispatchEvent(Event("foo"))
    target.removeEventListener("foo", callback, False)
    target.removeEventListener("foo", callback, options, **keywords)
    target.dispatchEvent(Event("foo"))
    assert heard == ["capture", "plain", "plain"]


def test_every_option_may_be_in_the_mapping() -> None:
    target, controller = EventTarget(), AbortController()
    heard: list[bool] = []

    def listener(event: Event) -> None:
        event.preventDefault()
        heard.append(event.defaultPrevented)

    target.addEventListener("foo", listener, {"once": True, "passive": True})
    target.addEventListener("bar", listener, {"signal": controller.signal})
    controller.abort()
    for type in ("foo", "foo", "bar"):
        target.dispatchEvent(Event(type, cancelable=True))
    assert heard == [False]


@pytest.mark.parametrize("junk", [3, "once", [True], print])
def test_another_third_argument_is_a_type_error(junk: Any) -> None:
    target = EventTarget()
    for call in (target.addEventListener, target.removeEventListener):
        with pytest.raises(TypeError, match=r"expected options as a bool \(capture\) or a mapping"):
            call("foo", print, junk)


def test_a_misspelt_option_is_a_type_error() -> None:
    options: Any = {"onec": True, "once": True, "x": 1}
    with pytest.raises(TypeError, match="capture, once, passive and signal, got onec, x"):
        EventTarget().addEventListener("foo", print, options)


def test_fire_gives_what_listeners_raised() -> None:
    target, event = EventTarget(), MessageEvent("foo")
    heard: list[Event] = []
    event._isTrusted = True
    errors = [ValueError(), KeyboardInterrupt()]
    for listener in (*map(fail, errors), heard.append):
        target.addEventListener("foo", listener)
    assert list(target._fire(event)) == errors
    assert heard == [event]
    assert event.isTrusted
    assert (event.target, event.eventPhase) == (target, Event.NONE)
    assert list(target._fire(Event("other"))) == []
