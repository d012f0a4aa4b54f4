"""The on* attributes of event targets."""

# pyright: reportPrivateUsage=false
# (the DOM's own objects, which are one implementation)

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, final, overload

import trio

from ._event import Event
from ._listener import check_listener
from ._webidl import wrong_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._event_target import EventTarget

E = TypeVar("E", bound=Event)


@final
class EventHandler(Generic[E]):
    """An on* attribute, ``onmessage = EventHandler[MessageEvent]("message")``.

    Its value is a callable or None. The first value is called where it stands among the listeners,
    a later one takes its place, None removes it. A value that returns False cancels the
    event.

    https://html.spec.whatwg.org/multipage/webappapis.html#event-handler-attributes
    """

    def __init__(self, type: str) -> None:
        self._type = type

    @overload
    def __get__(self, target: None, owner: type[Any]) -> Self: ...

    @overload
    def __get__(self, target: EventTarget, owner: type[Any]) -> Callable[[E], object] | None: ...

    def __get__(
        self, target: EventTarget | None, owner: type[Any]
    ) -> Self | Callable[[E], object] | None:
        if target is None:
            return self
        slot = target._slot(self._type)
        value: Any = None if slot is None else slot.callback
        result: Callable[[E], object] | None = value
        return result

    @trio.lowlevel.enable_ki_protection
    def __set__(self, target: EventTarget, value: Callable[[E], object] | None) -> None:
        target._check_access(f"on{self._type}")
        self._check(value, target._accepts_coroutines)
        target._set_slot(self._type, value)

    def _check(self, value: object, accepts_coroutines: bool) -> None:
        # Departs: a browser takes None for what is no object, and calls no object that is no
        # function. Both are mistakes, and None has a meaning of its own.
        if value is None:
            return
        if not callable(value):
            expected = "a callable or None"
            if hasattr(value, "handleEvent"):
                expected += " (addEventListener() takes an object with handleEvent)"
            raise wrong_type(f"on{self._type}", expected, value)
        check_listener(value, accepts_coroutines=accepts_coroutines)
