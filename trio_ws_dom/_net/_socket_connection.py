"""What a socket asks of its connection, and what connections of either end have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import trio

from .._wire._closing import CONNECTING, OPEN, State
from ._deadline import CloseDeadline
from ._keepalive import Keepalive
from ._pings import Pings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .._wire._closing import ClosingMachine
    from .._wire._frames import Close
    from ._dial._addresses import HostAndPort
    from ._log import Log
    from ._settings import Bounds

_P = ParamSpec("_P")
_T = TypeVar("_T")


class SocketConnection(ABC):
    """One connection, dialled or accepted. All but :meth:`ping` and :meth:`run` is synchronous.

    Args:
      bounds: the options that hold for either end.
      log: of this connection.

    Attributes:
      machine: the state, and what is known about the end; set by the subclass.
    """

    __slots__ = ("_bounds", "_deadline", "_keepalive", "_limit", "_log", "_pings", "machine")

    machine: ClosingMachine

    def __init__(self, bounds: Bounds, log: Log) -> None:
        self._bounds = bounds
        self._limit = bounds.max_buffered_amount
        self._deadline = CloseDeadline(bounds)
        self._log = log
        self._pings: Pings | None = None  # since the first Ping
        self._keepalive: Keepalive | None = None  # while OPEN, with the option ping_interval

    @property
    @abstractmethod
    def buffered_amount(self) -> int:
        """Bytes of payload that were queued and not handed to the network, as the DOM counts them.

        Messages that will never be sent count, too.
        """

    @abstractmethod
    def addresses(self) -> tuple[HostAndPort | None, HostAndPort | None]:
        """Return the local and the remote address of TCP, as far as there is one."""

    @abstractmethod
    def send_text(self, payload: bytes, fin: bool = True) -> None:
        """Queue a text message, or a first fragment.

        The message is dropped, but counted, unless the state is OPEN.
        """

    @abstractmethod
    def send_binary(self, payload: bytes, fin: bool = True) -> None:
        """Queue a binary message, or a first fragment.

        The message is dropped, but counted, unless the state is OPEN.
        """

    @abstractmethod
    def send_continuation(self, payload: bytes, fin: bool) -> None:
        """Queue another fragment of a message, likewise."""

    @abstractmethod
    def _count_dropped(self, size: int) -> None:
        """Count a message in ``buffered_amount`` that is not queued."""

    @abstractmethod
    def close(self, close: Close, *, flush: bool = False) -> None:
        """Start the closing handshake, after what is queued, or give up opening.

        It does nothing in any other state.

        With ``flush``, what the network takes at once is written now, as the caller will wait.
        """

    @abstractmethod
    def resume(self) -> None:
        """Wake the reader.

        Messages may be accepted again, or the state has changed.
        """

    @abstractmethod
    def flush(self) -> None:
        """Write now what the network takes at once."""

    @abstractmethod
    def enqueue(self) -> None:
        """Take a slot among those who connect to the same server.

        :meth:`run` must follow.
        """

    @abstractmethod
    async def run(self) -> None:
        """Run the connection, from the beginning to the end.

        ``machine`` is CLOSED after it.
        """

    @abstractmethod
    def start_soon(self, function: Callable[[], Awaitable[object]]) -> None:
        """Run a function as a task of the connection.

        It does nothing when its tasks are over.
        """

    @abstractmethod
    def _queue_ping(self, payload: bytes) -> None:
        """Send a Ping soon, instead of one that still waits.

        It is called while OPEN.
        """

    @abstractmethod
    def pong(self, payload: bytes) -> None:
        """Send a Pong that no Ping asked for.

        Does nothing unless OPEN.
        """

    # The end.

    def limit_close(self, moment: float) -> None:
        """End the connection at this moment, by trio's clock, at the latest.

        It must be closing.
        """
        if moment <= trio.current_time():
            self._deadline.expire()  # also before the Close, not at the next tick of the clock
        else:
            self._deadline.limit_to(moment)

    def abort(self) -> None:
        """End the connection now, without a Close.

        It must be closing.
        """
        assert self.machine.state not in (CONNECTING, OPEN)  # or the end would have no reason
        self._deadline.expire()

    def _fail_now(self, cause: Exception) -> None:
        """Fail the connection, which is OPEN, and end it.

        No Close would get through.
        """
        self.machine.fail(cause)
        self._deadline.expire()

    def _on_transition(self, machine: ClosingMachine) -> None:
        self._deadline.entered(machine.state)
        self._log.moved(machine)
        self.resume()

    def _has_room(self, size: int) -> bool:
        """Return whether a message of this size may be queued.

        One that passes ``max_buffered_amount`` fails the connection, as there is no room for a
        Close either (https://websockets.spec.whatwg.org/#dom-websocket-send, "flag as full").
        """
        limit, queued = self._limit, self.buffered_amount
        if limit is None or queued + size <= limit or self.machine.state is not OPEN:
            return True
        self._count_dropped(size)
        self._fail_now(
            BufferError(
                f"expected at most {limit} bytes queued (max_buffered_amount), "
                f"got a message of {size} bytes on top of {queued}"
            )
        )
        return False

    # Pings.

    async def ping(self, payload: bytes = b"") -> float | None:
        """Send a Ping and wait for its Pong.

        Cancelled, the Ping may have been sent.

        Args:
          payload: at most 125 bytes; without any, it is one of our own.

        Returns:
          The seconds between; None if the connection ended first. After a Close no Ping may be
          sent: then it waits for the end.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        start = trio.current_time()
        number, pings = self._send_ping(payload)
        while pings.answered < number:
            if self.machine.state is State.CLOSED:
                return None
            await pings.waiting.park()
        return pings.answered_at - start

    def _send_ping(self, given: bytes = b"") -> tuple[int, Pings]:
        pings = self._pings = self._pings or Pings()
        number, payload = pings.next(given)
        if self.machine.state is OPEN:
            self._queue_ping(payload)
        return number, pings

    def _on_pong(self, payload: bytes) -> None:
        if self._pings is not None:
            self._pings.on_pong(payload)

    def _wake_pings(self) -> None:
        """Wake whoever waits for a Pong.

        The connection has ended.
        """
        if self._pings is not None:
            self._pings.waiting.unpark_all()

    def _keep_alive(
        self, receive: Callable[_P, Awaitable[_T]], nursery: trio.Nursery
    ) -> Callable[_P, Awaitable[_T]]:
        """Start what ``ping_interval`` asks for.

        Returns the function that the reader should use.
        """
        bounds = self._bounds
        if bounds.ping_interval is None:
            return receive
        keepalive = self._keepalive = Keepalive(
            bounds.ping_interval,
            bounds.ping_timeout,
            self.machine,
            self._send_ping,
            self._fail_now,
        )
        nursery.start_soon(keepalive.run)
        return keepalive.listen(receive)
