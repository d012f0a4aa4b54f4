"""The on* attributes of event targets."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from trio_ws_dom._dom import Event, EventTarget
from trio_ws_dom._dom._event_handler import EventHandler


class Target(EventTarget):
    """A target with an on* attribute, that does not call super().__init__()."""

    onfoo = EventHandler[Event]("foo")

    def __init__(self) -> None:
        self.changes: list[str] = []

    def _listeners_changed(self, type: str) -> None:
        self.changes.append(type)


class AsyncTarget(Target):
    """A target that keeps the coroutines."""

    _accepts_coroutines = True

    def _run_coroutine(self, coroutine: Coroutine[Any, Any, object]) -> None:
        self.coroutine = coroutine


async def an_async_function(*_: object) -> None:
    """Do nothing, asynchronously."""


class HandlerObject:
    """What can be a listener, but not an event handler."""

    def handleEvent(self, event: Event) -> None:
        """Do nothing."""


def note(heard: list[str], what: str) -> Callable[[Event], None]:
    """Make a listener that appends `what`."""
    return lambda event: heard.append(what)


def test_the_on_attribute_is_what_was_set() -> None:
    """None before, the very same object after; on the class it is the descriptor."""
    target = Target()
    assert target.onfoo is None
    target.onfoo = print
    assert target.onfoo is print
    assert isinstance(Target.onfoo, EventHandler)


def test_the_on_attribute_is_called_where_it_was_first_set() -> None:
    """Another value takes the place of the one before."""
    target, heard = Target(), []
    target.addEventListener("foo", note(heard, "before"))
    target.onfoo = note(heard, "first")
    target.addEventListener("foo", note(heard, "after"))
    target.onfoo = note(heard, "second")
    target.dispatchEvent(Event("foo"))
    assert heard == ["before", "second", "after"]


def test_none_gives_the_place_up() -> None:
    """Set again later, it comes last."""
    target, heard = Target(), []
    target.onfoo = note(heard, "slot")
    target.addEventListener("foo", note(heard, "other"))
    target.onfoo = None
    target.dispatchEvent(Event("foo"))
    target.onfoo = note(heard, "slot")
    target.dispatchEvent(Event("foo"))
    assert heard == ["other", "other", "slot"]


@pytest.mark.parametrize("junk", [3, "f", HandlerObject()])
def test_what_cannot_be_called_becomes_none(junk: Any) -> None:
    """As LegacyTreatNonObjectAsNull has it; an object with handleEvent is no event handler."""
    target = Target()
    target.onfoo = print
    target.onfoo = junk
    assert target.onfoo is None


def test_the_on_attribute_is_not_a_listener_of_the_same_callback() -> None:
    """Adding it is not adding it again, and removing it is not clearing it."""
    target, heard = Target(), []
    target.onfoo = heard.append
    target.addEventListener("foo", heard.append)
    target.dispatchEvent(Event("foo"))
    target.removeEventListener("foo", heard.append)
    target.removeEventListener("foo", heard.append)
    target.dispatchEvent(Event("foo"))
    assert len(heard) == 3


@pytest.mark.parametrize(("result", "canceled"), [(False, True), (0, False), (None, False)])
def test_returning_false_cancels(result: object, canceled: bool) -> None:
    """Exactly False, from an on* attribute."""
    target = Target()
    target.onfoo = lambda event: result
    assert target.dispatchEvent(Event("foo", cancelable=True)) is not canceled


def test_an_async_on_attribute_is_rejected() -> None:
    """Like an async listener, and the value stays."""
    target = Target()
    target.onfoo = print
    with pytest.raises(TypeError, match="no nursery"):
        target.onfoo = an_async_function
    assert target.onfoo is print


def test_an_async_on_attribute_of_a_target_that_accepts_them() -> None:
    """Its coroutine goes where those of listeners go."""
    target = AsyncTarget()
    target.onfoo = an_async_function
    target.dispatchEvent(Event("foo"))
    target.coroutine.close()
    assert target.onfoo is an_async_function


def test_setting_the_on_attribute_is_always_announced() -> None:
    """Also from None to None: a socket takes that for a look at its messages."""
    target = Target()
    for value in (None, print, repr, None, None):
        target.onfoo = value
    assert target.changes == ["foo"] * 5


def test_two_targets_share_nothing() -> None:
    """Though their classes hold the defaults."""
    one, two, heard = Target(), Target(), []
    one.onfoo = heard.append
    one.addEventListener("foo", heard.append)
    two.dispatchEvent(Event("foo"))
    assert two.onfoo is None
    assert heard == []
