"""EventTarget: adding, removing and calling listeners."""

from collections.abc import Callable
from typing import Any

import pytest

from trio_ws_dom._dom import (
    AbortController,
    AbortSignal,
    DOMException,
    Event,
    EventTarget,
    MessageEvent,
)


class Target(EventTarget):
    """A target that notes what changed, and does not call super().__init__()."""

    def __init__(self) -> None:
        self.changes: list[str] = []

    def _listeners_changed(self, type: str) -> None:
        self.changes.append(type)


def note(heard: list[str], what: str) -> Callable[[Event], None]:
    """Make a listener that appends `what`."""
    return lambda event: heard.append(what)


def fail(error: BaseException) -> Callable[[Event], None]:
    """Make a listener that raises."""

    def listener(event: Event) -> None:
        raise error

    return listener


def test_listeners_are_called_in_order_with_the_event() -> None:
    """All get the same object."""
    target, event, heard = EventTarget(), Event("foo"), []
    target.addEventListener("foo", lambda event: heard.append((1, event)))
    target.addEventListener("bar", lambda event: heard.append((2, event)))
    target.addEventListener("foo", lambda event: heard.append((3, event)))
    assert target.dispatchEvent(event)
    assert heard == [(1, event), (3, event)]


def test_during_the_dispatch_the_event_knows_its_target() -> None:
    """Afterwards only `target` is left."""
    target, event, seen = EventTarget(), Event("foo"), []

    def look(event: Event) -> None:
        seen.append((event.target, event.currentTarget, event.eventPhase, event.composedPath()))

    target.addEventListener("foo", look)
    target.dispatchEvent(event)
    look(event)
    assert seen == [(target, target, Event.AT_TARGET, [target]), (target, None, Event.NONE, [])]


def test_a_dispatched_event_is_not_trusted() -> None:
    """The program dispatched it, wherever it got it from."""
    event = Event("foo")
    event._isTrusted = True
    EventTarget().dispatchEvent(event)
    assert not event.isTrusted


def test_none_is_ignored() -> None:
    """As a null callback is in the standard."""
    target = Target()
    target.addEventListener("foo", None)
    target.removeEventListener("foo", None)
    assert target.dispatchEvent(Event("foo"))
    assert target.changes == []


def test_types_are_converted_to_strings() -> None:
    """When adding, removing and subscribing."""
    target, heard = EventTarget(), []
    three: Any = 3
    target.addEventListener(three, heard.append)
    target.dispatchEvent(Event("3"))
    target.removeEventListener(three, heard.append)
    target.dispatchEvent(Event("3"))
    assert len(heard) == 1


def test_a_removed_listener_is_not_called() -> None:
    """Removing one that is not there does nothing."""
    target, heard = EventTarget(), []
    target.addEventListener("foo", heard.append)
    target.removeEventListener("foo", print)
    target.removeEventListener("bar", heard.append)
    target.removeEventListener("foo", heard.append)
    target.removeEventListener("foo", heard.append)
    target.dispatchEvent(Event("foo"))
    assert heard == []


def test_a_listener_removed_by_another_is_not_called() -> None:
    """Though the dispatch had begun."""
    target, heard = EventTarget(), []
    target.addEventListener("foo", lambda event: target.removeEventListener("foo", heard.append))
    target.addEventListener("foo", heard.append)
    target.dispatchEvent(Event("foo"))
    assert heard == []


def test_a_listener_added_by_another_waits_for_the_next_event() -> None:
    """Also if it had been there and was removed in between."""
    target, heard = EventTarget(), []

    def add_again(event: Event) -> None:
        target.removeEventListener("foo", heard.append)
        target.addEventListener("foo", heard.append)

    target.addEventListener("foo", add_again)
    target.addEventListener("foo", heard.append)
    target.dispatchEvent(Event("foo"))
    assert heard == []


def test_a_capture_listener_can_still_add_one_that_is_not() -> None:
    """The standard looks at the list anew for each phase."""
    target, heard = EventTarget(), []
    target.addEventListener(
        "foo", lambda event: target.addEventListener("foo", heard.append), capture=True
    )
    target.dispatchEvent(Event("foo"))
    assert len(heard) == 1


def test_capture_listeners_come_first() -> None:
    """Also at the target, whenever they were added."""
    target, heard = EventTarget(), []
    target.addEventListener("foo", note(heard, "plain"))
    target.addEventListener("foo", note(heard, "capture"), capture=True)
    target.dispatchEvent(Event("foo"))
    assert heard == ["capture", "plain"]


def test_stopping_in_a_capture_listener_stops_the_others() -> None:
    """The other capture listeners are still called, those that are not are not."""
    target, heard = EventTarget(), []
    target.addEventListener("foo", lambda event: event.stopPropagation(), capture=True)
    target.addEventListener("foo", note(heard, "capture"), capture=True)
    target.addEventListener("foo", note(heard, "plain"))
    target.dispatchEvent(Event("foo"))
    assert heard == ["capture"]


def test_stopping_immediately_stops_at_once() -> None:
    """No further listener of either kind is called."""
    target, heard = EventTarget(), []
    target.addEventListener("foo", lambda event: event.stopImmediatePropagation(), capture=True)
    target.addEventListener("foo", note(heard, "capture"), capture=True)
    target.addEventListener("foo", note(heard, "plain"))
    target.dispatchEvent(Event("foo"))
    assert heard == []


def test_an_event_stopped_before_its_dispatch_reaches_nobody_once() -> None:
    """The dispatch takes the stop back, so the next one works."""
    target, event, heard = EventTarget(), Event("foo"), []
    target.addEventListener("foo", heard.append)
    event.stopPropagation()
    target.dispatchEvent(event)
    assert heard == []
    target.dispatchEvent(event)
    assert heard == [event]


def test_once_removes_before_the_call() -> None:
    """So an event dispatched by the listener does not reach it again."""
    target, heard = EventTarget(), []

    def listener(event: Event) -> None:
        heard.append(event)
        target.dispatchEvent(Event("foo"))

    target.addEventListener("foo", listener, once=True)
    target.dispatchEvent(Event("foo"))
    target.dispatchEvent(Event("foo"))
    assert len(heard) == 1


def test_dispatch_says_whether_the_event_was_canceled() -> None:
    """False is for canceled."""
    target = EventTarget()
    target.addEventListener("foo", lambda event: event.preventDefault())
    assert target.dispatchEvent(Event("foo"))
    assert not target.dispatchEvent(Event("foo", cancelable=True))


def test_a_passive_listener_cannot_cancel() -> None:
    """Neither by the method nor by the old attribute; one after it can."""
    target, event, seen = EventTarget(), Event("foo", cancelable=True), []

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
    """A type alone is not enough."""
    with pytest.raises(TypeError, match="takes an Event"):
        EventTarget().dispatchEvent(junk)


def test_an_event_cannot_be_dispatched_twice_at_once() -> None:
    """That is an InvalidStateError, raised in the listener that tries."""
    target, event = EventTarget(), Event("foo")
    target.addEventListener("foo", target.dispatchEvent)
    with pytest.raises(ExceptionGroup) as caught:
        target.dispatchEvent(event)
    (error,) = caught.value.exceptions
    assert isinstance(error, DOMException)
    assert error.name == "InvalidStateError"


def test_listeners_exceptions_come_out_after_all_were_called() -> None:
    """In one flat group, in order."""
    target, heard = EventTarget(), []
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
    """It comes out bare, and the event can be dispatched again."""
    target, event, heard = EventTarget(), Event("foo"), []
    target.addEventListener("foo", fail(interrupt), once=True)
    target.addEventListener("foo", heard.append)
    with pytest.raises(type(interrupt)) as caught:
        target.dispatchEvent(event)
    assert caught.value is interrupt
    assert heard == []
    assert target.dispatchEvent(event)


def test_an_interrupt_does_not_hide_what_was_raised_before() -> None:
    """The earlier exceptions are its context, before the context that it had."""
    target, earlier, root = EventTarget(), ValueError(), OSError()
    interrupt = KeyboardInterrupt()
    interrupt.__context__ = root
    target.addEventListener("foo", fail(earlier))
    target.addEventListener("foo", fail(interrupt))
    with pytest.raises(KeyboardInterrupt) as caught:
        target.dispatchEvent(Event("foo"))
    context = caught.value.__context__
    assert isinstance(context, ExceptionGroup)
    assert context.exceptions == (earlier,)
    assert context.__context__ is root


def test_aborting_the_signal_removes_the_listener() -> None:
    """With one call any number of them."""
    target, controller, heard = EventTarget(), AbortController(), []
    target.addEventListener("foo", heard.append, signal=controller.signal)
    target.addEventListener("foo", note(heard, "x"), signal=controller.signal)
    target.dispatchEvent(Event("foo"))
    controller.abort()
    target.dispatchEvent(Event("foo"))
    assert len(heard) == 2


def test_an_aborted_signal_adds_nothing() -> None:
    """The listener is checked nevertheless."""
    target = Target()
    target.addEventListener("foo", print, signal=AbortSignal.abort())
    assert target.changes == []
    with pytest.raises(TypeError):
        target.addEventListener("foo", "junk", signal=AbortSignal.abort())  # type: ignore[arg-type]  # the check is what is tested


def test_the_signal_forgets_a_listener_that_was_removed() -> None:
    """Else a long-lived signal would keep them all; and one added again later stays."""
    target, controller, heard = EventTarget(), AbortController(), []
    target.addEventListener("foo", heard.append, signal=controller.signal)
    target.removeEventListener("foo", heard.append)
    assert controller.signal._algorithms == {}
    target.addEventListener("foo", heard.append)
    controller.abort()
    target.dispatchEvent(Event("foo"))
    assert len(heard) == 1


@pytest.mark.parametrize("junk", [3, object(), AbortController()])
def test_other_things_cannot_be_signals(junk: Any) -> None:
    """In particular not the controller."""
    with pytest.raises(TypeError, match="expected signal as an AbortSignal"):
        EventTarget().addEventListener("foo", None, signal=junk)


def test_changes_of_listeners_are_announced() -> None:
    """Once for each listener that came or went, not for what changed nothing."""
    target = Target()
    target.addEventListener("a", print)
    target.addEventListener("a", print)
    target.addEventListener("b", print, once=True)
    target.removeEventListener("a", print, capture=True)
    target.removeEventListener("a", print)
    assert target.changes == ["a", "b", "a"]


def test_the_list_of_listeners_is_replaced_not_changed() -> None:
    """Who reads it may keep it; without listeners there is none."""
    target = EventTarget()
    target.addEventListener("foo", print)
    before = target._listeners["foo"]
    target.addEventListener("foo", repr)
    assert [listener.callback for listener in before] == [print]
    target.removeEventListener("foo", print)
    target.removeEventListener("foo", repr)
    assert target._listeners.get("foo") is None
    assert EventTarget._listeners == {}


def test_fire_gives_what_listeners_raised() -> None:
    """Whatever it is; and it leaves the event's trust alone."""
    target, event, heard = EventTarget(), MessageEvent("foo"), []
    event._isTrusted = True
    errors = [ValueError(), KeyboardInterrupt()]
    for listener in (*map(fail, errors), heard.append):
        target.addEventListener("foo", listener)
    assert list(target._fire(event)) == errors
    assert heard == [event]
    assert event.isTrusted
    assert (event.target, event.eventPhase) == (target, Event.NONE)
    assert list(target._fire(Event("other"))) == []
