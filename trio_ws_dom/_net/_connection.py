"""A dialled connection, which owns one stream from dialling to the end of TCP.

Tasks. :meth:`Connection.run` is one task, which dials and then reads. A second task writes, if
there is ever anything that the network does not take at once, and a third sends Pings, if the
program asked for them. All three live in one shielded nursery, whose scope :class:`CloseDeadline`
bounds: nothing but the connection itself cancels them.

The end, in order: the state moves (the transition hook sets the bound of the new state, logs it,
and wakes the reader); Closes are exchanged; the server ends TCP, or we end our side of it after a
short grace; the stream is closed, gracefully or with a reset; the machine is CLOSED.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

import trio

from .._wire._closing import CONNECTING, FAILING, OPEN, State
from .._wire._protocol import Protocol
from ._dial._addresses import addresses_of
from ._dial._opening import Opening
from ._log import Log
from ._masks import new_masks
from ._reader import READ_SIZE, Reader, receiver
from ._socket_connection import SocketConnection
from ._stream_end import close_stream, reset_stream, send_eof
from ._writer import Writer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .._wire._frames import Close
    from ._dial._addresses import HostAndPort
    from ._handler import ConnectionHandler
    from ._reader import Receive
    from ._settings import Settings

EOF_GRACE: Final = 0.05
"""Seconds that the server has for ending TCP first (RFC 6455 section 7.1.1) once both Closes were
exchanged. Then we end our side, as some servers wait for that."""

SETTLE_TURNS: Final = 8
"""Turns of the scheduler without progress after which the network counts as full. A stream such as
TLS takes a few for each piece, also where nothing blocks."""


@final
class Connection(SocketConnection):
    """See the module.

    Args:
      settings: the options.
      handler: what is above.
      piece_size: as the Decoder takes it.

    Attributes:
      stream: the transport, from the end of dialling on.
    """

    __slots__ = (
        "_ends_by_tcp",
        "_handler",
        "_lost",
        "_nursery",
        "_opening",
        "_piece_size",
        "_reader",
        "_writer",
        "protocol",
        "stream",
    )

    def __init__(
        self, settings: Settings, handler: ConnectionHandler, *, piece_size: int | None = None
    ) -> None:
        super().__init__(settings.bounds, Log(settings.number, settings.address.where))
        self.protocol = Protocol(new_masks, self._on_transition)
        self.machine = self.protocol.machine
        self.stream: trio.abc.Stream | None = None
        self._piece_size = piece_size
        self._handler = handler
        self._writer = Writer(self.protocol, handler.on_bytes_sent, self._lose)
        self._reader = Reader(self.protocol, self._writer, handler, self._on_pong)
        # while CONNECTING
        self._opening: Opening | None = Opening(settings, self._log, handler.on_record)
        self._nursery: trio.Nursery | None = None  # while the tasks run
        self._lost: Exception | None = None  # what ended the transport
        self._ends_by_tcp = True  # the stream is no SSLStream of the program's
        self._log.moved(self.machine)

    # What the program does. All of it is synchronous, so atomic.

    @property
    def buffered_amount(self) -> int:
        return self.protocol.outbox.amount

    def addresses(self) -> tuple[HostAndPort | None, HostAndPort | None]:
        return (None, None) if self.stream is None else addresses_of(self.stream)

    def enqueue(self) -> None:
        assert self._opening is not None
        self._opening.enqueue()

    def send_text(self, payload: bytes, fin: bool = True) -> None:
        if self._limit is None or self._has_room(len(payload)):
            self.protocol.send_text(payload, fin)
            self._writer.wake()

    def send_binary(self, payload: bytes, fin: bool = True) -> None:
        if self._limit is None or self._has_room(len(payload)):
            self.protocol.send_binary(payload, fin)
            self._writer.wake()

    def send_continuation(self, payload: bytes, fin: bool) -> None:
        if self._limit is None or self._has_room(len(payload)):
            self.protocol.send_continuation(payload, fin)
            self._writer.wake()

    def _count_dropped(self, size: int) -> None:
        self.protocol.outbox.amount += size

    def close(self, close: Close, *, flush: bool = False) -> None:
        state = self.machine.state
        if state is CONNECTING:
            self.protocol.fail(ConnectionAbortedError("closed before the connection was open"))
            assert self._opening is not None
            self._opening.cancel()
        elif state is OPEN:
            self.protocol.close(close)
            (self.flush if flush else self._writer.wake)()

    def resume(self) -> None:
        self._reader.resume()

    def flush(self) -> None:
        self._writer.flush()

    def start_soon(self, function: Callable[[], Awaitable[object]]) -> None:
        if self._nursery is not None:
            self._nursery.start_soon(function)

    def _queue_ping(self, payload: bytes) -> None:
        self.protocol.ping(payload)
        self.flush()

    def pong(self, payload: bytes) -> None:
        self.protocol.pong(payload)
        self.flush()

    # The life of the connection.

    @trio.lowlevel.enable_ki_protection
    async def run(self) -> None:
        finished = False
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            self._deadline.run_within(nursery.cancel_scope)
            try:
                await self._open()
                if self.machine.state is not FAILING:
                    receive = self._start_serving(nursery)
                    try:
                        # No function of its own: a coroutine more is 250 bytes of an idle socket.
                        if not await self._reader.run(receive):
                            await self._settle_queue()
                            await self._read_to_end(receive)
                        await self._wait_close_sent()
                    except Exception as exc:
                        self._lost = exc
                    finally:
                        self._writer.stop()
                finished = True
            finally:
                self._nursery = None
            if nursery.child_tasks:  # a short connection has none that must be ended
                nursery.cancel_scope.cancel()
        if not finished and self._lost is None:
            self._lost = TimeoutError("the server did not finish the closing handshake in time")
        await self._close_stream()
        self.protocol.end(self._lost or self._silent_end())
        self._wake_pings()

    def _silent_end(self) -> Exception:
        """Return what to say of an end of TCP that nothing else explains."""
        if self.machine.received is not None:
            return ConnectionAbortedError("the server closed before everything was sent")
        return EOFError("the server ended TCP without a Close frame")

    async def _close_stream(self) -> None:
        if self.stream is None:
            return
        if self._lost is None or self.machine.state is State.COMPLETE:
            await close_stream(self.stream, self._deadline.moment)
        else:
            await reset_stream(self.stream)

    async def _open(self) -> None:
        opening = self._opening
        assert opening is not None
        try:
            response = await opening.run()
        except Exception as exc:  # also one that nobody foresaw: the socket ends all the same
            self.protocol.fail(exc)
            return
        finally:
            self.stream = opening.stream
            self._ends_by_tcp = not isinstance(opening.settings.stream, trio.SSLStream)
            self._opening = None
        if self.machine.state is CONNECTING:  # else it was given up at the last moment
            self.protocol.establish(
                response.deflate,
                max_message_size=opening.settings.max_message_size,
                piece_size=self._piece_size,
            )
            self.protocol.receive_data(response.trailing)
            await self._handler.on_open(response)

    def _start_serving(self, nursery: trio.Nursery) -> Receive:
        """Start the writer and the keepalive, and return the function to read with."""
        assert self.stream is not None  # it was opened
        receive = self._keep_alive(receiver(self.stream), nursery)
        self._writer.keepalive = self._keepalive
        self._writer.start(self.stream, nursery)
        return receive

    async def _wait_close_sent(self) -> None:
        """Wait until our Close was sent, where it still may be."""
        while self._owes_close and self.protocol.outbox and self._lost is None:
            await self._reader.wait_resumed()

    @property
    def _owes_close(self) -> bool:
        """Whether our Close may still be sent, though the peer has ended its side of TCP."""
        return self.machine.state in (State.PEER_CLOSED, FAILING)

    async def _settle_queue(self) -> None:
        """Write what the network takes at once, then drop the messages that were not begun.

        The peer has closed, or broke a rule, and our Close should follow as soon as is practical
        (RFC 6455 section 5.5.1).
        """
        writer, outbox = self._writer, self.protocol.outbox
        idle, progress = 0, writer.progress
        while outbox and idle < SETTLE_TURNS and self._lost is None:
            await trio.lowlevel.cancel_shielded_checkpoint()
            idle = idle + 1 if writer.progress == progress else 0
            progress = writer.progress
        self.protocol.drop_queued()

    async def _read_to_end(self, receive: Receive) -> None:
        """Drop what is received until the server ends TCP (section 7.1.7). Once our Close was sent
        we end our side, after a grace for the server where the close is in order."""
        sent_eof = False
        eof_at = trio.current_time() + (0 if self.machine.state is FAILING else EOF_GRACE)
        while True:
            if not sent_eof and self._may_end_sending and trio.current_time() >= eof_at:
                sent_eof = True
                assert self.stream is not None  # it was opened
                await send_eof(self.stream)
            with trio.CancelScope() as waiting:
                if not sent_eof:
                    waiting.deadline = max(eof_at, trio.current_time() + EOF_GRACE)
                if not await receive(READ_SIZE):
                    return

    @property
    def _may_end_sending(self) -> bool:
        """Whether all was sent, and the stream has no farewell of its own."""
        return self._ends_by_tcp and self.machine.sent is not None and not self.protocol.outbox

    # What the writer calls.

    def _lose(self, exc: Exception) -> None:
        """Note that the transport failed.

        The reader will notice, too, unless the way from the peer to us is intact; so this has the
        bound of an end of TCP.
        """
        self._lost = exc
        self._deadline.entered(FAILING)
        self.resume()
