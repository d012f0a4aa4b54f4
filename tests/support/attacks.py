"""Streams of frames that make a client work hard for few bytes, encoded without our code."""

from __future__ import annotations

import zlib
from functools import cache
from typing import Final, NamedTuple

from support.frames import BINARY, CONTINUATION, FIN, PING, TEXT, raw_frame

KIB: Final = 1024
MIB: Final = 1024 * KIB
RSV1: Final = 0x40
CHUNK: Final = 256 * KIB
EMOJI: Final = "\N{GRINNING FACE}".encode()


class Attack(NamedTuple):
    """What a peer sends first, and what it then sends again and again."""

    begins: bytes
    repeats: bytes
    takeover: bool = True  # whether the server keeps its compressor's context

    def chunks(self, count: int) -> list[bytes]:
        """Return the first chunks of the flood, as a client may read it."""
        many = self.repeats * (count * CHUNK // len(self.repeats) + 1)
        flood = (self.begins + many)[: count * CHUNK]
        return [flood[start : start + CHUNK] for start in range(0, len(flood), CHUNK)]


@cache
def deflated(data: bytes) -> bytes:
    """Return a message's payload, as small as possible, without context."""
    compressor = zlib.compressobj(9, wbits=-15)
    payload = compressor.compress(data) + compressor.flush(zlib.Z_FULL_FLUSH)
    return payload.removesuffix(b"\0\0\xff\xff")


def table_blocks() -> bytes:
    """Return blocks that output nothing, but make zlib build tables (RFC 1951 section 3.2.7)."""
    bits, used = 0, 0

    def put(value: int, width: int) -> None:
        nonlocal bits, used
        bits |= value << used
        used += width

    for _ in range(8):  # so that they end with a byte
        for value, width in (
            (0b10 << 1, 3),  # a block with tables that is not the last
            (0, 5),  # 257 literals and lengths
            (0, 5),  # 1 distance
            (18 - 4, 4),  # lengths of 18 code lengths, in the RFC's order
            *((0, 3) if place not in (2, 17) else (1, 3) for place in range(18)),  # 18 and 1
            (1, 1),
            (138 - 11, 7),  # 138 symbols are not used,
            (1, 1),
            (118 - 11, 7),  # nor are 118 more,
            (0, 1),  # the end of the block has a code of one bit,
            (0, 1),  # and so has the only distance
            (0, 1),  # the end of the block
        ):
            put(value, width)
    return bits.to_bytes(used // 8, "little")


def endless(payload: bytes, rsv: int = RSV1) -> Attack:
    """Return a compressed message without end, in frames with this payload."""
    repeats = raw_frame(CONTINUATION, payload)
    return Attack(raw_frame(rsv | BINARY), repeats * (64 * KIB // len(repeats) + 1))


def messages(first: int, payload: bytes, *, takeover: bool = True) -> Attack:
    one = raw_frame(first, payload)
    return Attack(b"", one * (64 * KIB // len(one) + 1), takeover)


PACKED_TEXT: Final = FIN | RSV1 | TEXT
PACKED_BINARY: Final = FIN | RSV1 | BINARY


@cache
def attacks() -> dict[str, Attack]:
    """Return the attacks by name. None of them breaks a rule, or exceeds a limit of 16 MiB."""
    return {
        "messages of 1,023 final blocks": messages(PACKED_BINARY, b"\x03\x00" * 1023),
        "final blocks of a byte": messages(PACKED_BINARY, b"\x4b\x04\x00" * 1000),
        "bombs of 16 MiB, binary": messages(PACKED_BINARY, deflated(bytes(16 * MIB))),
        "bombs of 16 MiB, text": messages(PACKED_TEXT, deflated(bytes(16 * MIB))),
        "bombs of 16 MiB, emoji": messages(PACKED_TEXT, deflated(EMOJI * (4 * MIB))),
        "bombs of 60 KB": messages(PACKED_TEXT, deflated(b"x" * 60_000)),
        "tables for nothing": endless(table_blocks() * 700),
        "fixed blocks of nothing": endless(b"\x02\x08 \x80\x00" * 12_000),
        "stored blocks of nothing": endless(b"\0\0\0\xff\xff" * 12_000),
        "compressed empty messages": messages(PACKED_TEXT, b"\0"),
        "compressed, without context": messages(PACKED_TEXT, deflated(b"Hello"), takeover=False),
        "empty fragments": endless(b"", rsv=0),
        "empty compressed fragments": endless(b""),
        "compressed fragments of a byte": Attack(
            b"",
            raw_frame(RSV1 | BINARY)
            + b"".join(
                raw_frame(CONTINUATION, bytes([byte])) for byte in deflated(table_blocks() * 50)
            )
            + raw_frame(FIN),
        ),
        "fragments of a byte": Attack(
            b"", raw_frame(TEXT) + raw_frame(CONTINUATION, b"x") * 20_000 + raw_frame(FIN)
        ),
        "text of emoji": messages(FIN | TEXT, EMOJI * 16_000),
        "empty messages": messages(FIN | TEXT, b""),
        "pings": messages(FIN | PING, b""),
    }
