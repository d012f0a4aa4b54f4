"""Messages put together from the pieces of their frames, checked and bounded as they arrive."""

from __future__ import annotations

import codecs
import io
from typing import Final, TypeAlias, final

from ._errors import ProtocolError
from ._frames import INVALID_PAYLOAD, MESSAGE_TOO_BIG

Message = str | bytes

UNLIMITED: Final = 1 << 60
"""Bytes; stands for no limit where the arithmetic needs a number."""


@final
class TextPart(str):
    """The start, or a middle part, of a text message that goes on in the next item."""

    __slots__ = ()


@final
class BinaryPart(bytes):
    """The same of a binary message. What is not a part ends a message, or is a whole one."""

    __slots__ = ()


Part: TypeAlias = TextPart | BinaryPart
PARTS: Final = (TextPart, BinaryPart)


def as_part(message: Message) -> Part:
    """Mark some of a message as a part that others follow."""
    return TextPart(message) if isinstance(message, str) else BinaryPart(message)


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


@final
class PartialMessage:
    """A message whose frames, or whose frame's bytes, arrive bit by bit.

    They go into one growing buffer, so that a message costs its size and no more, in however
    many fragments it comes; text is decoded on arrival, so that an invalid byte is found at once.

    Attributes:
      room: bytes that the message may still grow by.
    """

    def __init__(self, *, text: bool, limit: int) -> None:
        self.room = limit
        self._limit = limit
        self._text = io.StringIO() if text else None
        self._cut = b""  # the start of a character
        self._binary: bytes | bytearray = b""

    @property
    def held(self) -> int:
        """Bytes (text: characters) that were stored and not taken."""
        return len(self._binary) if self._text is None else self._text.tell()

    def take_part(self) -> Part:
        """Take what is held, which must be more than nothing; it still counts for the limit."""
        if self._text is None:
            binary, self._binary = self._binary, b""
            return BinaryPart(binary)
        text, self._text = self._text, io.StringIO()
        return TextPart(text.getvalue())

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
        if self._text is not None:
            self._text.write(self._decode(data, final=False))
        elif not self._binary:
            self._binary = data  # often all that comes, and not copied then
        else:
            if isinstance(self._binary, bytes):
                self._binary = bytearray(self._binary)
            self._binary += data
        if room < 0:
            raise _too_big("more (after inflating)", self._limit)

    def finish(self) -> Message:
        """Return what is held; all of the message was stored."""
        if self._text is None:
            return bytes(self._binary)
        if self._cut:
            self._decode(b"", final=True)
        return self._text.getvalue()

    def _decode(self, data: bytes, *, final: bool) -> str:
        if self._cut:
            data = self._cut + data
        try:
            text, used = codecs.utf_8_decode(data, "strict", final)
        except UnicodeDecodeError as exc:
            raise _invalid_utf8(exc) from exc
        self._cut = data[used:]
        return text
