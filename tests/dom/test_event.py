"""Event and the events of sockets, apart from their dispatch."""

import time
from typing import Any

import pytest

from trio_ws_dom._dom import CloseEvent, ErrorEvent, Event, EventTarget, MessageEvent


def test_a_new_event_has_the_standards_defaults() -> None:
    """Nothing has happened to it yet."""
    event = Event("foo")
    assert event.type == "foo"
    assert (event.target, event.srcElement, event.currentTarget) == (None, None, None)
    assert event.eventPhase == Event.NONE
    assert not any([event.bubbles, event.cancelable, event.composed, event.isTrusted])
    assert not any([event.defaultPrevented, event.cancelBubble])
    assert event.returnValue
    assert event.composedPath() == []


def test_the_constructor_sets_what_it_is_given() -> None:
    """The dictionary of the standard is keyword arguments."""
    event = Event("foo", bubbles=True, cancelable=True, composed=True)
    assert event.bubbles
    assert event.cancelable
    assert event.composed


def test_the_type_becomes_a_string() -> None:
    """As Web IDL converts to DOMString."""
    event = Event(3)  # type: ignore[arg-type]  # the conversion is what is tested
    assert event.type == "3"


def test_the_phases_are_constants_of_class_and_instance() -> None:
    """As Web IDL has it for constants."""
    phases = (Event.NONE, Event.CAPTURING_PHASE, Event.AT_TARGET, Event.BUBBLING_PHASE)
    event = Event("foo")
    assert phases == (0, 1, 2, 3)
    assert phases == (event.NONE, event.CAPTURING_PHASE, event.AT_TARGET, event.BUBBLING_PHASE)


def test_the_time_stamp_is_in_milliseconds() -> None:
    """Between two events pass as many milliseconds as between two looks at the clock."""
    before = time.perf_counter()
    first, second = Event("foo"), Event("foo")
    passed = (time.perf_counter() - before) * 1000
    assert 0 < first.timeStamp <= second.timeStamp <= first.timeStamp + passed


@pytest.mark.parametrize(
    ("event", "attributes"),
    [
        (
            Event("foo"),
            "type target srcElement currentTarget eventPhase bubbles cancelable composed"
            " defaultPrevented isTrusted timeStamp",
        ),
        (MessageEvent("foo"), "data origin lastEventId source ports"),
        (CloseEvent("foo"), "wasClean code reason"),
        (ErrorEvent("foo"), "message filename lineno colno error"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_attributes_are_read_only(event: Event, attributes: str) -> None:
    """IDL's readonly is an AttributeError."""
    for attribute in attributes.split():
        with pytest.raises(AttributeError):
            setattr(event, attribute, None)


def test_only_a_cancelable_event_can_be_canceled() -> None:
    """preventDefault() does nothing to others."""
    fixed, cancelable = Event("foo"), Event("foo", cancelable=True)
    fixed.preventDefault()
    cancelable.preventDefault()
    assert (fixed.defaultPrevented, fixed.returnValue) == (False, True)
    assert (cancelable.defaultPrevented, cancelable.returnValue) == (True, False)


def test_return_value_cancels_when_set_to_false() -> None:
    """True does nothing, not even undo it."""
    event = Event("foo", cancelable=True)
    event.returnValue = True
    assert not event.defaultPrevented
    event.returnValue = False
    event.returnValue = True
    assert event.defaultPrevented


def test_cancel_bubble_is_stop_propagation() -> None:
    """Setting it to True is the call, False does nothing, reading tells."""
    event, other = Event("foo"), Event("foo")
    event.cancelBubble = False
    assert not event.cancelBubble
    event.cancelBubble = True
    event.cancelBubble = False
    other.stopPropagation()
    assert event.cancelBubble
    assert other.cancelBubble


def test_stopping_immediately_outweighs_stopping() -> None:
    """Asking for less later does not weaken what was asked for."""
    target, event, heard = EventTarget(), Event("foo"), []

    def stop(event: Event) -> None:
        event.stopImmediatePropagation()
        event.stopPropagation()
        event.cancelBubble = True

    target.addEventListener("foo", stop)
    target.addEventListener("foo", heard.append)
    target.dispatchEvent(event)
    assert heard == []


def test_init_event_makes_it_another_event() -> None:
    """All flags begin anew."""
    event = Event("foo", cancelable=True)
    EventTarget().dispatchEvent(event)
    event.preventDefault()
    event.stopPropagation()
    event.initEvent("bar", bubbles=True)
    assert (event.type, event.bubbles, event.cancelable) == ("bar", True, False)
    assert (event.target, event.defaultPrevented, event.cancelBubble) == (None, False, False)


def test_init_event_does_nothing_during_the_dispatch() -> None:
    """Neither does initMessageEvent()."""
    target, event = EventTarget(), MessageEvent("foo", data=1)

    def rename(event: MessageEvent) -> None:
        event.initEvent("bar")
        event.initMessageEvent("bar", data=2)

    target.addEventListener("foo", rename)
    target.dispatchEvent(event)
    assert (event.type, event.data) == ("foo", 1)


def test_a_message_event_carries_a_message() -> None:
    """All members of its dictionary are attributes."""
    source = object()
    event = MessageEvent(
        "foo", data=[1], origin="ws://h\ud83d", lastEventId="7", source=source, ports=[1, 2]
    )
    assert (event.data, event.origin, event.lastEventId) == ([1], "ws://h\ufffd", "7")
    assert (event.source, event.ports) == (source, (1, 2))


def test_init_message_event_sets_what_the_constructor_sets() -> None:
    """What is not given goes back to its default."""
    event = MessageEvent("foo", data=1, origin="ws://h")
    event.initMessageEvent("bar", True, True, "data")
    assert (event.type, event.bubbles, event.cancelable) == ("bar", True, True)
    assert (event.data, event.origin) == ("data", "")


def test_a_close_event_carries_the_close() -> None:
    """The reason is made encodable."""
    event = CloseEvent("foo", wasClean=True, code=1000, reason="bye\ud83d")
    assert (event.wasClean, event.code, event.reason) == (True, 1000, "bye\ufffd")


def test_a_close_events_code_is_an_unsigned_short() -> None:
    """Web IDL takes it modulo 65536."""
    assert CloseEvent("close", code=65536 + 1000).code == 1000


def test_an_error_event_carries_the_exception() -> None:
    """And what scripts would know of it."""
    cause = OSError()
    event = ErrorEvent(
        "foo", message="m", filename="f\ud83d", lineno=-1, colno=2**32 + 1, error=cause
    )
    assert (event.message, event.error) == ("m", cause)
    assert (event.filename, event.lineno, event.colno) == ("f\ufffd", 2**32 - 1, 1)


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (Event("foo"), "<Event 'foo'>"),
        (MessageEvent("m", data=b"ab"), "<MessageEvent 'm' data=b'ab' origin=''>"),
        (CloseEvent("c", code=1000), "<CloseEvent 'c' code=1000 reason='' wasClean=False>"),
        (ErrorEvent("e", message="m"), "<ErrorEvent 'e' message='m' error=None>"),
    ],
)
def test_repr_shows_the_type_and_what_it_carries(event: Event, shown: str) -> None:
    """So that print(event) is of use."""
    assert repr(event) == shown


def test_repr_of_a_large_message_is_short() -> None:
    """A megabyte in a log helps nobody."""
    assert len(repr(MessageEvent("m", data="x" * 2**20))) < 100


def test_an_event_made_without_init_has_all_attributes() -> None:
    """The reader of a socket sets what each message's event has; the rest are the class's."""
    bare, usual = object.__new__(MessageEvent), MessageEvent("message", data="x", origin="o")
    bare._isTrusted = usual._isTrusted
    bare._data, bare._origin, bare._timeStamp = usual.data, usual.origin, usual.timeStamp
    bare._target, bare._phase = None, Event.NONE
    for name in dir(MessageEvent):
        attribute = getattr(MessageEvent, name)
        if isinstance(attribute, property):
            assert getattr(bare, name) == getattr(usual, name)


def test_an_event_takes_attributes_of_the_programs() -> None:
    """As in a browser: a listener may leave something for the next."""
    event: Any = MessageEvent("message")
    event.seen = True
    assert event.seen


def test_the_current_target_follows_from_phase_and_target() -> None:
    """As the reader of a socket dispatches, with two assignments before and one after."""
    event, target = object.__new__(MessageEvent), EventTarget()
    event._target = target
    event._phase = Event.AT_TARGET
    assert event.currentTarget is target
    assert event.composedPath() == [target]
    event._phase = Event.NONE
    assert event.currentTarget is None
    assert event.target is target
    assert event.composedPath() == []
