"""Faults seeded in the closing machine, the pump and the doors: a sweep must catch each.

Every one is a mistake that one could make: a context manager, in which the code is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import trio

from trio_ws_dom import _dispatcher, _scopes
from trio_ws_dom._dispatcher import Dispatcher
from trio_ws_dom._leaving import outlast
from trio_ws_dom._net import _connection
from trio_ws_dom._net._connection import Connection
from trio_ws_dom._net._outbox import Outbox
from trio_ws_dom._net._writer import Writer
from trio_ws_dom._wire._closing import ClosingMachine, State, Verdict
from trio_ws_dom._wire._frames import CLOSE, Close

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager


def no_shield() -> AbstractContextManager[Any]:
    """The pump is cancelled along with the program."""
    init = Connection.__init__

    def wrong(self: Any, settings: Any, owner: Any) -> None:
        init(self, settings, owner)
        self._scope.shield = False

    return patch.object(Connection, "__init__", wrong)


def hurry_ignored() -> AbstractContextManager[Any]:
    """A cancellation leaves the close its whole ``close_timeout``."""
    return patch.object(Connection, "hurry", lambda self: None)


def no_deadline() -> AbstractContextManager[Any]:
    """The close has no bound."""
    return patch.object(Connection, "_shrink", lambda self, seconds: None)


def deadline_moved() -> AbstractContextManager[Any]:
    """Each new bound replaces the one before, also where that was nearer."""

    def wrong(self: Any, seconds: float) -> None:
        self._scope.deadline = trio.current_time() + seconds

    return patch.object(Connection, "_shrink", wrong)


def no_bound_for_tcp() -> AbstractContextManager[Any]:
    """A server may take its time to end TCP, once the Closes are exchanged."""
    return patch.object(_connection, "TCP_END_TIMEOUT", 1000.0)


def close_event_twice() -> AbstractContextManager[Any]:
    finish = Dispatcher._finish

    def wrong(self: Any) -> None:
        finish(self)
        self._dispatch_trusted(self.closeEvent)

    return patch.object(Dispatcher, "_finish", wrong)


def no_echo() -> AbstractContextManager[Any]:
    """The peer's Close is not answered."""
    answer = Connection._answer

    def wrong(self: Any, control: Any) -> None:
        if isinstance(control, Close):
            self.machine.close_came(control)
            self._queue_close(None, _connection.TCP_END_TIMEOUT)
        else:
            answer(self, control)

    return patch.object(Connection, "_answer", wrong)


def queue_dropped() -> AbstractContextManager[Any]:
    """What is queued when the close begins is thrown away."""
    put_close = Outbox.put_close

    def wrong(self: Any, close: Close) -> None:
        self._full.clear()
        self._frames, self._size, self._payload = [], 0, 0
        put_close(self, close)

    return patch.object(Outbox, "put_close", wrong)


def close_sent_twice() -> AbstractContextManager[Any]:
    sent = Outbox.sent

    def wrong(self: Any, size: int) -> Close | None:
        close = sent(self, size)
        if close is not None:
            self._frames.append(self._control(CLOSE, close.payload()))
        return close

    return patch.object(Outbox, "sent", wrong)


def no_close_after_garbage() -> AbstractContextManager[Any]:
    """A broken rule is not told to the peer."""
    fail = Connection._fail
    return patch.object(Connection, "_fail", lambda self, cause, close=None: fail(self, cause))


def end_not_awaited() -> AbstractContextManager[Any]:
    """The exit starts the close and does not wait."""

    async def wrong(ends: object, connections: object, *rest: object) -> None:
        await trio.lowlevel.cancel_shielded_checkpoint()

    return patch.object(_scopes, "outlast", wrong)


def wait_not_shielded() -> AbstractContextManager[Any]:
    """A cancellation during the exit's wait ends it."""

    async def wrong(ends: Any, connections: Any, *rest: object) -> BaseException | None:
        try:
            for end in ends:
                await end.wait()
        except trio.Cancelled as exc:
            for connection in connections:
                connection.hurry()
            return exc
        return None

    return patch.object(_scopes, "outlast", wrong)


def no_watcher() -> AbstractContextManager[Any]:
    """Nobody tells a bare socket that its nursery is cancelled."""

    async def wrong(self: Any) -> None:
        with trio.CancelScope(shield=True):
            await self._closed.wait()

    return patch.object(Dispatcher, "_watch", wrong)


def watcher_too_quick() -> AbstractContextManager[Any]:
    """The close does not let the other cancelled tasks run their ``finally`` first."""
    return patch.object(_dispatcher, "CANCEL_TURNS", 0)


def cancelled_through_reset() -> AbstractContextManager[Any]:
    """The reset is a checkpoint, at which the program's cancellation comes out of the pump."""

    async def wrong(stream: trio.abc.AsyncResource) -> None:
        await trio.lowlevel.checkpoint()
        await trio.aclose_forcefully(stream)

    return patch.object(_connection, "reset", wrong)


def stream_left_open() -> AbstractContextManager[Any]:
    async def wrong(stream: object) -> None:
        await trio.lowlevel.cancel_shielded_checkpoint()

    return patch.object(_connection, "shut", wrong)


def network_errors_raised() -> AbstractContextManager[Any]:
    """What the transport raises comes out of the pump."""
    return patch.object(_connection, "TRANSPORT_ERRORS", ())


def second_interrupt_ignored() -> AbstractContextManager[Any]:
    """Ctrl-C while we wait does not end the wait, however often."""
    return patch.object(Connection, "abort", lambda self: None)


def interrupt_swallowed() -> AbstractContextManager[Any]:
    """Ctrl-C while we wait is not raised when the wait is over."""

    async def wrong(*arguments: Any) -> BaseException | None:
        pending = await outlast(*arguments)
        return None if isinstance(pending, KeyboardInterrupt) else pending

    return patch.object(_scopes, "outlast", wrong)


def messages_while_closing() -> AbstractContextManager[Any]:
    """Messages are handed over as long as they come."""

    async def wrong(self: Any, messages: Any) -> None:
        index = 0
        while index < len(messages):
            if self.machine.state is State.OPEN and not self._owner._wants_messages:
                await self._until_woken()
            else:
                index = self._owner._take_messages(messages, index)

    return patch.object(Connection, "_deliver", wrong)


def always_1000() -> AbstractContextManager[Any]:
    """The code does not tell an error from a normal end."""
    return patch.object(_scopes, "GOING_AWAY", 1000)


def clean_without_answer() -> AbstractContextManager[Any]:
    """A close counts as clean once our own Close has left."""

    def wrong(self: Any) -> Verdict:
        close = self.received or self.sent
        if close is None or self.failed:
            return Verdict(1006, "", was_clean=False)
        return Verdict(close.code, close.reason, was_clean=True)

    return patch.object(ClosingMachine, "verdict", property(wrong))


def writer_gives_up() -> AbstractContextManager[Any]:
    """The writer is woken for messages only: a Close behind an empty queue stays where it is."""
    wake = Writer.wake

    def wrong(self: Any) -> None:
        if self.outbox._frames or self.outbox._full or self.outbox.head:
            wake(self)

    return patch.object(Writer, "wake", wrong)


def send_while_closing() -> AbstractContextManager[Any]:
    """Messages follow the Close: the outbox does not know that it was the last frame."""

    fill = Outbox.fill

    def wrong(self: Any) -> bool:
        if self._close is not None and (self._frames or self._full):
            close, self._close = self._close, None
            self.head = self._control(CLOSE, close.payload())
            self._head_close, self._ended = close, True
            return True
        return fill(self)

    return patch.object(Outbox, "fill", wrong)


FAULTS: Final[tuple[Callable[[], AbstractContextManager[Any]], ...]] = (
    no_shield,
    hurry_ignored,
    no_deadline,
    deadline_moved,
    no_bound_for_tcp,
    close_event_twice,
    no_echo,
    queue_dropped,
    close_sent_twice,
    no_close_after_garbage,
    end_not_awaited,
    wait_not_shielded,
    no_watcher,
    watcher_too_quick,
    cancelled_through_reset,
    stream_left_open,
    network_errors_raised,
    second_interrupt_ignored,
    interrupt_swallowed,
    messages_while_closing,
    always_1000,
    clean_without_answer,
    writer_gives_up,
    send_while_closing,
)
