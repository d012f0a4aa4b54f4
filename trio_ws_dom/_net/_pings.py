"""Our own Pings, and which of them the peer has answered."""

from __future__ import annotations

import os
from typing import final

import trio


@final
class Pings:
    """The Pings of one connection, numbered 1, 2, ...

    A payload is four random bytes and the number, so that a Pong that nobody asked for is
    recognised. A Pong answers its Ping and all before it: a peer may answer only the latest (RFC
    6455 section 5.5.3).

    Attributes:
      answered: the highest number that was answered, 0 if none was.
      answered_at: when that was, by trio's clock.
      waiting: the tasks that wait for an answer, or for the end.
    """

    def __init__(self) -> None:
        self.answered = 0
        self.answered_at = 0.0
        self.waiting = trio.lowlevel.ParkingLot()
        self._last = 0
        self._mark = os.urandom(4)

    def next(self) -> tuple[int, bytes]:
        """Return the number and the payload of a new Ping."""
        self._last += 1
        return self._last, self._payload(self._last)

    def on_pong(self, payload: bytes) -> None:
        """Record a Pong.

        One that nobody asked for is ignored.
        """
        number = int.from_bytes(payload[4:], "big")
        if self.answered < number <= self._last and payload == self._payload(number):
            self.answered = number
            self.answered_at = trio.current_time()
            self.waiting.unpark_all()

    def _payload(self, number: int) -> bytes:
        return self._mark + number.to_bytes(4, "big")
