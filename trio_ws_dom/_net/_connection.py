"""The pump: one connection from dialling to the end of TCP, and the bounds of its closing.

Everything that touches the stream runs in one scope, which is shielded and has one deadline. No
cancellation of the program's reaches into it: a close needs a reader for the peer's answer, and a
reader that was cancelled along with the program cannot hear it. The scope is ended by the
connection alone, and the deadline, which only ever shrinks, ends it when the peer does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

import trio

from .._wire._closing import OPEN, Event, State
from .._wire._decoder import Decoder
from .._wire._deflate import Deflater, Inflater
from .._wire._frames import FIN, RSV1, Close, Ping, Pong
from ._dial._opening import Opening
from ._owner import Owner
from ._pump import TCP_END_TIMEOUT, Bounded
from ._reader import READ_SIZE, Reader, receiver
from ._stream_end import end_sending, reset, shut
from ._writer import Writer

if TYPE_CHECKING:
    from .._wire._errors import ProtocolError
    from .._wire._frames import Control
    from .._wire._http._response import Response
    from ._settings import Settings

MIN_DEFLATE: Final = 32
"""Bytes from which on a message is compressed; a shorter one would save next to nothing."""

_OWING: Final = frozenset((State.PEER_CLOSED, State.FAILING))
"""Where our Close may still leave though the peer has ended its side of TCP."""


@final
class Connection(Bounded):
    """One dialled connection's pump; see :class:`~._pump.Pump`.

    Attributes:
      outbox: what waits to be written.
      piece_size: as the Decoder takes it; to be set before the connection is open.
    """

    def __init__(self, settings: Settings, owner: Owner) -> None:
        super().__init__(settings)
        self.piece_size: int | None = None
        self._writer = Writer(self)
        self.outbox = self._writer.outbox
        self._reader = Reader(self.machine, self._writer, owner, self)
        self._settings = settings
        self._owner = owner
        self._opening: Opening | None = Opening(settings, owner)  # while CONNECTING
        self._stream: trio.abc.Stream | None = None  # once the opening is over, if it had one
        self._deflater: Deflater | None = None
        self._lost: Exception | None = None  # what ended the transport

    def enqueue(self) -> None:
        """See :class:`~._pump.Pump`."""
        assert self._opening is not None
        self._opening.enqueue()

    # What the program does. Synchronous, so atomic.

    def send(self, first: int, payload: bytes) -> None:
        """See :class:`~._pump.Pump`."""
        size = len(payload)
        outbox = self.outbox
        if self.machine.state is not OPEN:
            outbox.amount += size
            return
        limit = self._settings.max_buffered_amount
        if limit is not None and outbox.amount + size > limit:
            self._overflow(outbox, size)
            return
        # fragments are not compressed; a whole message has FIN and an opcode
        if self._deflater is not None and size >= MIN_DEFLATE and first > FIN:
            payload = self._deflater.compress(payload)
            first |= RSV1
        outbox.put(first, payload, size)
        self._writer.wake()

    def close(self, close: Close, *, flush: bool = False) -> None:
        """See :class:`~._pump.Pump`."""
        state = self.machine.state
        if state is State.CONNECTING:
            self._fail(ConnectionAbortedError("closed before the connection was open"))
            assert self._opening is not None
            self._opening.cancel()
        elif state is State.OPEN:
            self.machine.advance(Event.CLOSE_QUEUES)
            self._queue_close(close, self._settings.close_timeout, flush=flush)

    def resume(self) -> None:
        """See :class:`~._pump.Pump`."""
        self._reader.resume()

    def flush(self) -> None:
        """See :class:`~._pump.Pump`."""
        self._writer.flush()

    def _queue_ping(self, payload: bytes) -> None:
        self.outbox.put_ping(payload)
        self.flush()

    def _fail(self, cause: Exception, close: Close | None = None) -> None:
        """Fail the connection (RFC 6455 section 7.1.7), unless its end is settled already."""
        if self.machine.can(Event.FAILS):
            self.machine.fail(cause)
            self._queue_close(close, TCP_END_TIMEOUT)

    def _queue_close(self, close: Close | None, timeout: float, *, flush: bool = False) -> None:
        self._shrink(timeout)
        self.resume()
        if close is not None:
            self.outbox.put_close(close)
            (self.flush if flush else self._writer.wake)()

    # The pump.

    @trio.lowlevel.enable_ki_protection
    async def run(self) -> None:
        """From dialling to the end; the machine is CLOSED and the stream closed after it."""
        finished = False
        async with trio.open_nursery() as nursery:
            self._run_within(nursery.cancel_scope)
            await self._open()
            if self.machine.state is not State.FAILING:
                await self._pump(nursery)
            finished = True
            if nursery.child_tasks:  # a short connection has none to be ended
                nursery.cancel_scope.cancel()
        if not finished:
            self._cut_off()
        stream = self._stream
        if stream is not None:
            graceful = self._lost is None or self.machine.state is State.COMPLETE
            await (shut if graceful else reset)(stream)
        self._ended(self._lost or EOFError("the server ended TCP without a Close frame"))

    def _cut_off(self) -> None:
        """The pump was ended from outside, or ran out of time."""
        if self._lost is None:
            self._lost = TimeoutError("the server did not finish the closing handshake in time")

    async def _open(self) -> None:
        assert self._opening is not None
        try:
            response = await self._opening.run()
        # also one that nobody foresaw: the socket ends all the same, and tells why
        except Exception as exc:
            self._fail(exc)
        else:
            if self.machine.state is State.CONNECTING:  # else it was given up in the last moment
                self._opened(response)
        finally:
            self._stream = self._opening.stream
            self._opening = None

    def _opened(self, response: Response) -> None:
        inflater = None
        if response.deflate is not None:
            inflater = Inflater(response.deflate)
            self._deflater = Deflater(response.deflate)
        decoder = Decoder(
            max_message_size=self._settings.max_message_size,
            inflater=inflater,
            piece_size=self.piece_size,
        )
        decoder.feed(response.trailing)
        self._reader.decoder = decoder
        self.machine.advance(Event.ESTABLISHED)
        self._owner._connection_opened(response)

    async def _pump(self, nursery: trio.Nursery) -> None:
        """Until TCP ends; what the transport raises is kept, never raised, and what a stream that
        is not trio's may raise."""
        stream = self._stream
        assert stream is not None  # it was opened
        self._writer.start(stream, nursery)
        receive = self._keep_alive(receiver(stream), self.outbox, nursery)
        try:
            await self._reader.run(receive)
            if self.machine.state is State.FAILING:
                if not self.outbox:
                    end_sending(stream)  # the Close has left: a server that waits need not
                while await receive(READ_SIZE):
                    pass  # dropped (section 7.1.7)
            while self.machine.state in _OWING and self.outbox and self._lost is None:
                await self._reader.until_resumed()
        except Exception as exc:
            self._lost = exc
        finally:
            self._writer.stop()

    # The reader's calls.

    def rule_broken(self, exc: ProtocolError) -> None:
        """See :class:`~._reader.Listener`."""
        self._fail(exc, Close(exc.code))

    def control_came(self, control: Control) -> None:
        """See :class:`~._reader.Listener`."""
        if isinstance(control, Ping):
            self.outbox.put_pong(control.payload)
        elif isinstance(control, Pong):
            if self._pings is not None:
                self._pings.pong_came(control.payload)
        else:
            must_echo = self.machine.state is State.OPEN
            self.machine.close_came(control)
            # RFC 6455 section 5.5.1 asks for the code; browsers echo the reason as well
            self._queue_close(control if must_echo else None, TCP_END_TIMEOUT)

    # The writer's calls.

    def bytes_sent(self, close: Close | None) -> None:
        """See :class:`~._writer.Sender`."""
        if close is not None:
            self.machine.close_left(close)
            if self.machine.state is State.COMPLETE:
                self._shrink(TCP_END_TIMEOUT)
            elif self.machine.state is State.FAILING and self._stream is not None:
                end_sending(self._stream)
            self.resume()
        if self._keepalive is not None:
            self._keepalive.bytes_left()
        self._owner._bytes_left()

    def sending_failed(self, exc: Exception) -> None:
        """See :class:`~._writer.Sender`."""
        # the reader will hear of it too, unless the way from the peer to us is intact
        self._lost = exc
        self._shrink(TCP_END_TIMEOUT)
        self.resume()
