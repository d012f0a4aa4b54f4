"""Scopes in which sockets live, and which nobody leaves with a socket still open."""

from __future__ import annotations

import sys
from contextvars import ContextVar
from inspect import CO_ASYNC_GENERATOR, CORO_CLOSED, getcoroutinestate
from typing import TYPE_CHECKING, final

import trio

from .._dom._errors import listener_errors
from .._net._one_shot import Moment
from .._wire._frames import GOING_AWAY, NORMAL_CLOSURE, Close
from ._close_wait import is_cancelled, outlast, without_cancelled
from ._websocket import WebSocket

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractAsyncContextManager
    from types import FrameType, TracebackType
    from typing import Self, Unpack

    from ._options import ConnectOptions


_innermost: ContextVar[WebSocketNursery | None] = ContextVar("innermost", default=None)


@final
class WebSocketNursery:
    """Many sockets, one scope: what :func:`open_websocket_nursery` gives."""

    def __init__(self) -> None:
        self._sockets: set[WebSocket] = set()
        self._errors: list[BaseException] = []
        self._nursery: trio.Nursery | None = None  # while in the block
        self._manager = trio.open_nursery()
        # for the body alone: a failed listener cancels it, and its own exceptions pass through
        # untouched, which they would not do through a nursery
        self._body = trio.CancelScope()
        self._outer: WebSocketNursery | None = None  # around us in the same task
        self._exits_within = 0  # of scopes in our block, in the same task
        self._entered = False
        self._left = Moment()  # control has come to the exit
        self._watched = False
        self._unwatched = Moment()
        self._unguarded = Moment()

    @trio.lowlevel.enable_ki_protection
    def connect(
        self, url: str, protocols: str | Iterable[str] = (), **options: Unpack[ConnectOptions]
    ) -> WebSocket:
        """A new socket, in CONNECTING; its messages wait until the program looks at them.

        Args:
          url, protocols, options: as :class:`WebSocket` takes them.

        Raises:
          DOMException, TypeError, ValueError: as :class:`WebSocket` raises them.
          RuntimeError: this is called before or after the block.
        """
        if self._nursery is None:
            raise RuntimeError("expected connect() in the block of its open_websocket_nursery()")
        ws = WebSocket.__new__(WebSocket)
        ws._set_up(url, protocols, options)
        self._adopt(ws)
        return ws

    def _adopt(self, ws: WebSocket) -> None:
        """Let a socket that was just made live here."""
        assert self._nursery is not None  # in the block
        ws._looked = False
        ws._scope = self
        ws._start(self._nursery)
        self._sockets.add(ws)

    def _listeners_failed(self, errors: list[BaseException]) -> None:
        """A socket is CLOSED because of these: the block is to end."""
        self._errors.extend(errors)
        self._body.cancel()

    def _socket_gone(self, ws: WebSocket) -> None:
        self._sockets.discard(ws)

    @trio.lowlevel.enable_ki_protection
    async def __aenter__(self) -> Self:
        if self._entered:
            raise RuntimeError("expected a new open_websocket(), or its like, for each block")
        self._entered = True
        self._task = trio.lowlevel.current_task()
        trio.lowlevel.spawn_system_task(self._guard)
        self._nursery = await self._manager.__aenter__()
        self._body.__enter__()
        self._outer = self._find_outer()
        _innermost.set(self)
        if self._outer is not None:
            self._outer._be_watched()
        if _in_async_generator():
            self._be_watched()
        return self

    @trio.lowlevel.enable_ki_protection
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Close what is open, wait until all is gone, then say what is to be raised."""
        self._left.set()
        self._nursery = None
        raised = exc
        try:
            if self._body.__exit__(exc_type, exc, traceback):
                raised = None
        except BaseException as rest:  # of a group of exceptions: our own Cancelled is taken out
            raised = rest
        _innermost.set(self._outer)
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

    async def _close_all(self, exc: BaseException | None) -> BaseException | None:
        clean = exc is None and not self._errors and not is_cancelled()
        # one that is CLOSED keeps its end, and the messages that were not taken
        sockets = list(self._sockets)
        for ws in sockets:
            if ws.readyState != WebSocket.CLOSED:
                ws._begin_leaving(Close(NORMAL_CLOSURE if clean else GOING_AWAY))
        for scope in self._around():
            scope._exits_within += 1
        try:
            return await outlast([*(ws._gone for ws in sockets), self._unguarded], sockets, exc)
        finally:
            for scope in self._around():
                scope._exits_within -= 1

    def _find_outer(self) -> WebSocketNursery | None:
        """The scope in whose block this one is entered. One that is not left in the task that
        entered it, as a generator's may be, still stands as the innermost here."""
        scope = _innermost.get()
        while scope is not None and (scope._task is not self._task or scope._nursery is None):
            scope = scope._outer
        return scope

    def _around(self) -> Iterator[WebSocketNursery]:
        scope = self._outer
        while scope is not None:
            yield scope
            scope = scope._outer

    def _be_watched(self) -> None:
        """Control may be held up within the block, or never come out of it."""
        assert self._nursery is not None  # in the block
        if not self._watched:
            self._watched = True
            self._nursery.start_soon(self._watch)

    @trio.lowlevel.enable_ki_protection
    async def _watch(self) -> None:
        """Notice a cancellation of the block, from outside of the connections' shields.

        The exit closes the sockets, but not while control is held up by the exit of a scope
        within: so that their peers, if they are silent, do not add up their bounds, each is closed
        when half of its own is over.
        """
        try:
            await self._left.wait()
        except trio.Cancelled:
            start = trio.current_time()
            for ws in sorted(self._sockets, key=_cancelled_close_timeout):
                with trio.move_on_at(start + _cancelled_close_timeout(ws) / 2, shield=True):
                    await self._left.wait()
                if self._held_up:
                    ws._connection.close(Close(GOING_AWAY))
                    ws._connection.hurry(share=0.5)
            raise
        finally:
            self._unwatched.set()

    @property
    def _held_up(self) -> bool:
        """Whether control is in the exit of a scope within this one's block, or will never come."""
        return self._exits_within > 0 or self._abandoned

    @property
    def _abandoned(self) -> bool:
        """Whether the task that entered is over: an async generator around us was dropped."""
        return getcoroutinestate(self._task.coro) == CORO_CLOSED

    async def _guard(self) -> None:
        """Hold up the end of trio's run until the sockets are gone, as a system task.

        Where the scope is left this does nothing. Where it is abandoned, trio would take our tasks
        to be over, and break, with the connections open.
        """
        try:
            await self._left.wait()
        except trio.Cancelled:  # the main task is over
            with trio.CancelScope(shield=True):
                if self._abandoned:
                    for ws in list(self._sockets):
                        ws._begin_leaving(Close(GOING_AWAY))
                        ws._connection.hurry()
                        await ws._gone.wait()
                    self._left.set()
                    if self._watched:
                        await self._unwatched.wait()
                else:  # its task is the system's too
                    await self._left.wait()
        finally:
            self._unguarded.set()


def _in_async_generator() -> bool:
    """Whether the caller's block is in an async generator, and so perhaps never left: who iterates
    may drop the generator, or keep it."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_flags & CO_ASYNC_GENERATOR:
            return True
        frame = frame.f_back
    return False


def _cancelled_close_timeout(ws: WebSocket) -> float:
    return ws._settings.cancelled_close_timeout


def open_websocket_nursery() -> AbstractAsyncContextManager[WebSocketNursery]:
    """A scope for many sockets: ``async with open_websocket_nursery() as sockets``.

    ``sockets.connect(url)`` gives a new :class:`WebSocket` at once. At the block's end, each OPEN
    socket is closed with 1000 (1001 after an exception, or cancelled), those still CONNECTING are
    given up, side by side; the block is left when all are CLOSED and their tasks are over.

    Raises:
      ExceptionGroup: what listeners raised, flat, the body's exception last; otherwise the body's
        own exception comes out as it is.
    """
    return WebSocketNursery()
