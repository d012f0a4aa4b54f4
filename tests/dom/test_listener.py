"""What can be a listener, what counts as the same one, and how it is called."""

import inspect
import signal
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any

import pytest
import trio

from trio_ws_dom._dom import Event, EventTarget
from trio_ws_dom._dom._listener import call_listener


class AsyncTarget(EventTarget):
    """A target that keeps the coroutines."""

    _accepts_coroutines = True

    def _run_coroutine(self, coroutine: Coroutine[Any, Any, object], event: Event) -> None:
        self.coroutine = coroutine


async def an_async_function(*_: object) -> None:
    """Do nothing, asynchronously."""


class Recording(list[Event]):
    """A list with a method that is written in Python."""

    def append(self, event: Event) -> None:
        super().append(event)


def note(heard: list[Any], what: str) -> Callable[[Event], None]:
    """Return a listener that appends ``what``."""
    return lambda event: heard.append(what)


def test_the_same_listener_counts_once() -> None:
    target = EventTarget()
    heard: list[Event] = []
    target.addEventListener("foo", heard.append)
    target.addEventListener("foo", heard.append, once=True, passive=True)
    target.dispatchEvent(Event("foo"))
    assert len(heard) == 1


def test_the_same_callback_for_both_phases_is_two_listeners() -> None:
    target = EventTarget()
    heard: list[Event] = []
    target.addEventListener("foo", heard.append)
    target.addEventListener("foo", heard.append, capture=True)
    target.dispatchEvent(Event("foo"))
    target.removeEventListener("foo", heard.append, capture=True)
    target.dispatchEvent(Event("foo"))
    assert len(heard) == 3


def test_equal_objects_with_handle_event_are_two_listeners() -> None:

    class Recorder:
        heard = 0

        def handleEvent(self, event: Event) -> None:
            self.heard += 1

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]  # a listener does not need it

    target, one, two = EventTarget(), Recorder(), Recorder()
    target.addEventListener("foo", one)
    target.addEventListener("foo", one)
    target.addEventListener("foo", two)
    target.dispatchEvent(Event("foo"))
    assert (one.heard, two.heard) == (1, 1)


def test_equal_callables_are_two_listeners_unless_they_are_bound_methods() -> None:
    class Caller:
        def __init__(self, heard: list[object]) -> None:
            self.heard = heard

        def __call__(self, event: Event) -> None:
            self.heard.append(event)

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]  # a listener does not need it

    target = EventTarget()
    heard: list[object] = []
    one, two = Caller(heard), Caller(heard)
    for callback in (one, two, one, one.__call__, one.__call__):
        target.addEventListener("foo", callback)
    target.dispatchEvent(Event("foo"))
    assert len(heard) == 3


@pytest.mark.parametrize("bound", [vars(list)["append"], Recording.append])
def test_a_bound_method_is_one_listener_however_often_it_is_looked_up(bound: Any) -> None:
    target, one, two = EventTarget(), Recording(), Recording()
    for recording in (one, one, two):
        target.addEventListener("foo", bound.__get__(recording))
    target.removeEventListener("foo", bound.__get__(two))
    target.dispatchEvent(Event("foo"))
    assert (len(one), len(two)) == (1, 0)


def test_handle_event_is_looked_up_each_time() -> None:

    class Listener:
        def handleEvent(self, event: Event) -> None:
            heard.append("first")
            setattr(self, "handleEvent", note(heard, "second"))  # noqa: B010  # no assigning to methods

    target = EventTarget()
    heard: list[str] = []
    target.addEventListener("foo", Listener())
    target.dispatchEvent(Event("foo"))
    target.dispatchEvent(Event("foo"))
    assert heard == ["first", "second"]


def test_a_callable_is_called_even_if_it_has_handle_event() -> None:

    class Both:
        def __call__(self, event: Event) -> None:
            heard.append("call")

        def handleEvent(self, event: Event) -> None:
            heard.append("handleEvent")

    target = EventTarget()
    heard: list[str] = []
    target.addEventListener("foo", Both())
    target.dispatchEvent(Event("foo"))
    assert heard == ["call"]


def test_a_handle_event_that_cannot_be_called_is_the_listeners_error() -> None:

    class Listener:
        handleEvent: Any = None

    target = EventTarget()
    target.addEventListener("foo", Listener())
    with pytest.raises(ExceptionGroup) as caught:
        target.dispatchEvent(Event("foo"))
    assert isinstance(caught.value.exceptions[0], TypeError)


@pytest.mark.parametrize("junk", [3, "f", object()])
def test_other_things_cannot_be_listeners(junk: Any) -> None:
    with pytest.raises(
        TypeError,
        match="expected callback as a callable, an object with a method handleEvent, or None",
    ):
        EventTarget().addEventListener("foo", junk)


def test_ctrl_c_can_interrupt_a_listener_of_a_protected_caller() -> None:
    """Protection ends in call_listener() and begins again when it returns."""
    seen: list[bool] = []

    def look(event: Event) -> None:
        seen.append(trio.lowlevel.currently_ki_protected())

    @trio.lowlevel.enable_ki_protection
    def protected() -> None:
        call_listener(look, Event("foo"))
        look(Event("foo"))

    protected()
    assert seen == [False, True]


async def test_ctrl_c_in_a_listener_comes_out_of_the_dispatch() -> None:
    target = EventTarget()
    target.addEventListener("foo", lambda event: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        target.dispatchEvent(Event("foo"))


class AsyncCallable:
    """A listener whose class makes it async."""

    async def __call__(self, event: Event) -> None:
        """Do nothing."""


class AsyncHandler:
    """A listener whose method is async."""

    async def handleEvent(self, event: Event) -> None:
        """Do nothing."""


@pytest.mark.parametrize(
    "listener",
    [
        an_async_function,
        partial(partial(an_async_function, 1), 2),
        AsyncCallable(),
        partial(AsyncCallable()),
        AsyncCallable().__call__,
        AsyncHandler(),
    ],
)
def test_async_listeners_are_rejected(listener: Any) -> None:
    with pytest.raises(TypeError, match="no nursery"):
        EventTarget().addEventListener("foo", listener)
    AsyncTarget().addEventListener("foo", listener)


def test_a_class_can_be_a_listener_though_its_instances_are_async() -> None:
    target = EventTarget()
    made: list[Event] = []

    class Made(AsyncCallable):
        def __init__(self, event: Event) -> None:
            made.append(event)

    target.addEventListener("foo", Made)
    target.dispatchEvent(Event("foo"))
    assert len(made) == 1


def test_a_coroutine_that_is_returned_anyway_is_an_error() -> None:
    target, returned = EventTarget(), an_async_function()
    target.addEventListener("foo", lambda event: returned)
    with pytest.raises(ExceptionGroup) as caught:
        target.dispatchEvent(Event("foo"))
    assert isinstance(caught.value.exceptions[0], TypeError)
    assert inspect.getcoroutinestate(returned) == inspect.CORO_CLOSED


def test_a_target_that_accepts_coroutines_gets_them() -> None:
    target, returned = AsyncTarget(), an_async_function()
    target.addEventListener("foo", lambda event: returned)
    target.dispatchEvent(Event("foo"))
    assert target.coroutine is returned
    returned.close()


def dispatch_in_steps(target: EventTarget, event: Event) -> Generator[None]:
    return target._dispatch(event, BaseException, [])


def test_a_dispatch_pauses_after_each_async_listener() -> None:
    target, event = AsyncTarget(), Event("foo")
    heard: list[object] = []
    target.addEventListener("foo", an_async_function)
    target.addEventListener("foo", note(heard, "plain"))
    target.addEventListener("foo", an_async_function, capture=True)
    for _ in dispatch_in_steps(target, event):
        target.coroutine.close()
        heard.append((event.currentTarget is target, event.eventPhase))
    assert heard == [(True, Event.AT_TARGET)] * 2 + ["plain"]
    assert event.currentTarget is None


@pytest.mark.parametrize("dispatch", [EventTarget.dispatchEvent, EventTarget._fire])
def test_other_ways_to_dispatch_do_not_wait_for_async_listeners(dispatch: Any) -> None:
    target = AsyncTarget()
    heard: list[str] = []
    target.addEventListener("foo", an_async_function)
    target.addEventListener("foo", note(heard, "next"))
    dispatch(target, Event("foo"))
    target.coroutine.close()
    assert heard == ["next"]


def test_an_async_listener_can_stop_the_dispatch_and_is_passive_until_it_has_started() -> None:
    target, event = AsyncTarget(), Event("foo", cancelable=True)
    heard: list[str] = []
    target.addEventListener("foo", an_async_function, passive=True)
    target.addEventListener("foo", note(heard, "next"))
    for _ in dispatch_in_steps(target, event):
        target.coroutine.close()
        event.preventDefault()
        event.stopImmediatePropagation()
    assert (heard, event.defaultPrevented) == ([], False)
    event.preventDefault()
    assert event.defaultPrevented


def test_a_dispatch_that_is_given_up_in_a_pause_is_over() -> None:
    target, event = AsyncTarget(), Event("foo", cancelable=True)
    heard: list[str] = []
    target.addEventListener("foo", an_async_function, passive=True)
    target.addEventListener("foo", note(heard, "next"))
    steps = dispatch_in_steps(target, event)
    next(steps)
    target.coroutine.close()
    steps.close()
    assert (heard, event.eventPhase, event._passive) == ([], Event.NONE, False)


def test_other_results_of_listeners_are_ignored() -> None:
    target = EventTarget()
    target.addEventListener("foo", lambda event: False)
    target.addEventListener("foo", lambda event: "x")
    assert target.dispatchEvent(Event("foo", cancelable=True))
