"""Messages put together from the pieces of their frames, checked and bounded as they arrive."""

from __future__ import annotations

import codecs
import sys
from typing import Final, final

from ._errors import ProtocolError
from ._frames import INVALID_PAYLOAD, MESSAGE_TOO_BIG
from ._joining import MAX_JOINED_AT_ONCE, Joining
from ._memory import keep_memory
from ._parts import Part, as_part

Message = str | bytes

UNLIMITED: Final = 1 << 60
"""Bytes; means no limit, where the arithmetic needs a number."""


def _invalid_utf8(exc: UnicodeDecodeError) -> ProtocolError:
    found = exc.object[exc.start : exc.start + 4].hex(" ")
    return ProtocolError(
        INVALID_PAYLOAD, f"expected UTF-8 in a text message, got bytes {found} ({exc.reason})"
    )


def _too_big(size: str, limit: int) -> ProtocolError:
    return ProtocolError(
        MESSAGE_TOO_BIG,
        f"expected a message of at most {limit} bytes (max_message_size), got one of {size}",
    )


def _joined(pieces: list[Message]) -> Message:
    return pieces[0][:0].join(pieces)  # type: ignore[arg-type]  # all str, or all bytes


SMALL_PIECE: Final = 1024
"""Bytes or characters of a piece that is small, so that the object around it counts."""

MAX_SMALL_PIECES: Final = 1024
"""Small pieces after which they are joined to one, so that a message costs little more than its
size."""


@final
class PartialMessage:
    """A message whose frames, or whose frame's bytes, arrive bit by bit.

    Its pieces are kept, and joined once. Text is decoded on arrival, so that an invalid byte is
    found at once.

    Attributes:
      room: bytes that the message may still grow by.
      held: bytes (text: characters) that were stored and not taken.
    """

    def __init__(self, *, text: bool, limit: int) -> None:
        self.room = limit
        self.held = 0
        self._limit = limit
        self._pieces: list[Message] = []  # all str, or all bytes
        self._small = 0  # how many of the last ones are small
        self._text = text
        self._cut = b""  # the start of a character
        self._joining: Joining | None = None  # of a long binary message, all of which was stored

    def take_part(self) -> Part:
        """Take what is held, which must be something, and still counts for the limit."""
        return as_part(self._join())

    def announce(self, size: int) -> None:
        """Check that a payload of this many bytes, which are not compressed, may follow."""
        if size > self.room and self._limit < UNLIMITED:
            raise _too_big(f"{self._limit - self.room + size} or more", self._limit)

    def store(self, data: bytes) -> None:
        """Add some of the message, after inflating.

        Raises:
          ProtocolError: it is too big, or not UTF-8, whichever byte is wrong first.
        """
        room = self.room - len(data)
        if room < 0:
            data = data[:room]
        self.room = room
        piece = self._decode(data, final=False) if self._text else data
        size = len(piece)
        self.held += size
        if size > SMALL_PIECE:
            if self._small > 1:
                self._join_small()
            self._small = 0
        else:
            if self._small == MAX_SMALL_PIECES:
                self._join_small()
            self._small += 1
        self._pieces.append(piece)
        if room < 0:
            raise _too_big("more (after inflating)", self._limit)

    def finish(self) -> Message:
        """Return what is held, once all of the message was stored, and joined if it is long."""
        if self._joining is not None:
            message = self._joining.result()
            keep_memory(len(message))
            return message
        if self._cut:
            self._decode(b"", final=True)
        return self._join()

    def join_some(self, size: int) -> int:
        """Join about ``size`` bytes of a long binary message, all of which was stored.

        Returns:
          How many bytes were joined; 0: nothing remains that :meth:`finish` does not do at once.
        """
        if self._joining is None:
            if self._text or self.held <= MAX_JOINED_AT_ONCE or len(self._pieces) == 1:
                return 0
            self._joining = Joining(self._pieces)  # type: ignore[arg-type]  # all bytes
            self._pieces = []
        return self._joining.step(size)

    def _join_small(self) -> None:
        small = self._pieces[-self._small :]
        self._pieces[-self._small :] = [_joined(small)]
        self._small = 0

    def _join(self) -> Message:
        pieces, self._pieces = self._pieces, []
        self._small = self.held = 0
        if not pieces:
            return "" if self._text else b""
        if len(pieces) == 1:
            return pieces[0]
        message = _joined(pieces)
        keep_memory(sys.getsizeof(message))  # a character may take four bytes
        return message

    def _decode(self, data: bytes, *, final: bool) -> str:
        if self._cut:
            data = self._cut + data
        try:
            text, used = codecs.utf_8_decode(data, "strict", final)
        except UnicodeDecodeError as exc:
            error = _invalid_utf8(exc)
        else:
            self._cut = data[used:]
            return text
        raise error  # outside of the handler: a UnicodeDecodeError that is kept keeps the data
