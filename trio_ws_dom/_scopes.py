"""The doors: scopes in which sockets live, and which nobody leaves with a socket still open."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from typing import TYPE_CHECKING, final

import trio

from ._dom._errors import listener_errors
from ._leaving import is_cancelled, outlast, without_cancelled
from ._websocket import WebSocket
from ._wire._frames import GOING_AWAY, NORMAL_CLOSURE, Close

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType
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
        ws._looked = False
        ws._scope = self
        ws._start(self._nursery)
        self._sockets.add(ws)
        return ws

    def _listeners_failed(self, errors: list[BaseException]) -> None:
        """A socket is CLOSED because of these: the block is to end."""
        self._errors.extend(errors)
        self._body.cancel()

    def _socket_gone(self, ws: WebSocket) -> None:
        self._sockets.discard(ws)

    @trio.lowlevel.enable_ki_protection
    async def __aenter__(self) -> Self:
        self._nursery = await self._manager.__aenter__()
        self._body.__enter__()
        self._task = trio.lowlevel.current_task()
        outer = _innermost.get()
        self._outer = outer if outer is not None and outer._task is self._task else None
        _innermost.set(self)
        return self

    @trio.lowlevel.enable_ki_protection
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Close what is open, wait until all is gone, then say what is to be raised."""
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
            return await outlast([ws._gone for ws in sockets], sockets, exc)
        finally:
            for scope in self._around():
                scope._exits_within -= 1

    def _around(self) -> Iterator[WebSocketNursery]:
        scope = self._outer
        while scope is not None:
            yield scope
            scope = scope._outer

    @property
    def _held_up(self) -> bool:
        """Whether control is in the exit of a scope within this one's block."""
        return self._exits_within > 0


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


@final
class _OpenWebSocket(AbstractAsyncContextManager[WebSocket]):
    """See :func:`open_websocket`."""

    def __init__(self, url: str, protocols: str | Iterable[str], options: ConnectOptions) -> None:
        self._scope = WebSocketNursery()
        self._arguments = url, protocols, options

    @trio.lowlevel.enable_ki_protection
    async def __aenter__(self) -> WebSocket:
        url, protocols, options = self._arguments
        await self._scope.__aenter__()
        try:
            ws = self._scope.connect(url, protocols, **options)
            await ws._opened.wait()
            if ws.status is None:
                assert ws.failure is not None  # it was closed without having been open
                raise ws.failure
        except BaseException as exc:
            await self._scope.__aexit__(type(exc), exc, exc.__traceback__)
            raise
        return ws

    @trio.lowlevel.enable_ki_protection
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        return await self._scope.__aexit__(exc_type, exc, traceback)


def open_websocket(
    url: str, protocols: str | Iterable[str] = (), **options: Unpack[ConnectOptions]
) -> AbstractAsyncContextManager[WebSocket]:
    """One connection, one block: ``async with open_websocket(url) as ws``.

    The block is entered once the socket is OPEN; messages wait until it looks at them (a
    ``message`` listener, receiving, ``wait_closed()``). However it is left, the closing handshake
    is over then, or was given up within its bounds: 1000 at the block's end, 1001 after an
    exception and under cancellation, for at most ``close_timeout`` seconds and at most
    ``cancelled_close_timeout`` from the cancellation on.

    Args:
      url, protocols, options: as :class:`WebSocket` takes them.

    Raises:
      WebSocketError: it could not be opened; ``__cause__`` is the true cause.
      HandshakeError: a WebSocketError, where the server answered; has status, headers and body.
      DOMException, TypeError, ValueError: as :class:`WebSocket` raises them.
      ExceptionGroup: what listeners raised, flat, the body's exception last; otherwise the body's
        own exception comes out as it is.
    """
    return _OpenWebSocket(url, protocols, options)
