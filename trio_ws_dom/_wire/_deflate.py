"""permessage-deflate (RFC 7692), the client's two directions, with bounded memory."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zlib import _Compress as Compressor  # pyright: ignore[reportPrivateUsage]  # no public name
    from zlib import _Decompress as Decompressor  # pyright: ignore[reportPrivateUsage]  # no public name

NAME: Final = "permessage-deflate"

# Like Chromium's and Firefox's. client_max_window_bits allows the server to answer with it
# (RFC 7692 section 7.1.2.2); all else a server may set unasked.
OFFER: Final = f"{NAME}; client_max_window_bits"

_PARAMETERS: Final = frozenset(
    {
        "server_no_context_takeover",
        "client_no_context_takeover",
        "server_max_window_bits",
        "client_max_window_bits",
    }
)
_WINDOW_BITS: Final = {str(bits): bits for bits in range(8, 16)}

_TAIL: Final = b"\x00\x00\xff\xff"
"""An empty stored block, as it ends each message in the stream, but not on the wire."""

_MAX_WINDOW_BITS: Final = 12
"""A compressor's window, as its base-2 logarithm. A sender may always use less than it may.

With ``_MEMORY_LEVEL`` 5 a compressor takes 38 KiB, and 262 KiB with zlib's defaults (15 and 8).
The websockets library's choice, too.
"""

_MEMORY_LEVEL: Final = 5

_LEVEL: Final = 4
"""A compressor's level, of zlib's 0 to 9. JSON messages of a market's feed shrink to 31 % (those of
130 bytes), 40 % (1 KiB), 38 % (45 KiB); by all of zlib's defaults, of which the level is 6, to 28,
38 and 34 %, in 1.3, 2.5 and 3.3 times the time."""

_INFLATE_BITS: Final = 15
"""The decompressor's window. The largest serves for all, and zlib checks a smaller one only from
one piece of input to the next: what a server breaks would depend on the chunking."""

MAX_INPUT: Final = 16 * 1024
"""Bytes of a payload that a caller feeds at a time, if no call of zlib may take long.

The worst data, blocks that put out nothing, cost 0.1 to 0.3 us a byte, and real ones a tenth of it.
zlib also returns a copy of the input that it has not used, once for each piece of output.
"""

MAX_OUTPUT: Final = 64 * 1024
"""Bytes that come out of one call of zlib, at most: a tenth of a millisecond's work."""

_MAX_FINAL_BLOCKS: Final = 1024
"""Final blocks in a message. Real senders put in one, or none; two bytes suffice for one, and each
costs a decompressor. No precedent: others have no limit, or take no final blocks."""

# Final blocks that put out nothing, of fixed codes or stored, with any padding (RFC 1951 sections
# 3.2.4 and 3.2.6). Without a decompressor for each they cost a tenth.
_EMPTY_FIXED: Final = re.compile(b"(?:\x03[%s])+" % re.escape(bytes(range(0, 256, 4))))
_EMPTY_STORED: Final = re.compile(b"(?:[%s]\0\0\xff\xff)+" % re.escape(bytes(range(1, 256, 8))))


@final
class InvalidDeflate(ValueError):
    """A message's payload is not DEFLATE data (RFC 1951)."""


@final
@dataclass(frozen=True, slots=True)
class DeflateParameters:
    """What client and server agreed on (RFC 7692 section 7.1)."""

    server_no_context_takeover: bool = False
    client_no_context_takeover: bool = False
    server_max_window_bits: int = 15
    client_max_window_bits: int = 15

    @classmethod
    def from_response(cls, parameters: Sequence[tuple[str, str | None]]) -> DeflateParameters:
        """Read the parameters of a server's answer to ``OFFER``.

        A server may limit its own window and renounce context takeover for both sides without
        having been asked to (sections 7.1.1 and 7.1.2.1).

        Raises:
          ValueError: what is wrong with which parameter.
        """
        given: dict[str, str | None] = {}
        for name, value in parameters:
            if name not in _PARAMETERS:
                raise ValueError(f"unknown parameter {name}")
            if name in given:
                raise ValueError(f"parameter {name} occurs twice")
            given[name] = value
        return cls(
            server_no_context_takeover=_flag(given, "server_no_context_takeover"),
            client_no_context_takeover=_flag(given, "client_no_context_takeover"),
            server_max_window_bits=_window_bits(given, "server_max_window_bits"),
            client_max_window_bits=_window_bits(given, "client_max_window_bits"),
        )


def _flag(given: dict[str, str | None], name: str) -> bool:
    value = given.get(name)
    if value is not None:
        raise ValueError(f"parameter {name} must have no value, got {value!r}")
    return name in given


def _window_bits(given: dict[str, str | None], name: str) -> int:
    if name not in given:
        return 15
    value = given[name]
    if value is None:
        raise ValueError(f"parameter {name} must have a value from 8 to 15, got none")
    if value not in _WINDOW_BITS:
        raise ValueError(f"parameter {name} must be from 8 to 15, got {value!r}")
    return _WINDOW_BITS[value]


@final
class Deflater:
    """Compresses what the client sends."""

    def __init__(self, parameters: DeflateParameters) -> None:
        self._takeover = not parameters.client_no_context_takeover
        self._window_bits = parameters.client_max_window_bits
        self._compressor: Compressor | None = None  # made at first use

    def compress(self, payload: bytes) -> bytes:
        """Return the payload of one whole message, as it is sent (section 7.2.1)."""
        if not payload:
            return b"\x00"  # section 7.2.3.6; it needs no compressor
        compressor = self._compressor or _new_compressor(self._window_bits)
        if self._takeover:
            self._compressor = compressor
        compressed = compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)
        assert compressed.endswith(_TAIL)  # that is what Z_SYNC_FLUSH does
        return compressed[: -len(_TAIL)]


def _new_compressor(window_bits: int) -> Compressor:
    # zlib refuses raw deflate with 8 bits, as it cannot keep to a window of 256 bytes by itself.
    # Z_RLE is documented to look one byte back and no further, which fits into any window.
    strategy = zlib.Z_RLE if window_bits == 8 else zlib.Z_DEFAULT_STRATEGY
    bits = max(9, min(window_bits, _MAX_WINDOW_BITS))
    return zlib.compressobj(_LEVEL, zlib.DEFLATED, -bits, _MEMORY_LEVEL, strategy)


@final
class Inflater:
    """Decompresses what the server sends, message by message, one call of zlib at a time.

    :meth:`feed` takes some of a message's payload. :meth:`inflate` returns what comes out of it,
    call by call until nothing is :attr:`pending`. An instance is of no use after it has raised.

    Attributes:
      pending: whether something was fed that may still put something out.
    """

    def __init__(self, parameters: DeflateParameters) -> None:
        self.pending = False
        self._takeover = not parameters.server_no_context_takeover
        self._decompressor: Decompressor | None = None  # made at first use
        self._input = b""  # what was fed, and zlib has not used
        self._last = False  # whether that reaches to the message's end, and _TAIL with it
        self._open = False  # whether the message's last block may need _TAIL
        self._final_blocks = 0  # so far in this message

    def feed(self, data: bytes, last: bool) -> None:
        """Take the next bytes of a message's payload.

        Nothing may be pending.

        Args:
          data: any part of the payload, of ``MAX_INPUT`` bytes if time matters.
          last: whether the payload ends with it.
        """
        self._last = last
        # A payload of no bytes, or one that ends with a final block's last byte, is followed by no
        # unfinished block. By section 7.2.3.4 the latter should have had a zero byte more.
        if last and (data or self._open):
            data += _TAIL
        if data:
            self._input = data
            self.pending = True
        elif last:
            self._end_message()

    def inflate(self, size: int) -> bytes:
        """Decompress some of what is pending, in one call of zlib.

        Args:
          size: bytes that may come out, at least 1.

        Raises:
          InvalidDeflate: the data is broken.
        """
        decompressor = self._decompressor
        if decompressor is None:
            first = self._input[0] if self._input else 0
            if first == 3 and self._skip_empty_blocks(_EMPTY_FIXED, 2):
                return b""
            if first & 7 == 1 and self._skip_empty_blocks(_EMPTY_STORED, 5):
                return b""
            decompressor = self._decompressor = zlib.decompressobj(-_INFLATE_BITS)
        try:
            output = decompressor.decompress(self._input, size)
        except zlib.error as exc:
            raise InvalidDeflate(f"expected DEFLATE data, got: {exc}") from exc
        if decompressor.eof:
            self._end_final_blocks(1, decompressor.unused_data)
            return output
        self._open = True
        # When all of size was used there may be more output, even if all data is used as well.
        self._input = decompressor.unconsumed_tail
        self.pending = len(output) == size
        if self._last and not self.pending:  # as _end_message(): it is all of most messages
            self._open = False
            self._final_blocks = 0
            if not self._takeover:
                self._decompressor = None
        return output

    def _skip_empty_blocks(self, pattern: re.Pattern[bytes], size: int) -> bool:
        """Skip the final blocks that the input begins with, if there are some of this pattern."""
        match = pattern.match(self._input)
        if match is None:
            return False
        end = match.end()
        self._end_final_blocks(end // size, self._input[end:])
        return True

    def _end_final_blocks(self, count: int, rest: bytes) -> None:
        """Start again after this many blocks with BFINAL set (section 7.2.3.4), before ``rest``.

        Chromium does the same.
        """
        self._decompressor = None
        self._open = False
        self._final_blocks += count
        if self._final_blocks > _MAX_FINAL_BLOCKS:
            raise InvalidDeflate(f"expected at most {_MAX_FINAL_BLOCKS} final blocks in a message")
        self._input = rest
        self.pending = bool(rest) and not (self._last and rest == _TAIL)
        if self._last and not self.pending:
            self._final_blocks = 0

    def _end_message(self) -> None:
        self._open = False
        self._final_blocks = 0
        if not self._takeover:
            self._decompressor = None
