"""A reference decoder for tests, slow and byte by byte, without our code.

It follows RFC 6455 and RFC 7692. It looks at each byte as soon as it is there, so a broken rule is
found at the same byte as by any decoder that does not wait.
"""

from __future__ import annotations

import zlib
from typing import NamedTuple, TypeAlias

Item: TypeAlias = str | bytes | tuple[str, bytes]
"""A message, or a control frame as its name and its payload."""

CONTROLS = {8: "close", 9: "ping", 10: "pong"}
MAX_FINAL_BLOCKS = 1024
TAIL = b"\0\0\xff\xff"


class Verdict(NamedTuple):
    """The meaning of the bytes, as items and the close code for what is wrong after them, if
    any."""

    items: list[Item]
    code: int | None


class BrokenRule(Exception):
    """A broken rule, with the close code for it."""


def decode(data: bytes, *, limit: int | None, compression: bool, takeover: bool = True) -> Verdict:
    """Return what a server's bytes mean to a client.

    Args:
      limit: bytes that a message may have, after inflating.
      compression: whether permessage-deflate was negotiated.
      takeover: whether the server keeps its context from one message to the next.
    """
    reference = Reference(limit, compression, takeover)
    for byte in data:
        if reference.closed:
            break
        try:
            reference.take(byte)
        except BrokenRule as exc:
            return Verdict(reference.items, exc.args[0])
    return Verdict(reference.items, None)


class Reference:
    """The state of one connection's receiving side."""

    def __init__(self, limit: int | None, compression: bool, takeover: bool) -> None:
        self.items: list[Item] = []
        self.closed = False
        self.limit = limit
        self.compression = compression
        self.takeover = takeover
        self.head = b""
        self.missing: int | None = None  # bytes of the frame's payload; None while unknown
        self.control = bytearray()
        self.opcode: int | None = None  # of the message in progress
        self.compressed = False
        self.message = bytearray()
        self.character = b""  # the start of an incomplete one
        self.inflate = zlib.decompressobj(-15)
        self.open_block = False
        self.final_blocks = 0

    def take(self, byte: int) -> None:
        if self.missing is None:
            self.head += bytes([byte])
            self.look_at_head()
        else:
            self.missing -= 1
            if self.is_control:
                self.control.append(byte)
            else:
                self.add(bytes([byte]))
        if self.missing == 0:
            self.end_frame()

    @property
    def is_control(self) -> bool:
        return bool(self.head[0] & 0x08)

    def look_at_head(self) -> None:
        first = self.head[0]
        fin, rsv, opcode = first & 0x80, first & 0x70, first & 0x0F
        if len(self.head) == 1:
            if opcode not in (0, 1, 2, 8, 9, 10) or rsv & 0x30:
                raise BrokenRule(1002)
            if self.is_control and (rsv or not fin):
                raise BrokenRule(1002)
            return
        if self.head[1] & 0x80:
            raise BrokenRule(1002)
        size = self.head[1]
        if self.is_control and size > 125:
            raise BrokenRule(1002)
        if size > 125:
            width = 2 if size == 126 else 8
            if len(self.head) < 2 + width:
                return
            size = int.from_bytes(self.head[2:], "big")
            if size < (126 if width == 2 else 65536) or size >= 1 << 63:
                raise BrokenRule(1002)
        if not self.is_control:
            self.begin_data_frame(opcode, bool(rsv), size)
        self.missing = size

    def begin_data_frame(self, opcode: int, rsv1: bool, size: int) -> None:
        if (opcode == 0) == (self.opcode is None):
            raise BrokenRule(1002)
        if rsv1 and (opcode == 0 or not self.compression):
            raise BrokenRule(1002)
        if opcode:
            self.opcode = opcode
            self.compressed = rsv1
        if not self.compressed and self.limit is not None and len(self.message) + size > self.limit:
            raise BrokenRule(1009)

    def add(self, payload: bytes) -> None:
        if self.compressed:
            self.add_inflated(payload)
        else:
            self.add_plain(payload)

    def add_plain(self, data: bytes) -> None:
        for byte in data:
            if self.limit is not None and len(self.message) == self.limit:
                raise BrokenRule(1009)
            self.message.append(byte)
            if self.opcode == 1:
                self.add_character_byte(byte)

    def add_character_byte(self, byte: int) -> None:
        self.character += bytes([byte])
        try:
            self.character.decode()
            self.character = b""
        except UnicodeDecodeError as exc:
            if exc.reason != "unexpected end of data":
                raise BrokenRule(1007) from None

    def add_inflated(self, payload: bytes) -> None:
        while payload:
            try:
                data = self.inflate.decompress(payload)
            except zlib.error:
                raise BrokenRule(1007) from None
            self.open_block = not self.inflate.eof
            payload = self.inflate.unused_data
            if self.inflate.eof:
                self.inflate = zlib.decompressobj(-15)
                self.final_blocks += 1
                if self.final_blocks > MAX_FINAL_BLOCKS:
                    raise BrokenRule(1007)
            self.add_plain(data)

    def end_frame(self) -> None:
        first = self.head[0]
        if self.is_control:
            self.end_control(CONTROLS[first & 0x0F])
        elif first & 0x80:
            self.end_message()
        self.head, self.missing, self.control = b"", None, bytearray()

    def end_control(self, name: str) -> None:
        payload = bytes(self.control)
        if name == "close":
            check_close(payload)
            self.closed = True
        self.items.append((name, payload))

    def end_message(self) -> None:
        if self.compressed:
            if self.open_block:
                self.add_inflated(TAIL)
            self.open_block, self.final_blocks = False, 0
            if not self.takeover:
                self.inflate = zlib.decompressobj(-15)
        if self.character:
            raise BrokenRule(1007)
        self.items.append(self.message.decode() if self.opcode == 1 else bytes(self.message))
        self.opcode, self.message = None, bytearray()


def check_close(payload: bytes) -> None:
    if not payload:
        return
    code = int.from_bytes(payload[:2], "big")
    registered = 1000 <= code <= 1014 and code not in (1004, 1005, 1006)
    if len(payload) == 1 or not (registered or 3000 <= code <= 4999):
        raise BrokenRule(1002)
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        raise BrokenRule(1007) from None
