"""The loop, and the scope of each of its connections.

``ReconnectingWebSocket`` is a plain iterator. Between its turns it holds numbers, and no socket,
task, nursery or cancel scope, because nothing informs an iterator that its loop was left by
``break``, and an async generator that held a scope open across its ``yield`` would break the
nesting of scopes (PEP 789). What is open belongs to an ``async with`` in the loop's body, whose
exit no way out of the body can skip.

Each turn yields a ``ReconnectAttempt``. Entering it waits for the delay, calls the providers, and
enters ``open_websocket``. A failure that is worth another try is followed by that try, in the same
``__aenter__``, so that the block is entered with an OPEN socket or not at all. Leaving it leaves
``open_websocket``'s scope, with all of its guarantee.

An end passes three steps, and the loop remembers one end at a time:

1. It is recorded (``_record_end``), when a try failed or a block was left.
2. The program's rule is asked about it, once (``_check_retry``): at once if a try failed or if the
   block raised the end of its socket, as the answer decides whether that exception comes out.
   Otherwise at the loop's next turn, so that a ``break`` is never disturbed.
3. It becomes a Retry (``_schedule``), whose delay counts from the end. The end is forgotten then.

An attempt swallows an exception only if all of it reports the end of its own socket and the rule
allows another try; ``_end.own_part`` decides what does.

Our code is protected from Ctrl-C, and the program's functions are called without protection.
"""

# pyright: reportPrivateUsage=false
# (the loop and its attempts are one object in two public classes)

from __future__ import annotations

import math
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, TypeAlias, final

import trio

from .._dom._context import require_trio_run
from .._dom._errors import WebSocketError, socket_error
from .._dom._events import CloseEvent
from .._net._log import LOGGER
from .._net._user_code import call_user
from .._socket._close_wait import without_cancelled
from .._socket._open_websocket import open_websocket
from .._socket._websocket import WebSocket
from ._end import End, describe_end, end_of, own_part

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from ._backoff import Backoff, Retry
    from ._providers import Providers

    ShouldRetry: TypeAlias = Callable[[Exception | CloseEvent], bool | float]


@final
class ReconnectAttempt(AbstractAsyncContextManager[WebSocket]):
    """One turn of :func:`reconnecting_websocket`'s loop, to be entered once by ``async with``.

    Attributes:
      retry: the newest try, and why it is made; None for the very first. Before the block this is
        what entering does first, in the block it is the try that succeeded.
    """

    retry: Retry | None

    def __init__(self, loop: ReconnectingWebSocket, retry: Retry | None) -> None:
        self.retry = retry
        self._loop = loop
        self._entered = False  # or being entered
        self._over = False  # the block was left, or could not be entered
        # The connection, from when it is open.
        self._scope: AbstractAsyncContextManager[WebSocket]
        self._ws: WebSocket
        self._opened_at: float

    @trio.lowlevel.enable_ki_protection
    async def __aenter__(self) -> WebSocket:
        """Wait for the delay, connect, and try again for as long as failures are transient.

        Cancelled, it leaves nothing open.

        Raises:
          RuntimeError: it was entered before.
          Exception: the first failure that is not transient.
        """
        if self._entered:
            raise RuntimeError(
                "expected each attempt to be entered once: each turn of the loop yields a new one"
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
        """Connect once, and return None if that failed and another try is due."""
        loop = self._loop
        await trio.sleep_until(loop._due)
        where = ""
        try:
            target = await loop._providers.next_target()
            where = target.where
            await loop._providers.dial(target)
            arguments = target.arguments
            self._scope = open_websocket(arguments.url, arguments.protocols, **arguments.options)
            return await self._scope.__aenter__()
        except Exception as exc:
            loop._record_end(End(exc, where))
            if not loop._check_retry():
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
        """Close the socket as :func:`open_websocket` does, then decide what the loop does next."""
        try:
            await self._scope.__aexit__(exc_type, exc, traceback)
        except BaseException as raised:
            if not self._leave(raised):
                raise
        else:
            return self._leave(exc)
        return True

    def _leave(self, raised: BaseException | None) -> bool:
        """Record the end of the socket, and return whether to swallow what was raised.

        Raises:
          BaseException: the rest of what was raised, if that is only Cancelled.
        """
        self._over = True
        self._loop._backoff.was_open_for(trio.current_time() - self._opened_at)
        self._loop._record_end(end_of(self._ws))
        own, others = own_part(raised, self._ws)
        if own is None or without_cancelled(others) is not None or not self._loop._check_retry():
            return False
        if others is not None:  # Cancelled, for a scope around the attempt
            raise others from None
        return True


@final
class ReconnectingWebSocket:
    """An async iterator that does not end by itself, from :func:`reconnecting_websocket`.

    Args:
      providers: where the arguments of each connection come from.
      should_retry: the program's rule, as the option ``is_transient`` describes it.
      on_retry: called with each Retry.
      backoff: chooses the delays.
    """

    def __init__(
        self,
        providers: Providers,
        should_retry: ShouldRetry,
        on_retry: Callable[[Retry], object] | None,
        backoff: Backoff,
    ) -> None:
        self._providers = providers
        self._should_retry = should_retry
        self._on_retry = on_retry
        self._backoff = backoff
        self._attempt: ReconnectAttempt | None = None  # the newest
        self._last_end: End | None = None  # None also once a Retry was made of it
        self._retry: Retry | None = None  # the newest
        self._due = -math.inf  # when to connect, by trio's clock

    def __aiter__(self) -> Self:
        return self

    @trio.lowlevel.enable_ki_protection
    async def __anext__(self) -> ReconnectAttempt:
        """Return the next attempt.

        Raises:
          WebSocketError: the last connection ended in a way that is not transient, and its block
            did not raise that end.
          RuntimeError: the last attempt was not entered, or its block is not over; or there is no
            trio run in this thread.
        """
        require_trio_run("reconnecting_websocket()")
        await trio.lowlevel.checkpoint()
        if self._attempt is not None and not self._attempt._over:
            raise RuntimeError(
                "expected `async with attempt` to be over before the loop's next turn"
            )
        if self._last_end is not None:
            if self._last_end.verdict is None and not self._check_retry():
                raise _final_error(self._last_end)
            self._schedule()
        self._attempt = ReconnectAttempt(self, self._retry)
        return self._attempt

    # The steps of an end, also for the attempts.

    def _record_end(self, end: End) -> None:
        self._last_end = end

    def _check_retry(self) -> bool:
        """Ask the program's rule about the last end, and return whether another try may follow."""
        end = self._last_end
        assert end is not None  # it was recorded
        end.verdict = False  # also if the rule raises, so that it is asked once
        end.verdict = _checked_verdict(call_user(self._should_retry, end.cause))
        return end.verdict is not False

    def _schedule(self) -> Retry:
        """Make the next try of the last end, and announce it."""
        end = self._last_end
        assert end is not None  # it was recorded
        retry = self._retry = self._backoff.next(end)
        self._last_end = None
        self._due = end.time + retry.delay
        LOGGER.info(
            "%s: %s; trying again in %.1f s (%d)",
            end.where or "before dialling",
            describe_end(end),
            retry.delay,
            retry.number,
        )
        if self._on_retry is not None:
            call_user(self._on_retry, retry)
        return retry


def _checked_verdict(verdict: bool | float) -> bool | float:
    """Return what a rule returned, if a rule may return it.

    Raises:
      TypeError, ValueError: it may not.
    """
    given: Any = verdict
    if isinstance(given, bool):
        return given
    if not isinstance(given, int | float):
        kind = type(given).__name__
        raise TypeError(f"expected is_transient to return a bool, or seconds, got {kind}")
    if not 0 <= given < math.inf:
        raise ValueError(f"expected is_transient to return finite seconds, 0 or more, got {given}")
    return given


def _final_error(end: End) -> WebSocketError:
    """Return what the loop raises for an end that is not transient."""
    if isinstance(end.cause, WebSocketError):
        return end.cause
    event = end.cause
    assert isinstance(event, CloseEvent)  # other failures have come out of `async with`
    message = f"{end.where}: {describe_end(end)}, and is_transient allows no other try"
    return socket_error(message, event.code, event.reason)
