"""The part of RFC 6455's framing that the server and the bare client need."""

from __future__ import annotations

import base64
import hashlib
import zlib

CLOSE = b"\x88\x02\x03\xe8"  # a server's Close, 1000
CLOSE_OPCODE, PING_OPCODE, PONG_OPCODE = 0x8, 0x9, 0xA
FIN = 0x80
RSV1 = 0x40
DEFLATE_TAIL = b"\0\0\xff\xff"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def header(opcode: int, size: int, *, masked: bool = False, bits: int = FIN) -> bytes:
    """Return a frame's header up to its mask, in the shortest form (section 5.2)."""
    bit = 0x80 if masked else 0
    if size < 126:
        return bytes((bits | opcode, bit | size))
    if size < 65536:
        return bytes((bits | opcode, bit | 126)) + size.to_bytes(2, "big")
    return bytes((bits | opcode, bit | 127)) + size.to_bytes(8, "big")


def xor(payload: bytes | bytearray, mask: bytes | bytearray) -> bytes:
    """Mask or unmask, by one XOR of two large integers (section 5.3)."""
    size = len(payload)
    pad = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(pad, "big")).to_bytes(size, "big")


def accept_key(key: bytes) -> bytes:
    return base64.b64encode(hashlib.sha1(key + GUID).digest())


def deflated(messages: list[bytes]) -> list[bytes]:
    """Return permessage-deflate's payloads (RFC 7692 section 7.2.1), with context takeover.

    The last one resets the compressor, so that they may be sent over and over.
    """
    compressor = zlib.compressobj(wbits=-15)
    flushes = [zlib.Z_SYNC_FLUSH] * (len(messages) - 1) + [zlib.Z_FULL_FLUSH]
    return [
        (compressor.compress(message) + compressor.flush(flush)).removesuffix(DEFLATE_TAIL)
        for message, flush in zip(messages, flushes, strict=True)
    ]


def whole_frames(data: bytearray) -> int:
    """Remove the whole masked frames from the start of ``data``, and return their number."""
    position = count = 0
    while position + 14 <= len(data):
        size, start = data[position + 1] & 0x7F, position + 6
        if size > 125:
            extended = 2 if size == 126 else 8
            size = int.from_bytes(data[position + 2 : position + 2 + extended], "big")
            start += extended
        if start + size > len(data):
            break
        position = start + size
        count += 1
    del data[:position]
    return count


def short_frames(data: bytearray) -> list[tuple[int, bytes]]:
    """Remove short masked frames from the start of ``data``, and return their opcodes and payloads.

    They have at most 125 bytes. Control frames have no other form (section 5.5).
    """
    frames: list[tuple[int, bytes]] = []
    while len(data) >= 6 and len(data) >= (end := 6 + (data[1] & 0x7F)):
        frames.append((data[0] & 0x0F, xor(data[6:end], data[2:6])))
        del data[:end]
    return frames
