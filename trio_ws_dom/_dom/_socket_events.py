"""The events of a socket by name, for the on* attributes and for type checkers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, overload

from ._event import Event
from ._event_handler import EventHandler
from ._event_target import EventTarget
from ._events import CloseEvent, CustomEvent, ErrorEvent, MessageEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._abort import AbortSignal
    from ._listener import AddEventListenerOptions, EventListener, EventListenerObject
    from ._when import EventChannel


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
            callback: Callable[[MessageEvent], object] | EventListenerObject[MessageEvent] | None,
            options: bool | AddEventListenerOptions | None = None,
            *,
            once: bool = False,
            passive: bool = False,
            capture: bool = False,
            signal: AbortSignal | None = None,
        ) -> None: ...

        @overload
        def addEventListener(
            self,
            type: Literal["close"],
            callback: Callable[[CloseEvent], object] | EventListenerObject[CloseEvent] | None,
            options: bool | AddEventListenerOptions | None = None,
            *,
            once: bool = False,
            passive: bool = False,
            capture: bool = False,
            signal: AbortSignal | None = None,
        ) -> None: ...

        @overload
        def addEventListener(
            self,
            type: Literal["error"],
            callback: Callable[[ErrorEvent], object] | EventListenerObject[ErrorEvent] | None,
            options: bool | AddEventListenerOptions | None = None,
            *,
            once: bool = False,
            passive: bool = False,
            capture: bool = False,
            signal: AbortSignal | None = None,
        ) -> None: ...

        @overload
        def addEventListener(
            self,
            type: str,
            callback: Callable[[Event], object] | EventListenerObject[Event] | None,
            options: bool | AddEventListenerOptions | None = None,
            *,
            once: bool = False,
            passive: bool = False,
            capture: bool = False,
            signal: AbortSignal | None = None,
        ) -> None: ...

        @overload
        def addEventListener(
            self,
            type: str,
            callback: Callable[[CustomEvent], object] | EventListenerObject[CustomEvent],
            options: bool | AddEventListenerOptions | None = None,
            *,
            once: bool = False,
            passive: bool = False,
            capture: bool = False,
            signal: AbortSignal | None = None,
        ) -> None: ...

        def addEventListener(
            self,
            type: str,
            callback: EventListener | None,
            options: bool | AddEventListenerOptions | None = None,
            *,
            once: bool = False,
            passive: bool = False,
            capture: bool = False,
            signal: AbortSignal | None = None,
        ) -> None: ...  # editors show the docstring of EventTarget's

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
            return super().when(*types)
