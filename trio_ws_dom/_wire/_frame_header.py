"""The start of a frame, and the body of a Close (RFC 6455 sections 5.2, 5.5.1 and 7.4)."""

from __future__ import annotations

from typing import Final

from ._errors import ProtocolError
from ._frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    INVALID_PAYLOAD,
    MASKED,
    MAX_CONTROL_PAYLOAD,
    NO_STATUS_RECEIVED,
    PING,
    PONG,
    PROTOCOL_ERROR,
    RSV,
    RSV1,
    TEXT,
    Close,
    is_sendable_code,
)

_HTTP: Final = ord("H")
"""No valid frame begins so, and an HTTP response does."""

_OPCODES: Final = frozenset((CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))


def read_header(data: bytes, pos: int) -> tuple[int, int, int] | None:
    """The first byte, the payload's size, and where it starts.

    Returns None if bytes are missing.
    """
    available = len(data) - pos
    if available == 0:
        return None
    first = data[pos]
    _check_first(first)
    if available == 1:
        return None
    size = data[pos + 1]
    if size & MASKED:
        raise broken("expected an unmasked frame from a server, got a masked one")
    if first & 0x08 and size > MAX_CONTROL_PAYLOAD:
        raise broken("expected a control frame of at most 125 bytes, got a longer one")
    if size < 126:
        return first, size, pos + 2
    width, least = (2, 126) if size == 126 else (8, 0x10000)
    start = pos + 2 + width
    if len(data) < start:
        return None
    size = int.from_bytes(data[pos + 2 : start], "big")
    if not least <= size < 1 << 63:
        raise broken(f"expected the shortest form of a frame's length, got {size} in {width} bytes")
    return first, size, start


def _check_first(first: int) -> None:
    """Check a frame's first byte (RFC 6455 section 5.2).

    RSV1 is checked later.
    """
    opcode = first & 0x0F
    if opcode not in _OPCODES:
        raise broken(f"expected a known opcode, got {opcode:#x}")
    if first & (RSV & ~RSV1):
        raise broken("expected RSV2 and RSV3 to be clear, as no extension uses them")
    if opcode & 0x08:
        if first == _HTTP:
            raise ProtocolError(
                PROTOCOL_ERROR,
                "expected a frame, got the byte H, as HTTP/1.1 begins: the server seems to have"
                " sent an HTTP response on the open connection, as servers do whose handler fails",
                got_http=True,
            )
        if first & RSV1:
            raise broken("expected RSV1 to be clear in a control frame, but it is set")
        if not first & FIN:
            raise broken("expected a control frame in one piece, got a fragment")


def parse_close(payload: bytes) -> Close:
    """A Close frame's body (RFC 6455 sections 5.5.1 and 7.4)."""
    if not payload:
        return Close(NO_STATUS_RECEIVED)
    if len(payload) == 1:
        raise broken("expected a Close frame with a code of two bytes, got one byte")
    code = int.from_bytes(payload[:2], "big")
    if not is_sendable_code(code):
        raise broken(f"expected a close code that may be sent, got {code}")
    try:
        return Close(code, payload[2:].decode())
    except UnicodeDecodeError as exc:
        raise ProtocolError(
            INVALID_PAYLOAD, f"expected UTF-8 in a Close frame's reason, got {payload[2:]!r}"
        ) from exc


def broken(message: str) -> ProtocolError:
    """A rule of RFC 6455 itself was broken.

    1002.
    """
    return ProtocolError(PROTOCOL_ERROR, message)
