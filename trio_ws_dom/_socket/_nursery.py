"""Scopes in which sockets live, and which are never left while a socket is still open.

Who does what. The sockets' tasks and the calls of their async listeners live in a trio nursery of
the scope. The block's body runs outside of that nursery, in a cancel scope of its own: a listener
that raises cancels the body, and the body's own exceptions pass through untouched, which they would
not do through a nursery. The exit closes all sockets side by side and waits for them, shielded; the
bound of each connection ends that wait. What listeners raised is raised then, as one flat group.

Two more tasks are there for blocks that control does not leave at once:

- The watcher notices a cancellation while control is held up within the block (see ``_enclosure``).
  It is started only when that may happen.
- The guard, a system task, holds up the end of trio's run while sockets are open, for blocks that
  are never left: those of an async generator that was dropped.
"""

# pyright: reportPrivateUsage=false
# (functions for the other modules work on its own class, which shows users only connect())

from __future__ import annotations

from inspect import CO_ASYNC_GENERATOR, CORO_CLOSED, currentframe, getcoroutinestate
from typing import TYPE_CHECKING, Final, final

import trio

from .._dom._context import require_trio_run
from .._dom._errors import listener_errors
from .._net._one_shot import OneShotEvent
from .._wire._closing import State
from .._wire._frames import GOING_AWAY, NORMAL_CLOSURE, Close
from ._close_wait import (
    begin_close,
    is_cancelled,
    is_interrupt,
    wait_closed_shielded,
    without_cancelled,
)
from ._enclosure import Enclosure, enclosures, innermost
from ._options import Arguments
from ._websocket import WebSocket, dial, session_of, socket_over

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractAsyncContextManager
    from types import FrameType, TracebackType
    from typing import Self, Unpack

    from ._options import ConnectOptions
    from ._session import Session

ABANDONED_POLL: Final = 0.1
"""Seconds between two looks at whether a cancelled block was abandoned, at least."""


@final
class WebSocketNursery:
    """Many sockets in one scope, made by :func:`open_websocket_nursery`."""

    def __init__(self) -> None:
        self._sessions: dict[Session, None] = {}  # not gone, in the order of connecting
        self._errors: list[BaseException] = []  # raised by listeners
        self._on_errors, self._on_gone = self._fail, self._forget  # one object for all sockets
        self._nursery: trio.Nursery | None = None  # of the sockets' tasks, while in the block
        self._manager: AbstractAsyncContextManager[trio.Nursery]
        self._body: trio.CancelScope  # around the block, inside of the nursery
        self._task: trio.lowlevel.Task  # that entered the block
        self._enclosure: Enclosure
        self._was_entered = False
        self._left = OneShotEvent()  # set when control comes to the exit
        self._has_watcher = False
        self._watcher_done = OneShotEvent()
        self._guard_done = OneShotEvent()

    @trio.lowlevel.enable_ki_protection
    def connect(
        self, url: str, protocols: str | Iterable[str] = (), **options: Unpack[ConnectOptions]
    ) -> WebSocket:
        """Return a new socket, in CONNECTING.

        Its messages are held until the program consumes some.

        Args:
          url: absolute, or relative to the option ``base_url``; http(s) means
            ws(s).
          protocols: subprotocols to ask for, one or several, the preferred one
            first.
          options: :class:`ConnectOptions` says more of each.

        Options:
          open_timeout: seconds until the server's answer. Default: 60.
          close_timeout: seconds for a closing handshake. Default: 10.
          cancelled_close_timeout: seconds to close once cancelled. Default: 1.
          listener_timeout: seconds for async listeners at the end. Default: 10.
          ping_interval: seconds between Pings. Default: None, no keepalive.
          ping_timeout: seconds of silence after a Ping. Default: ping_interval.
          max_message_size: bytes of a message, received. Default: 16 MiB.
          max_buffered_amount: bytes queued for sending, at most. Default: None.
          compression: whether to offer permessage-deflate. Default: True.
          base_url: what a relative URL is relative to. Default: none.
          origin: the Origin header. Default: no such header.
          headers: more header fields, a mapping or pairs. Default: none.
          cookies: an http.cookiejar.CookieJar to send and fill. Default: none.
          ssl_context: for wss:. Default: verifies by the system's authorities.
          server_hostname: the name that TLS verifies. Default: the URL's host.
          connect_to: (host, port) to connect to. Default: the URL's.
          local_address: this machine's IP address. Default: the system's choice.
          address_timeout: seconds that one address may be silent. Default: 10.
          proxy: a proxy's URL; None: no proxy. Default: the environment's.
          proxy_ssl_context: for an https: proxy. Default: as of ssl_context.
          stream: a connected stream, instead of dialling. Default: none.
          serialize_connects: one connect at a time to a host. Default: True.
          trace: a function that gets what goes over the wire. Default: None.

        Raises:
          DOMException, TypeError, ValueError: as :class:`WebSocket` raises them.
          RuntimeError: this is called before or after the block, or in another
            thread.
        """
        arguments = Arguments(url, protocols, options)
        del url, protocols, options
        return connect_in(self, arguments)

    def _check_in_block(self, what: str) -> None:
        """Refuse a call outside of the block, or in another thread.

        Raises:
          RuntimeError: it says which.
        """
        require_trio_run(what)
        if self._nursery is None:
            raise RuntimeError(f"expected {what} in the block of its open_websocket_nursery()")

    def _forget(self, session: Session) -> None:
        del self._sessions[session]

    def _fail(self, errors: Sequence[BaseException]) -> None:
        """End the block.

        Listeners raised these, and their socket is CLOSED.
        """
        self._errors.extend(errors)
        self._body.cancel()

    @trio.lowlevel.enable_ki_protection
    async def __aenter__(self) -> Self:
        require_trio_run("`async with` of a WebSocket scope")
        if self._was_entered:
            raise RuntimeError("expected a new open_websocket(), or its like, for each block")
        self._was_entered = True
        self._task = trio.lowlevel.current_task()
        trio.lowlevel.spawn_system_task(self._guard)
        self._manager = trio.open_nursery()
        self._nursery = await self._manager.__aenter__()
        self._body = trio.CancelScope()
        self._body.__enter__()
        self._enclosure = Enclosure(next(enclosures(), None), self._start_watcher)
        innermost.set(self._enclosure)
        if self._enclosure.outer is not None:
            self._enclosure.outer.note_inner_scope()
        if _is_in_async_generator():
            self._start_watcher()
        return self

    @trio.lowlevel.enable_ki_protection
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Close what is open, wait until all is gone, then raise what should be raised."""
        self._note_left()
        self._nursery = None
        raised = exc
        try:
            if self._body.__exit__(exc_type, exc, traceback):
                raised = None
        except BaseException as rest:  # of a group of exceptions, without our own Cancelled
            raised = rest
        innermost.set(self._enclosure.outer)
        pending = await self._close_all(raised)
        try:
            await self._manager.__aexit__(None, None, None)  # every task in it is over
        except BaseException as cancelled:
            if without_cancelled(cancelled) is not None:
                raise  # pragma: no cover  # an error in ourselves: no test can make one
            pending = pending or cancelled
        if isinstance(pending, KeyboardInterrupt) or raised is None:
            raised = pending
        if self._errors:
            raise listener_errors(self._errors, without_cancelled(raised)) from None
        if raised is not None and raised is not exc:
            raise raised
        return raised is None

    def _note_left(self) -> None:
        self._left.set()
        self._enclosure.is_left = True
        self._enclosure.note_change()

    async def _close_all(self, exc: BaseException | None) -> BaseException | None:
        clean = exc is None and not self._errors and not is_cancelled()
        blocked = self._enclosure.blocked_seconds()
        sessions = list(self._sessions)
        for session in sessions:
            # one that is CLOSED keeps its end, and the messages that were not taken
            if session.connection.machine.state is not State.CLOSED:
                begin_close(session, Close(NORMAL_CLOSURE if clean else GOING_AWAY), blocked)
            if clean:
                session.end_listeners()
            else:
                session.cancel_listeners()
        ends = [*(session.gone for session in sessions), self._guard_done]
        interrupted = any(map(is_interrupt, (exc, *self._errors)))
        return await wait_closed_shielded(ends, sessions, interrupted=interrupted)

    # The watcher.

    def _start_watcher(self) -> None:
        if not self._has_watcher and self._nursery is not None:
            self._has_watcher = True
            self._nursery.start_soon(self._watch)

    @trio.lowlevel.enable_ki_protection
    async def _watch(self) -> None:
        """Close the sockets of a cancelled block in which control is held up."""
        try:
            await self._left.wait()
        except trio.Cancelled:
            self._enclosure.note_cancellation()
            with trio.CancelScope(shield=True):  # bounded by the exit, or by the guard
                for session in sorted(self._sessions, key=_cancelled_close_timeout):
                    await self._wait_blocked(_cancelled_close_timeout(session) / 2)
                    if self._left.is_set():
                        break
                    session.close(Close(GOING_AWAY))
                    blocked = self._enclosure.blocked_seconds()
                    session.limit_close(trio.current_time() - blocked)
            raise
        finally:
            self._watcher_done.set()

    async def _wait_blocked(self, seconds: float) -> None:
        """Wait until control was held up for so long, or is at the exit."""
        enclosure = self._enclosure
        while not self._left.is_set():
            now = trio.current_time()
            if self._was_abandoned:
                return
            due = now + seconds - enclosure.blocked_seconds()
            if enclosure.is_blocked and due <= now:
                return
            # if control is not held up, the block may be abandoned, which nobody reports
            until = due if enclosure.is_blocked else now + max(seconds, ABANDONED_POLL)
            with trio.move_on_at(until):
                await enclosure.wait_change()

    @property
    def _was_abandoned(self) -> bool:
        """Whether the task that entered is over.

        An async generator around us was dropped.
        """
        return getcoroutinestate(self._task.coro) == CORO_CLOSED

    @trio.lowlevel.enable_ki_protection
    async def _guard(self) -> None:
        """Hold up the end of trio's run until the sockets are gone, as a system task.

        If the scope is left this does nothing. If it was abandoned, trio would end the run with our
        tasks alive, and raise TrioInternalError.
        """
        try:
            await self._left.wait()
        except trio.Cancelled:  # the main task is over
            with trio.CancelScope(shield=True):  # bounded by the closing of each socket
                if self._was_abandoned:
                    for session in list(self._sessions):
                        session.cancel_listeners()
                        session.leave(Close(GOING_AWAY))
                        session.limit_close(trio.current_time())
                        await session.gone.wait()
                    self._note_left()
                    if self._has_watcher:
                        await self._watcher_done.wait()
                else:  # its task is a system task, too
                    await self._left.wait()
        finally:
            self._guard_done.set()


def _is_in_async_generator() -> bool:
    """Return whether the caller's block is in an async generator, and so perhaps never left.

    Whoever iterates may drop the generator, or keep it.
    """
    frame: FrameType | None = currentframe()
    while frame is not None:
        if frame.f_code.co_flags & CO_ASYNC_GENERATOR:
            return True
        frame = frame.f_back
    return False


def _cancelled_close_timeout(session: Session) -> float:
    return session.bounds.cancelled_close_timeout


def connect_in(scope: WebSocketNursery, arguments: Arguments) -> WebSocket:
    """Do what ``scope.connect()`` does, with arguments that were collected before."""
    scope._check_in_block("connect()")
    ws = socket_over(lambda ws: dial(ws, arguments, holds=True))
    adopt(scope, session_of(ws))
    return ws


def adopt(scope: WebSocketNursery, session: Session) -> None:
    """Let a session that was just made live in a scope."""
    assert scope._nursery is not None  # in the block
    session.start(scope._nursery, scope._on_errors, scope._on_gone)
    scope._sessions[session] = None


def open_websocket_nursery() -> AbstractAsyncContextManager[WebSocketNursery]:
    """Open a scope for many sockets.

    ``async with open_websocket_nursery() as sockets``.

    ``sockets.connect(url)`` returns a new :class:`WebSocket` at once. At the block's end, each OPEN
    socket is closed with 1000 (1001 after an exception, or cancelled), those still CONNECTING are
    given up, side by side; the block is left when all are CLOSED and their tasks are over. Async
    listeners that still run get ``listener_timeout`` at the block's normal end, and are cancelled
    otherwise.

    Raises:
      ExceptionGroup: what listeners raised, flat, the body's exception last; otherwise the body's
        own exception is raised as it is. A ``trio.TooSlowError`` in it is an async listener that
        was cancelled after ``listener_timeout``.
      RuntimeError: there is no trio run in this thread.
    """
    return WebSocketNursery()
