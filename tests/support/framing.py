"""Strategies for streams of frames, and for changing them."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from support.frames import raw_frame
from trio_ws_dom._wire._frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    PING,
    PONG,
    TEXT,
)


@st.composite
def splits(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """Return the same bytes, cut at random points."""
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=6)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


class Piece(NamedTuple):
    """A frame to encode, of either side."""

    first: int
    payload: bytes


SIZED = st.sampled_from([0, 1, 124, 125, 126, 127, 65535, 65536]).map(lambda n: b"x" * n)
TEXTS = st.text(max_size=50).map(str.encode) | SIZED
CONTROLS = st.builds(Piece, st.sampled_from([FIN | PING, FIN | PONG]), st.binary(max_size=125))


@st.composite
def messages(draw: st.DrawFn) -> list[Piece]:
    """Generate one valid message, cut anywhere into fragments, with control frames between them."""
    opcode = draw(st.sampled_from([TEXT, BINARY]))
    data = draw(TEXTS if opcode == TEXT else st.binary(max_size=50) | SIZED)
    parts = draw(splits(data)) if draw(st.booleans()) else [data]
    pieces: list[Piece] = []
    for i, part in enumerate(parts):
        first = (opcode if i == 0 else CONTINUATION) | (FIN if i == len(parts) - 1 else 0)
        pieces.append(Piece(first, part))
        if draw(st.booleans()):
            pieces.append(draw(CONTROLS))
    return pieces


def close_piece(code: int, reason: str) -> Piece:
    return Piece(FIN | CLOSE, code.to_bytes(2, "big") + reason.encode())


CLOSES = st.builds(
    close_piece,
    st.integers(1000, 1003) | st.integers(1007, 1013) | st.integers(3000, 4999),
    st.text(max_size=30),
) | st.just(Piece(FIN | CLOSE, b""))


@st.composite
def conversations(draw: st.DrawFn) -> list[Piece]:
    """Generate valid messages, and perhaps a Close."""
    pieces = [piece for message in draw(st.lists(messages(), max_size=5)) for piece in message]
    return pieces + draw(st.lists(CLOSES, max_size=1))


ANY_PIECE = st.builds(
    Piece,
    st.integers(0, 15).map(lambda opcode: FIN | opcode) | st.integers(0, 255),
    TEXTS | st.binary(max_size=20) | st.integers(0, 0xFFFF).map(lambda n: n.to_bytes(2, "big")),
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Change a valid stream by additional frames and by changed, added and removed bytes."""
    pieces = draw(conversations())
    for odd in draw(st.lists(ANY_PIECE, max_size=2)):
        pieces.insert(draw(st.integers(0, len(pieces))), odd)
    data = bytearray(b"".join(raw_frame(*piece) for piece in pieces))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, min(len(data), 200)))
        data[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(data)


@st.composite
def broken_streams(draw: st.DrawFn) -> list[bytes]:
    """Generate mutated or random bytes, in chunks."""
    return draw(splits(draw(mutated() | st.binary(max_size=100))))
