"""The channel of events that ``EventTarget.when()`` returns."""

from __future__ import annotations

import math
from threading import get_ident
from typing import TYPE_CHECKING, Self, TypeVar, cast, final

import trio

from ._blob import Blob
from ._context import refuse_thread
from ._event import Event
from ._events import MessageEvent
from ._receive_queue import ReceiveQueue, held_size

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

E_co = TypeVar("E_co", bound=Event, covariant=True)


@final
class EventChannel(trio.abc.ReceiveChannel[E_co]):
    """The events of some types at one target, in order, from the call of ``when()`` on.

    Made by ``EventTarget.when()``. It is a listener like any other and returns the event objects
    themselves. Use it in a ``with`` or ``async with`` block, or close it, otherwise the target goes
    on filling it.

    A dispatch cannot wait, so events beyond the channel's bounds are queued too. A WebSocket stops
    reading messages while a channel for ``message`` is full, so that the channel holds at most its
    bounds and one message.
    """

    _types: tuple[str, ...]
    _queue: ReceiveQueue[Event]
    _thread: int  # where when() was called
    _unsubscribe: Callable[[EventChannel[Event]], None]
    _ended: bool
    _closed: bool

    def __init__(self) -> None:
        raise TypeError("EventChannel has no public constructor, call EventTarget.when()")

    @classmethod
    def _create(
        cls,
        types: tuple[str, ...],
        max_buffer_size: float,
        max_buffer_bytes: float,
        unsubscribe: Callable[[EventChannel[Event]], None],
        on_room: Callable[[], None],
    ) -> Self:
        _check_bound("max_buffer_size", max_buffer_size)
        _check_bound("max_buffer_bytes", max_buffer_bytes)
        self = cls.__new__(cls)
        self._types = types
        self._thread = get_ident()
        self._queue = ReceiveQueue(
            max_items=max_buffer_size, max_size=max_buffer_bytes, on_room=on_room
        )
        self._unsubscribe = unsubscribe
        self._ended = False
        self._closed = False
        return self

    def __repr__(self) -> str:
        state = "closed" if self._closed else "ended" if self._ended else "open"
        return f"<EventChannel {self._types!r} {state}, {len(self._queue)} events buffered>"

    @property
    def _full(self) -> bool:
        return self._queue.full

    def _check_thread(self, what: str) -> None:
        if get_ident() != self._thread:
            refuse_thread(what)

    # Runs as a listener, that is, where Ctrl-C may land.
    @trio.lowlevel.enable_ki_protection
    def _put(self, event: Event) -> None:
        self._queue.put(event, _size_of(event))

    @trio.lowlevel.enable_ki_protection
    def _end(self) -> None:
        """Let ``receive()`` raise EndOfChannel after the events that are buffered."""
        self._ended = True
        self._queue.end(_no_more_events)

    @trio.lowlevel.enable_ki_protection
    async def receive(self) -> E_co:
        """Wait for the next event and return it. Cancelled, it has taken none.

        Raises:
          trio.EndOfChannel: the target dispatches no more events, and all were taken.
          trio.ClosedResourceError: this channel was closed, before or meanwhile.
          trio.BusyResourceError: another task is receiving from this channel.
        """
        return cast("E_co", await self._queue.receive())

    @trio.lowlevel.enable_ki_protection
    def close(self) -> None:
        """Unsubscribe and drop what is buffered, without a checkpoint.

        Raises:
          RuntimeError: this is not the thread in which the channel was made.
        """
        self._check_thread("close()")
        if not self._closed:
            self._closed = True
            self._unsubscribe(self)
            self._queue.close(_channel_closed)

    @trio.lowlevel.enable_ki_protection
    async def aclose(self) -> None:
        """Close the channel, then execute a checkpoint. Cancelled, it has closed it anyway."""
        self.close()
        await trio.lowlevel.checkpoint()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _check_bound(name: str, bound: float) -> None:
    if bound != math.inf and not isinstance(bound, int):
        raise TypeError(f"expected {name} as an integer or math.inf, got {bound!r}")
    if bound < 1:
        raise ValueError(f"expected {name} of 1 or more, got {bound}")


def _size_of(event: Event) -> int:
    """Return the bytes of memory that the event's message takes, if it is one."""
    data: object = event.data if isinstance(event, MessageEvent) else None
    if isinstance(data, Blob):
        return data.size
    return held_size(data) if isinstance(data, str | bytes) else 0


def _no_more_events() -> Exception:
    return trio.EndOfChannel("this target dispatches no more events")


def _channel_closed() -> Exception:
    return trio.ClosedResourceError("this channel was closed")
