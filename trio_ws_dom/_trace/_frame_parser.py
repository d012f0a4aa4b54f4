"""Parse one direction's bytes into records of frames, for a trace.

The parser is lenient where the decoder is strict. The connection notices a broken rule, and the
trace shows what it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from .._wire._deflate import MAX_OUTPUT, InvalidDeflate
from .._wire._frames import CONTINUATION, FIN, MASKED, RSV1, TEXT
from .._wire._masking import xor
from .._wire._messages import UNLIMITED
from ._records import TraceFrame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._wire._deflate import Inflater
    from ._records import Stamp

_PIECE: Final = 64 * 1024
"""Bytes of a payload that are copied at a time."""


@final
class FrameParser:
    """A parser of one direction's frames, which holds only the start of a payload.

    Args:
      payload_limit: bytes of that start.
      max_message_size: bytes that a message may have, after inflating; after a larger one nothing
        is inflated any more. None: no limit.
      inflater: if permessage-deflate is in use.
    """

    def __init__(
        self, *, payload_limit: int, max_message_size: int | None, inflater: Inflater | None
    ) -> None:
        self._payload_limit = payload_limit
        self._message_limit = UNLIMITED if max_message_size is None else max_message_size
        self._inflater = inflater
        # of the message
        self._text = False
        self._compressed = False
        self._budget = 0  # bytes by which it may still grow
        # of the frame
        self._head = bytearray()
        self._missing = 2  # bytes of the head, as far as is known
        self._is_compressed = False
        self._inflates = False
        self._size = 0  # of the payload on the wire
        self._seen = 0  # how many of these bytes have arrived
        self._length = 0  # of the payload after inflating, so far
        self._start = bytearray()

    def feed(self, data: bytes, stamp: Stamp) -> Iterator[TraceFrame]:
        """Take some bytes, and yield the frames that they complete."""
        pos = 0
        while pos < len(data):
            if self._missing:
                taken = data[pos : pos + self._missing]
                self._head += taken
                self._missing = _head_size(self._head) - len(self._head)
                if not self._missing:
                    self._begin()
            else:
                taken = data[pos : pos + min(self._size - self._seen, _PIECE)]
                self._take(taken)
            pos += len(taken)
            if self._seen == self._size and not self._missing:
                yield self._end(stamp, complete=True)

    def flush_incomplete(self, stamp: Stamp) -> Iterator[TraceFrame]:
        """Yield the frame that the end of the bytes cut off, if there is one."""
        if self._head:
            yield self._end(stamp, complete=False)

    @property
    def _is_control(self) -> bool:
        return bool(self._head[0] & 0x08)

    def _begin(self) -> None:
        self._size = _payload_size(self._head)
        first = self._head[0]
        if first & 0x0F != CONTINUATION and not self._is_control:
            self._text = first & 0x0F == TEXT
            self._compressed = bool(first & RSV1)
            self._budget = self._message_limit
        self._is_compressed = self._compressed and not self._is_control
        self._inflates = self._is_compressed and self._inflater is not None

    def _take(self, piece: bytes) -> None:
        """Take some payload, as it stands on the wire."""
        turn = self._seen % 4
        self._seen += len(piece)
        if not self._inflates:  # without inflating, compressed bytes are of no use
            piece = b"" if self._is_compressed else piece[: self._room]
        if self._head[1] & MASKED:
            mask = bytes(self._head[-4:])
            piece = xor(piece, mask[turn:] + mask[:turn])
        if self._inflates:
            self._inflate(piece)
        else:
            self._start += piece

    def _inflate(self, piece: bytes, *, last: bool = False) -> None:
        """Inflate some of a message's payload, or the last of it."""
        inflater = self._inflater
        assert inflater is not None  # the callers have checked
        try:
            inflater.feed(piece, last=last)
            while self._inflates and inflater.pending:
                self._keep_inflated(inflater.inflate(min(MAX_OUTPUT, self._budget + 1)))
        except InvalidDeflate:
            self._stop_inflating()

    def _keep_inflated(self, piece: bytes) -> None:
        if len(piece) > self._budget:
            self._stop_inflating()
            return
        self._budget -= len(piece)
        self._length += len(piece)
        self._start += piece[: self._room]

    def _stop_inflating(self) -> None:
        """Drop what was inflated of a broken or too large message.

        The inflater is unusable.
        """
        self._inflater = None
        self._inflates = False
        self._start.clear()

    @property
    def _room(self) -> int:
        """Bytes of the payload that may still be held."""
        return self._payload_limit - len(self._start)

    def _end(self, stamp: Stamp, *, complete: bool) -> TraceFrame:
        first = self._head[0]
        fin = bool(first & FIN)
        if complete and fin and self._inflates:
            self._inflate(b"", last=True)
        frame = TraceFrame(
            **stamp,
            size=len(self._head) + self._seen,
            opcode=first & 0x0F,
            fin=fin,
            text=self._text and not self._is_control,
            compressed=self._is_compressed,
            inflated=self._inflates,
            length=self._length if self._inflates else self._seen,
            payload=bytes(self._start),
            complete=complete,
        )
        self._head.clear()
        self._missing = 2
        self._is_compressed = self._inflates = False
        self._start.clear()
        self._size = self._seen = self._length = 0
        return frame


def _head_size(head: bytearray) -> int:
    """Return the bytes of a frame's head, as far as its start says."""
    if len(head) < 2:
        return 2
    return 2 + {126: 2, 127: 8}.get(head[1] & 0x7F, 0) + (4 if head[1] & MASKED else 0)


def _payload_size(head: bytearray) -> int:
    size = head[1] & 0x7F
    if size < 126:
        return size
    return int.from_bytes(head[2 : 4 if size == 126 else 10], "big")
