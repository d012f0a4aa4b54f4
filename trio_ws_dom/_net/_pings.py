"""Our own Pings, and which of them the peer has answered."""

from __future__ import annotations

import os
from typing import Final, final

import trio

MAX_PENDING_PAYLOADS: Final = 64
"""Unanswered payloads of the program's own that are remembered; the oldest are forgotten, as a Pong
for a later Ping answers them, too."""


@final
class Pings:
    """The Pings of one connection, numbered 1, 2, ...

    Without a payload of the program's, it is four random bytes and the number, so that a Pong that
    nobody asked for is recognised. A Pong answers its Ping and all before it: a peer may answer
    only the latest (RFC 6455 section 5.5.3).

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
        self._given: dict[bytes, int] | None = None  # payloads of the program, with the number

    def next(self, given: bytes = b"") -> tuple[int, bytes]:
        """Return the number and the payload of a new Ping.

        Args:
          given: the payload, or nothing for one of ours.
        """
        self._last += 1
        if not given:
            return self._last, self._payload(self._last)
        pending = self._given = self._given or {}
        pending.pop(given, None)  # it becomes the latest
        pending[given] = self._last
        if len(pending) > MAX_PENDING_PAYLOADS:
            del pending[next(iter(pending))]
        return self._last, given

    def on_pong(self, payload: bytes) -> None:
        """Record a Pong.

        One that nobody asked for is ignored.
        """
        number = self._given.pop(payload, 0) if self._given else 0
        if not number:
            number = int.from_bytes(payload[4:], "big")
            if number > self._last or payload != self._payload(number):
                return
        if number > self.answered:
            self.answered = number
            self.answered_at = trio.current_time()
            self.waiting.unpark_all()

    def _payload(self, number: int) -> bytes:
        return self._mark + number.to_bytes(4, "big")
