"""Frames as bytes (RFC 6455 section 5), the constants and the sending side.

A client masks every frame (section 5.1). The mask comes from the caller, so that this module
stays free of randomness: :func:`encode` is a pure function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ._masking import xor

if TYPE_CHECKING:
    from collections.abc import Iterator

FIN: Final = 0x80
RSV1: Final = 0x40
RSV: Final = 0x70

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

MASKED: Final = 0x80

MAX_CONTROL_PAYLOAD: Final = 125
"""Bytes; RFC 6455 section 5.5."""

NORMAL_CLOSURE: Final = 1000
GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
NO_STATUS_RECEIVED: Final = 1005
ABNORMAL_CLOSURE: Final = 1006
INVALID_PAYLOAD: Final = 1007
MESSAGE_TOO_BIG: Final = 1009

# The codes that may stand on the wire: section 7.4.1's, and those registered since with IANA
# (1012 Service Restart, 1013 Try Again Later, 1014 Bad Gateway), then 7.4.2's open ranges.
_SENDABLE: Final = frozenset((*range(1000, 1004), *range(1007, 1015)))


class Ping(NamedTuple):
    """A Ping frame (RFC 6455 section 5.5.2)."""

    payload: bytes


class Pong(NamedTuple):
    """A Pong frame (RFC 6455 section 5.5.3)."""

    payload: bytes


class Close(NamedTuple):
    """A Close frame (RFC 6455 section 5.5.1).

    A body without code is 1005 (section 7.1.5).
    """

    code: int = NO_STATUS_RECEIVED
    reason: str = ""

    def payload(self) -> bytes:
        """Return the frame's body, which is empty for 1005, as that must not be sent."""
        if self.code == NO_STATUS_RECEIVED:
            return b""
        return self.code.to_bytes(2, "big") + self.reason.encode()


Control = Ping | Pong | Close


def is_sendable_code(code: int) -> bool:
    """Return whether a Close frame may carry this code (RFC 6455 section 7.4)."""
    return code in _SENDABLE or 3000 <= code < 5000


LONG: Final = 128 * 1024
"""Bytes of a payload above which :func:`encode_long` is for it, and of the blocks that it makes."""

# Both header bytes of each short frame, made once: building them costs as much as the masking.
_SHORT_HEADERS: Final = {
    FIN | opcode | rsv: tuple(bytes((FIN | opcode | rsv, MASKED | size)) for size in range(126))
    for opcode, rsv in ((TEXT, 0), (BINARY, 0), (TEXT, RSV1), (BINARY, RSV1))
}


def encode(first: int, payload: bytes, mask: bytes) -> bytes:
    """Return one masked frame.

    Args:
      first: the frame's first byte: FIN, RSV bits and opcode.
      payload: the payload, not yet masked.
      mask: four bytes that the peer cannot foresee (RFC 6455 section 5.3).
    """
    size = len(payload)
    short = size < 126 and first in _SHORT_HEADERS
    header = _SHORT_HEADERS[first][size] if short else _header(first, size)
    return header + mask + xor(payload, mask)


def encode_long(first: int, payload: bytes, mask: bytes) -> Iterator[bytes]:
    """Return the same in blocks, each of which is made when it is asked for.

    So memory that was just freed is used again, and no message holds up the program for as long as
    it takes to mask all of it.
    """
    head = _header(first, len(payload)) + mask
    view = memoryview(payload)
    for start in range(0, len(payload), LONG):
        block = xor(view[start : start + LONG], mask)
        yield head + block if head else block
        head = b""


def _header(first: int, size: int) -> bytes:
    """Return a masked frame's first bytes, in the shortest form (RFC 6455 section 5.2)."""
    if size < 126:
        return bytes((first, MASKED | size))
    if size < 0x10000:
        return bytes((first, MASKED | 126)) + size.to_bytes(2, "big")
    return bytes((first, MASKED | 127)) + size.to_bytes(8, "big")
