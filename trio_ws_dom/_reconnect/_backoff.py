"""How long to wait before connecting again: RFC 6455 section 7.2.3, and the server's own wish."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

from .._dom._errors import HandshakeError

if TYPE_CHECKING:
    from email.message import Message

    from .._dom._events import CloseEvent

FACTOR: Final = 2
"""By which the range of the delay grows: section 7.2.3's "truncated binary exponential"."""

MAX_RETRY_AFTER: Final = 3600.0
"""Seconds of a Retry-After that are believed: a server's slip must not stop a client for good."""


@final
@dataclass(frozen=True, slots=True)
class Retry:
    """Another try to connect, as :func:`reconnecting_websocket` tells of it beforehand.

    Attributes:
      number: 1 for the first since the start, or since a connection that was stable.
      cause: why the one before ended: the CloseEvent if cleanly, the WebSocketError if not, or if
        it could not be opened, or what a function of the caller's raised.
      delay: seconds from that end to this try.
    """

    number: int
    cause: Exception | CloseEvent
    delay: float


@final
class Backoff:
    """The tries in a row, and the delays between them.

    A delay is random, between 0 and a limit that doubles from try to try ("full jitter"): clients
    that lost one server at one moment do not come back at one moment.

    Args:
      initial: seconds of the first limit.
      maximum: seconds that no limit passes.
    """

    def __init__(self, initial: float, maximum: float) -> None:
        self._initial = min(initial, maximum)
        self._maximum = maximum
        self.reset()

    def reset(self) -> None:
        """Start over: a connection was stable."""
        self._number = 0
        self._limit = self._initial

    def next(self, cause: Exception | CloseEvent) -> Retry:
        """The next try; a Retry-After in the cause comes on top."""
        self._number += 1
        delay = random.uniform(0, self._limit)
        self._limit = min(self._limit * FACTOR, self._maximum)
        if isinstance(cause, HandshakeError):
            delay += retry_after(cause.headers)
        return Retry(self._number, cause, delay)


def retry_after(headers: Message) -> float:
    """Seconds that a server wants a client to wait, at most :data:`MAX_RETRY_AFTER`; else 0.

    A date is held against the server's own Date, where there is one, as clocks differ (RFC 9110
    section 10.2.3).
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
    """A date's seconds since 1970; None if it is not readable."""
    from datetime import UTC  # slow to import, as the next is, and rarely needed
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # one of RFC 9110's obsolete forms
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
