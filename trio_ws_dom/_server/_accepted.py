"""A connection that trio-websocket has accepted, by its public interface alone.

trio-websocket reads, frames, answers Pings and Closes, and ends TCP (a server ends it first, RFC
6455 section 7.1.1), in a task of its own. What is ours: the order of what is sent, the backpressure
of what is received, the bounds of the closing, and what the end is made of. docs/server.md lists
what cannot be known or done from here.

Tasks, all in one shielded nursery: :meth:`AcceptedConnection.run` takes messages, a second task
writes, and others send Pings and Pongs while there are any.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from math import inf
from types import coroutine
from typing import TYPE_CHECKING, Any, Final, final

import trio
from trio_websocket import ConnectionClosed
from wsproto.frame_protocol import CloseReason as WireCode

from .._net._deadline import TCP_END_TIMEOUT
from .._net._log import Log
from .._net._reader import wait_for_room
from .._net._settings import next_number
from .._net._socket_connection import SocketConnection
from .._wire._closing import OPEN, ClosingEvent, ClosingMachine, State
from .._wire._errors import ProtocolError
from .._wire._frames import (
    ABNORMAL_CLOSURE,
    INVALID_PAYLOAD,
    MESSAGE_TOO_BIG,
    NO_STATUS_RECEIVED,
    PROTOCOL_ERROR,
    Close,
)
from .._wire._outbox import MAX_PENDING_PONGS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator

    from trio_websocket import CloseReason, WebSocketConnection

    from .._net._dial._addresses import HostAndPort
    from .._net._handler import ConnectionHandler
    from .._net._settings import Bounds
    from .._wire._http._response import Response
    from .._wire._messages import Message

ORPHAN_CLOSE_TIMEOUT: Final = 0.1
"""Seconds for sending our Close once trio-websocket's reader is gone, which would take the
answer."""


@final
class AcceptedConnection(SocketConnection):
    """One accepted connection.

    It begins in OPEN. See the module.

    Args:
      accepted: trio-websocket's connection.
      response: what the answer said.
      bounds: the options.
      handler: what is above.
      where: the URL, for the log.
      addresses: the local and the remote address of TCP.
    """

    def __init__(
        self,
        accepted: WebSocketConnection,
        response: Response,
        bounds: Bounds,
        handler: ConnectionHandler,
        where: str,
        addresses: tuple[HostAndPort | None, HostAndPort | None] = (None, None),
    ) -> None:
        super().__init__(bounds, Log(next_number(), where))
        self._addresses = addresses
        self._reader_wakes = trio.Event()  # the task that takes messages sleeps on it
        self.machine = ClosingMachine(self._on_transition)
        self._accepted = accepted
        self._response = response
        self._handler = handler
        self._amount = 0  # see buffered_amount
        self._messages: deque[tuple[Message, int]] = deque()  # to be sent, with their sizes
        self._sending_size = 0  # bytes of the message that is being sent
        self._close: Close | None = None  # to be sent after them
        self._ping_payload: bytes | None = None  # of a Ping to be sent
        self._is_pinging = False
        self._pongs: deque[bytes] = deque(maxlen=MAX_PENDING_PONGS)  # to be sent
        self._is_ponging = False
        self._nursery: trio.Nursery | None = None  # while the tasks run
        self._writer_wakes = trio.Event()  # the writing task sleeps on it
        self._written = trio.Event()  # the writing is over
        self._has_stalled = False  # the handler was notified that the reading has stopped
        self._reader_cancelled = False  # trio-websocket's reader is gone, and did not say why
        self._finished = False  # the reading came to an end by itself
        self._own_close: CloseReason | None = None  # what trio-websocket recorded for our Close
        self.machine.advance(ClosingEvent.ESTABLISHED)

    # What the program does.

    @property
    def buffered_amount(self) -> int:
        return self._amount

    def addresses(self) -> tuple[HostAndPort | None, HostAndPort | None]:
        return self._addresses

    def send_text(self, payload: bytes, fin: bool = True) -> None:
        assert fin  # fragments are for streams, which are not accepted
        if self._has_room(len(payload)):
            self._queue(payload.decode(), len(payload))

    def send_binary(self, payload: bytes, fin: bool = True) -> None:
        assert fin  # as above
        if self._has_room(len(payload)):
            self._queue(payload, len(payload))

    def send_continuation(self, payload: bytes, fin: bool) -> None:
        raise AssertionError  # pragma: no cover  # as above

    def _queue(self, message: Message, size: int) -> None:
        self._amount += size
        if self.machine.state is OPEN:
            self._messages.append((message, size))
            self._writer_wakes.set()

    def _count_dropped(self, size: int) -> None:
        self._amount += size

    def close(self, close: Close, *, flush: bool = False) -> None:
        if self.machine.state is OPEN:
            self._close = close
            self.machine.advance(ClosingEvent.CLOSE_QUEUED)
            self._writer_wakes.set()

    def resume(self) -> None:
        self._reader_wakes.set()

    def flush(self) -> None:
        """Do nothing.

        The writing task does it.
        """

    def enqueue(self) -> None:
        """Do nothing.

        It is connected.
        """

    def start_soon(self, function: Callable[[], Awaitable[object]]) -> None:
        if self._nursery is not None:
            self._nursery.start_soon(function)

    def _queue_ping(self, payload: bytes) -> None:
        self._ping_payload = payload
        if not self._is_pinging:
            self._is_pinging = True
            self.start_soon(self._ping_peer)

    def pong(self, payload: bytes) -> None:
        if self.machine.state is OPEN:
            self._pongs.append(payload)
            if not self._is_ponging:
                self._is_ponging = True
                self.start_soon(self._send_pongs)

    # The life of the connection.

    @trio.lowlevel.enable_ki_protection
    async def run(self) -> None:
        """See :class:`SocketConnection`.

        If the peer has ended the connection, or broke a rule, trio-websocket may close its file
        descriptor only when the handler returns.
        """
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            self._deadline.run_within(nursery.cancel_scope)
            try:
                await self._handler.on_open(self._response)
                nursery.start_soon(self._write)
                await self._read(self._keep_alive(self._accepted.get_message, nursery))
                self._finished = True
            finally:
                self._nursery = None
            nursery.cancel_scope.cancel()
        closed = self._accepted.closed
        with trio.CancelScope(shield=True):  # trio.aclose_forcefully() alone can be cancelled
            await trio.aclose_forcefully(self._accepted)
        self._record_end(closed)
        self._wake_pings()

    @trio.lowlevel.enable_ki_protection
    async def _ping_peer(self) -> None:
        """Send Pings one at a time. trio-websocket has no limit to those that wait for their Pong,
        and does not tell them when the connection ends."""
        with suppress(ConnectionClosed):  # the reader notices, too
            while self._ping_payload is not None:
                payload, self._ping_payload = self._ping_payload, None
                if self._keepalive is not None:
                    self._keepalive.handed_over(ping_waits=False)
                await self._accepted.ping(payload)
                self._on_pong(payload)
                if self._keepalive is not None:
                    self._keepalive.note_activity()
        self._is_pinging = False

    @trio.lowlevel.enable_ki_protection
    async def _send_pongs(self) -> None:
        with suppress(ConnectionClosed):  # the reader notices, too
            while self._pongs:
                await self._accepted.pong(self._pongs.popleft())
        self._is_ponging = False

    async def _read(self, get_message: Callable[[], Awaitable[Message]]) -> None:
        """Read until the peer has ended the connection, or our own close is done."""
        try:
            while True:
                await self._deliver(await get_message())
        except ConnectionClosed as exc:
            if exc.reason is None:
                self._on_reader_cancelled()
            if exc.reason is None or self._own_close is not None:
                await self._written.wait()

    async def _deliver(self, message: Message) -> None:
        """Deliver a message as soon as it is accepted.

        From CLOSING on it is dropped
        (https://websockets.spec.whatwg.org/#feedback-from-the-protocol).
        """
        while self.machine.state is OPEN:
            if self._handler.accepts_messages:
                self._handler.take_messages((message,), 0)
                if self._handler.must_pause:
                    await self._handler.pause()
                return
            self._has_stalled = await wait_for_room(
                self._wait_resumed, self._handler, self._has_stalled
            )

    async def _wait_resumed(self) -> None:
        self._reader_wakes = trio.Event()
        await self._reader_wakes.wait()

    def _on_reader_cancelled(self) -> None:
        """Note that trio-websocket's reader was cancelled, as it is when the whole server is. We
        can still send, and the program can still close."""
        self._reader_cancelled = True
        self._deadline.limit_to(trio.current_time() + self._bounds.close_timeout)

    @trio.lowlevel.enable_ki_protection
    async def _write(self) -> None:
        try:
            await self._write_messages()
            await self._send_close()
        except ConnectionClosed:
            # the reader notices, too, unless nobody takes what it has
            self._deadline.limit_to(trio.current_time() + TCP_END_TIMEOUT)
        self._written.set()

    async def _write_messages(self) -> None:
        """Write until nothing but our Close waits."""
        while self._messages or self._close is None:
            if not self._messages:
                self._writer_wakes = trio.Event()
                await self._writer_wakes.wait()
                continue
            message, self._sending_size = self._messages.popleft()
            await self._accepted.send_message(message)
            self._amount -= self._sending_size
            self._sending_size = 0
            if self._keepalive is not None:
                self._keepalive.taken()
            self._handler.on_bytes_sent()

    async def _send_close(self) -> None:
        """Send our Close, and wait for the peer's.

        Trio-websocket then ends TCP.
        """
        close = self._close
        assert close is not None  # nothing else waits
        code = WireCode.NO_STATUS_RCVD if close.code == NO_STATUS_RECEIVED else close.code
        # what has cancelled the program may have ended trio-websocket's reader: see that first
        await trio.lowlevel.checkpoint()
        with trio.move_on_after(ORPHAN_CLOSE_TIMEOUT if self._reader_cancelled else inf):
            await _await_with_callback(
                self._accepted.aclose(code, close.reason), self._note_own_close
            )

    def _note_own_close(self) -> None:
        assert self._close is not None  # it is being sent
        self._own_close = self._accepted.closed
        self.machine.close_sent(self._close)

    def _record_end(self, closed: CloseReason | None) -> None:
        """Translate trio-websocket's ``closed`` to what the closing machine knows."""
        machine = self.machine
        if closed is self._own_close or machine.state is State.FAILING:
            closed = None  # nothing of the peer's
        if closed is not None:
            code, reason = closed.code, closed.reason or ""
            if _is_failure(code, reason):
                machine.fail(ProtocolError(code, f"trio-websocket gave up: {code} {reason}"))
            elif code != ABNORMAL_CLOSURE:
                machine.close_received(Close(code, reason))
        machine.unsent += self._sending_size + sum(size for _, size in self._messages)
        machine.end(self._loss())

    def _loss(self) -> Exception:
        """Return why the peer's Close was not received, if it was not."""
        if self._reader_cancelled:
            return ConnectionAbortedError("the server was cancelled, and takes no answer")
        if not self._finished:
            return TimeoutError("the client did not finish the closing handshake in time")
        return EOFError("the client ended TCP without a Close frame")


def _is_failure(code: int, reason: str) -> bool:
    """Return whether trio-websocket has failed the connection. It records that as it records a
    Close of the peer's.

    Only its own words distinguish them.
    """
    if code == MESSAGE_TOO_BIG:
        return reason.startswith("Exceeded maximum message size")
    return code in (PROTOCOL_ERROR, INVALID_PAYLOAD) and reason != ""


@coroutine
def _await_with_callback(
    awaited: Coroutine[Any, Any, None], begun: Callable[[], None]
) -> Generator[Any, Any, None]:
    """Await a coroutine, and call ``begun()`` when it first waits, before any other task runs.

    ``aclose()`` marks the connection as closed by us before it first waits, and the peer's answer
    overwrites that mark. Nothing else shows whether there was an answer.
    """
    try:
        asked = awaited.send(None)
        begun()
        while True:
            asked = awaited.send((yield asked))
    except StopIteration:
        pass
