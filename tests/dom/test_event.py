"""Event and the events of sockets, apart from their dispatch."""

import copy
import time
from collections.abc import Callable
from typing import Any

import pytest
from support.checked import instance
from support.copying import pickled

from trio_ws_dom._dom import (
    Blob,
    CloseEvent,
    CustomEvent,
    ErrorEvent,
    Event,
    EventTarget,
    MessageEvent,
)

junk: Any = 3


def test_a_new_event_has_the_standards_defaults() -> None:
    event = Event("foo")
    assert event.type == "foo"
    assert (event.target, event.srcElement, event.currentTarget) == (None, None, None)
    assert event.eventPhase == Event.NONE
    assert not any([event.bubbles, event.cancelable, event.composed, event.isTrusted])
    assert not any([event.defaultPrevented, event.cancelBubble])
    assert event.returnValue
    assert event.composedPath() == []


def test_the_constructor_sets_what_it_is_given() -> None:
    event = Event("foo", bubbles=True, cancelable=True, composed=True)
    assert event.bubbles
    assert event.cancelable
    assert event.composed


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: Event(junk), "type"),
        (lambda: Event("foo").initEvent(junk), "type"),
        (lambda: MessageEvent("foo", origin=junk), "origin"),
        (lambda: MessageEvent("foo", lastEventId=junk), "lastEventId"),
        (lambda: CloseEvent("foo", reason=junk), "reason"),
        (lambda: ErrorEvent("foo", message=junk), "message"),
        (lambda: ErrorEvent("foo", filename=junk), "filename"),
        (lambda: CustomEvent(junk), "type"),
    ],
)
def test_what_should_be_text_and_is_not_is_a_type_error(
    make: Callable[[], object], name: str
) -> None:
    with pytest.raises(TypeError, match=f"expected {name} as a str, got 3"):
        make()


def test_the_phases_are_constants_of_class_and_instance() -> None:
    phases = (Event.NONE, Event.CAPTURING_PHASE, Event.AT_TARGET, Event.BUBBLING_PHASE)
    event = Event("foo")
    assert phases == (0, 1, 2, 3)
    assert phases == (event.NONE, event.CAPTURING_PHASE, event.AT_TARGET, event.BUBBLING_PHASE)


def test_the_time_stamp_is_in_milliseconds() -> None:
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
        (CustomEvent("foo"), "detail"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_attributes_are_read_only(event: Event, attributes: str) -> None:
    for attribute in attributes.split():
        with pytest.raises(AttributeError):
            setattr(event, attribute, None)


def test_only_a_cancelable_event_can_be_canceled() -> None:
    fixed, cancelable = Event("foo"), Event("foo", cancelable=True)
    fixed.preventDefault()
    cancelable.preventDefault()
    assert (fixed.defaultPrevented, fixed.returnValue) == (False, True)
    assert (cancelable.defaultPrevented, cancelable.returnValue) == (True, False)


def test_return_value_cancels_when_set_to_false() -> None:
    event = Event("foo", cancelable=True)
    event.returnValue = True
    assert not event.defaultPrevented
    event.returnValue = False
    event.returnValue = True
    assert event.defaultPrevented


def test_cancel_bubble_is_stop_propagation() -> None:
    event, other = Event("foo"), Event("foo")
    event.cancelBubble = False
    assert not event.cancelBubble
    event.cancelBubble = True
    event.cancelBubble = False
    other.stopPropagation()
    assert event.cancelBubble
    assert other.cancelBubble


def test_stopping_immediately_outweighs_stopping() -> None:
    target, event = EventTarget(), Event("foo")
    heard: list[Event] = []

    def stop(event: Event) -> None:
        event.stopImmediatePropagation()
        event.stopPropagation()
        event.cancelBubble = True

    target.addEventListener("foo", stop)
    target.addEventListener("foo", heard.append)
    target.dispatchEvent(event)
    assert heard == []


def test_init_event_makes_it_another_event() -> None:
    event = Event("foo", cancelable=True)
    EventTarget().dispatchEvent(event)
    event.preventDefault()
    event.stopPropagation()
    event.initEvent("bar", bubbles=True)
    assert (event.type, event.bubbles, event.cancelable) == ("bar", True, False)
    assert (event.target, event.defaultPrevented, event.cancelBubble) == (None, False, False)


def test_init_methods_do_nothing_during_the_dispatch() -> None:
    target = EventTarget()
    message, custom = MessageEvent("foo", data="1"), CustomEvent("foo", detail=1)

    def rename(event: Any) -> None:
        event.initEvent("bar")
        if event is message:
            event.initMessageEvent("bar", data="2")
        else:
            event.initCustomEvent("bar", detail=2)

    target.addEventListener("foo", rename)
    target.dispatchEvent(message)
    target.dispatchEvent(custom)
    assert (message.type, message.data) == ("foo", "1")
    assert (custom.type, custom.detail) == ("foo", 1)


def test_a_message_event_carries_a_message() -> None:
    data: Any = [1]  # a program's own event may carry anything
    source = object()
    event = MessageEvent(
        "foo", data=data, origin="ws://h\ud83d", lastEventId="7", source=source, ports=[1, 2]
    )
    assert (event.data, event.origin, event.lastEventId) == (data, "ws://h\ufffd", "7")
    assert (event.source, event.ports) == (source, (1, 2))


def test_init_message_event_sets_what_the_constructor_sets() -> None:
    event = MessageEvent("foo", data=1, origin="ws://h")
    event.initMessageEvent("bar", True, True, "data")
    assert (event.type, event.bubbles, event.cancelable) == ("bar", True, True)
    assert (event.data, event.origin) == ("data", "")


def test_a_close_event_carries_the_close() -> None:
    event = CloseEvent("foo", wasClean=True, code=1000, reason="bye\ud83d")
    assert (event.wasClean, event.code, event.reason) == (True, 1000, "bye\ufffd")


@pytest.mark.parametrize("code", [65536 + 1000, 1000.9, 1000])
def test_a_close_events_code_is_an_unsigned_short(code: float) -> None:
    assert CloseEvent("close", code=code).code == 1000


def test_none_as_code_and_reason_of_a_close_event_is_their_default() -> None:
    event = CloseEvent("close", code=None, reason=None)
    assert (event.code, event.reason) == (0, "")


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: CloseEvent("foo", code="1000"), "code"),  # type: ignore[arg-type]  # on purpose
        (lambda: ErrorEvent("foo", lineno=None), "lineno"),  # type: ignore[arg-type]  # on purpose
        (lambda: ErrorEvent("foo", colno=[1]), "colno"),  # type: ignore[arg-type]  # on purpose
    ],
)
def test_what_should_be_a_number_and_is_not_is_a_type_error(
    make: Callable[[], object], name: str
) -> None:
    with pytest.raises(TypeError, match=f"expected {name} as a number, got "):
        make()


def test_a_custom_event_carries_what_the_program_put_into_it() -> None:
    detail = object()
    event = CustomEvent("foo", detail=detail, cancelable=True)
    assert (event.type, event.detail, event.cancelable) == ("foo", detail, True)
    assert CustomEvent("foo").detail is None


def test_init_custom_event_sets_what_the_constructor_sets() -> None:
    event = CustomEvent("foo", detail=1)
    event.initCustomEvent("bar", True, True, 2)
    assert (event.type, event.bubbles, event.cancelable, event.detail) == ("bar", True, True, 2)
    event.initCustomEvent("bar")
    assert event.detail is None


def test_an_error_event_carries_the_exception() -> None:
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
        (CustomEvent("e", detail=[1]), "<CustomEvent 'e' detail=[1]>"),
    ],
)
def test_repr_shows_the_type_and_what_it_carries(event: Event, shown: str) -> None:
    assert repr(event) == shown


def test_repr_of_a_large_message_is_short() -> None:
    assert len(repr(MessageEvent("m", data="x" * 2**20))) < 100


def test_an_event_made_without_init_has_all_attributes() -> None:
    """The reader of a socket sets what each message's event has, and the class the rest."""
    bare, usual = object.__new__(MessageEvent), MessageEvent("message", data="x", origin="o")
    bare._isTrusted = usual._isTrusted
    bare._data, bare._origin, bare._timeStamp = usual.data, usual.origin, usual.timeStamp
    bare._target, bare._phase = None, Event.NONE
    for name in dir(MessageEvent):
        attribute = getattr(MessageEvent, name)
        if isinstance(attribute, property):
            assert getattr(bare, name) == getattr(usual, name)


def test_an_event_takes_attributes_of_the_programs() -> None:
    event: Any = MessageEvent("message")
    event.seen = True
    assert event.seen


def test_the_current_target_follows_from_phase_and_target() -> None:
    """The reader of a socket dispatches with two assignments before and one after."""
    event, target = object.__new__(MessageEvent), EventTarget()
    event._target = target
    event._phase = Event.AT_TARGET
    assert (event.currentTarget, event.composedPath()) == (target, [target])
    event._phase = Event.NONE
    assert (event.currentTarget, event.target, event.composedPath()) == (None, target, [])


class Unlike(Event):
    """An event of a program, with another constructor and a slot."""

    __slots__ = ("mine",)

    def __init__(self, one: int, two: int) -> None:
        super().__init__("unlike")
        self.mine = one + two


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickled])
@pytest.mark.parametrize(
    "event",
    [
        Event("foo", cancelable=True),
        MessageEvent("foo", data="ä", origin="ws://h", lastEventId="7"),
        CloseEvent("close", code=1000, reason="bye", wasClean=True),
        ErrorEvent("error", message="m", lineno=3),
        CustomEvent("foo", detail=[1, 2]),
        Unlike(1, 2),
    ],
    ids=lambda event: type(event).__name__,
)
def test_events_can_be_copied_and_pickled_and_lose_their_dispatch(
    event: Any, duplicate: Callable[[Event], Event]
) -> None:
    target = EventTarget()
    clones: list[Event] = []
    event.extra = "extra"

    def listener(event: Event) -> None:
        event.preventDefault()
        event.stopPropagation()
        clones.append(duplicate(event))

    target.addEventListener(event.type, listener, passive=True)
    target.dispatchEvent(event)
    clones.append(duplicate(event))
    for clone in clones:
        assert type(clone) is type(event)
        assert (clone.target, clone.currentTarget, clone.eventPhase) == (None, None, Event.NONE)
        assert (clone.cancelBubble, clone._passive) == (False, False)
        for name in ("type", "timeStamp", "cancelable", "extra", "mine", *event._shown):
            assert getattr(clone, name, None) == getattr(event, name, None)


def test_a_message_event_of_the_fast_path_can_be_copied() -> None:
    event = object.__new__(MessageEvent)
    event._isTrusted, event._data, event._origin = True, Blob(["ab"]), "ws://h"
    event._timeStamp, event._target, event._phase = 1.5, EventTarget(), Event.NONE
    clone = pickled(event)
    assert (clone.type, bytes(instance(Blob, clone.data)), clone.origin) == (
        "message",
        b"ab",
        "ws://h",
    )
    assert (clone.isTrusted, clone.timeStamp, clone.target) == (True, 1.5, None)
