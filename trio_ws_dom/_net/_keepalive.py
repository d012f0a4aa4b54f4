"""Periodic Pings, and the failure of a connection whose peer stays silent.

When is a peer dead? A Ping was handed to the stream, and for ``timeout`` seconds after that nothing
at all was received, though we listened. So:

- Any received byte counts as an answer, not only a Pong, whenever it arrives after the Ping was
  handed to the stream. Nothing is assumed about when the stream's ``send_all()`` returns: on TLS
  the answer may arrive before it does.
- Time counts only while the reader listens. While the program holds the reading back, answers may
  wait in TCP.
- While a Ping waits for earlier data to be taken, however slowly, time starts over with each
  piece that is taken. A long upload does not time out.

Pings are sent regardless of what is received: a server, or a box on the way, may look at this
direction only.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, ParamSpec, TypeVar, final

import trio

from .._wire._closing import OPEN

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .._wire._closing import ClosingMachine

_P = ParamSpec("_P")
_T = TypeVar("_T")


@final
class Keepalive:
    """Sends a Ping every ``interval`` seconds while OPEN, and finds out when the peer is dead.

    Args:
      interval, timeout: seconds; a timeout of None: the peer may be silent for ever.
      machine: the connection's.
      send_ping: queues a Ping; at most one waits at a time.
      on_dead: called once with the reason, when the peer is declared dead.
    """

    def __init__(
        self,
        interval: float,
        timeout: float | None,
        machine: ClosingMachine,
        send_ping: Callable[[], object],
        on_dead: Callable[[TimeoutError], None],
    ) -> None:
        self._interval = interval
        self._timeout = inf if timeout is None else timeout
        self._machine = machine
        self._send_ping = send_ping
        self._on_dead = on_dead
        # Since when the reader waits for bytes; inf: it does something else.
        self._listens_since = inf
        # Since when the first unanswered Ping waits for an answer; inf: no Ping does.
        self._asked_at = inf
        self._is_queued = False  # that Ping was not handed to the stream yet
        self._in_hand = False  # it was handed to the stream, which has not taken all of it yet

    def listen(self, receive: Callable[_P, Awaitable[_T]]) -> Callable[_P, Awaitable[_T]]:
        """Wrap ``receive`` to record when we started listening and when data was received."""

        async def listening(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            self._listens_since = trio.current_time()
            data = await receive(*args, **kwargs)
            self._note_life()
            self._listens_since = inf
            return data

        return listening

    def note_activity(self) -> None:
        """Record that something was received, but not by ``receive``."""
        self._note_life()
        if self._listens_since < inf:
            self._listens_since = trio.current_time()

    def _note_life(self) -> None:
        # a Ping that still waits was not answered by this, and its time starts over
        self._asked_at = trio.current_time() if self._is_queued else inf

    def handed_over(self, *, ping_waits: bool) -> None:
        """Record that bytes are being handed to the stream.

        ``ping_waits`` says that the Ping is not among them.
        """
        if self._is_queued and not ping_waits:
            self._is_queued = False
            self._in_hand = True
            self._asked_at = trio.current_time()

    def taken(self, *, all_of_it: bool = True) -> None:
        """Record that the stream took some, or all, of what it was handed."""
        if self._asked_at < inf and (self._is_queued or self._in_hand):
            self._asked_at = trio.current_time()
        if all_of_it:
            self._in_hand = False

    @trio.lowlevel.enable_ki_protection
    async def run(self) -> None:
        """Run until the connection closes, which has its own bounds."""
        ping_at = trio.current_time() + self._interval
        while True:
            await trio.sleep_until(min(ping_at, self._dead_at()))
            # if the program held up all tasks, the reader gets its turn first
            await trio.lowlevel.checkpoint()
            if self._machine.state is not OPEN:
                return
            now = trio.current_time()
            if now >= self._dead_at():
                self._on_dead(self._reason(now))
                return
            if now >= ping_at:
                self._ask(now)
                ping_at = now + self._interval

    def _dead_at(self) -> float:
        return max(self._listens_since, self._asked_at) + self._timeout

    def _ask(self, now: float) -> None:
        if self._asked_at == inf:
            self._asked_at = now
            self._is_queued = True
        self._send_ping()

    def _reason(self, now: float) -> TimeoutError:
        silence = round(now - self._listens_since, 2)
        return TimeoutError(
            f"expected an answer to a Ping within {self._timeout:g} seconds (ping_timeout), "
            f"but the peer was silent for {silence:g} seconds"
        )
