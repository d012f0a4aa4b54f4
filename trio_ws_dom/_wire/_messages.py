"""Messages put together from the pieces of their frames, checked and bounded as they arrive."""

from __future__ import annotations

import codecs
import io
from typing import Final, TypeAlias, final

from ._deflate import Inflater, InvalidDeflate, TooBig
from ._errors import ProtocolError
from ._frames import INVALID_PAYLOAD, MESSAGE_TOO_BIG

Message = str | bytes

UNLIMITED: Final = 1 << 62
"""Bytes; in place of no limit, where the arithmetic needs a number."""


@final
class TextPart(str):
    """The start, or a middle part, of a text message that goes on in the next item."""

    __slots__ = ()


@final
class BinaryPart(bytes):
    """The same, of a binary message. What is not a part ends a message, or is a whole one."""

    __slots__ = ()


Part: TypeAlias = TextPart | BinaryPart
PARTS: Final = (TextPart, BinaryPart)


def as_part(message: Message) -> Part:
    """What there is of a message that goes on."""
    return TextPart(message) if isinstance(message, str) else BinaryPart(message)


_new_utf8_decoder = codecs.getincrementaldecoder("utf-8")


def _invalid_utf8(exc: UnicodeDecodeError) -> ProtocolError:
    found = exc.object[exc.start : exc.start + 4].hex(" ")
    return ProtocolError(
        INVALID_PAYLOAD, f"expected UTF-8 in a text message, got bytes {found} ({exc.reason})"
    )


def too_big(size: str, limit: int) -> ProtocolError:
    """The one error for every way to pass ``max_message_size``."""
    return ProtocolError(
        MESSAGE_TOO_BIG, f"expected a message of at most {limit} bytes, got one of {size}"
    )


def _invalid_deflate(exc: InvalidDeflate) -> ProtocolError:
    return ProtocolError(INVALID_PAYLOAD, str(exc))


@final
class PartialMessage:
    """A message whose frames, or whose frame's bytes, arrive bit by bit.

    They go into one growing buffer, so that a message costs its size and no more, in however
    many fragments it comes; text is decoded on arrival, so that an invalid byte is found at once.
    """

    def __init__(self, *, text: bool, limit: int | None, inflater: Inflater | None) -> None:
        self._limit = limit
        self._inflater = inflater
        self._size = 0
        self._text = io.StringIO() if text else None
        self._decoder = _new_utf8_decoder()
        self._binary: bytes | bytearray = b""

    @property
    def compressed(self) -> bool:
        """Whether the payload on the wire is not what the message has."""
        return self._inflater is not None

    @property
    def held(self) -> int:
        """Bytes (text: characters) that were added and not taken."""
        return len(self._binary) if self._text is None else self._text.tell()

    def take_part(self) -> Part:
        """What is held, which is to be more than nothing; the size counts on."""
        if self._text is None:
            binary, self._binary = self._binary, b""
            return BinaryPart(binary)
        text, self._text = self._text, io.StringIO()
        return TextPart(text.getvalue())

    def announce(self, size: int) -> None:
        """A frame of this many bytes is to follow; refuse it here if it cannot fit."""
        if self._limit is not None and self._inflater is None and self._size + size > self._limit:
            raise too_big(f"{self._size + size} or more", self._limit)

    def add(self, piece: bytes) -> None:
        """Some payload, as it stood on the wire."""
        if self._inflater is None:
            self._store(piece)
        else:
            self._inflate(self._inflater, piece)

    def go_on(self, data: bytes, rest: bytes) -> Message:
        """All of a compressed message, of which its inflater's ``begin`` gave these."""
        assert self._inflater is not None
        self._store(data)
        try:
            self._inflater.go_on(rest, self._store)
        except InvalidDeflate as exc:
            raise _invalid_deflate(exc) from exc
        return self.finish()

    def finish(self) -> Message:
        """The last piece was added."""
        if self._inflater is not None:
            self._inflate(self._inflater, None)
        if self._text is None:
            return bytes(self._binary)
        self._decode(b"", final=True)
        return self._text.getvalue()

    def discard(self) -> None:
        """Hold nothing any more: an exception that is kept, keeps this object."""
        self._text = None
        self._binary = bytearray()

    def _inflate(self, inflater: Inflater, piece: bytes | None) -> None:
        """Store what comes out bit by bit, so that no more is ever held than the limit and one bit,
        and an invalid byte in what fits is found before the limit is. None: the payload's end."""
        budget = UNLIMITED if self._limit is None else self._limit - self._size
        try:
            if piece is None:
                inflater.finish(budget, self._store)
            else:
                inflater.inflate(piece, budget, self._store)
        except TooBig as exc:
            raise too_big("more (after inflating)", self._limit or 0) from exc
        except InvalidDeflate as exc:
            raise _invalid_deflate(exc) from exc

    def _store(self, data: bytes) -> None:
        self._size += len(data)
        if self._text is not None:
            self._text.write(self._decode(data))
        elif not self._binary:
            self._binary = data  # often all that comes, and not copied then
        else:
            if isinstance(self._binary, bytes):
                self._binary = bytearray(self._binary)
            self._binary += data

    def _decode(self, data: bytes, *, final: bool = False) -> str:
        try:
            return self._decoder.decode(data, final)
        except UnicodeDecodeError as exc:
            raise _invalid_utf8(exc) from exc


def inflate_whole(inflater: Inflater, payload: bytes, *, text: bool) -> Message:
    """A compressed message whose payload is here as a whole, and is so short that no limit can be
    passed: what a :class:`PartialMessage` makes of it, at less cost where zlib gives it at once."""
    try:
        data, rest = inflater.begin(payload)
        if rest is None:
            return data.decode() if text else data
    except InvalidDeflate as exc:
        raise _invalid_deflate(exc) from exc
    except UnicodeDecodeError as exc:
        raise _invalid_utf8(exc) from exc
    message = PartialMessage(text=text, limit=None, inflater=inflater)
    try:
        return message.go_on(data, rest)
    except ProtocolError:
        message.discard()
        raise
