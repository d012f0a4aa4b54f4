"""As much of RFC 6455's framing as the server and the bare client need."""

from __future__ import annotations

import base64
import hashlib

CLOSE = b"\x88\x02\x03\xe8"  # a server's Close, 1000
CLOSE_OPCODE = 0x8
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def header(opcode: int, size: int, *, masked: bool = False) -> bytes:
    """A frame's header up to its mask: final, of the shortest length form (section 5.2)."""
    bit = 0x80 if masked else 0
    if size < 126:
        return bytes((0x80 | opcode, bit | size))
    if size < 65536:
        return bytes((0x80 | opcode, bit | 126)) + size.to_bytes(2, "big")
    return bytes((0x80 | opcode, bit | 127)) + size.to_bytes(8, "big")


def xor(payload: bytes | bytearray, mask: bytes | bytearray) -> bytes:
    """Mask or unmask: one XOR of two large integers (section 5.3)."""
    size = len(payload)
    pad = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")).to_bytes(size, "big")


def accept_key(key: bytes) -> bytes:
    return base64.b64encode(hashlib.sha1(key + GUID).digest())
