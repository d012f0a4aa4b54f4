"""Frames from bytes (RFC 6455 section 5), the receiving side, in batches.

Speed comes from here: :meth:`Decoder.take` goes through all complete frames of a chunk in one
loop. A whole message of less than 64 KiB (compressed: of 4 KiB at most), as nearly every message in
practice is, never leaves that loop; everything else takes the plain path below it.

A peer decides how much work a byte is: two may cost a decompressor, or inflate to two thousand.
So work is counted, and a call ends when it has done its share, wherever in a message that is.
"""

from __future__ import annotations

from typing import Final, final

from ._deflate import MAX_INPUT, MAX_OUTPUT, Inflater, InvalidDeflate
from ._errors import ProtocolError
from ._frame_header import broken, parse_close, read_header
from ._frames import (
    BINARY,
    CONTINUATION,
    FIN,
    INVALID_PAYLOAD,
    PING,
    PONG,
    RSV1,
    TEXT,
    Control,
    Ping,
    Pong,
)
from ._messages import UNLIMITED, Message, PartialMessage

MAX_BATCH: Final = 1024
"""Messages that one :meth:`Decoder.take` returns, at most."""

MAX_WORK: Final = 512 * 1024
"""Work after which a :meth:`Decoder.take` returns: about a millisecond, and two at worst.

A byte counts one when it is stored, and one when its message, or a part of it, is returned.
"""

FRAME_WORK: Final = 1024
"""What a frame counts for that the plain path takes."""

INFLATE_WORK: Final = 1024
"""What a call of zlib counts for, which may need a new decompressor."""

INPUT_WORK: Final = 32
"""What each byte counts for that is given to zlib; see ``MAX_INPUT``."""

SHORT_INPUT: Final = 4 * 1024
"""Bytes of a compressed message that the fast path takes, at most."""

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
        returned as a :class:`TextPart` or :class:`BinaryPart`; before a control frame, and where
        the bytes reach to the end of a fragment and no further, whatever has come is. None:
        messages are returned whole.

    Attributes:
      hungry: whether the last :meth:`take` ended for lack of bytes.
    """

    def __init__(
        self,
        *,
        max_message_size: int | None = None,
        inflater: Inflater | None = None,
        piece_size: int | None = None,
    ) -> None:
        self.hungry = True
        self._limit = UNLIMITED if max_message_size is None else max_message_size
        self._inflater = inflater
        self._piece_size = piece_size
        # the longest payloads that the fast loop takes: all of the 7-bit and the 16-bit form's,
        # less for a smaller limit
        self._short = min(125, self._limit)
        self._medium = min(0xFFFF, self._limit)
        self._data = b""
        self._pos = 0
        self._message: PartialMessage | None = None  # begun, and not finished
        self._inflating: Inflater | None = None  # the inflater, if that message is compressed
        self._in_frame = False  # whether a frame of it was begun, and not finished
        self._remaining = 0  # bytes of that frame that have not come
        self._final = True  # whether that frame is its last
        self._joining = False  # whether all of it has come, and is being joined
        self._work = 0  # that this batch may still do
        self._failure: ProtocolError | None = None
        self._done = False  # a Close came, or a rule was broken: nothing more is looked at

    def feed(self, data: bytes) -> None:
        """Take bytes from the transport.

        After this, :meth:`take` must be called until :attr:`hungry`.
        """
        if not self._done:
            self._data = self._data[self._pos :] + data if self._pos < len(self._data) else data
            self._pos = 0

    def take(self) -> tuple[list[Message], Control | None]:
        """Return the next messages, and the control frame after them, if one ended the batch.

        To be called until :attr:`hungry`. A batch has a bound on its work, so it may be empty in
        the middle of a message.

        Raises:
          ProtocolError: the peer broke a rule. All messages before it were returned, and nothing
            comes after it.
        """
        if self._failure is not None:
            try:
                raise self._failure
            finally:
                self._failure = None
        messages: list[Message] = []
        self.hungry = self._done
        if self._done:
            return messages, None
        try:
            return messages, self._run(messages)
        except ProtocolError as exc:
            self._stop()
            # A program may keep it, so it must not hold frames, whose variables are what came.
            exc.__cause__ = exc.__context__ = None
            if not messages:
                raise exc.with_traceback(None) from None
            self._failure = exc.with_traceback(None)
            return messages, None

    def _stop(self) -> None:
        self._done = True
        self._data = b""
        self._pos = 0
        self._message = None
        self._inflater = self._inflating = None

    def _run(self, messages: list[Message]) -> Control | None:
        """Fill ``messages`` until a control frame, or until the bytes or the work are used up."""
        self._work = MAX_WORK
        while True:
            if self._message is None:
                self._take_whole(messages)
            if len(messages) >= MAX_BATCH or self._work <= 0:
                return None
            progress = (self._take_payload if self._in_frame else self._take_frame)(messages)
            if progress is False:
                self.hungry = True
                if self._piece_size is not None and not self._in_frame:
                    self._give_part(messages, 1)  # nobody should wait for the next fragment
                return None
            if progress is not True:
                return progress

    def _take_whole(self, messages: list[Message]) -> None:
        """Take whole messages as they follow on each other, the fast path."""
        data, pos, inflater = self._data, self._pos, self._inflater
        end = len(data)
        last = min(end - 1, pos + MAX_WORK)
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
                elif inflater is not None and first in _COMPRESSED and size <= SHORT_INPUT:
                    pos = stop
                    self._inflate_whole(first == _COMPRESSED_TEXT, data[start:stop], messages)
                    if self._work <= 0 or self._message is not None:
                        break
                else:
                    break
                pos = stop
        except UnicodeDecodeError:
            pass  # the plain path meets the same bytes, and says what is wrong with them
        self._work -= pos - self._pos
        self._pos = pos

    def _inflate_whole(self, text: bool, payload: bytes, messages: list[Message]) -> None:
        """Take a whole compressed message.

        If it inflates to more than one call of zlib returns, the plain path goes on with it.
        """
        inflater = self._inflater
        assert inflater is not None  # the fast path has looked
        inflater.feed(payload, True)
        data = self._inflate(inflater, self._limit) if inflater.pending else b""
        self._work -= INPUT_WORK * len(payload)
        if not inflater.pending and len(data) <= self._limit:
            try:
                messages.append(data.decode() if text else data)
                return
            except UnicodeDecodeError:
                pass  # the plain path says what is wrong with it
        self._message = PartialMessage(text=text, limit=self._limit)
        self._inflating = inflater
        self._in_frame = self._final = True
        self._remaining = 0
        self._message.store(data)

    def _inflate(self, inflater: Inflater, room: int) -> bytes:
        """Call zlib once, for a message that may grow by ``room`` bytes.

        It may return a byte more, by which the message is too big.
        """
        try:
            data = inflater.inflate(room + 1 if room < MAX_OUTPUT else MAX_OUTPUT)
        except InvalidDeflate as exc:
            raise ProtocolError(INVALID_PAYLOAD, str(exc)) from exc
        self._work -= INFLATE_WORK + len(data)
        return data

    def _take_frame(self, messages: list[Message]) -> Control | bool:
        """Take a frame of any kind, the plain path.

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
        self._work -= FRAME_WORK
        self._begin_frame(first, size)
        if self._work > 0:
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

    def _begin_frame(self, first: int, size: int) -> None:
        """Check and record a data frame's header (RFC 6455 section 5.4, RFC 7692 section 6)."""
        opcode = first & 0x0F
        if opcode == CONTINUATION:
            if self._message is None:
                raise broken("expected a text or binary frame, got a continuation of nothing")
            if first & RSV1:
                raise broken("expected RSV1 to be clear in a continuation frame, but it is set")
        elif self._message is not None:
            raise broken(f"expected a continuation of the message, got a new one ({opcode:#x})")
        else:
            if first & RSV1 and self._inflater is None:
                raise broken("expected RSV1 to be clear, as no compression was negotiated")
            self._inflating = self._inflater if first & RSV1 else None
            self._message = PartialMessage(text=opcode == TEXT, limit=self._limit)
        if self._inflating is None:
            self._message.announce(size)
        self._in_frame = True
        self._remaining = size
        self._final = bool(first & FIN)

    def _take_payload(self, messages: list[Message]) -> bool:
        """Take some of the current frame's payload, or of what it inflates to.

        Returns:
          False if bytes are missing.
        """
        message = self._message
        assert message is not None  # a frame belongs to a message that was begun
        if self._joining:
            in_frame = False
        elif self._inflating is None:
            data = self._next_bytes(MAX_WORK)
            if not data and self._remaining:
                return False
            message.store(data)
            self._work -= len(data)
            in_frame = self._remaining > 0
        else:
            inflater = self._inflating
            if not inflater.pending:
                data = self._next_bytes(min(MAX_INPUT, self._work // INPUT_WORK + 1))
                if not data and self._remaining:
                    return False
                inflater.feed(data, last=self._final and not self._remaining)
                self._work -= INPUT_WORK * len(data)
            while inflater.pending and self._work > 0:
                data = self._inflate(inflater, message.room)
                if data:
                    message.store(data)
            in_frame = self._remaining > 0 or inflater.pending
        self._in_frame = in_frame
        if self._final and not in_frame:
            self._finish(message, messages)
        elif self._piece_size is not None:
            self._give_part(messages, self._piece_size)
        return True

    def _finish(self, message: PartialMessage, messages: list[Message]) -> None:
        """Add a message that has come whole to ``messages``, or join some of it if it is long."""
        joined = message.join_some(max(1, self._work))
        self._joining = self._in_frame = joined > 0
        if joined:
            self._work -= joined
        else:
            self._message = None
            messages.append(message.finish())
            self._work -= len(messages[-1])

    def _next_bytes(self, size: int) -> bytes:
        """Return what has come of the current frame's payload, at most so many bytes."""
        if size > self._remaining:
            size = self._remaining
        data = self._data
        if self._pos or size < len(data):
            data = data[self._pos : self._pos + size]
        self._pos += len(data)
        self._remaining -= len(data)
        return data

    def _give_part(self, messages: list[Message], least: int) -> None:
        """Add what is held of an unfinished message to ``messages``, if it is at least so much."""
        if self._message is not None and self._message.held >= least:
            part = self._message.take_part()
            messages.append(part)
            self._work -= len(part)
