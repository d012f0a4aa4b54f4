"""Encode RFC 6455's frames for either side, valid or not, without our code."""

from __future__ import annotations

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
FIN = 0x80


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, mask: bytes = b""
) -> bytes:
    """Return one frame, a server's without a mask, a client's with one."""
    return raw_frame((FIN if fin else 0) | rsv << 4 | opcode, payload, mask)


def close(code: int | None = None, reason: str = "", *, mask: bytes = b"") -> bytes:
    """Return a Close frame, without a body if the code is None."""
    body = b"" if code is None else code.to_bytes(2, "big") + reason.encode()
    return frame(CLOSE, body, mask=mask)


def raw_frame(first: int, payload: bytes = b"", mask: bytes = b"") -> bytes:
    """Return a frame that begins with this byte, in the shortest form."""
    size = len(payload)
    masked = 0x80 if mask else 0
    if size < 126:
        head = bytes((first, masked | size))
    elif size < 0x10000:
        head = bytes((first, masked | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, masked | 127)) + size.to_bytes(8, "big")
    if mask:
        payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return head + mask + payload
