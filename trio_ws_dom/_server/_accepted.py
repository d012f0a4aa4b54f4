"""The pump of a connection that trio-websocket has accepted, by its public interface alone.

trio-websocket reads, frames, answers pings and Closes, and ends TCP (a server ends it first, RFC
6455 section 7.1.1), in a task of its own. What is ours: the order of what leaves, the backpressure
of what comes, the closing's bounds, and what is made of the end. docs/server.md has what cannot be
known or done from here.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from types import coroutine
from typing import TYPE_CHECKING, Any, Final, final

import trio
from trio_websocket import ConnectionClosed
from wsproto.frame_protocol import CloseReason as WireCode

from .._net._pump import TCP_END_TIMEOUT, Bounded
from .._wire._closing import Event, State
from .._wire._errors import ProtocolError
from .._wire._frames import (
    ABNORMAL_CLOSURE,
    FIN,
    INVALID_PAYLOAD,
    MESSAGE_TOO_BIG,
    NO_STATUS_RECEIVED,
    PROTOCOL_ERROR,
    TEXT,
    Close,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Generator

    from trio_websocket import CloseReason, WebSocketConnection

    from .._net._owner import Owner
    from .._net._settings import Bounds
    from .._wire._http._response import Response
    from .._wire._messages import Message

UNHEARD_TIMEOUT: Final = 0.1
"""Seconds for our Close to leave where nobody is left to hear the answer."""


@final
class Outgoing:
    """Messages that wait for the writer, and the Close behind them.

    Attributes:
      amount: see :class:`~._pump.Queue`.
      has_ping: False: a Ping waits for one message at most, and not in here.
    """

    def __init__(self) -> None:
        self.amount = 0
        self.has_ping = False
        self.messages: deque[tuple[Message, int]] = deque()
        self.close: Close | None = None


@final
class AcceptedConnection(Bounded):
    """One accepted connection's pump; see :class:`~._pump.Pump`. It begins in OPEN."""

    def __init__(
        self, accepted: WebSocketConnection, response: Response, bounds: Bounds, owner: Owner
    ) -> None:
        super().__init__(bounds)
        self.machine.advance(Event.ESTABLISHED)
        self.outbox = Outgoing()
        self._accepted = accepted
        self._response = response
        self._owner = owner
        self._ping_payload: bytes | None = None  # of a Ping that is to be sent
        self._pinging = False
        self._sending = False  # the writer is in the middle of a message
        self._nursery: trio.Nursery
        self._reader_wakes = trio.Event()
        self._writer_wakes = trio.Event()
        self._written = trio.Event()  # the writer is done
        self._deaf = False  # trio-websocket's reader is gone, and has not said why
        self._finished = False  # the reading, rather than cut off
        self._own_close: CloseReason | None = None  # what trio-websocket put down for ours

    # What the program does.

    def send(self, first: int, payload: bytes) -> None:
        """See :class:`~._pump.Pump`."""
        size, outbox = len(payload), self.outbox
        limit = self._bounds.max_buffered_amount
        if self.machine.state is not State.OPEN:
            outbox.amount += size
        elif limit is not None and outbox.amount + size > limit:
            self._overflow(outbox, size)
        else:
            outbox.messages.append((payload.decode() if first == FIN | TEXT else payload, size))
            outbox.amount += size
            self._writer_wakes.set()

    def close(self, close: Close, *, flush: bool = False) -> None:
        """See :class:`~._pump.Pump`."""
        if self.machine.state is State.OPEN:
            self.machine.advance(Event.CLOSE_QUEUES)
            self.outbox.close = close
            self._shrink(self._bounds.close_timeout)
            self._writer_wakes.set()
            self.resume()

    def resume(self) -> None:
        """See :class:`~._pump.Pump`."""
        self._reader_wakes.set()

    def flush(self) -> None:
        """Nothing: the writer's task does it."""

    def enqueue(self) -> None:
        """Nothing: it is connected."""

    def _queue_ping(self, payload: bytes) -> None:
        self._ping_payload = payload
        if self._keepalive is not None and not self._sending:
            self._keepalive.bytes_left()  # in a moment, with nothing ahead
        if not self._pinging:
            self._pinging = True
            self._nursery.start_soon(self._ping_peer)

    # The pump.

    @trio.lowlevel.enable_ki_protection
    async def run(self) -> None:
        """See :class:`~._pump.Pump`. Where the peer has ended the connection, or broke a rule,
        trio-websocket may close its file descriptor only when the handler returns."""
        async with trio.open_nursery() as self._nursery:
            self._run_within(self._nursery.cancel_scope)
            self._owner._connection_opened(self._response)
            self._nursery.start_soon(self._write)
            get_message = self._accepted.get_message
            await self._read(self._keep_alive(get_message, self.outbox, self._nursery))
            self._finished = True
            self._nursery.cancel_scope.cancel()
        closed = self._accepted.closed
        with trio.CancelScope(shield=True):  # trio.aclose_forcefully() alone can be cancelled
            await trio.aclose_forcefully(self._accepted)
        self._settle(closed)

    @trio.lowlevel.enable_ki_protection
    async def _ping_peer(self) -> None:
        """Send Pings one at a time. trio-websocket has no limit to those that wait for their Pong,
        and does not tell them when the connection ends."""
        with suppress(ConnectionClosed):  # the reader hears of it
            while self._ping_payload is not None:
                payload, self._ping_payload = self._ping_payload, None
                await self._accepted.ping(payload)
                assert self._pings is not None  # one of them is answered
                self._pings.pong_came(payload)
                if self._keepalive is not None:
                    self._keepalive.heard_aside()
        self._pinging = False

    async def _read(self, get_message: Callable[[], Awaitable[Message]]) -> None:
        """Until the peer has ended the connection, or our own close is done."""
        try:
            while True:
                await self._hand_over(await get_message())
        except ConnectionClosed as exc:
            if exc.reason is None:
                self._hear_no_more()
            if exc.reason is None or self._own_close is not None:
                await self._written.wait()

    async def _hand_over(self, message: Message) -> None:
        """Wait until the owner takes it; from CLOSING on it is dropped
        (https://websockets.spec.whatwg.org/#feedback-from-the-protocol)."""
        while self.machine.state is State.OPEN:
            if self._owner._wants_messages:
                self._owner._take_messages((message,), 0)
                return
            self._reader_wakes = trio.Event()
            await self._reader_wakes.wait()

    def _hear_no_more(self) -> None:
        """trio-websocket's reader was cancelled, as it is when the whole server is. We can still
        send, and the program can still say goodbye."""
        self._deaf = True
        self._shrink(self._bounds.close_timeout)

    @trio.lowlevel.enable_ki_protection
    async def _write(self) -> None:
        try:
            await self._write_messages()
            await self._say_goodbye()
        except ConnectionClosed:
            # the reader will hear of it too, unless nobody takes what it has
            self._shrink(TCP_END_TIMEOUT)
        self._written.set()

    async def _write_messages(self) -> None:
        """Until our Close is all that is left."""
        outbox = self.outbox
        while outbox.messages or outbox.close is None:
            if not outbox.messages:
                self._writer_wakes = trio.Event()
                await self._writer_wakes.wait()
                continue
            message, size = outbox.messages.popleft()
            self._sending = True
            await self._accepted.send_message(message)
            self._sending = False
            outbox.amount -= size
            if self._keepalive is not None:
                self._keepalive.bytes_left()
            self._owner._bytes_left()

    async def _say_goodbye(self) -> None:
        """Send our Close, and wait for the peer's; trio-websocket then ends TCP."""
        close = self.outbox.close
        assert close is not None  # it is what was left
        code = WireCode.NO_STATUS_RCVD if close.code == NO_STATUS_RECEIVED else close.code
        # what has cancelled the program may have ended trio-websocket's reader: see that first
        await trio.lowlevel.checkpoint()
        with trio.move_on_after(UNHEARD_TIMEOUT if self._deaf else float("inf")):
            await _begin(self._accepted.aclose(code, close.reason), self._close_begins)

    def _close_begins(self) -> None:
        self._own_close = self._accepted.closed

    def _settle(self, closed: CloseReason | None) -> None:
        """Make of trio-websocket's ``closed`` what the closing machine knows."""
        machine = self.machine
        if closed is self._own_close or machine.state is State.FAILING:
            closed = None  # nothing of the peer's
        if closed is not None:
            code, reason = closed.code, closed.reason or ""
            if _is_failure(code, reason):
                machine.fail(ProtocolError(code, f"trio-websocket gave up: {code} {reason}"))
            elif code != ABNORMAL_CLOSURE:
                machine.close_came(Close(code, reason))
        self._ended(self._loss())

    def _loss(self) -> Exception:
        """Why there was no Close of the peer's, if there was none."""
        if self._deaf:
            return ConnectionAbortedError("the server was cancelled, and hears no answer")
        if not self._finished:
            return TimeoutError("the client did not finish the closing handshake in time")
        return EOFError("the client ended TCP without a Close frame")


def _is_failure(code: int, reason: str) -> bool:
    """Whether trio-websocket has failed the connection. It puts that down as it puts down a Close
    of the peer's; its own words are all that tells one from the other."""
    if code == MESSAGE_TOO_BIG:
        return reason.startswith("Exceeded maximum message size")
    return code in (PROTOCOL_ERROR, INVALID_PAYLOAD) and reason != ""


@coroutine
def _begin(
    awaited: Coroutine[Any, Any, None], begun: Callable[[], None]
) -> Generator[Any, Any, None]:
    """Await a coroutine, and call ``begun()`` when it first waits: before any other task runs.

    ``aclose()`` marks the connection as closed by us in its first stretch, and the peer's answer
    overwrites that mark. Whether there was an answer can be told by nothing else.
    """
    try:
        asked = awaited.send(None)
        begun()
        while True:
            asked = awaited.send((yield asked))
    except StopIteration:
        pass
