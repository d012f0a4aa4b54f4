"""Frames as an onlooker sees them: one direction's bytes in, what was in them out.

It is lenient where the decoder is strict: a broken rule is for the connection to notice, and the
onlooker is there to show what it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, final

from .._wire._deflate import InvalidDeflate, TooBig
from .._wire._frames import CONTINUATION, FIN, MASKED, RSV1, TEXT, _masked
from .._wire._messages import UNLIMITED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._wire._deflate import Inflater

_PIECE: Final = 64 * 1024
"""Bytes of a payload that are copied at a time."""


class Frame(NamedTuple):
    """One frame. ``size`` is all of it, in bytes on the wire; the rest is ``TraceFrame``'s."""

    size: int
    opcode: int
    fin: bool
    text: bool
    compressed: bool
    inflated: bool
    length: int
    payload: bytes
    complete: bool


@final
class FrameView:
    """One direction's frames; of a payload, however long, no more than its start is held.

    Args:
      payload_limit: bytes of that start.
      max_message_size: bytes that a message may have, after inflating; behind a larger one nothing
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
        self._budget = 0  # bytes that it may yet grow by
        # of the frame
        self._head = bytearray()
        self._missing = 2  # bytes of the head, as far as can be told
        self._is_compressed = False
        self._inflates = False
        self._size = 0  # of the payload on the wire
        self._seen = 0  # of these bytes, so many have come
        self._length = 0  # of the payload after inflating, so far
        self._start = bytearray()

    def see(self, data: bytes) -> Iterator[Frame]:
        """Take some bytes; gives the frames that they complete."""
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
                yield self._end(complete=True)

    def cut_off(self) -> Iterator[Frame]:
        """Nothing more will come; gives the frame in whose middle that is, if so."""
        if self._head:
            yield self._end(complete=False)

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
        """Some payload, as it stands on the wire."""
        turn = self._seen % 4
        self._seen += len(piece)
        if not self._inflates:  # what is compressed and cannot be inflated says nothing
            piece = b"" if self._is_compressed else piece[: self._room]
        if self._head[1] & MASKED:
            mask = bytes(self._head[-4:])
            piece = b"".join(_masked(piece, mask[turn:] + mask[:turn]))
        if self._inflates:
            self._inflate(piece)
        else:
            self._start += piece

    def _inflate(self, piece: bytes | None) -> None:
        """Some of a message's payload; None: its end."""
        assert self._inflater is not None  # the callers have looked
        try:
            if piece is None:
                self._inflater.finish(self._budget, self._keep_inflated)
            else:
                self._inflater.inflate(piece, self._budget, self._keep_inflated)
        except (TooBig, InvalidDeflate):
            self._inflater = None  # it is of no use any more
            self._inflates = False
            self._start.clear()

    def _keep_inflated(self, piece: bytes) -> None:
        self._budget -= len(piece)
        self._length += len(piece)
        self._start += piece[: self._room]

    @property
    def _room(self) -> int:
        """Bytes of the payload that are still to be held."""
        return self._payload_limit - len(self._start)

    def _end(self, *, complete: bool) -> Frame:
        first = self._head[0]
        fin = bool(first & FIN)
        if complete and fin and self._inflates:
            self._inflate(None)
        frame = Frame(
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
    """Bytes of a frame's head, as far as can be told from its start."""
    if len(head) < 2:
        return 2
    return 2 + {126: 2, 127: 8}.get(head[1] & 0x7F, 0) + (4 if head[1] & MASKED else 0)


def _payload_size(head: bytearray) -> int:
    size = head[1] & 0x7F
    if size < 126:
        return size
    return int.from_bytes(head[2 : 4 if size == 126 else 10], "big")
