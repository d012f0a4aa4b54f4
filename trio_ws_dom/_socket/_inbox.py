"""The inbox: messages received, for one task at a time to take."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, final

import trio

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._wire._messages import Message

MAX_WAITING: Final = 1024
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
      on_sleep: called before the receiver sleeps.
    """

    def __init__(self, on_room: Callable[[], None], on_sleep: Callable[[], None]) -> None:
        self._on_room = on_room
        self._on_sleep = on_sleep
        self._messages: deque[Message] = deque()
        self._bytes = 0  # put since it was last empty
        self._receiver: trio.lowlevel.Task | None = None  # asleep until there is something
        self._receiving = False
        self._burst = 0  # messages that may be given before the next turn of other tasks
        self._burst_ends = 0.0
        self._clock = trio.lowlevel.current_clock().current_time
        self._end: Callable[[], Exception] | None = None

    @property
    def full(self) -> bool:
        """Whether the reading is to wait."""
        return len(self._messages) >= MAX_WAITING or self._bytes >= MAX_WAITING_BYTES

    def put(self, messages: Sequence[Message]) -> None:
        """Add messages; the caller has looked whether it is full."""
        self._messages.extend(messages)
        self._bytes += sum(map(len, messages))
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

    @property
    def ready(self) -> bool:
        """Whether :meth:`take` may give a message without other tasks getting a turn."""
        return (
            bool(self._messages)
            and self._burst > 0
            and not self._receiving
            and self._clock() < self._burst_ends
        )

    def take(self) -> Message:
        """The next message, where there is one."""
        self._burst -= 1
        message = self._messages.popleft()
        if not self._messages:
            self._bytes = 0
            self._on_room()
        return message

    def put_back(self, message: Message) -> None:
        """Have this be the next message, for the one who has just taken it, or the start of it."""
        self._messages.appendleft(message)

    async def receive(self) -> Message:
        """The next message; see ``WebSocket.receive``."""
        if self._receiving:
            raise trio.BusyResourceError("another task is receiving from this socket")
        if self.ready:
            await trio.lowlevel.checkpoint_if_cancelled()
        else:
            await self._take_turns()
        if not self._messages:
            assert self._end is not None  # else the receiver would still sleep
            raise self._end()
        return self.take()

    async def _take_turns(self) -> None:
        """A checkpoint, or a sleep until there is a message or the end."""
        self._receiving = True
        try:
            await trio.lowlevel.checkpoint_if_cancelled()
            if self._messages or self._end is not None:
                await trio.lowlevel.cancel_shielded_checkpoint()
            else:
                self._on_sleep()
                await self._sleep()
        finally:
            self._receiving = False
        self._burst = BURST
        self._burst_ends = self._clock() + BURST_SECONDS

    async def _sleep(self) -> None:
        self._receiver = trio.lowlevel.current_task()

        def abort(_: trio.lowlevel.RaiseCancelT) -> trio.lowlevel.Abort:
            self._receiver = None
            return trio.lowlevel.Abort.SUCCEEDED

        await trio.lowlevel.wait_task_rescheduled(abort)
