"""Faults seeded in the closing machine, the pump and the doors: a sweep must catch each.

Every one is a mistake that one could make: a context manager, in which the code is wrong. One that
no longer fits the code raises when it is seeded, or is found out by ``patching.is_stale``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import trio

from guarantee.patching import replaced, unprotected
from trio_ws_dom import WebSocket
from trio_ws_dom._net import _connection
from trio_ws_dom._net._connection import Connection
from trio_ws_dom._net._reader import Reader
from trio_ws_dom._net._writer import Writer
from trio_ws_dom._socket import _dispatcher
from trio_ws_dom._socket import _nursery as _scopes
from trio_ws_dom._socket._close_wait import outlast
from trio_ws_dom._socket._dispatcher import Dispatcher
from trio_ws_dom._wire._closing import ClosingMachine, State, Verdict
from trio_ws_dom._wire._frames import CLOSE, Close
from trio_ws_dom._wire._outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager


def no_shield() -> AbstractContextManager[Any]:
    """The pump is cancelled along with the program."""
    run_within = Connection._run_within

    def wrong(self: Any, scope: trio.CancelScope) -> None:
        run_within(self, scope)
        scope.shield = False

    return replaced(Connection, "_run_within", wrong)


def hurry_ignored() -> AbstractContextManager[Any]:
    """A cancellation leaves the close its whole ``close_timeout``."""
    return replaced(Connection, "hurry", lambda self, share=1.0: None)


def no_deadline() -> AbstractContextManager[Any]:
    """The close has no bound."""
    return replaced(Connection, "_shrink", lambda self, seconds: None)


def deadline_moved() -> AbstractContextManager[Any]:
    """Each new bound replaces the one before, also where that was nearer."""

    def wrong(self: Any, seconds: float) -> None:
        self._scope.deadline = trio.current_time() + seconds

    return replaced(Connection, "_shrink", wrong)


def no_bound_for_tcp() -> AbstractContextManager[Any]:
    """A server may take its time to end TCP, once the Closes are exchanged."""
    return replaced(_connection, "TCP_END_TIMEOUT", 1000.0)


def close_event_twice() -> AbstractContextManager[Any]:
    finish = Dispatcher._finish

    def wrong(self: Any) -> None:
        finish(self)
        self._dispatch_trusted(self.closeEvent)

    return replaced(Dispatcher, "_finish", wrong)


def no_echo() -> AbstractContextManager[Any]:
    """The peer's Close is not answered."""
    answer = Connection.control_came

    def wrong(self: Any, control: Any) -> None:
        if isinstance(control, Close):
            self.machine.close_came(control)
            self._queue_close(None, _connection.TCP_END_TIMEOUT)
        else:
            answer(self, control)

    return replaced(Connection, "control_came", wrong)


def queue_dropped() -> AbstractContextManager[Any]:
    """What is queued when the close begins is thrown away."""
    put_close = Outbox.put_close

    def wrong(self: Any, close: Close) -> None:
        self._full = None
        self._frames, self._size, self._payload = [], 0, 0
        put_close(self, close)

    return replaced(Outbox, "put_close", wrong)


def close_sent_twice() -> AbstractContextManager[Any]:
    sent = Outbox.sent

    def wrong(self: Any, size: int) -> Close | None:
        close = sent(self, size)
        if close is not None:
            self._frames.append(self._control(CLOSE, close.payload()))
        return close

    return replaced(Outbox, "sent", wrong)


def no_close_after_garbage() -> AbstractContextManager[Any]:
    """A broken rule is not told to the peer."""
    fail = Connection._fail
    return replaced(Connection, "_fail", lambda self, cause, close=None: fail(self, cause))


def end_not_awaited() -> AbstractContextManager[Any]:
    """The exit starts the close and does not wait."""

    async def wrong(ends: object, sockets: object, raised: object = None) -> None:
        await trio.lowlevel.cancel_shielded_checkpoint()

    return replaced(_scopes, "outlast", wrong)


def wait_not_shielded() -> AbstractContextManager[Any]:
    """A cancellation during the exit's wait ends it."""

    async def wrong(ends: Any, sockets: Any, raised: object = None) -> BaseException | None:
        try:
            for end in ends:
                await end.wait()
        except trio.Cancelled as exc:
            for ws in sockets:
                ws._connection.hurry()
            return exc
        return None

    return replaced(_scopes, "outlast", wrong)


def no_watcher() -> AbstractContextManager[Any]:
    """Nobody tells a bare socket that its nursery is cancelled."""

    async def wrong(self: Any) -> None:
        with trio.CancelScope(shield=True):
            await self._closed.wait()

    return replaced(Dispatcher, "_watch", wrong)


def watcher_too_quick() -> AbstractContextManager[Any]:
    """The close does not let the other cancelled tasks run their ``finally`` first."""
    return replaced(_dispatcher, "CANCEL_TURNS", 0)


def cancelled_through_reset() -> AbstractContextManager[Any]:
    """The reset is a checkpoint, at which the program's cancellation comes out of the pump."""

    async def wrong(stream: trio.abc.AsyncResource) -> None:
        await trio.lowlevel.checkpoint()
        await trio.aclose_forcefully(stream)

    return replaced(_connection, "reset", wrong)


def stream_left_open() -> AbstractContextManager[Any]:
    async def wrong(stream: object) -> None:
        await trio.lowlevel.cancel_shielded_checkpoint()

    return replaced(_connection, "shut", wrong)


def network_errors_raised() -> AbstractContextManager[Any]:
    """What the transport raises comes out of the pump."""
    pump = Connection._pump

    async def wrong(self: Any, nursery: trio.Nursery) -> None:
        await pump(self, nursery)
        if self._lost is not None:
            raise self._lost

    return replaced(Connection, "_pump", wrong)


def second_interrupt_ignored() -> AbstractContextManager[Any]:
    """Ctrl-C while we wait does not end the wait, however often."""
    return replaced(Connection, "abort", lambda self: None)


def interrupt_swallowed() -> AbstractContextManager[Any]:
    """Ctrl-C while we wait is not raised when the wait is over."""

    async def wrong(ends: Any, sockets: Any, raised: Any = None) -> BaseException | None:
        pending = await outlast(ends, sockets, raised)
        return None if isinstance(pending, KeyboardInterrupt) else pending

    return replaced(_scopes, "outlast", wrong)


def messages_while_closing() -> AbstractContextManager[Any]:
    """Messages are handed over as long as they come."""

    async def wrong(self: Any, messages: Any) -> None:
        index = 0
        while index < len(messages):
            if self._machine.state is State.OPEN and not self._owner._wants_messages:
                await self.until_resumed()
            else:
                index = self._owner._take_messages(messages, index)

    return replaced(Reader, "_deliver", wrong)


def always_1000() -> AbstractContextManager[Any]:
    """The code does not tell an error from a normal end."""
    return replaced(_scopes, "GOING_AWAY", 1000)


def clean_without_answer() -> AbstractContextManager[Any]:
    """A close counts as clean once our own Close has left."""

    def wrong(self: Any) -> Verdict:
        close = self.received or self.sent
        if close is None or self.failed:
            return Verdict(1006, "", was_clean=False)
        return Verdict(close.code, close.reason, was_clean=True)

    return replaced(ClosingMachine, "verdict", property(wrong))


def writer_gives_up() -> AbstractContextManager[Any]:
    """The writer is woken for messages only: a Close behind an empty queue stays where it is."""
    wake = Writer.wake

    def wrong(self: Any) -> None:
        if self.outbox._frames or self.outbox._full or self.outbox.head:
            wake(self)

    return replaced(Writer, "wake", wrong)


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

    return replaced(Outbox, "fill", wrong)


def ctrl_c_in_the_pump() -> AbstractContextManager[Any]:
    """KeyboardInterrupt lands in the pump, and kills it."""
    return unprotected(Connection.run)


def ctrl_c_in_the_exit() -> AbstractContextManager[Any]:
    """KeyboardInterrupt lands in the exit, and control is out before the socket is closed."""
    return unprotected(_scopes.WebSocketNursery.__aexit__)


def ctrl_c_in_close() -> AbstractContextManager[Any]:
    """KeyboardInterrupt lands in what ``close()`` does, and half of it is done."""
    return unprotected(WebSocket.close)


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
    ctrl_c_in_the_pump,
    ctrl_c_in_the_exit,
    ctrl_c_in_close,
)
