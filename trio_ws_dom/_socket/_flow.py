"""Flow control, which decides whether the reader may go on.

Until the program first consumes messages they wait in a queue, so that neither the program's start
nor a program that only sends loses any: they are *held*. The first thing that consumes decides what
becomes of them:

- ``receive()`` takes them from the queue, which is the inbox from then on.
- A ``message`` listener, also of ``when("message")`` or None as ``onmessage``, gets them dispatched
  (with None, nobody does, and they are dropped as in a browser).

A buffer that is full stops the reading, and thereby the peer. Each has a bound in items and in
bytes.
"""

# pyright: reportPrivateUsage=false
# (looks at the DOM's channels)

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias, final

from .._dom._receive_queue import held_sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._dom._event_target import EventTarget
    from ._inbox import Inbox
    from ._listener_tasks import ListenerTasks

Buffer: TypeAlias = Literal["held messages", "inbox", "channel", "async listeners"]

REMEDY: Final[dict[Buffer, str]] = {
    "held messages": "nobody consumes the messages, so no more are read: add a message listener,"
    " or receive() them, or set ws.onmessage = None to drop them",
    "inbox": "messages wait for another receive() since there was one, so no more are read, and the"
    " message listener gets none: go on receiving, or do not begin",
}
"""What to do about a full buffer that is probably a mistake of the program."""


@final
class FlowControl:
    """The buffers that one socket's messages wait in.

    Args:
      target: whose listeners and channels consume messages.
      new_inbox: returns an empty buffer, which wakes the reader when it has room again.
      holds: whether messages are held until the program first consumes some.

    Attributes:
      is_holding: whether messages are held, or the held ones are still being dispatched.
      is_flowing: whether the program has begun to consume messages.
      held: the messages that are held, if there ever were any.
      inbox: the messages for ``receive()``, once that was called.
      listener_tasks: the calls of async listeners, if there ever was one.
      close_waiters: tasks in ``wait_closed()``; for them, held messages do not stop the reading.
    """

    __slots__ = (
        "_new_inbox",
        "_target",
        "close_waiters",
        "held",
        "inbox",
        "is_flowing",
        "is_holding",
        "listener_tasks",
    )

    def __init__(
        self,
        target: EventTarget,
        new_inbox: Callable[[], Inbox],
        *,
        holds: bool,
    ) -> None:
        self._target = target
        self._new_inbox = new_inbox
        self.is_holding: bool = holds
        self.is_flowing: bool = not holds
        self.held: Inbox | None = None
        self.inbox: Inbox | None = None
        self.listener_tasks: ListenerTasks | None = None
        self.close_waiters: int = 0

    def full_buffer(self) -> Buffer | None:
        """Return the buffer that stops the reader.

        Returns None if it may go on.
        """
        # also while held messages are dispatched: otherwise others would take their place
        if self.is_flowing and (full := self.full_consumer()) is not None:
            return full
        if self.is_holding and self.held is not None and self.held.full:
            return "held messages"
        return None

    def full_consumer(self) -> Buffer | None:
        """Return the buffer that stops the dispatch of messages.

        Returns None if it may go on.
        """
        if self.listener_tasks is not None and self.listener_tasks.full:
            return "async listeners"
        if self.inbox is not None and self.inbox.full:
            return "inbox"
        if self._target._channel_is_full("message"):
            return "channel"
        return None

    def hold(self, messages: Sequence[str | bytes]) -> None:
        """Keep messages until the program consumes some."""
        if self.held is None:
            self.held = self._new_inbox()
        self.held.put_many(messages, held_sizes(messages))

    def begin_receiving(self) -> Inbox:
        """Make the inbox, of what is held if nothing has consumed that."""
        assert self.inbox is None  # the session asks once
        if self.is_flowing or self.held is None:
            self.inbox = self._new_inbox()
        else:
            self.inbox, self.held = self.held, None
        if not self.is_flowing:
            self.is_flowing = True
            self.is_holding = False
        return self.inbox

    def begin_dispatching(self) -> bool:
        """Note that a listener consumes messages.

        Returns whether held ones must be dispatched.
        """
        if self.is_flowing:
            return False
        self.is_flowing = True
        self.is_holding = bool(self.held)
        return self.is_holding

    def end_dispatching(self) -> None:
        """Note that all held messages were dispatched."""
        self.is_holding = False
        self.held = None
