"""Our own Pings, and which of them the peer has answered."""

from __future__ import annotations

import os
from typing import final

import trio


@final
class Pings:
    """The Pings of one connection, by number: 1, 2, ...

    A payload is the number behind four random bytes, so that an unasked Pong is known as such. A
    Pong answers its Ping and all before it: a peer may answer the latest only (RFC 6455 section
    5.5.3).

    Attributes:
      answered: the highest number that was answered, 0 if none was.
      answered_at: when that was, by trio's clock.
      waiting: who waits for an answer, or for the end.
    """

    def __init__(self) -> None:
        self.answered = 0
        self.answered_at = 0.0
        self.waiting = trio.lowlevel.ParkingLot()
        self._last = 0
        self._mark = os.urandom(4)

    def next(self) -> tuple[int, bytes]:
        """A new Ping's number and payload."""
        self._last += 1
        return self._last, self._payload(self._last)

    def pong_came(self, payload: bytes) -> None:
        """A Pong was read; one that nobody asked for is nothing to us."""
        number = int.from_bytes(payload[4:], "big")
        if self.answered < number <= self._last and payload == self._payload(number):
            self.answered = number
            self.answered_at = trio.current_time()
            self.waiting.unpark_all()

    def _payload(self, number: int) -> bytes:
        return self._mark + number.to_bytes(4, "big")
