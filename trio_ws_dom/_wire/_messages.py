"""Messages put together from the pieces of their frames, checked and bounded as they arrive."""

from __future__ import annotations

import codecs
import io
from typing import TYPE_CHECKING, final

from ._deflate import Inflater, InvalidDeflate, TooBig
from ._errors import ProtocolError
from ._frames import INVALID_PAYLOAD, MESSAGE_TOO_BIG

if TYPE_CHECKING:
    from collections.abc import Iterable

Message = str | bytes

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


@final
class PartialMessage:
    """A message whose frames, or whose frame's bytes, arrive bit by bit.

    Pieces go into one growing buffer, so that a message costs its size and no more, in however
    many fragments it comes; text is decoded on arrival, so that an invalid byte is found at once.
    """

    def __init__(self, *, text: bool, limit: int | None, inflater: Inflater | None) -> None:
        self._limit = limit
        self._inflater = inflater
        self._size = 0
        self._text = io.StringIO() if text else None
        self._decoder = _new_utf8_decoder()
        self._binary = bytearray()

    def announce(self, size: int) -> None:
        """A frame of this many bytes is to follow; refuse it here if it cannot fit."""
        if self._limit is not None and self._inflater is None and self._size + size > self._limit:
            raise too_big(f"{self._size + size} or more", self._limit)

    def add(self, piece: bytes) -> None:
        """Some payload, as it stood on the wire."""
        self._store(piece if self._inflater is None else self._inflate(piece))

    def finish(self) -> Message:
        """The last piece was added."""
        if self._inflater is not None:
            self._store(self._inflate(None))
        if self._text is None:
            return bytes(self._binary)
        self._decode(b"", final=True)
        return self._text.getvalue()

    def _inflate(self, piece: bytes | None) -> bytes:
        assert self._inflater is not None  # both callers have looked
        budget = _UNLIMITED if self._limit is None else self._limit - self._size
        try:
            if piece is None:
                return self._inflater.finish(budget)
            return self._inflater.inflate(piece, budget)
        except TooBig as exc:
            self._check(exc.start)  # an invalid byte in what fits comes before the limit
            exc.start.clear()
            raise too_big("more (after inflating)", self._limit or 0) from exc
        except InvalidDeflate as exc:
            raise ProtocolError(INVALID_PAYLOAD, str(exc)) from exc

    def _check(self, pieces: Iterable[bytes]) -> None:
        if self._text is not None:
            for piece in pieces:
                self._decode(piece)

    def _store(self, data: bytes) -> None:
        self._size += len(data)
        if self._text is None:
            self._binary += data
        else:
            self._text.write(self._decode(data))

    def _decode(self, data: bytes, *, final: bool = False) -> str:
        try:
            return self._decoder.decode(data, final)
        except UnicodeDecodeError as exc:
            raise _invalid_utf8(exc) from exc


_UNLIMITED = 1 << 62
"""Bytes; in place of no limit, where the arithmetic needs a number."""
