"""The session, which has all state of one socket and runs its life in its nursery.

A :class:`Session` sits between a connection, which moves bytes, and an event target, whose
listeners the program sets. ``WebSocket`` is the DOM's face of a session, ``WebSocketStream``
another one; scopes, the reconnecting loop and the server's end hold sessions.

The way of a message: the connection's reader calls :meth:`Session.take_messages`. While messages
are held they go into a queue (see ``_flow``). Otherwise they are put into the inbox, if
``receive()`` was ever called, and dispatched to the listeners, in the reader's task. Events are
dispatched here and nowhere else, so never inside the program's ``send()`` or ``close()``, and never
after ``close``.

A listener that is an async function is called in its turn and runs as a task up to its first await
before the dispatch goes on: :meth:`Session.pause` waits for that.

:meth:`Session.run` is a task of the nursery in which the socket lives. It runs the connection,
dispatches ``error`` and ``close``, and waits for the calls of async listeners. What listeners raise
is collected; the scope raises it, or, in a nursery of the program's own, this task does.
"""

# pyright: reportPrivateUsage=false
# (makes and dispatches the DOM's events, in its fast path without their methods)

from __future__ import annotations

from collections.abc import Coroutine
from threading import get_ident
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Literal, cast, final

import trio

from .._dom._blob import Blob
from .._dom._context import refuse_thread, require_trio_run
from .._dom._errors import WebSocketError, listener_errors, socket_error
from .._dom._event import Event, now
from .._dom._events import CloseEvent, ErrorEvent, MessageEvent
from .._dom._listener import call_listener
from .._dom._receive_queue import held_size, held_sizes
from .._net._handler import ConnectionHandler
from .._net._log import LOGGER
from .._net._one_shot import OneShotEvent
from .._net._reader import TURN_SECONDS
from .._net._user_code import call_user
from .._wire._closing import OPEN, READY_STATE
from .._wire._frames import GOING_AWAY, Close
from ._errors import explain
from ._flow import REMEDY, FlowControl
from ._inbox import new_inbox
from ._listener_tasks import ListenerTasks

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from .._dom._event_target import EventTarget
    from .._dom._listener import Listener
    from .._net._address import Address
    from .._net._settings import Bounds
    from .._net._socket_connection import SocketConnection
    from .._trace._records import TraceRecord
    from .._wire._http._response import Response
    from .._wire._messages import Message
    from ._inbox import Inbox

CANCEL_TURNS: Final = 3
"""Turns of the scheduler until a task that was cancelled with us has noticed: one if it sleeps, and
three if it is in a ``trio.lowlevel.checkpoint()``."""

CHUNK: Final = 64
"""Messages dispatched between two looks at the clock."""


@final
class Session(ConnectionHandler):
    """One socket's state.

    See the module.

    Args:
      target: the event target whose listeners are called.
      address: the URL.
      bounds: the options that hold for either end.
      trace: the option ``trace``.
      holds: whether messages are held until the program first consumes some.

    Attributes:
      connection: set right after this was made, by whoever knows how to make it.
      opened: set after ``open`` was dispatched, or when that will never happen.
      closed: set after ``close`` was dispatched.
      gone: set when nothing of the session runs any more, its async listeners included.
      response: the server's answer, once there is one.
      close_event: the event ``close``, once it was dispatched.
      failure: the error of an unclean end, once that was reached.
      binary_type: see ``WebSocket.binaryType``.
      flow: the buffers that messages wait in.
      thread: the identity of the thread of its trio run.
    """

    __slots__ = (
        "_drain_wakes",
        "_errors",
        "_is_interrupted",
        "_may_dispatch_held",
        "_nursery",
        "_on_errors",
        "_on_gone",
        "_own_end",
        "_senders",
        "_steps",
        "_target",
        "_trace",
        "_warned",
        "address",
        "binary_type",
        "bounds",
        "close_event",
        "closed",
        "connection",
        "failure",
        "flow",
        "gone",
        "opened",
        "response",
        "thread",
    )

    connection: SocketConnection

    def __init__(
        self,
        target: EventTarget,
        address: Address,
        bounds: Bounds,
        *,
        trace: Callable[[TraceRecord], object] | None = None,
        holds: bool = False,
    ) -> None:
        require_trio_run("a new WebSocket")
        self._target = target
        self.address: Address = address
        self.bounds: Bounds = bounds
        self._trace = trace  # None: there is none, or it raised
        self.opened: OneShotEvent = OneShotEvent()
        self.closed: OneShotEvent = OneShotEvent()
        self.gone: OneShotEvent = OneShotEvent()
        self.response: Response | None = None
        self.close_event: CloseEvent | None = None
        self.failure: WebSocketError | None = None
        self.binary_type: Literal["blob", "arraybuffer"] = "blob"
        self.flow: FlowControl = FlowControl(target, self._new_inbox, holds=holds)
        self.thread: int = get_ident()
        self._nursery: trio.Nursery | None = None  # while async listeners may be called
        # Called with collected errors, and at the end; None in a nursery of the program's own.
        self._on_errors: Callable[[Sequence[BaseException]], object] | None = None
        self._on_gone: Callable[[Session], object] | None = None
        self._errors: tuple[BaseException, ...] = ()  # raised by listeners, and not handed on yet
        self._own_end: Exception | None = None  # the cause of errors after a clean end
        self._is_interrupted = False  # the batch that is being dispatched must be looked at afresh
        # A dispatch that waits for an async listener to come to its first await, and its errors.
        self._steps: tuple[Generator[None], list[BaseException]] | None = None
        self._senders: trio.lowlevel.ParkingLot | None = None  # wait for bytes to be sent
        self._drain_wakes: trio.Event | None = None  # the dispatch of held messages sleeps on it
        self._may_dispatch_held = True  # until the program itself closes
        self._warned = False  # that the reading was stopped

    def start(
        self,
        nursery: trio.Nursery,
        on_errors: Callable[[Sequence[BaseException]], object] | None = None,
        on_gone: Callable[[Session], object] | None = None,
    ) -> None:
        """Start this session's tasks in a nursery.

        Args:
          nursery: of a scope, which passes the two callbacks, or of the program.
          on_errors: takes the errors of listeners, when they are known.
          on_gone: called with this session when it is gone.

        Raises:
          RuntimeError: the nursery is closed.
        """
        nursery.start_soon(self.run, name=self.address.label)
        self._on_errors = on_errors
        self._on_gone = on_gone
        if on_errors is None:
            nursery.start_soon(self._watch)
        self._nursery = nursery
        self.connection.enqueue()

    # The life, as a task of the nursery. It is protected from Ctrl-C, which would end the reading.

    @trio.lowlevel.enable_ki_protection
    async def run(self) -> None:
        """Run until the connection has ended and no async listener runs."""
        try:
            await self.connection.run()
            await self._finish()
            if self.flow.listener_tasks is not None:
                # bounded by the scope, or by the program whose nursery this is
                with trio.CancelScope(shield=True):
                    await self.flow.listener_tasks.wait_over()
        finally:
            self._nursery = None
            self._hand_on_errors()
            if self._on_gone is not None:
                self._on_gone(self)
            self.gone.set()
        if self._errors:
            raise listener_errors(self._errors)

    @trio.lowlevel.enable_ki_protection
    async def _watch(self) -> None:
        """Close the socket when the program's nursery is cancelled.

        A scope of ours does that itself.

        This task is outside of the connection's shield, and so notices.
        """
        try:
            await self.closed.wait()
        except trio.Cancelled:
            cancelled_at = trio.current_time()
            # tasks cancelled with us run their `finally` first: what they send is still sent
            for _ in range(CANCEL_TURNS):
                await trio.lowlevel.cancel_shielded_checkpoint()
            self.close(Close(GOING_AWAY))
            self.limit_close(cancelled_at)
            raise

    async def _finish(self) -> None:
        """Dispatch the end.

        TCP is gone (https://websockets.spec.whatwg.org/#closeWebSocket).
        """
        if self.flow.is_flowing and self.flow.is_holding:
            with trio.CancelScope(shield=True):  # it takes as long as the listeners take
                await self._dispatch_held(all_of_it=True)
        machine = self.connection.machine
        code, reason, was_clean = machine.result
        if not was_clean:
            self.failure = self.explain_end()
        if machine.failed:
            await self._dispatch(ErrorEvent("error", error=self.failure, message=str(self.failure)))
        self.close_event = CloseEvent("close", wasClean=was_clean, code=code, reason=reason)
        await self._dispatch(self.close_event)
        self._target._end_channels()
        for inbox in (self.flow.inbox, self.flow.held):
            if inbox is not None:
                inbox.end(self.end_of_messages)
        self.opened.set()
        self.closed.set()
        self.on_bytes_sent()
        self._hand_on_errors()

    # The end, as errors. Each is a new object, as tasks that raise it do not share a traceback.

    def explain_end(self) -> WebSocketError:
        """Return the error for an end that is not clean, with the true cause as ``__cause__``."""
        machine = self.connection.machine
        cause = machine.cause
        assert cause is not None  # an end without one is clean
        return explain(self.address.where, cause, machine.result, machine.unsent)

    def end_of_messages(self) -> Exception:
        """Return what ``receive()`` raises after the last message."""
        if self.failure is not None:
            return self.explain_end()
        code, reason, _ = self.connection.machine.result
        return trio.EndOfChannel(f"the socket was closed cleanly, with {code} {reason!r}")

    def closed_error(self, message: str) -> WebSocketError:
        """Return the error of a call that needs an open socket.

        Args:
          message: what was expected; the code and the reason are added.
        """
        code, reason, _ = self.connection.machine.result
        error = socket_error(
            f"{self.address.where}: {message} (with {code} {reason!r})", code, reason
        )
        if self._own_end is None:
            self._own_end = self.failure or self.end_of_messages()
        error.__cause__ = self._own_end
        return error

    @property
    def closed_by_program(self) -> bool:
        """Whether the program began the close, and not the peer or a failure."""
        return self.connection.machine.began_close

    def is_own_end(self, exc: BaseException | None) -> bool:
        """Return whether an exception is an error that this socket's end caused.

        Each call that raises makes a new exception, so causes are compared. What ``receive()``
        raises shares the cause of ``failure``. What ``drain()`` and ``ping()`` raise has the end
        itself as its cause, also a clean one.
        """
        if not isinstance(exc, WebSocketError) or exc.__cause__ is None:
            return False
        cause = exc.__cause__
        return cause is self._own_end or (
            self.failure is not None and cause is self.failure.__cause__
        )

    # What the program does.

    def describe(self, name: str) -> str:
        """Return the ``repr`` of an object that is this session's face."""
        state = ("CONNECTING", "OPEN", "CLOSING", "CLOSED")[
            READY_STATE[self.connection.machine.state]
        ]
        return f"<{name} {self.address.where} {state}>"

    def check_thread(self, what: str) -> None:
        """Refuse a call from another thread, before anything changes.

        Raises:
          RuntimeError: it names the call and the remedy.
        """
        if get_ident() != self.thread:
            refuse_thread(what)

    def close(self, close: Close, *, flush: bool = False) -> None:
        """Start the closing handshake.

        See :meth:`SocketConnection.close`.
        """
        self._may_dispatch_held = False
        self.connection.close(close, flush=flush)

    def limit_close(self, cancelled_at: float) -> None:
        """Bound a close that has begun by ``cancelled_close_timeout``, counted from a moment."""
        self.connection.limit_close(cancelled_at + self.bounds.cancelled_close_timeout)

    def leave(self, close: Close, *, flush: bool = False) -> None:
        """Close, and drop what is unread.

        The program is done with the socket.
        """
        inbox = self.begin_receiving()
        inbox.close(_closed_by_program)
        self.flow.is_holding = False
        self.close(close, flush=flush)

    def interrupt(self) -> None:
        """Bound a close that has begun, and cancel the async listeners.

        Ctrl-C was pressed.
        """
        self.limit_close(trio.current_time())
        self.cancel_listeners()

    def end_listeners(self) -> None:
        """Give async listeners, also those that are called later, ``listener_timeout`` from now."""
        assert self._nursery is not None  # the scope knows of it until it is gone
        self._listener_tasks(self._nursery).end_within(self.bounds.listener_timeout)

    def cancel_listeners(self) -> None:
        """Cancel async listeners, also those that are called later."""
        if self._nursery is not None:
            self._listener_tasks(self._nursery).cancel()

    def _listener_tasks(self, nursery: trio.Nursery) -> ListenerTasks:
        if self.flow.listener_tasks is None:
            self.flow.listener_tasks = ListenerTasks(
                nursery, self.address.where, self._on_listener_error, self.resume
            )
        return self.flow.listener_tasks

    def begin_receiving(self) -> Inbox:
        """Return the inbox.

        Held messages are in it if nothing has consumed them.
        """
        flow = self.flow
        if flow.inbox is not None:
            return flow.inbox
        inbox = flow.begin_receiving()
        if self.closed.is_set():
            inbox.end(self.end_of_messages)
        return inbox

    def begin_consuming(self) -> None:
        """Dispatch messages from now on, the held ones first.

        A listener for them was set.
        """
        self._is_interrupted = True
        if not self.flow.begin_dispatching():
            self.resume()
        elif not self.closed.is_set():
            self.connection.start_soon(self._dispatch_held_as_room_allows)

    def resume(self) -> None:
        """Wake whatever waits for room in a buffer."""
        self.connection.resume()
        if self._drain_wakes is not None:
            self._drain_wakes.set()

    def _new_inbox(self) -> Inbox:
        # A receiver that sleeps may wait for the answer to what was queued.
        return new_inbox(self.resume, self.connection.flush)

    def set_binary_type(self, value: Literal["blob", "arraybuffer"]) -> None:
        """Set ``binary_type``, from the next message on, also within a batch."""
        self.binary_type = value
        self._is_interrupted = True

    async def wait_bytes_sent(self) -> None:
        """Wait until bytes were handed to the network, or none will be any more."""
        if self._senders is None:
            self._senders = trio.lowlevel.ParkingLot()
        await self._senders.park()

    # What the connection calls.

    @property
    def accepts_messages(self) -> bool:
        full = self.flow.full_buffer()
        if full == "held messages" and self.flow.close_waiters and not self.flow.is_flowing:
            self._warn(
                f"{len(self.flow.held or ())} messages that nobody consumed were dropped, as the"
                " program waits in wait_closed()"
            )
            self.flow.begin_dispatching()
            self.flow.end_dispatching()
            return True
        return full is None

    @property
    def must_pause(self) -> bool:
        # while messages are held, another task dispatches, and pauses for what it has dispatched
        return not self.flow.is_holding and self._dispatch_waits

    @property
    def _dispatch_waits(self) -> bool:
        tasks = self.flow.listener_tasks
        return tasks is not None and (tasks.has_unstarted or self._steps is not None)

    async def pause(self) -> None:
        """Let async listeners come to their first await, and go on with a dispatch that waits."""
        tasks = self.flow.listener_tasks
        assert tasks is not None  # else nothing waits
        await tasks.wait_started()
        while self._steps is not None:
            steps, errors = self._steps
            self._steps = None
            for _ in steps:
                await tasks.wait_started()
            if errors:
                self.fail_listeners(errors)

    async def on_open(self, response: Response) -> None:
        self.response = response
        await self._dispatch(Event("open"))
        self.opened.set()

    def take_messages(self, messages: Sequence[Message], index: int) -> int:
        chunk = messages[index : index + CHUNK]
        if self.flow.is_holding:
            self.flow.hold(chunk)
            return index + len(chunk)
        return index + self._dispatch_messages(chunk)

    def reading_stopped(self, seconds: float) -> None:
        full = self.flow.full_buffer()
        if full == "inbox" and not self._target._listeners_for("message"):
            return  # a slow receiver: that is what backpressure is for
        remedy = REMEDY.get(full) if full is not None else None
        if remedy is not None:
            self._warn(f"for {seconds:g} seconds {remedy}")

    def _warn(self, message: str) -> None:
        if not self._warned:
            self._warned = True
            LOGGER.warning("%s: %s", self.address.where, message)

    def on_bytes_sent(self) -> None:
        if self._senders is not None:
            self._senders.unpark_all()

    def on_record(self, record: TraceRecord) -> None:
        """Call the trace, which is the program's, and so are its errors."""
        if self._trace is not None:
            try:
                call_user(self._trace, record)
            except BaseException as exc:  # kept, and raised from the scope
                self._trace = None
                self.fail_listeners([exc])

    # Dispatch.

    async def _dispatch(self, event: Event) -> None:
        """Dispatch an event that is not a message."""
        event._isTrusted = True
        errors: list[BaseException] = []
        for _ in self._target._dispatch(event, BaseException, errors):
            assert self.flow.listener_tasks is not None  # it has a call that has not started
            await self.flow.listener_tasks.wait_started()
        if errors:
            self.fail_listeners(errors)

    def _dispatch_messages(self, chunk: Sequence[Message]) -> int:
        """Dispatch messages.

        Returns how many were.
        """
        target, inbox = self._target, self.flow.inbox
        listeners = target._listeners_for("message")
        if not listeners:
            if inbox is not None:
                inbox.put_many(chunk, held_sizes(chunk))
            return len(chunk)
        self._is_interrupted = False
        if len(listeners) == 1 and not listeners[0].once and not target._channels:
            return self._dispatch_to_one(chunk, listeners[0])
        return self._dispatch_to_all(chunk)

    def _dispatch_to_one(self, chunk: Sequence[Message], listener: Listener) -> int:
        """The fast path, three times as fast as the plain one.

        Nothing about a message event can be canceled or stopped if there is only one listener.
        """
        new, origin, time_stamp = object.__new__, self.address.origin, now()
        blobs, inbox = self.binary_type == "blob", self.flow.inbox
        target, machine, callback = self._target, self.connection.machine, listener.callback
        at_target, none = Event.AT_TARGET, Event.NONE
        for count, data in enumerate(chunk, 1):
            event = new(MessageEvent)
            event._isTrusted = True
            event._data = Blob([data]) if blobs and type(data) is bytes else data
            event._origin = origin
            event._timeStamp = time_stamp
            event._target = target
            event._phase = at_target
            if inbox is not None:
                inbox.put(data, held_size(data))
            try:
                result = call_listener(callback, event)
                if result is not None and isinstance(result, Coroutine):
                    self.run_listener(cast("Coroutine[Any, Any, object]", result), event)
            except BaseException as exc:  # kept, and raised from the scope
                self.fail_listeners([exc])
            event._phase = none
            if event._stop:
                event._stop = 0
            if self._is_interrupted or machine.state is not OPEN:
                return count
        return len(chunk)

    def _dispatch_to_all(self, chunk: Sequence[Message]) -> int:
        """The plain path.

        Any number of listeners of any kind.
        """
        machine = self.connection.machine
        for count, data in enumerate(chunk, 1):
            blob = self.binary_type == "blob" and isinstance(data, bytes)
            event = MessageEvent(
                "message", data=Blob([data]) if blob else data, origin=self.address.origin
            )
            event._isTrusted = True
            if self.flow.inbox is not None:
                self.flow.inbox.put(data, held_size(data))
            errors: list[BaseException] = []
            steps = self._target._dispatch(event, BaseException, errors)
            for _ in steps:
                self._steps = steps, errors  # pause() goes on with it
                return count
            if errors:
                self.fail_listeners(errors)
            if machine.state is not OPEN or self.flow.full_consumer() is not None:
                return count
        return len(chunk)

    @trio.lowlevel.enable_ki_protection
    async def _dispatch_held_as_room_allows(self) -> None:
        """Dispatch the held messages, as a task of the connection.

        What is received meanwhile is held, too, and so comes in its turn. If the connection ends
        first, :meth:`_finish` goes on.
        """
        while self.flow.held:
            if self.flow.full_consumer() is None:
                await self._dispatch_held()
            else:
                self._drain_wakes = trio.Event()
                await self._drain_wakes.wait()
        self.flow.end_dispatching()
        self.resume()

    async def _dispatch_held(self, *, all_of_it: bool = False) -> None:
        """Dispatch held messages while there is room, in turns, or all of them."""
        flow = self.flow
        turn_ends = perf_counter() + TURN_SECONDS
        while flow.held and self._may_dispatch_held:
            if not all_of_it and flow.full_consumer() is not None:
                return
            self._dispatch_messages((flow.held.take(),))
            if self._dispatch_waits:
                await self.pause()
            if perf_counter() > turn_ends:
                await trio.lowlevel.checkpoint()
                turn_ends = perf_counter() + TURN_SECONDS
        if not self._may_dispatch_held:
            flow.end_dispatching()

    # Listeners.

    def run_listener(self, coroutine: Coroutine[Any, Any, object], event: Event) -> None:
        """Run the coroutine of an async listener as a task.

        The dispatch then pauses.

        Raises:
          RuntimeError: the socket does not live in its nursery any more.
        """
        if self._nursery is None:
            coroutine.close()
            raise RuntimeError(
                f"{self._target!r} runs async listeners only while it lives in its nursery"
            )
        data = event.data if isinstance(event, MessageEvent) else b""
        size = held_size(data) if isinstance(data, str | bytes) else len(data)
        self._is_interrupted = True
        self._listener_tasks(self._nursery).add(coroutine, event.type, size)

    def _on_listener_error(self, error: BaseException) -> None:
        self.fail_listeners([error])

    def fail_listeners(self, errors: Sequence[BaseException]) -> None:
        """Keep errors of the program's listeners for the scope to raise, and close the socket."""
        self._errors += tuple(errors)
        self.close(Close(GOING_AWAY))
        if any(isinstance(error, KeyboardInterrupt) for error in errors):
            self.interrupt()
        if self.closed.is_set():
            self._hand_on_errors()

    def _hand_on_errors(self) -> None:
        """Give the errors to the scope, if there is one.

        Else :meth:`run` raises them.
        """
        if self._on_errors is not None and self._errors:
            errors, self._errors = self._errors, ()
            self._on_errors(errors)


def _closed_by_program() -> trio.ClosedResourceError:
    return trio.ClosedResourceError("this socket was closed")
