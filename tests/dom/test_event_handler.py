"""The on* attributes of event targets."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from trio_ws_dom._dom import Event, EventTarget
from trio_ws_dom._dom._event_handler import EventHandler


class Target(EventTarget):
    """A target with an on* attribute, which does not call super().__init__()."""

    onfoo = EventHandler[Event]("foo")

    def __init__(self) -> None:
        self.changes: list[str] = []

    def _listeners_changed(self, type: str) -> None:
        self.changes.append(type)


class TwoHandlers(Target):
    """A target with one more on* attribute, and one whose name only begins like that."""

    onbar = EventHandler[Event]("bar")
    ongoing: Any = None


class AsyncTarget(Target):
    """A target that keeps the coroutines."""

    _accepts_coroutines = True

    def _run_coroutine(self, coroutine: Coroutine[Any, Any, object], event: Event) -> None:
        self.coroutine = coroutine


async def an_async_function(*_: object) -> None:
    """Do nothing, asynchronously."""


class HandlerObject:
    """An object that can be a listener, but not an event handler."""

    def handleEvent(self, event: Event) -> None:
        """Do nothing."""


def note(heard: list[str], what: str) -> Callable[[Event], None]:
    """Return a listener that appends ``what``."""
    return lambda event: heard.append(what)


def test_the_on_attribute_is_what_was_set() -> None:
    target = Target()
    assert target.onfoo is None
    target.onfoo = print
    assert target.onfoo is print
    assert isinstance(Target.onfoo, EventHandler)


def test_the_on_attribute_is_called_where_it_was_first_set() -> None:
    target = Target()
    heard: list[str] = []
    target.addEventListener("foo", note(heard, "before"))
    target.onfoo = note(heard, "first")
    target.addEventListener("foo", note(heard, "after"))
    target.onfoo = note(heard, "second")
    target.dispatchEvent(Event("foo"))
    assert heard == ["before", "second", "after"]


def test_an_on_attribute_set_to_none_and_again_comes_last() -> None:
    target = Target()
    heard: list[str] = []
    target.onfoo = note(heard, "slot")
    target.addEventListener("foo", note(heard, "other"))
    target.onfoo = None
    target.dispatchEvent(Event("foo"))
    target.onfoo = note(heard, "slot")
    target.dispatchEvent(Event("foo"))
    assert heard == ["other", "other", "slot"]


@pytest.mark.parametrize("junk", [3, "f", False, HandlerObject()])
def test_what_cannot_be_called_is_a_type_error_and_the_value_stays(junk: Any) -> None:
    target = Target()
    target.onfoo = print
    with pytest.raises(TypeError, match="expected onfoo as a callable or None"):
        target.onfoo = junk
    assert target.onfoo is print
    assert target.changes == ["foo"]


def test_the_error_for_an_object_with_handle_event_names_add_event_listener() -> None:
    target: Any = Target()
    with pytest.raises(TypeError, match=r"addEventListener\(\) takes an object with handleEvent"):
        target.onfoo = HandlerObject()


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("onfo", "onfoo"), ("on_foo", "onfoo"), ("onFoo", "onfoo"), ("onbra", "onbar")],
)
@pytest.mark.parametrize("value", [print, None, HandlerObject()])
def test_a_misspelt_on_attribute_is_an_error_that_names_the_nearest(
    name: str, nearest: str, value: Any
) -> None:
    target = TwoHandlers()
    message = rf"of TwoHandlers \(onbar, onfoo\), got {name}; did you mean {nearest}\?"
    with pytest.raises(AttributeError, match=message):
        setattr(target, name, value)
    assert not hasattr(target, name)


def test_an_on_attribute_unlike_any_of_the_class_is_an_error_that_lists_them() -> None:
    with pytest.raises(AttributeError, match=r"\(onbar, onfoo\), got onsomethingelse$"):
        setattr(TwoHandlers(), "onsomethingelse", print)  # noqa: B010  # not a name of the class


def test_other_attributes_of_programs_can_be_set() -> None:
    target: Any = TwoHandlers()
    target.name, target.handler, target.online, target.on = "x", print, True, 3
    target.ongoing = print  # the class has it
    assert (target.name, target.handler, target.online, target.on) == ("x", print, True, 3)
    assert target.ongoing is print


def test_a_target_without_on_attributes_takes_any_attribute() -> None:
    target: Any = EventTarget()
    target.onfoo = print
    assert target.onfoo is print
    assert EventTarget.__setattr__ is object.__setattr__


def test_the_on_attribute_is_not_a_listener_of_the_same_callback() -> None:
    target = Target()
    heard: list[Event] = []
    target.onfoo = heard.append
    target.addEventListener("foo", heard.append)
    target.dispatchEvent(Event("foo"))
    target.removeEventListener("foo", heard.append)
    target.removeEventListener("foo", heard.append)
    target.dispatchEvent(Event("foo"))
    assert len(heard) == 3


@pytest.mark.parametrize(("result", "canceled"), [(False, True), (0, False), (None, False)])
def test_returning_false_cancels(result: object, canceled: bool) -> None:
    target = Target()

    def answer(event: Event) -> object:
        return result

    target.onfoo = answer
    assert target.dispatchEvent(Event("foo", cancelable=True)) is not canceled


def test_an_async_on_attribute_is_rejected() -> None:
    target = Target()
    target.onfoo = print
    with pytest.raises(TypeError, match="no nursery"):
        target.onfoo = an_async_function
    assert target.onfoo is print


def test_an_async_on_attribute_runs_where_the_target_accepts_coroutines() -> None:
    target = AsyncTarget()
    target.onfoo = an_async_function
    target.dispatchEvent(Event("foo"))
    target.coroutine.close()
    assert target.onfoo is an_async_function


def test_setting_the_on_attribute_is_announced_even_from_none_to_none() -> None:
    target = Target()
    for value in (None, print, repr, None, None):
        target.onfoo = value
    assert target.changes == ["foo"] * 5


def test_two_targets_share_no_listeners() -> None:
    one, two = Target(), Target()
    heard: list[Event] = []
    one.onfoo = heard.append
    one.addEventListener("foo", heard.append)
    two.dispatchEvent(Event("foo"))
    assert two.onfoo is None
    assert heard == []
