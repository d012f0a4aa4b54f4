"""The parser of frames in a trace, of both sides, in any chunks, and of broken ones."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.decoding import deflate
from support.frames import raw_frame
from support.framing import Piece, messages, splits

from trio_ws_dom._trace._frame_parser import FrameParser
from trio_ws_dom._trace._records import TraceFrame
from trio_ws_dom._wire._deflate import DeflateParameters, Deflater, Inflater
from trio_ws_dom._wire._frames import BINARY, CLOSE, CONTINUATION, FIN, PING, RSV1, TEXT, encode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trio_ws_dom._trace._records import Stamp

STAMP: Stamp = {
    "connection": 1,
    "url": "ws://peer.test/",
    "time": 1000.5,
    "elapsed": 0.5,
    "direction": "sent",
}
MASK = b"\x11\x22\x33\x44"


def parser(limit: int = 256, *, compression: bool = False, most: int | None = None) -> FrameParser:
    inflater = Inflater(DeflateParameters()) if compression else None
    return FrameParser(payload_limit=limit, max_message_size=most, inflater=inflater)


def parsed(tried: FrameParser, *chunks: bytes) -> list[TraceFrame]:
    return [found for chunk in chunks for found in tried.feed(chunk, STAMP)]


def bytewise(data: bytes) -> Iterable[bytes]:
    return (data[at : at + 1] for at in range(len(data)))


def fields(found: TraceFrame, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(found, name) for name in names)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 200_000])
def test_masked_frames_of_every_length_are_parsed(size: int) -> None:
    payload = bytes(at & 0xFF for at in range(size))
    wire = encode(FIN | BINARY, payload, MASK)
    (found,) = parsed(parser(1 << 20), wire)
    assert found == TraceFrame(
        **STAMP,
        size=len(wire),
        opcode=BINARY,
        fin=True,
        text=False,
        compressed=False,
        inflated=False,
        length=size,
        payload=payload,
        complete=True,
    )


@given(pieces=messages(), masked=st.booleans(), data=st.data())
def test_any_chunks_make_the_same_frames(
    pieces: list[Piece], masked: bool, data: st.DataObject
) -> None:
    wires = [encode(*piece, MASK) if masked else raw_frame(*piece) for piece in pieces]
    whole = parsed(parser(), b"".join(wires))
    assert [(found.size, found.payload) for found in whole] == [
        (len(wire), piece.payload[:256]) for wire, piece in zip(wires, pieces, strict=True)
    ]
    assert parsed(parser(), *data.draw(splits(b"".join(wires)))) == whole


def test_frames_are_parsed_byte_by_byte() -> None:
    sizes = (0, 1, 126, 0x10000)
    wire = b"".join(encode(FIN | BINARY, bytes(size), MASK) for size in sizes)
    wire += b"".join(raw_frame(FIN | BINARY, bytes(size)) for size in sizes)
    assert parsed(parser(), *bytewise(wire)) == parsed(parser(), wire)


def test_only_the_start_of_a_payload_is_held() -> None:
    tried = parser(4)
    wire = raw_frame(FIN | BINARY, bytes(1 << 20))
    assert parsed(tried, wire[:500_000]) == []
    assert len(tried._start) == 4
    (found,) = parsed(tried, wire[500_000:])
    assert fields(found, "length", "payload") == (1 << 20, bytes(4))


def test_a_continuation_of_text_is_text() -> None:
    wire = (
        raw_frame(TEXT, b"Hel") + raw_frame(FIN | PING, b"?") + raw_frame(FIN | CONTINUATION, b"lo")
    )
    found = parsed(parser(), wire)
    assert [fields(one, "opcode", "fin", "text") for one in found] == [
        (TEXT, False, True),
        (PING, True, False),
        (CONTINUATION, True, True),
    ]


def test_compressed_fragments_are_inflated_with_their_context() -> None:
    deflater = Deflater(DeflateParameters())
    first, second = (deflater.compress(b"Hello " * 50) for _ in range(2))
    wire = raw_frame(RSV1 | TEXT, first[:5]) + raw_frame(FIN | PING) + raw_frame(FIN, first[5:])
    wire += raw_frame(FIN | RSV1 | TEXT, second)
    found = parsed(parser(1000, compression=True), wire)
    assert [one.compressed for one in found] == [True, False, True, True]
    assert found[0].payload + found[2].payload == b"Hello " * 50 == found[3].payload
    assert fields(found[3], "length", "size", "inflated") == (300, len(second) + 2, True)
    assert len(second) < len(first), "else there is no context"


def test_what_we_compress_is_inflated() -> None:
    payload = zlib.compress(b"")[:2] * 100_000
    (found,) = parsed(
        parser(8, compression=True),
        encode(FIN | RSV1 | BINARY, Deflater(DeflateParameters()).compress(payload), MASK),
    )
    assert fields(found, "length", "payload") == (len(payload), payload[:8])


def test_nothing_is_inflated_from_a_bomb_on() -> None:
    bomb = raw_frame(FIN | RSV1 | TEXT, deflate(bytes(1 << 20)))
    hello = raw_frame(FIN | RSV1 | TEXT, deflate(b"Hello"))
    found = parsed(parser(compression=True, most=1000), bomb + hello)
    assert [fields(one, "inflated", "payload") for one in found] == [(False, b"")] * 2
    assert found[0].length == len(bomb) - 4


def test_frames_after_broken_deflate_are_parsed() -> None:
    broken = raw_frame(FIN | RSV1 | TEXT, b"\xff" * 200)
    found = parsed(parser(compression=True), broken + raw_frame(FIN | TEXT, b"Hello"))
    assert [one.payload for one in found] == [b"", b"Hello"]


def test_compression_that_was_not_agreed_on_is_not_inflated() -> None:
    (found,) = parsed(parser(), raw_frame(FIN | RSV1 | TEXT, b"x"))
    assert fields(found, "compressed", "inflated", "length", "payload") == (True, False, 1, b"")


@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_the_end_in_the_middle_of_a_frame_yields_its_start(size: int) -> None:
    tried = parser()
    assert parsed(tried, raw_frame(FIN | TEXT, b"Hello")[:size]) == []
    (found,) = tried.flush_incomplete(STAMP)
    assert fields(found, "opcode", "size", "complete") == (TEXT, size, False)
    assert found.payload == b"Hello"[: max(0, size - 2)]


def test_the_end_between_two_frames_yields_nothing() -> None:
    tried = parser()
    assert len(parsed(tried, raw_frame(FIN | CLOSE))) == 1
    assert list(tried.flush_incomplete(STAMP)) == []


def test_an_empty_frame_is_complete_with_its_second_byte() -> None:
    wire = raw_frame(FIN | TEXT)
    (found,) = parsed(parser(), wire[:1], wire[1:] + raw_frame(FIN | TEXT, b"Hello")[:1])
    assert found.size == 2


def test_bytes_after_a_frame_are_the_next_frames() -> None:
    wire = raw_frame(FIN | BINARY, bytes(100))
    found = parsed(parser(), wire[:60], wire[60:] + wire)
    assert [one.payload for one in found] == [bytes(100)] * 2


def test_fragments_count_together_for_the_limit() -> None:
    payload = Deflater(DeflateParameters()).compress(bytes(1200))
    cut = [raw_frame(RSV1 | BINARY, payload[:-1]), raw_frame(FIN | CONTINUATION, payload[-1:])]
    assert [one.inflated for one in parsed(parser(compression=True, most=1200), *cut)] == [
        True,
        True,
    ]
    first = Deflater(DeflateParameters()).compress(bytes(600))
    open_end = raw_frame(RSV1 | BINARY, first) + raw_frame(
        CONTINUATION, b"\x00\x00\xff\xff" + first
    )
    found = parsed(parser(compression=True, most=1000), open_end)
    assert [one.inflated for one in found] == [True, False]


def test_a_frame_cut_after_one_byte_is_not_compressed() -> None:
    tried = parser(compression=True)
    assert len(parsed(tried, raw_frame(FIN | RSV1 | TEXT, deflate(b"Hello")), b"\x81")) == 1
    (found,) = tried.flush_incomplete(STAMP)
    assert fields(found, "compressed", "inflated", "complete") == (False, False, False)
