"""The inbox: messages received, for one task at a time to take."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, final

import trio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ._wire._messages import Message

MAX_WAITING: Final = 256
"""Messages that may wait in the inbox before the reading stops until it is empty."""

MAX_WAITING_BYTES: Final = 256 * 1024
"""Bytes (text: characters) that may wait, likewise."""

BURST: Final = 256
"""Messages that :meth:`Inbox.receive` gives at most without letting other tasks run."""

BURST_SECONDS: Final = 0.001
"""And for how long, by trio's clock."""


@final
class Inbox:
    """A bounded queue between the pump, which fills it in batches, and the program.

    Args:
      on_room: called when the inbox has become empty, or was closed.
    """

    def __init__(self, on_room: Callable[[], None]) -> None:
        self._on_room = on_room
        self._messages: deque[Message] = deque()
        self._bytes = 0  # put since it was last empty
        self._receiver: trio.lowlevel.Task | None = None  # asleep until there is something
        self._receiving = False
        self._burst = 0  # messages that may be given before the next turn of other tasks
        self._burst_ends = 0.0
        self._end: Callable[[], Exception] | None = None

    @property
    def full(self) -> bool:
        """Whether the reading is to wait."""
        return len(self._messages) >= MAX_WAITING or self._bytes >= MAX_WAITING_BYTES

    def put(self, messages: Iterable[Message]) -> None:
        """Add messages; the caller has looked whether it is full."""
        for message in messages:
            self._messages.append(message)
            self._bytes += len(message)
        self._wake()

    def end(self, error: Callable[[], Exception]) -> None:
        """There will be no more; behind the last message ``receive()`` raises ``error()``."""
        if self._end is None:
            self._end = error
        self._wake()

    def close(self) -> None:
        """The program wants no more: what waits is dropped, a blocked receiver is told."""
        self._messages.clear()
        self._end = lambda: trio.ClosedResourceError("this socket was closed")
        self._wake()
        self._on_room()

    def _wake(self) -> None:
        if self._receiver is not None:
            trio.lowlevel.reschedule(self._receiver)
            self._receiver = None

    async def receive(self) -> Message:
        """The next message; see ``WebSocket.receive``."""
        if self._receiving:
            raise trio.BusyResourceError("another task is receiving from this socket")
        if (
            self._burst <= 0
            or trio.current_time() >= self._burst_ends
            or trio.current_effective_deadline() == -float("inf")
            or not self._messages
        ):
            await self._take_turns()
        if not self._messages:
            assert self._end is not None  # else the receiver would still sleep
            raise self._end()
        self._burst -= 1
        message = self._messages.popleft()
        if not self._messages:
            self._bytes = 0
            self._on_room()
        return message

    async def _take_turns(self) -> None:
        """A checkpoint, or a sleep until there is a message or the end."""
        self._receiving = True
        try:
            await trio.lowlevel.checkpoint_if_cancelled()
            if self._messages or self._end is not None:
                await trio.lowlevel.cancel_shielded_checkpoint()
            else:
                await self._sleep()
        finally:
            self._receiving = False
        self._burst = BURST
        self._burst_ends = trio.current_time() + BURST_SECONDS

    async def _sleep(self) -> None:
        self._receiver = trio.lowlevel.current_task()

        def abort(_: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
            self._receiver = None
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)
