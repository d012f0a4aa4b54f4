"""Reconnection, above the doors: a loop, each turn of which is the scope of one connection.

The loop is a plain iterator. Between its turns it holds numbers, and no socket, task or nursery:
nobody tells an iterator that its loop was left by ``break``, and an async generator that held a
scope open across its ``yield`` would break the nesting of scopes (PEP 789). What is open is held by
an ``async with`` in the loop's body, and no way out of the body passes that by.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, cast, final

import trio

from .._dom._errors import WebSocketError
from .._dom._events import CloseEvent
from .._net._log import LOGGER, describe_cause
from .._net._user_code import call_user
from .._socket._close_wait import without_cancelled
from .._socket._open_websocket import open_websocket
from .._socket._websocket import WebSocket

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from ._backoff import Backoff, Retry
    from ._providers import Sources


@final
class ReconnectAttempt(AbstractAsyncContextManager[WebSocket]):
    """One turn of :func:`reconnecting_websocket`'s loop: to be entered, once, by ``async with``.

    Attributes:
      retry: the newest try, and why it is made; None for the very first. Before the block it is
        what entering will do first, in the block it is the try that succeeded.
    """

    retry: Retry | None

    def __init__(self, loop: ReconnectingWebSocket, retry: Retry | None) -> None:
        self.retry = retry
        self._loop = loop
        self._entered = False
        self._over = False

    @trio.lowlevel.enable_ki_protection
    async def __aenter__(self) -> WebSocket:
        """Wait for the delay, connect, and go on trying for as long as failures are transient.

        Raises:
          RuntimeError: it was entered before.
          Exception: the first failure that is not transient. Cancelled, nothing is left behind.
        """
        if self._entered:
            raise RuntimeError(
                "expected each attempt to be entered once, as each turn of the loop gives a new one"
            )
        self._entered = True
        try:
            while (ws := await self._try()) is None:
                pass
        except BaseException:
            self._over = True
            raise
        self._ws = ws
        self._opened_at = trio.current_time()
        return ws

    async def _try(self) -> WebSocket | None:
        """Connect once; None if that failed, and another try is due."""
        loop = self._loop
        await trio.sleep_until(loop._due)
        where = ""
        try:
            target = await loop._sources.ask()
            where = target.where
            await loop._sources.dial(target)
            self._scope = open_websocket(target.url, target.protocols, **target.options)
            return await self._scope.__aenter__()
        except Exception as exc:
            loop._ended(exc, where)
            if not loop._may_go_on():
                raise
        # not in the `except`: each failure would be the __context__ of the next, for months
        self.retry = loop._schedule()
        return None

    @trio.lowlevel.enable_ki_protection
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Close the socket as :func:`open_websocket` does, then say what the loop does next."""
        try:
            await self._scope.__aexit__(exc_type, exc, traceback)
        except BaseException as came:
            if not self._leave(came):
                raise
        else:
            return self._leave(exc)
        return True

    def _leave(self, raised: BaseException | None) -> bool:
        """The socket is CLOSED: whether that is all there is to what was raised."""
        self._over = True
        ws = self._ws
        end = ws.closeEvent
        assert end is not None  # there is one after every scope
        if trio.current_time() - self._opened_at >= self._loop._stable_after:
            self._loop._backoff.reset()
        self._loop._ended(ws.failure or end, ws._address.where)
        own, others = _split(raised, ws)
        if own is None or without_cancelled(others) is not None or not self._loop._may_go_on():
            return False
        if others is not None:  # Cancelled, for a scope around the attempt
            raise others from None
        return True


@final
class ReconnectingWebSocket:
    """What :func:`reconnecting_websocket` gives: an async iterator, without end of its own."""

    def __init__(
        self,
        sources: Sources,
        rule: Callable[[Exception | CloseEvent], bool],
        on_retry: Callable[[Retry], object] | None,
        backoff: Backoff,
        stable_after: float,
    ) -> None:
        self._sources = sources
        self._rule = rule
        self._on_retry = on_retry
        self._backoff = backoff
        self._stable_after = stable_after
        self._attempt: ReconnectAttempt | None = None
        self._retry: Retry | None = None
        self._due = -float("inf")
        # how the newest connection, or try, ended; None once a Retry was made of it
        self._cause: Exception | CloseEvent | None = None
        self._where = ""  # the URL, as far as it was known
        self._asked = False  # whether the rule was, about it
        self._ended_at = 0.0

    def __aiter__(self) -> Self:
        return self

    @trio.lowlevel.enable_ki_protection
    async def __anext__(self) -> ReconnectAttempt:
        """The next turn.

        Raises:
          WebSocketError: the connection of the turn before ended in a way that is not transient,
            and its block did not raise that.
          RuntimeError: the attempt before was not entered, or its block is not over.
        """
        await trio.lowlevel.checkpoint()
        if self._attempt is not None and not self._attempt._over:
            raise RuntimeError(
                "expected `async with attempt` to be over before the loop's next turn"
            )
        if self._cause is not None:
            if not self._asked and not self._may_go_on():
                raise self._as_error()
            self._schedule()
        self._attempt = ReconnectAttempt(self, self._retry)
        return self._attempt

    # The state, for the loop and its attempts.

    def _ended(self, cause: Exception | CloseEvent, where: str) -> None:
        self._cause = cause
        self._where = where
        self._asked = False
        self._ended_at = trio.current_time()

    def _may_go_on(self) -> bool:
        """Ask the caller's rule about the newest end."""
        assert self._cause is not None  # an end is what there is to ask about
        self._asked = True
        return call_user(self._rule, self._cause)

    def _as_error(self) -> WebSocketError:
        if isinstance(self._cause, WebSocketError):
            return self._cause
        end = self._cause
        assert isinstance(end, CloseEvent)  # the loop is asked about connections only
        message = f"{self._where}: {_words(end)}, which is not to be followed by another try"
        return WebSocketError._create(message, end.code, end.reason)

    def _schedule(self) -> Retry:
        """Make the next try of the newest end, and tell of it."""
        assert self._cause is not None  # as above
        retry = self._retry = self._backoff.next(self._cause)
        self._cause = None
        self._due = self._ended_at + retry.delay
        LOGGER.info(
            "%s: %s; trying again in %.1f s (%d)",
            self._where or "before dialling",
            _words(retry.cause).removeprefix(f"{self._where}: "),
            retry.delay,
            retry.number,
        )
        if self._on_retry is not None:
            call_user(self._on_retry, retry)
        return retry


def _words(cause: Exception | CloseEvent) -> str:
    if isinstance(cause, CloseEvent):
        return f"closed with {cause.code} {cause.reason!r}"
    if isinstance(cause, WebSocketError) and isinstance(cause.__cause__, Exception):
        return describe_cause(cause.__cause__)
    return type(cause).__name__  # what is not ours may tell of the program's secrets


def _split(
    raised: BaseException | None, ws: WebSocket
) -> tuple[BaseException | None, BaseException | None]:
    """What was raised, as far as it is the end of this very socket; and the rest."""
    if isinstance(raised, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", raised)
        return group.split(lambda exc: _is_of(exc, ws))
    return (raised, None) if _is_of(raised, ws) else (None, raised)


def _is_of(exc: BaseException | None, ws: WebSocket) -> bool:
    """Whether an exception tells of this socket's end. Each is a new one, so causes are compared:
    those of ``receive()`` share that of ``failure``, those of ``drain()`` and ``ping()`` have
    an end as theirs, which may be a clean one, too."""
    if not isinstance(exc, WebSocketError) or exc.__cause__ is None:
        return False
    cause = exc.__cause__
    return cause is ws._end or (ws.failure is not None and cause is ws.failure.__cause__)
