"""The WebSocket protocol of one connection's client, without any I/O.

:class:`Protocol` owns everything that RFC 6455 and RFC 7692 say about an open connection: frames in
both directions, compression, the answers to Pings, the echo of a Close, how a connection is failed,
and the order in which all of it goes out. It has no clock, no randomness and no transport: masks
are passed in, received bytes go into :meth:`~Protocol.receive_data`, and what should be sent is in
``outbox``, from which the writer takes it.

A received Close does not wait for all that is queued: the caller goes on writing for as long as the
transport takes bytes at once, and then calls :meth:`~Protocol.drop_queued`, so that the echo
follows the frame in progress (section 5.5.1). What was dropped makes the end unclean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias, final

from ._closing import OPEN, ClosingEvent, ClosingMachine
from ._decoder import Decoder
from ._deflate import Deflater, Inflater
from ._errors import ProtocolError
from ._frames import BINARY, CONTINUATION, FIN, RSV1, TEXT, Close, Ping
from ._outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ._deflate import DeflateParameters
    from ._frames import Control
    from ._messages import Message

    Received: TypeAlias = list[Message] | Control

MIN_DEFLATE: Final = 32
"""Bytes from which on a message is compressed; shorter ones would save next to nothing."""

_WHOLE_TEXT: Final = FIN | TEXT
_WHOLE_BINARY: Final = FIN | BINARY


@final
class Protocol:
    """One connection's frames and closing.

    Args:
      new_masks: returns an endless iterator of masks (see :class:`Outbox`).
      on_transition: called after each transition of ``machine``.

    Attributes:
      machine: the state, and what is known about the end.
      outbox: what should be sent.
      hungry: whether :meth:`next_received` needs more bytes to return anything.
    """

    __slots__ = ("_control", "_decoder", "_deflater", "_new_masks", "hungry", "machine", "outbox")

    def __init__(
        self,
        new_masks: Callable[[], Iterator[bytes]],
        on_transition: Callable[[ClosingMachine], object] | None = None,
    ) -> None:
        self.machine = ClosingMachine(on_transition)
        self.outbox = Outbox(new_masks)
        self._new_masks = new_masks
        self.hungry = True
        self._decoder: Decoder | None = None  # while bytes may be received
        self._deflater: Deflater | None = None  # if compression was negotiated
        self._control: Control | None = None  # received after messages that were returned already

    def establish(
        self,
        deflate: DeflateParameters | None = None,
        *,
        max_message_size: int | None = None,
        piece_size: int | None = None,
    ) -> None:
        """Begin after a good opening handshake.

        Args:
          deflate: what was negotiated; None: no compression.
          max_message_size, piece_size: as :class:`Decoder` takes them.
        """
        self._decoder = Decoder(
            max_message_size=max_message_size,
            inflater=None if deflate is None else Inflater(deflate),
            piece_size=piece_size,
        )
        if deflate is not None:
            self._deflater = Deflater(deflate)
        self.machine.advance(ClosingEvent.ESTABLISHED)

    # What is sent. After the Close no data may follow it: such messages are dropped, but counted.

    def send_text(self, payload: bytes, fin: bool = True) -> None:
        """Queue a text message, or with ``fin=False`` its first fragment.

        Args:
          payload: valid UTF-8 (a fragment: a part of it).
          fin: whether this is the whole message.
        """
        if fin and self._deflater is None and self.machine.state is OPEN:
            self.outbox.put(_WHOLE_TEXT, payload, len(payload))  # the usual case
        else:
            self._send(_WHOLE_TEXT if fin else TEXT, payload)

    def send_binary(self, payload: bytes, fin: bool = True) -> None:
        """Queue a binary message, or with ``fin=False`` its first fragment."""
        self._send(_WHOLE_BINARY if fin else BINARY, payload)

    def send_continuation(self, payload: bytes, fin: bool) -> None:
        """Queue the next fragment of a message.

        ``fin`` says whether it is the last.
        """
        self._send(FIN | CONTINUATION if fin else CONTINUATION, payload)

    def _send(self, first: int, payload: bytes) -> None:
        size = len(payload)
        if self.machine.state is not OPEN:
            self.outbox.amount += size
            return
        # Fragments are not compressed: only a whole message has both FIN and an opcode.
        if self._deflater is not None and size >= MIN_DEFLATE and first > FIN:
            payload = self._deflater.compress(payload)
            first |= RSV1
        self.outbox.put(first, payload, size)

    def ping(self, payload: bytes) -> None:
        """Queue a Ping, instead of one that still waits.

        It does nothing unless OPEN.
        """
        if self.machine.state is OPEN:
            self.outbox.put_ping(payload)

    def pong(self, payload: bytes) -> None:
        """Queue a Pong that no Ping asked for (RFC 6455 section 5.5.3), if OPEN."""
        if self.machine.state is OPEN:
            self.outbox.put_pong(payload)

    def close(self, close: Close) -> None:
        """Start the closing handshake, after what is queued.

        It does nothing unless OPEN.
        """
        if self.machine.state is OPEN:
            self.machine.advance(ClosingEvent.CLOSE_QUEUED)
            self.outbox.put_close(close)

    def fail(self, cause: Exception) -> None:
        """Fail the connection (RFC 6455 section 7.1.7), unless its end is settled already.

        Args:
          cause: what went wrong. For a :class:`ProtocolError` a Close with its code is queued; any
            other cause means that no Close would get through.
        """
        if self.machine.can(ClosingEvent.FAILS):
            self.machine.fail(cause)
            if isinstance(cause, ProtocolError):
                self.outbox.put_close(Close(cause.code))

    def drop_queued(self) -> None:
        """Drop the messages of which nothing was written, so that the echo of a Close goes out."""
        self.machine.unsent += self.outbox.drop_untaken()

    def data_sent(self, size: int) -> None:
        """Record that this many bytes of ``outbox.head`` were handed to the transport."""
        close = self.outbox.sent(size)
        if close is not None:
            self.machine.close_sent(close)

    # What is received.

    def receive_data(self, data: bytes) -> None:
        """Take bytes from the transport.

        Call :meth:`next_received` until ``hungry`` after it.
        """
        assert self._decoder is not None  # the connection was established
        self._decoder.feed(data)
        self.hungry = False

    def next_received(self) -> Received:
        """Return the next messages, maybe none, or one control frame.

        A Ping was answered and a Close echoed when they are returned. A rule that the peer broke
        fails the connection; then nothing more is returned.
        """
        if self._control is not None:
            control, self._control = self._control, None
            self.hungry = self._decoder is None or self._decoder.hungry
            return self._handle(control)
        decoder = self._decoder
        assert decoder is not None  # as above
        try:
            messages, found = decoder.take()
        except ProtocolError as exc:
            self.fail(exc)
            self.hungry = True
            return []
        self.hungry = decoder.hungry
        if found is None:
            return messages
        if not messages:
            return self._handle(found)
        self._control = found
        self.hungry = False
        return messages

    def _handle(self, control: Control) -> Control:
        if isinstance(control, Ping):
            self.outbox.put_pong(control.payload)
        elif isinstance(control, Close):
            must_echo = self.machine.state is OPEN
            self.machine.close_received(control)
            if must_echo:
                # RFC 6455 section 5.5.1 asks for the code; browsers echo the reason as well
                self.outbox.put_close(control)
        return control

    def end(self, cause: Exception) -> None:
        """Record that the transport ended.

        What is still queued was not sent. Nothing of it is kept, nor of what was received: a
        program may keep a closed socket, also by the traceback of an error.

        Args:
          cause: why, if nothing more is known.
        """
        self.machine.unsent += self.outbox.queued
        amount = self.outbox.amount
        self.outbox = Outbox(self._new_masks)
        self.outbox.amount = amount
        self._decoder = self._deflater = self._control = None
        self.machine.end(cause)
