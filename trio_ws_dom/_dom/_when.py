"""Events as a stream: the channel that EventTarget.when() gives."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Self, final

import trio
from trio.lowlevel import Abort, enable_ki_protection

from ._event import Event

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


@final
class EventChannel(trio.abc.ReceiveChannel[Event]):
    """The events of some types at one target, in order, from the moment of `when()` on.

    Made by `EventTarget.when()`. It is a listener like any other and gives the event objects
    themselves. Close it, or use it in a `with` or `async with` block, else the target goes on
    filling it.

    A dispatch cannot wait, so events beyond `max_buffer_size` are queued too. On a WebSocket the
    reading is held back before that happens, as far as the events are its `message` events.
    """

    _buffer: deque[Event]
    _types: tuple[str, ...]
    _max_buffer_size: float
    _unsubscribe: Callable[[EventChannel], None]

    # Called when a buffer that was full has room again, or is gone.
    _on_room: Callable[[], None] | None = None

    _ended: bool = False
    _closed: bool = False
    _receiving: bool = False
    _sleeper: trio.lowlevel.Task | None = None

    def __init__(self) -> None:
        raise TypeError("EventChannel has no public constructor, call EventTarget.when()")

    @classmethod
    def _create(
        cls,
        types: tuple[str, ...],
        max_buffer_size: float,
        unsubscribe: Callable[[EventChannel], None],
    ) -> EventChannel:
        if max_buffer_size != math.inf and not isinstance(max_buffer_size, int):
            raise TypeError(
                f"max_buffer_size must be an integer or math.inf, not {max_buffer_size!r}"
            )
        if max_buffer_size < 1:
            raise ValueError(f"max_buffer_size must be at least 1, not {max_buffer_size}")
        self = cls.__new__(cls)
        self._buffer = deque()
        self._types = types
        self._max_buffer_size = max_buffer_size
        self._unsubscribe = unsubscribe
        return self

    def __repr__(self) -> str:
        state = "closed" if self._closed else "ended" if self._ended else "open"
        return f"<EventChannel {self._types!r} {state}, {len(self._buffer)} events buffered>"

    @property
    def _full(self) -> bool:
        return len(self._buffer) >= self._max_buffer_size

    # Runs as a listener, that is, where Ctrl-C may land.
    @enable_ki_protection
    def _put(self, event: Event) -> None:
        """Queue `event` and wake the receiver, if one waits."""
        self._buffer.append(event)
        self._wake()

    @enable_ki_protection
    def _end(self) -> None:
        """Say that no more events come: after those buffered, EndOfChannel."""
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        sleeper, self._sleeper = self._sleeper, None
        if sleeper is not None:
            trio.lowlevel.reschedule(sleeper)

    @enable_ki_protection
    async def receive(self) -> Event:
        """Wait for the next event. Cancelled, it has taken none.

        Raises:
          trio.EndOfChannel: there was the last event of this target.
          trio.ClosedResourceError: this channel was closed, before or meanwhile.
          trio.BusyResourceError: another task is receiving from this channel.
        """
        if self._receiving:
            raise trio.BusyResourceError("another task is receiving from this channel")
        self._receiving = True
        try:
            await trio.lowlevel.checkpoint_if_cancelled()
            if self._buffer or self._ended or self._closed:
                await trio.lowlevel.cancel_shielded_checkpoint()
            else:
                await self._sleep()
            return self._take()
        finally:
            self._receiving = False

    async def _sleep(self) -> None:
        # Whoever wakes us leaves something for _take(); a cancellation from then on comes too late.
        self._sleeper = trio.lowlevel.current_task()

        def abort_fn(_: object) -> Abort:
            self._sleeper = None
            return Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort_fn)

    def _take(self) -> Event:
        if self._closed:
            raise trio.ClosedResourceError("this channel was closed")
        if not self._buffer:
            raise trio.EndOfChannel
        was_full = self._full
        event = self._buffer.popleft()
        if was_full and not self._full:
            self._make_room()
        return event

    def _make_room(self) -> None:
        if self._on_room is not None:
            self._on_room()

    @enable_ki_protection
    def close(self) -> None:
        """Unsubscribe, and drop what is buffered; no checkpoint. Again: does nothing."""
        if self._closed:
            return
        self._closed = True
        was_full = self._full
        self._buffer.clear()
        self._wake()
        self._unsubscribe(self)
        if was_full:
            self._make_room()

    @enable_ki_protection
    async def aclose(self) -> None:
        """close(), then a checkpoint. Cancelled, it is closed nevertheless."""
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
