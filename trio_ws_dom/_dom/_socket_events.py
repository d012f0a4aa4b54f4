"""The events of a socket by name, for the on* attributes and for type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar, overload

from ._event import Event
from ._event_handler import EventHandler
from ._event_target import EventTarget
from ._events import CloseEvent, CustomEvent, ErrorEvent, MessageEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._listener import (
        Abortable,
        AddEventListenerOptions,
        EventListener,
        EventListenerObject,
    )
    from ._when import EventChannel

    E = TypeVar("E", bound=Event)
    ListenerFor: TypeAlias = Callable[[E], object] | EventListenerObject[E]
    Options: TypeAlias = bool | AddEventListenerOptions | None


class SocketEvents(EventTarget):
    """An EventTarget for the events ``open``, ``message``, ``error`` and ``close``.

    Type checkers know by a listener's event what it may be called with. Listeners for another type,
    such as a misspelt one, take an Event or a CustomEvent.
    """

    onopen: EventHandler[Event] = EventHandler("open")
    onmessage: EventHandler[MessageEvent] = EventHandler("message")
    onerror: EventHandler[ErrorEvent] = EventHandler("error")
    onclose: EventHandler[CloseEvent] = EventHandler("close")

    if TYPE_CHECKING:

        @overload
        def addEventListener(
            self,
            type: Literal["message"],
            callback: ListenerFor[MessageEvent] | None,
            options: Options = None,
            *,
            once: bool = False,
            passive: bool = False,
            capture: bool = False,
            signal: Abortable | None = None,
        ) -> None: ...

        @overload
        def addEventListener(
            self,
            type: Literal["close"],
            callback: ListenerFor[CloseEvent] | None,
            options: Options = None,
            *,
            once: bool = False,
            passive: bool = False,
            capture: bool = False,
            signal: Abortable | None = None,
        ) -> None: ...

        @overload
        def addEventListener(
            self,
            type: Literal["error"],
            callback: ListenerFor[ErrorEvent] | None,
            options: Options = None,
            *,
            once: bool = False,
            passive: bool = False,
            capture: bool = False,
            signal: Abortable | None = None,
        ) -> None: ...

        @overload
        def addEventListener(
            self,
            type: str,
            callback: ListenerFor[Event] | None,
            options: Options = None,
            *,
            once: bool = False,
            passive: bool = False,
            capture: bool = False,
            signal: Abortable | None = None,
        ) -> None: ...

        @overload
        def addEventListener(
            self,
            type: str,
            callback: ListenerFor[CustomEvent],
            options: Options = None,
            *,
            once: bool = False,
            passive: bool = False,
            capture: bool = False,
            signal: Abortable | None = None,
        ) -> None: ...

        def addEventListener(
            self,
            type: str,
            callback: EventListener | None,
            options: Options = None,
            *,
            once: bool = False,
            passive: bool = False,
            capture: bool = False,
            signal: Abortable | None = None,
        ) -> None:
            """See :meth:`EventTarget.addEventListener`."""

        @overload
        def when(
            self,
            type: Literal["message"],
            /,
            *,
            max_buffer_size: float = 64,
            max_buffer_bytes: float = 256 * 1024,
        ) -> EventChannel[MessageEvent]: ...

        @overload
        def when(
            self,
            type: Literal["close"],
            /,
            *,
            max_buffer_size: float = 64,
            max_buffer_bytes: float = 256 * 1024,
        ) -> EventChannel[CloseEvent]: ...

        @overload
        def when(
            self,
            type: Literal["error"],
            /,
            *,
            max_buffer_size: float = 64,
            max_buffer_bytes: float = 256 * 1024,
        ) -> EventChannel[ErrorEvent]: ...

        @overload
        def when(
            self,
            *types: str,
            max_buffer_size: float = 64,
            max_buffer_bytes: float = 256 * 1024,
        ) -> EventChannel[Event]: ...

        def when(
            self,
            *types: str,
            max_buffer_size: float = 64,
            max_buffer_bytes: float = 256 * 1024,
        ) -> EventChannel[Event]:
            """See :meth:`EventTarget.when`."""
            return super().when(*types)
