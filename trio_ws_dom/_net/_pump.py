"""What a socket asks of its connection, and the bounds that every connection has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import inf
from typing import TYPE_CHECKING, Final, ParamSpec, Protocol, TypeVar

import trio

from .._wire._closing import ClosingMachine, State
from ._keepalive import Keepalive
from ._pings import Pings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .._wire._frames import Close
    from ._keepalive import PingOutbox
    from ._settings import Bounds

_P = ParamSpec("_P")
_T = TypeVar("_T")

TCP_END_TIMEOUT: Final = 2.0
"""Seconds that the server has for ending TCP once the Closes are exchanged; Chromium's figure."""


class Queue(Protocol):
    """What waits to be sent.

    Attributes:
      amount: bytes of payload that were queued and not handed to the network, as the DOM's
        ``bufferedAmount`` counts them; also those of messages that will never be sent.
    """

    amount: int


class Pump(Protocol):
    """What a socket asks of its connection. All but the two last is synchronous, so atomic."""

    @property
    def machine(self) -> ClosingMachine:
        """Where the connection stands, and what is known of its end."""
        ...

    @property
    def outbox(self) -> Queue: ...

    def send(self, first: int, payload: bytes) -> None:
        """Queue a data frame that begins with ``first``; dropped, but counted, when closing."""
        ...

    def close(self, close: Close, *, flush: bool = False) -> None:
        """Start the closing handshake behind what is queued; give up opening; else nothing.

        With ``flush``, what the network takes at once leaves now, as the caller is about to wait.
        """
        ...

    def hurry(self, share: float = 1.0) -> None:
        """The program is cancelled: ``cancelled_close_timeout``, or a share of it, is left."""
        ...

    def abort(self) -> None:
        """End it now, without a goodbye; to be called once it is closing."""
        ...

    def resume(self) -> None:
        """The owner may want messages again, or the state has changed: the reader is to look."""
        ...

    def flush(self) -> None:
        """Write now what the network takes at once."""
        ...

    def enqueue(self) -> None:
        """Take a slot in the queue of the server's host and port; :meth:`run` must follow."""
        ...

    async def ping(self) -> float | None:
        """Send a Ping and wait for its Pong; gives the seconds between.

        Behind the Close no Ping may leave. None: the connection was at its end first, and
        whatever the owner does at the end is done. Cancelled, the Ping may have left.
        """
        ...

    async def run(self) -> None:
        """From the beginning to the end; the machine is CLOSED after it."""
        ...


class Bounded(ABC):
    """The part of a pump that does not depend on who moves the bytes.

    A pump runs in one nursery, whose scope is shielded and has one deadline. It is ended by the
    connection alone, and the deadline, which only ever shrinks, ends it when the peer does not.

    Attributes:
      machine: where the connection stands, and what is known of its end.
    """

    def __init__(self, bounds: Bounds) -> None:
        self.machine = ClosingMachine()
        self._bounds = bounds
        self._scope = trio.CancelScope()  # until the pump runs, what it is to begin with
        self._pings: Pings | None = None  # once there was one
        self._keepalive: Keepalive | None = None  # once the connection is open, if it is to be

    def _run_within(self, scope: trio.CancelScope) -> None:
        """The pump begins to run, and this is its nursery's scope."""
        scope.shield = True
        scope.deadline = -inf if self._scope.cancel_called else self._scope.deadline
        self._scope = scope

    @abstractmethod
    def _queue_ping(self, payload: bytes) -> None:
        """Send a Ping soon, in place of one that has not left; it is OPEN."""

    def hurry(self, share: float = 1.0) -> None:
        """See :class:`Pump`."""
        seconds = self._bounds.cancelled_close_timeout * share
        if seconds == 0:
            self._scope.cancel()  # before the Close frame, not at the next turn of the clock
        else:
            self._shrink(seconds)

    def abort(self) -> None:
        """See :class:`Pump`."""
        assert self.machine.state not in (State.CONNECTING, State.OPEN)  # or it has no way out
        self._scope.cancel()

    async def ping(self) -> float | None:
        """See :class:`Pump`."""
        await trio.lowlevel.checkpoint_if_cancelled()
        start = trio.current_time()
        number, pings = self._send_ping()
        while pings.answered < number:
            if self.machine.state is State.CLOSED:
                return None
            await pings.waiting.park()
        return pings.answered_at - start

    def _send_ping(self) -> tuple[int, Pings]:
        pings = self._pings = self._pings or Pings()
        number, payload = pings.next()
        if self.machine.state is State.OPEN:
            self._queue_ping(payload)
        return number, pings

    def _keep_alive(
        self,
        receive: Callable[_P, Awaitable[_T]],
        outbox: PingOutbox,
        nursery: trio.Nursery,
    ) -> Callable[_P, Awaitable[_T]]:
        """Start what ``ping_interval`` asks for; gives the reader's way to what comes."""
        bounds = self._bounds
        if bounds.ping_interval is None:
            return receive
        keepalive = self._keepalive = Keepalive(
            bounds.ping_interval,
            bounds.ping_timeout,
            self.machine,
            outbox,
            self._send_ping,
            self._give_up,
        )
        nursery.start_soon(keepalive.run)
        return keepalive.listen(receive)

    def _overflow(self, queue: Queue, size: int) -> None:
        """A message passes ``max_buffered_amount``: the standard's "flag as full". There is no
        room for a Close either (https://websockets.spec.whatwg.org/#dom-websocket-send)."""
        queued = queue.amount
        queue.amount += size
        self._give_up(
            BufferError(
                f"expected at most {self._bounds.max_buffered_amount} bytes queued "
                f"(max_buffered_amount), got a message of {size} on top of {queued}"
            )
        )

    def _give_up(self, cause: Exception) -> None:
        """Fail the connection, which is OPEN, and end it at once: no Close would get through."""
        self.machine.fail(cause)
        self._scope.cancel()

    def _shrink(self, seconds: float) -> None:
        """The pump ends so many seconds from now at the latest. A deadline never grows."""
        self._scope.deadline = min(self._scope.deadline, trio.current_time() + seconds)

    def _ended(self, cause: Exception) -> None:
        """TCP is gone, and why, if nothing more is known."""
        self.machine.end(cause)
        if self._pings is not None:
            self._pings.waiting.unpark_all()
