"""The on* attributes of event targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, final, overload

from trio.lowlevel import enable_ki_protection

from ._event import Event
from ._listener import check_listener

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._event_target import EventTarget

_E = TypeVar("_E", bound=Event)


@final
class EventHandler(Generic[_E]):
    """An on* attribute, `onmessage = EventHandler[MessageEvent]("message")`.

    Its value is a callable or None; what cannot be called becomes None. The first value is called
    where it stands among the listeners, a later one takes its place, None gives the place up. A
    value that returns False cancels the event.

    https://html.spec.whatwg.org/multipage/webappapis.html#event-handler-attributes
    """

    def __init__(self, type: str) -> None:
        self._type = type

    @overload
    def __get__(self, target: None, owner: type[Any]) -> Self: ...

    @overload
    def __get__(self, target: EventTarget, owner: type[Any]) -> Callable[[_E], object] | None: ...

    def __get__(
        self, target: EventTarget | None, owner: type[Any]
    ) -> Self | Callable[[_E], object] | None:
        if target is None:
            return self
        value: Callable[[_E], object] | None = target._slot(self._type)
        return value

    @enable_ki_protection
    def __set__(self, target: EventTarget, value: Callable[[_E], object] | None) -> None:
        if callable(value):
            check_listener(value, accepts_coroutines=target._accepts_coroutines)
            target._set_slot(self._type, value)
        else:
            target._set_slot(self._type, None)
