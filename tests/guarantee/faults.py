"""Faults seeded in connections, sessions and scopes, each of which a sweep must find.

Each is a likely mistake, as a context manager within which the code is wrong. One
that no longer fits the code raises when it is seeded, or is recognised by ``patching.is_stale``.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final

import trio

from guarantee.patching import replaced, unprotected
from trio_ws_dom import WebSocket
from trio_ws_dom._net import _connection, _deadline
from trio_ws_dom._net._connection import Connection
from trio_ws_dom._net._deadline import CloseDeadline
from trio_ws_dom._net._keepalive import Keepalive
from trio_ws_dom._net._reader import Reader
from trio_ws_dom._net._writer import Writer
from trio_ws_dom._socket import _close_wait, _nursery, _session
from trio_ws_dom._socket._close_wait import wait_closed_shielded
from trio_ws_dom._socket._enclosure import Enclosure
from trio_ws_dom._socket._flow import FlowControl
from trio_ws_dom._socket._listener_tasks import ListenerTasks
from trio_ws_dom._socket._session import Session
from trio_ws_dom._wire._closing import CloseResult, ClosingEvent, ClosingMachine, State
from trio_ws_dom._wire._frames import CLOSE, Close
from trio_ws_dom._wire._outbox import Outbox
from trio_ws_dom._wire._protocol import Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager


def nothing(self: object, *arguments: object, **named: object) -> None:
    """Stand in for a method that is forgotten."""


def no_shield() -> AbstractContextManager[Any]:
    """The connection is cancelled along with the program."""
    run_within = CloseDeadline.run_within

    def wrong(self: Any, scope: trio.CancelScope) -> None:
        run_within(self, scope)
        scope.shield = False

    return replaced(CloseDeadline, "run_within", wrong)


def cancelled_bound_ignored() -> AbstractContextManager[Any]:
    """A cancelled close may take its whole ``close_timeout``."""
    return replaced(Session, "limit_close", nothing)


def no_deadline() -> AbstractContextManager[Any]:
    """The close has no bound."""
    return replaced(CloseDeadline, "limit_to", nothing)


def deadline_moved() -> AbstractContextManager[Any]:
    """Each new bound replaces an earlier one that was nearer."""

    def wrong(self: Any, moment: float) -> None:
        self._scope.deadline = moment

    return replaced(CloseDeadline, "limit_to", wrong)


def no_bound_for_tcp() -> AbstractContextManager[Any]:
    """A server has no bound for ending TCP after both Closes."""
    return replaced(_deadline, "TCP_END_TIMEOUT", 1000.0)


def close_event_twice() -> AbstractContextManager[Any]:
    finish = Session._finish

    async def wrong(self: Any) -> None:
        await finish(self)
        await self._dispatch(self.close_event)

    return replaced(Session, "_finish", wrong)


def no_echo() -> AbstractContextManager[Any]:
    """The peer's Close is not answered."""
    handle = Protocol._handle

    def wrong(self: Any, control: Any) -> Any:
        if isinstance(control, Close):
            self.machine.close_received(control)
            return control
        return handle(self, control)

    return replaced(Protocol, "_handle", wrong)


def queue_dropped() -> AbstractContextManager[Any]:
    """What is queued when the close begins is dropped."""
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


def queue_sent_on() -> AbstractContextManager[Any]:
    """After the peer's Close the queue is sent for as long as TCP's end may take."""
    return replaced(Protocol, "drop_queued", nothing)


def echo_dropped_with_queue() -> AbstractContextManager[Any]:
    """The echo of the peer's Close is dropped with the queue."""
    drop = Protocol.drop_queued

    def wrong(self: Any) -> None:
        drop(self)
        self.outbox._close = None

    return replaced(Protocol, "drop_queued", wrong)


def dropped_untried() -> AbstractContextManager[Any]:
    """The queue is dropped at the peer's Close, even if the network would take it."""

    async def wrong(self: Any) -> None:
        self.protocol.drop_queued()

    return replaced(Connection, "_settle_queue", wrong)


def dropped_not_counted() -> AbstractContextManager[Any]:
    """An end is clean although messages were dropped at the peer's Close."""

    def wrong(self: Any) -> None:
        self.outbox.drop_untaken()

    return replaced(Protocol, "drop_queued", wrong)


def cut_not_counted() -> AbstractContextManager[Any]:
    """An end is clean although TCP ended before the queue was written."""

    def wrong(self: Protocol, cause: Exception | None) -> None:
        self.machine.end(cause)

    return replaced(Protocol, "end", wrong)


def bounds_add_up() -> AbstractContextManager[Any]:
    """A scope ignores that control is held up within its block."""
    return replaced(_close_wait, "waiting_for_sockets", lambda: nullcontext())


def bound_from_now() -> AbstractContextManager[Any]:
    """The bound of a cancelled close begins when control reaches the exit."""

    def wrong(self: Enclosure) -> float:
        return 0.0

    return replaced(Enclosure, "blocked_seconds", wrong)


def no_watcher_of_scope() -> AbstractContextManager[Any]:
    """A cancelled scope closes its sockets only when control reaches its exit."""
    return replaced(_nursery.WebSocketNursery, "_start_watcher", nothing)


def listeners_cut() -> AbstractContextManager[Any]:
    """Async listeners are cancelled at the block's end without an error."""
    return replaced(Session, "end_listeners", Session.cancel_listeners)


def listeners_unbounded() -> AbstractContextManager[Any]:
    """An async listener may hold up the block's end forever."""
    return replaced(ListenerTasks, "end_within", nothing)


def listeners_cut_late() -> AbstractContextManager[Any]:
    """An async listener that is cancelled after ``listener_timeout`` is no error."""

    def wrong(self: Any, seconds: float) -> None:
        self._limit_to(trio.current_time() + seconds)

    return replaced(ListenerTasks, "end_within", wrong)


def early_answer_ignored() -> AbstractContextManager[Any]:
    """What arrives before ``send_all()`` returns does not answer a Ping."""
    note = Keepalive._note_life

    def wrong(self: Any) -> None:
        if not self._in_hand:
            note(self)

    return replaced(Keepalive, "_note_life", wrong)


def held_message_lost() -> AbstractContextManager[Any]:
    """The first of the held messages is lost."""
    hold = FlowControl.hold

    def wrong(self: Any, messages: Any) -> None:
        hold(self, messages[1:])

    return replaced(FlowControl, "hold", wrong)


def held_lost_at_the_end() -> AbstractContextManager[Any]:
    """Messages that are held for a listener are lost when the connection ends."""
    finish = Session._finish

    async def wrong(self: Any) -> None:
        self.flow.is_holding = False
        await finish(self)

    return replaced(Session, "_finish", wrong)


def no_close_after_garbage() -> AbstractContextManager[Any]:
    """No Close is sent after the peer broke a rule."""

    def wrong(self: Any, cause: Exception) -> None:
        if self.machine.can(ClosingEvent.FAILS):
            self.machine.fail(cause)

    return replaced(Protocol, "fail", wrong)


def end_not_awaited() -> AbstractContextManager[Any]:
    """The exit starts the close but does not wait."""

    async def wrong(ends: object, sessions: object, *, interrupted: bool = False) -> None:
        await trio.lowlevel.cancel_shielded_checkpoint()

    return replaced(_nursery, "wait_closed_shielded", wrong)


def wait_not_shielded() -> AbstractContextManager[Any]:
    """A cancellation during the exit's wait ends it."""

    async def wrong(ends: Any, sessions: Any, *, interrupted: bool = False) -> BaseException | None:
        try:
            for end in ends:
                await end.wait()
        except trio.Cancelled as exc:
            for session in sessions:
                session.limit_close(trio.current_time())
            return exc
        return None

    return replaced(_nursery, "wait_closed_shielded", wrong)


def no_watcher() -> AbstractContextManager[Any]:
    """A bare socket does not notice that its nursery is cancelled."""

    async def wrong(self: Any) -> None:
        with trio.CancelScope(shield=True):
            await self.closed.wait()

    return replaced(Session, "_watch", wrong)


def watcher_too_quick() -> AbstractContextManager[Any]:
    """The close starts before the other cancelled tasks run their ``finally``."""
    return replaced(_session, "CANCEL_TURNS", 0)


def cancelled_through_reset() -> AbstractContextManager[Any]:
    """The reset is a checkpoint, which raises the program's cancellation."""

    async def wrong(stream: trio.abc.AsyncResource) -> None:
        await trio.lowlevel.checkpoint()
        await trio.aclose_forcefully(stream)

    return replaced(_connection, "reset_stream", wrong)


def stream_left_open() -> AbstractContextManager[Any]:
    async def wrong(stream: object, deadline: float) -> None:
        await trio.lowlevel.cancel_shielded_checkpoint()

    return replaced(_connection, "close_stream", wrong)


def network_errors_raised() -> AbstractContextManager[Any]:
    """The connection raises the transport's errors."""
    close = Connection._close_stream

    async def wrong(self: Any) -> None:
        await close(self)
        if self._lost is not None:
            raise self._lost

    return replaced(Connection, "_close_stream", wrong)


def second_interrupt_ignored() -> AbstractContextManager[Any]:
    """A second Ctrl-C does not end the wait."""
    return replaced(Connection, "abort", nothing)


def interrupt_swallowed() -> AbstractContextManager[Any]:
    """A Ctrl-C during the wait is not raised after it."""

    async def wrong(ends: Any, sessions: Any, *, interrupted: bool = False) -> BaseException | None:
        pending = await wait_closed_shielded(ends, sessions, interrupted=interrupted)
        return None if isinstance(pending, KeyboardInterrupt) else pending

    return replaced(_nursery, "wait_closed_shielded", wrong)


def messages_while_closing() -> AbstractContextManager[Any]:
    """Messages are delivered while CLOSING."""

    async def wrong(self: Any, messages: Any) -> None:
        index = 0
        while index < len(messages):
            is_open = self._protocol.machine.state is State.OPEN
            if is_open and not self._handler.accepts_messages:
                await self.wait_resumed()
            else:
                index = self._handler.take_messages(messages, index)
                if self._handler.must_pause:
                    await self._handler.pause()

    return replaced(Reader, "_deliver", wrong)


def always_1000() -> AbstractContextManager[Any]:
    """A block that raises closes with the code of a normal end."""
    return replaced(_nursery, "GOING_AWAY", 1000)


def clean_without_answer() -> AbstractContextManager[Any]:
    """A close counts as clean once our own Close is sent."""

    def wrong(self: Any) -> CloseResult:
        close = self.received or self.sent
        if close is None or self.failed:
            return CloseResult(1006, "", was_clean=False)
        return CloseResult(close.code, close.reason, was_clean=True)

    return replaced(ClosingMachine, "result", property(wrong))


def writer_gives_up() -> AbstractContextManager[Any]:
    """The writer is woken for messages only, so a Close after an empty queue is never sent."""
    wake = Writer.wake

    def wrong(self: Any) -> None:
        outbox = self._protocol.outbox
        if outbox._frames or outbox._full or outbox.head:
            wake(self)

    return replaced(Writer, "wake", wrong)


def send_while_closing() -> AbstractContextManager[Any]:
    """Messages are sent after the Close, as the outbox does not know that it is the last frame."""

    fill = Outbox.fill

    def wrong(self: Any) -> bool:
        if self._close is not None and (self._frames or self._full):
            close, self._close = self._close, None
            self.head = self._control(CLOSE, close.payload())
            self._head_close, self._close_taken = close, True
            return True
        return fill(self)

    return replaced(Outbox, "fill", wrong)


def ctrl_c_in_the_connection() -> AbstractContextManager[Any]:
    """KeyboardInterrupt is raised in the connection's task, which it ends."""
    return unprotected(Connection.run)


def ctrl_c_in_the_exit() -> AbstractContextManager[Any]:
    """KeyboardInterrupt is raised in the exit, which returns before the socket is closed."""
    return unprotected(_nursery.WebSocketNursery.__aexit__)


def ctrl_c_in_close() -> AbstractContextManager[Any]:
    """KeyboardInterrupt is raised in the middle of ``close()``, which stays half done."""
    return unprotected(WebSocket.close)


FAULTS: Final[tuple[Callable[[], AbstractContextManager[Any]], ...]] = (
    no_shield,
    cancelled_bound_ignored,
    no_deadline,
    deadline_moved,
    no_bound_for_tcp,
    close_event_twice,
    no_echo,
    queue_dropped,
    close_sent_twice,
    queue_sent_on,
    echo_dropped_with_queue,
    dropped_untried,
    dropped_not_counted,
    cut_not_counted,
    bounds_add_up,
    bound_from_now,
    no_watcher_of_scope,
    listeners_cut,
    listeners_unbounded,
    listeners_cut_late,
    early_answer_ignored,
    held_message_lost,
    held_lost_at_the_end,
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
    ctrl_c_in_the_connection,
    ctrl_c_in_the_exit,
    ctrl_c_in_close,
)
