"""Keepalive: Pings at intervals, and the verdict that a peer is dead."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar, final

import trio

from .._wire._closing import State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .._wire._closing import ClosingMachine

_P = ParamSpec("_P")
_T = TypeVar("_T")


class PingOutbox(Protocol):
    """What waits to be written; whether our Ping is in it."""

    @property
    def has_ping(self) -> bool: ...


@final
class Keepalive:
    """Sends a Ping every ``interval`` seconds while the connection is OPEN, and finds the peer
    dead that is silent for ``timeout`` seconds behind one.

    Any byte is an answer. Silence is what the reader hears while it listens: where the program
    holds it back, answers may wait unread in TCP, so that time does not count. Nor does the time
    before a Ping has left, if it waits behind data that does leave, however slowly.

    The Pings are sent regardless of what comes: a server, or a box on the way, may look at this
    direction alone.

    Args:
      interval, timeout: seconds; None: no verdict.
      machine, outbox: the connection's.
      send_ping: queues a Ping, at most one at a time.
      on_dead: called with the reason, once, at the verdict.
    """

    def __init__(
        self,
        interval: float,
        timeout: float | None,
        machine: ClosingMachine,
        outbox: PingOutbox,
        send_ping: Callable[[], object],
        on_dead: Callable[[TimeoutError], None],
    ) -> None:
        self._interval = interval
        self._timeout = inf if timeout is None else timeout
        self._machine = machine
        self._outbox = outbox
        self._send_ping = send_ping
        self._on_dead = on_dead
        self._listens_since = inf  # inf: the reader does something else
        self._asked_at = inf  # when the first Ping since the last byte left; inf: there was none
        self._leaving = False  # that Ping has not left yet

    def listen(self, receive: Callable[_P, Awaitable[_T]]) -> Callable[_P, Awaitable[_T]]:
        """The reader's way to the stream, listened in on."""

        async def heard(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            self._listens_since = trio.current_time()
            data = await receive(*args, **kwargs)
            self._listens_since = self._asked_at = inf
            return data

        return heard

    def heard_aside(self) -> None:
        """Something came past the reader."""
        self._asked_at = inf
        if self._listens_since < inf:
            self._listens_since = trio.current_time()

    def bytes_left(self) -> None:
        """The transport took some bytes."""
        if self._leaving:
            self._asked_at = trio.current_time()
            self._leaving = self._outbox.has_ping

    @trio.lowlevel.enable_ki_protection
    async def run(self) -> None:
        """Until the connection closes, which has its own bounds."""
        ping_at = trio.current_time() + self._interval
        while True:
            await trio.sleep_until(min(ping_at, self._verdict_at()))
            # where the program has held up everybody, the reader has its turn first
            await trio.lowlevel.checkpoint()
            if self._machine.state is not State.OPEN:
                return
            now = trio.current_time()
            if now >= self._verdict_at():
                self._on_dead(self._reason(now))
                return
            if now >= ping_at:
                self._ask(now)
                ping_at = now + self._interval

    def _verdict_at(self) -> float:
        return max(self._listens_since, self._asked_at) + self._timeout

    def _ask(self, now: float) -> None:
        if self._asked_at == inf:
            self._asked_at = now
            self._leaving = True
        self._send_ping()

    def _reason(self, now: float) -> TimeoutError:
        silence = round(now - self._listens_since, 2)
        return TimeoutError(
            f"expected an answer to a Ping within {self._timeout:g} seconds (ping_timeout), "
            f"but the peer was silent for {silence:g} seconds"
        )
