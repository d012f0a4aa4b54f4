"""The pump: one connection from dialling to the end of TCP, and the bounds of its closing.

Everything that touches the stream runs in one scope, which is shielded and has one deadline. No
cancellation of the program's reaches into it: a close needs a reader for the peer's answer, and a
reader that was cancelled along with the program cannot hear it. The scope is ended by the
connection alone, and the deadline, which only ever shrinks, ends it when the peer does not.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Final, final

import trio

from .._wire._closing import ClosingMachine, Event, State
from .._wire._decoder import Decoder
from .._wire._deflate import Deflater, Inflater
from .._wire._errors import ProtocolError
from .._wire._frames import FIN, RSV1, Close, Ping
from ._dial import Failure
from ._opening import Opening
from ._owner import Owner
from ._shut import TRANSPORT_ERRORS, reset, shut
from ._writer import Writer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from .._wire._frames import Control
    from .._wire._messages import Message
    from .._wire._response import Response
    from ._settings import Settings

TCP_END_TIMEOUT: Final = 2.0
"""Seconds that the server has for ending TCP once the Closes are exchanged; Chromium's figure."""

READ_SIZE: Final = 256 * 1024
"""Bytes read at a time: many small messages for one system call and one turn of the scheduler."""

SLICE: Final = 0.002
"""Seconds of dispatching after which other tasks get a turn."""

MIN_DEFLATE: Final = 32
"""Bytes from which on a message is compressed; a shorter one would save next to nothing."""

_OWING: Final = frozenset((State.PEER_CLOSED, State.FAILING))
"""Where our Close may still leave though the peer has ended its side of TCP."""


@final
class Connection:
    """One connection's pump.

    Attributes:
      machine: where the connection stands, and what is known of its end.
      outbox: what waits to be written; ``flush()`` writes what the socket takes at once.
    """

    def __init__(self, settings: Settings, owner: Owner) -> None:
        self.machine = ClosingMachine()
        self._writer = Writer(self._sent, self._write_failed)
        self.outbox = self._writer.outbox
        self.flush = self._writer.flush
        self._settings = settings
        self._owner = owner
        self._scope = trio.CancelScope(shield=True)
        self._opening = Opening(settings)
        self.queue_up = self._opening.queue_up
        self._decoder: Decoder
        self._deflater: Deflater | None = None
        self._reader_wakes: trio.Event | None = None
        self._turn_ends = 0.0
        self._lost: Exception | None = None  # what ended the transport

    # What the program does. Synchronous, so atomic.

    def send(self, first: int, payload: bytes) -> None:
        """Queue a data frame that begins with ``first``; dropped, but counted, when closing."""
        size = len(payload)
        outbox = self.outbox
        if self.machine.state is not State.OPEN:
            outbox.amount += size
            return
        limit = self._settings.max_buffered_amount
        if limit is not None and outbox.amount + size > limit:
            self._overflow(size, limit)
            return
        # fragments are not compressed; a whole message has FIN and an opcode
        if self._deflater is not None and size >= MIN_DEFLATE and first > FIN:
            payload = self._deflater.compress(payload)
            first |= RSV1
        outbox.put(first, payload, size)
        self._writer.wake()

    def close(self, close: Close) -> None:
        """Start the closing handshake behind what is queued; give up opening; else nothing."""
        state = self.machine.state
        if state is State.CONNECTING:
            self._fail(ConnectionAbortedError("closed before the connection was open"))
            self._opening.give_up()
        elif state is State.OPEN:
            self.machine.advance(Event.CLOSE_QUEUES)
            self._queue_close(close, self._settings.close_timeout)

    def hurry(self, share: float = 1.0) -> None:
        """The program is cancelled: ``cancelled_close_timeout``, or a share of it, is left."""
        seconds = self._settings.cancelled_close_timeout * share
        if seconds == 0:
            self._scope.cancel()  # before the Close frame, not at the next turn of the clock
        else:
            self._shrink(seconds)

    def abort(self) -> None:
        """End it now, without a goodbye; to be called once it is closing."""
        assert self.machine.state not in (State.CONNECTING, State.OPEN)  # or it has no way out
        self._scope.cancel()

    def resume(self) -> None:
        """The owner may want messages again, or the state has changed: the reader is to look."""
        if self._reader_wakes is not None:
            self._reader_wakes.set()
            self._reader_wakes = None

    def _fail(self, cause: Exception, close: Close | None = None) -> None:
        """Fail the connection (RFC 6455 section 7.1.7), unless its end is settled already."""
        if self.machine.can(Event.FAILS):
            self.machine.fail(cause)
            self._queue_close(close, TCP_END_TIMEOUT)

    def _overflow(self, size: int, limit: int) -> None:
        """The standard's "flag as full": there is no room for a Close either
        (https://websockets.spec.whatwg.org/#dom-websocket-send)."""
        queued = self.outbox.amount
        self.outbox.amount += size
        self._fail(
            BufferError(
                f"expected at most {limit} bytes queued (max_buffered_amount), "
                f"got a message of {size} on top of {queued}"
            )
        )
        self._scope.cancel()

    def _queue_close(self, close: Close | None, timeout: float) -> None:
        self._shrink(timeout)
        self.resume()
        if close is not None:
            self.outbox.put_close(close)
            self._writer.wake()

    def _shrink(self, seconds: float) -> None:
        """The pump ends so many seconds from now at the latest. A deadline never grows."""
        self._scope.deadline = min(self._scope.deadline, trio.current_time() + seconds)

    # The pump.

    @trio.lowlevel.enable_ki_protection
    async def run(self) -> None:
        """From dialling to the end; the machine is CLOSED and the stream closed after it."""
        with self._scope:
            await self._open()
            if self.machine.state is not State.FAILING:
                await self._pump()
        if self._scope.cancelled_caught:
            self._cut_off()
        stream = self._opening.stream
        if stream is not None:
            graceful = self._lost is None or self.machine.state is State.COMPLETE
            await (shut if graceful else reset)(stream)
        self.machine.end(self._lost or EOFError("the server ended TCP without a Close frame"))

    async def _pump(self) -> None:
        assert self._opening.stream is not None  # it was opened
        async with trio.open_nursery() as nursery:
            self._writer.start(self._opening.stream, nursery)
            try:
                await self._read(self._opening.stream)
            finally:
                self._writer.stop()
            nursery.cancel_scope.cancel()

    def _cut_off(self) -> None:
        """The pump was ended from outside, or ran out of time."""
        if self._lost is None:
            self._lost = TimeoutError("the server did not finish the closing handshake in time")

    async def _open(self) -> None:
        try:
            response = await self._opening.run()
        except Failure as exc:
            self._fail(exc)
        else:
            if self.machine.state is State.CONNECTING:  # else it was given up in the last moment
                self._opened(response)

    def _opened(self, response: Response) -> None:
        inflater = None
        if response.deflate is not None:
            inflater = Inflater(response.deflate)
            self._deflater = Deflater(response.deflate)
        self._decoder = Decoder(max_message_size=self._settings.max_message_size, inflater=inflater)
        self._decoder.feed(response.trailing)
        self.machine.advance(Event.ESTABLISHED)
        self._owner._connection_opened(response)

    async def _read(self, stream: trio.abc.Stream) -> None:
        """Until TCP ends; what the transport raises is kept, never raised."""
        # a plain socket is read without the stream's translation of errors, which costs a tenth
        # of the time of a short message
        receive: Callable[[int], Awaitable[bytes | bytearray]] = stream.receive_some
        if isinstance(stream, trio.SocketStream):
            receive = stream.socket.recv
        try:
            while self.machine.state is not State.FAILING:
                if await self._take():
                    if perf_counter() > self._turn_ends:
                        await self._breathe()
                    continue
                data = await receive(READ_SIZE)
                self._turn_ends = perf_counter() + SLICE
                if not data:
                    break
                self._decoder.feed(bytes(data))
            if self.machine.state is State.FAILING:
                if isinstance(stream, trio.SocketStream) and not self.outbox:
                    await stream.send_eof()  # the Close has left: a server that waits need not
                while await receive(READ_SIZE):
                    pass  # dropped (section 7.1.7)
            while self.machine.state in _OWING and self.outbox and self._lost is None:
                await self._until_woken()
        except TRANSPORT_ERRORS as exc:
            self._lost = exc

    async def _take(self) -> bool:
        """Handle what the decoder has; False if it needs more bytes."""
        try:
            messages, control = self._decoder.take()
        except ProtocolError as exc:
            self._fail(exc, Close(exc.code))
            self.flush()
            return True
        if messages:
            await self._deliver(messages)
        if control is not None:
            self._writer.held = True
            self._answer(control)
            self._writer.held = False
            self.flush()
        return not self._decoder.hungry

    async def _deliver(self, messages: Sequence[Message]) -> None:
        """Hand messages over as the owner takes them; from CLOSING on they are dropped
        (https://websockets.spec.whatwg.org/#feedback-from-the-protocol)."""
        index, count = 0, len(messages)
        while index < count and self.machine.state is State.OPEN:
            if not self._owner._wants_messages:
                await self._until_woken()
                continue
            self._writer.held = True
            index = self._owner._take_messages(messages, index)
            self._writer.held = False
            if perf_counter() > self._turn_ends:
                await self._breathe()
        self.flush()

    async def _until_woken(self) -> None:
        self.flush()
        self._reader_wakes = trio.Event()
        await self._reader_wakes.wait()

    async def _breathe(self) -> None:
        """Give the other tasks a turn, as this one has lasted."""
        self.flush()
        await trio.lowlevel.checkpoint()
        self._turn_ends = perf_counter() + SLICE

    def _answer(self, control: Control) -> None:
        if isinstance(control, Ping):
            self.outbox.put_pong(control.payload)
        elif isinstance(control, Close):
            must_echo = self.machine.state is State.OPEN
            self.machine.close_came(control)
            # RFC 6455 section 5.5.1 asks for the code; browsers echo the reason as well
            self._queue_close(control if must_echo else None, TCP_END_TIMEOUT)

    # The writer's calls.

    def _sent(self, close: Close | None) -> None:
        if close is not None:
            self.machine.close_left(close)
            if self.machine.state is State.COMPLETE:
                self._shrink(TCP_END_TIMEOUT)
            self.resume()
        self._owner._bytes_left()

    def _write_failed(self, exc: Exception) -> None:
        # the reader will hear of it too, unless the way from the peer to us is intact
        self._lost = exc
        self._shrink(TCP_END_TIMEOUT)
        self.resume()
