"""When to connect again, by RFC 6455 section 7.2.3, a Retry-After, and the program's rule.

A delay is random, between 0 and a limit ("full jitter"), so that clients that lost one server at
the same moment do not come back at the same moment. The limit begins with ``initial_delay`` and
doubles from try to try up to ``max_delay``. A first limit of 0 means "at once", and the second one
is ``MIN_STEP``, as doubling would not leave 0. After a connection that was open for
``stable_after`` seconds, the limit and the number begin again.

A Retry-After is added to the random delay. Where the program's rule returns seconds, these are the
delay, and neither the random part nor a Retry-After is added; the limit stays as it is.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from .._dom._errors import HandshakeError, WebSocketError
from .._net._dial._proxy import ProxyError

if TYPE_CHECKING:
    from email.message import Message

    from .._dom._events import CloseEvent
    from ._end import End

FACTOR: Final = 2
"""The growth of the limit, section 7.2.3's "truncated binary exponential"."""

MIN_STEP: Final = 1.0
"""Seconds of the second limit where the first is 0."""

MAX_RETRY_AFTER: Final = 3600.0
"""Seconds of a Retry-After that are obeyed, as a server's slip must not stop a client for good."""


@final
@dataclass(frozen=True, slots=True)
class Retry:
    """Another try to connect, as :func:`reconnecting_websocket` announces it.

    Attributes:
      number: 1 for the first since the start, or since a connection that was stable.
      cause: why the last connection or try ended: the CloseEvent of a clean end, the WebSocketError
        of an unclean one or of a connection that could not be opened, or what a function of the
        program raised.
      delay: seconds from that end to this try.
      own_close: whether the program itself began the close (by the end of its block, ``close()``,
        or an exception), and not the server, nor a loss.
    """

    number: int
    cause: Exception | CloseEvent
    delay: float
    own_close: bool = False


@final
class Backoff:
    """Counts the tries in a row, and chooses the delays between them.

    Args:
      initial: seconds of the first limit.
      maximum: seconds that no limit exceeds.
      stable_after: seconds for which a connection must have been open to begin again.
    """

    def __init__(self, initial: float, maximum: float, stable_after: float) -> None:
        self._initial = min(initial, maximum)
        self._maximum = maximum
        # with a first limit of 0, a server that accepts and drops would be called without a pause
        self._stable_after = stable_after if initial else max(stable_after, MIN_STEP)
        self._limit = self._initial
        self._number = 0

    def was_open_for(self, seconds: float) -> None:
        """Begin again if a connection was open for so long that it counts as stable."""
        if seconds >= self._stable_after:
            self._limit = self._initial
            self._number = 0

    def next(self, end: End) -> Retry:
        """Return the next try."""
        self._number += 1
        if isinstance(end.verdict, bool) or end.verdict is None:
            delay = self._random_delay() + _retry_after_of(end.cause)
        else:
            delay = end.verdict
        return Retry(self._number, end.cause, delay, end.own_close)

    def _random_delay(self) -> float:
        delay = random.uniform(0, self._limit)
        self._limit = min(self._limit * FACTOR or MIN_STEP, self._maximum)
        return delay


def _retry_after_of(cause: Exception | CloseEvent) -> float:
    answer = cause.__cause__ if isinstance(cause, WebSocketError) else None
    if isinstance(cause, HandshakeError):
        answer = cause
    return retry_after(answer.headers) if isinstance(answer, HandshakeError | ProxyError) else 0.0


def retry_after(headers: Message) -> float:
    """Return the seconds of a Retry-After, or 0 without one, and at most :data:`MAX_RETRY_AFTER`.

    A date counts from the server's own Date where there is one, as clocks differ (RFC 9110 section
    10.2.3).
    """
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return min(float(value), MAX_RETRY_AFTER)
    until = _seconds_of(value)
    if until is None:
        return 0.0
    now = _seconds_of(headers.get("Date", ""))
    return min(max(until - (time.time() if now is None else now), 0.0), MAX_RETRY_AFTER)


def _seconds_of(date: str) -> float | None:
    """Return a date's seconds since 1970, or None if it cannot be read."""
    from datetime import UTC  # slow to import, as the next is, and rarely needed
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # one of RFC 9110's obsolete forms
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
