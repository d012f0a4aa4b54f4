# ruff: noqa: PT017  # no pytest here, so a target reports by an assertion
"""Fuzz the decoder, with and without permessage-deflate, with whole messages or parts.

The first four bytes choose its parameters and the chunks, and the rest is what the server sends.
Whatever that is, only ProtocolError is raised, no message exceeds the limit, decoding ends, any
chunking has the same result, and parts add up to the messages.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from fuzz.harness import atheris, chunks, run
from support.frames import raw_frame

with atheris.instrument_imports(include=["trio_ws_dom"]):
    from trio_ws_dom._wire._decoder import Decoder
    from trio_ws_dom._wire._deflate import DeflateParameters, Inflater
    from trio_ws_dom._wire._errors import ProtocolError
    from trio_ws_dom._wire._frames import (
        BINARY,
        CLOSE,
        CONTINUATION,
        FIN,
        INVALID_PAYLOAD,
        MESSAGE_TOO_BIG,
        PING,
        PONG,
        PROTOCOL_ERROR,
        RSV1,
        TEXT,
    )
    from trio_ws_dom._wire._parts import PARTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trio_ws_dom._wire._frames import Control
    from trio_ws_dom._wire._messages import Message

LIMITS = [None, 0, 5, 125, 1000, 100_000]
BITS = [15, 8, 9, 12]


def decoder(mode: int, limit: int, piece_size: int | None = None) -> Decoder:
    parameters = DeflateParameters(
        server_no_context_takeover=bool(mode & 2), server_max_window_bits=BITS[mode >> 2 & 3]
    )
    return Decoder(
        max_message_size=LIMITS[limit % len(LIMITS)],
        inflater=Inflater(parameters) if mode & 1 else None,
        piece_size=piece_size,
    )


def answer(tried: Decoder, data: Iterable[bytes]) -> tuple[list[Message | Control], int | None]:
    """Return what was received, and the kind of failure after it."""
    items: list[Message | Control] = []
    try:
        for chunk in data:
            tried.feed(chunk)
            for _ in range(len(chunk) + 2):
                messages, control = tried.take()
                items += messages
                items += [] if control is None else [control]
                if tried.hungry:
                    break
            else:
                raise AssertionError("take() returns messages without end")
    except ProtocolError as exc:
        assert exc.code in (PROTOCOL_ERROR, INVALID_PAYLOAD, MESSAGE_TOO_BIG)
        # zlib may notice what is broken after the limit before it returns what is in front of it
        return items, PROTOCOL_ERROR if exc.code == PROTOCOL_ERROR else INVALID_PAYLOAD
    return items, None


def joined(items: list[Message | Control]) -> list[Message | Control]:
    """Join parts into messages, without one that has no end, and with control frames before it."""
    found: list[Message | Control] = []
    parts: list[Message] = []
    for item in items:
        if not isinstance(item, str | bytes):
            found.append(item)
            continue
        assert not parts or isinstance(item, str) is isinstance(parts[0], str)
        parts.append(item)
        if not isinstance(item, PARTS):
            found.append(parts[0][:0].join(parts))  # type: ignore[arg-type]  # all str, or all bytes
            parts = []
    return found


def target(data: bytes) -> None:
    mode, limit, size, other = data[:4].ljust(4, b"\0")
    stream = data[4:]
    items, code = answer(decoder(mode, limit), chunks(stream, size))
    again = answer(decoder(mode, limit), chunks(stream, other))
    if not mode & 1 or BITS[mode >> 2 & 3] == 15:
        # If a server refers back further than it announced, zlib accepts what lies within the
        # chunk.
        assert again == (items, code)
        pieces, its_code = answer(decoder(mode, limit, size or None), chunks(stream, other))
        assert (joined(pieces), its_code) == (items, code)
    most = LIMITS[limit % len(LIMITS)]
    for item in items:
        if most is not None and isinstance(item, str | bytes):
            assert len(item.encode() if isinstance(item, str) else item) <= most


def deflate(data: bytes, end: int = zlib.Z_SYNC_FLUSH) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return (compressor.compress(data) + compressor.flush(end)).removesuffix(b"\0\0\xff\xff")


def seeds() -> Iterator[bytes]:
    """Return one of each thing that a server may send, and of each that it may not."""
    plain = [
        raw_frame(FIN | TEXT, b"Hello"),
        raw_frame(FIN | TEXT, "grün \N{GRINNING FACE}".encode()),
        raw_frame(FIN | BINARY, bytes(126)),
        bytes((FIN | BINARY, 127)) + (1 << 16).to_bytes(8, "big") + b"x",
        raw_frame(TEXT, b"\xf0\x9f") + raw_frame(FIN | PING, b"p") + raw_frame(FIN, b"\x98\x80"),
        raw_frame(BINARY) + raw_frame(CONTINUATION, b"ab") + raw_frame(FIN | CONTINUATION, b"c"),
        raw_frame(FIN | PONG, b"x" * 125),
        raw_frame(FIN | CLOSE),
        raw_frame(FIN | CLOSE, b"\x03\xe8bye"),
        raw_frame(FIN | CLOSE, b"\x03\xed") + raw_frame(FIN | TEXT, b"\xff"),
    ]
    packed = [
        raw_frame(FIN | RSV1 | TEXT, deflate(b"Hello")),
        raw_frame(FIN | RSV1 | TEXT, deflate(b"\xff")),
        raw_frame(FIN | RSV1 | BINARY, deflate(bytes(2000))),
        raw_frame(FIN | RSV1 | BINARY, deflate(b"Hello", zlib.Z_FINISH)),
        raw_frame(RSV1 | TEXT, deflate(b"Hello")[:3]) + raw_frame(FIN, deflate(b"Hello")[3:]),
        raw_frame(FIN | RSV1 | TEXT, b"\x00"),
    ]
    for limit in range(len(LIMITS)):
        for size in (0, 1, 7):
            for stream in plain:
                yield bytes((0, limit, 0, size)) + stream
            yield bytes((0, limit, 0, size)) + b"".join(plain)
            for stream in packed:
                yield bytes((1, limit, 0, size)) + stream * 2
            yield bytes((3, limit, 0, size)) + b"".join(packed)


if __name__ == "__main__":
    run(target, seeds())
