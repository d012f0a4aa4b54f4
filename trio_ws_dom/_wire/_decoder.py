"""Frames from bytes: RFC 6455 section 5, the receiving side, in batches.

Speed comes from here: :meth:`Decoder.take` goes through all complete frames of a chunk in one
loop. What is whole and of less than 64 KiB (compressed: so short that no limit can be passed), as
nearly everything in practice is, never leaves that loop; all else takes the plain path below it.
"""

from __future__ import annotations

from typing import Final, final

from ._deflate import MAX_RATIO, Inflater
from ._errors import ProtocolError
from ._frame_header import broken, parse_close, read_header
from ._frames import BINARY, CONTINUATION, FIN, PING, PONG, RSV1, TEXT, Control, Ping, Pong
from ._messages import Message, PartialMessage, inflate_whole

MAX_BATCH: Final = 1024
"""Messages that one :meth:`Decoder.take` gives at most, and frames that it takes by the plain path:
about a millisecond's work."""

MAX_BATCH_BYTES: Final = 256 * 1024
"""Bytes of messages after which a batch ends, so that inflating a chunk is bounded too."""

SLICE: Final = 512
"""Bytes of a compressed payload that are inflated before a part is looked for, so that a part, too,
is bounded (by ``MAX_RATIO``), to about half a mebibyte; and as much is inflated in a second as of
whole messages."""

_WHOLE_TEXT: Final = FIN | TEXT
_WHOLE_BINARY: Final = FIN | BINARY
_COMPRESSED_TEXT: Final = FIN | RSV1 | TEXT
_COMPRESSED: Final = (_COMPRESSED_TEXT, FIN | RSV1 | BINARY)


@final
class Decoder:
    """What a server sends, as messages and control frames.

    Args:
      max_message_size: bytes that a message may have, after inflating; None: no limit.
      inflater: permessage-deflate's receiving half, if it was negotiated.
      piece_size: bytes (text: characters) from which on what has come of an unfinished message is
        given as a :class:`TextPart` or :class:`BinaryPart`; before a control frame, and where the
        bytes reach to the end of a fragment and no further, whatever has come is. None: messages
        are given whole.

    Attributes:
      hungry: whether the last :meth:`take` ended for want of bytes.
    """

    def __init__(
        self,
        *,
        max_message_size: int | None = None,
        inflater: Inflater | None = None,
        piece_size: int | None = None,
    ) -> None:
        self.hungry = True
        self._limit = max_message_size
        self._inflater = inflater
        self._piece_size = piece_size
        # the longest payloads that the fast loop takes: all of the 7-bit and the 16-bit form's,
        # less for a smaller limit
        self._short = 125 if max_message_size is None else min(125, max_message_size)
        self._medium = 0xFFFF if max_message_size is None else min(0xFFFF, max_message_size)
        # the longest compressed payloads that it takes: they pass no limit, and make no parts
        self._inflatable = 0xFFFF if piece_size is None else SLICE
        if max_message_size is not None:
            self._inflatable = min(self._inflatable, max_message_size // MAX_RATIO)
        self._data = b""
        self._pos = 0
        self._message: PartialMessage | None = None  # begun, and not finished
        self._remaining: int = 0  # bytes of its current frame that have not come
        self._final = True  # whether that frame is its last
        self._room = 0  # bytes that this batch may still grow by
        self._failure: ProtocolError | None = None
        self._done = False  # a Close came, or a rule was broken: nothing more is looked at

    def feed(self, data: bytes) -> None:
        """Bytes from the transport; to be followed by :meth:`take` until :attr:`hungry`."""
        if not self._done:
            self._data = self._data[self._pos :] + data if self._pos < len(self._data) else data
            self._pos = 0

    def take(self) -> tuple[list[Message], Control | None]:
        """The next messages, and the control frame behind them, if one ended the batch.

        To be called until :attr:`hungry`; a batch may be empty where a message has many fragments.

        Raises:
          ProtocolError: the peer broke a rule. All messages before it were given, and nothing
            comes after it.
        """
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        messages: list[Message] = []
        self.hungry = self._done
        if self._done:
            return messages, None
        try:
            return messages, self._run(messages)
        except ProtocolError as exc:
            self._stop()
            if not messages:
                raise
            self._failure = exc
            return messages, None

    def _stop(self) -> None:
        self._done = True
        self._data = b""
        self._pos = 0
        if self._message is not None:
            self._message.discard()
            self._message = None

    def _run(self, messages: list[Message]) -> Control | None:
        """Fill ``messages``: to a control frame, to the batch's bound, or as far as bytes reach."""
        self._room = MAX_BATCH_BYTES
        for _ in range(MAX_BATCH):
            if self._message is None:
                self._take_whole(messages)
            if len(messages) >= MAX_BATCH or self._room <= 0:
                break
            progress = (self._take_payload if self._remaining else self._take_frame)(messages)
            if progress is False:
                self.hungry = True
                if self._piece_size is not None and not self._remaining:
                    self._give_part(messages, 1)  # nobody is to wait for the next fragment
                return None
            if progress is not True:
                return progress
        return None

    def _take_whole(self, messages: list[Message]) -> None:
        """The fast path: unfragmented messages, as they stand one behind the other."""
        data, pos, inflater = self._data, self._pos, self._inflater
        end, last = len(data), len(data) - 1
        short, medium = self._short, self._medium
        append = messages.append
        try:
            for _ in range(MAX_BATCH - len(messages)):
                if pos >= last:
                    break
                size = data[pos + 1]
                start = pos + 2
                if size > short:
                    start += 2
                    if size != 126 or start > end:
                        break
                    size = data[pos + 2] << 8 | data[pos + 3]
                    if not 126 <= size <= medium:
                        break
                stop = start + size
                if stop > end:
                    break
                first = data[pos]
                if first == _WHOLE_TEXT:
                    append(data[start:stop].decode())
                elif first == _WHOLE_BINARY:
                    append(data[start:stop])
                elif inflater is not None and first in _COMPRESSED and size <= self._inflatable:
                    text = first == _COMPRESSED_TEXT
                    append(inflate_whole(inflater, data[start:stop], text=text))
                    self._room -= len(messages[-1])
                    if self._room <= 0:
                        pos = stop
                        break
                else:
                    break
                pos = stop
        except UnicodeDecodeError:
            pass  # the plain path meets the same bytes, and says what is wrong with them
        self._pos = pos

    def _take_frame(self, messages: list[Message]) -> Control | bool:
        """The plain path: a frame of any kind.

        Returns:
          A control frame; True if a data frame was begun; False if bytes are missing.
        """
        header = read_header(self._data, self._pos)
        if header is None:
            return False
        first, size, start = header
        if first & 0x08:
            if len(self._data) < start + size:
                return False
            self._pos = start + size
            if self._piece_size is not None:
                self._give_part(messages, 1)  # a Close would be its end
            return self._control(first, self._data[start : self._pos])
        self._pos = start
        self._begin(first, size)
        self._remaining = size
        self._take_payload(messages)
        return True

    def _control(self, first: int, payload: bytes) -> Control:
        opcode = first & 0x0F
        if opcode == PING:
            return Ping(payload)
        if opcode == PONG:
            return Pong(payload)
        close = parse_close(payload)
        self._stop()  # section 5.5.1: nothing follows a Close
        return close

    def _begin(self, first: int, size: int) -> None:
        """A data frame's header was read (RFC 6455 section 5.4, RFC 7692 section 6)."""
        opcode = first & 0x0F
        self._final = bool(first & FIN)
        if opcode == CONTINUATION:
            if self._message is None:
                raise broken("expected a text or binary frame, got a continuation of nothing")
            if first & RSV1:
                raise broken("expected RSV1 to be clear in a continuation frame, but it is set")
        elif self._message is not None:
            raise broken(f"expected a continuation of the message, got a new one ({opcode:#x})")
        else:
            self._message = PartialMessage(
                text=opcode == TEXT, limit=self._limit, inflater=self._inflater_for(first)
            )
        self._message.announce(size)

    def _inflater_for(self, first: int) -> Inflater | None:
        if not first & RSV1:
            return None
        if self._inflater is None:
            raise broken("expected RSV1 to be clear, as no compression was negotiated")
        return self._inflater

    def _take_payload(self, messages: list[Message]) -> bool:
        """As much of the current frame's payload as there is; False if there is none."""
        assert self._message is not None  # a payload belongs to a message that was begun
        size = self._remaining
        if self._piece_size is not None and self._message.compressed:
            size = min(size, SLICE)
        piece = self._data[self._pos : self._pos + size]
        if size and not piece:
            return False
        self._pos += len(piece)
        self._remaining -= len(piece)
        self._message.add(piece)
        if self._final and not self._remaining:
            message, self._message = self._message.finish(), None
            messages.append(message)
            self._room -= len(message)
        elif self._piece_size is not None:
            self._give_part(messages, self._piece_size)
        return True

    def _give_part(self, messages: list[Message], least: int) -> None:
        """Give what has come of an unfinished message, if it is so much."""
        if self._message is not None and self._message.held >= least:
            part = self._message.take_part()
            messages.append(part)
            self._room -= len(part)
