"""Frames as an onlooker sees them: of both sides, in any chunks, and broken ones too."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.decoding import deflate
from support.frames import raw_frame
from support.framing import Piece, messages, splits

from trio_ws_dom._trace._frame_parser import Frame, FrameView
from trio_ws_dom._wire._deflate import DeflateParameters, Deflater, Inflater
from trio_ws_dom._wire._frames import BINARY, CLOSE, CONTINUATION, FIN, PING, RSV1, TEXT, encode

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = b"\x11\x22\x33\x44"


def view(limit: int = 256, *, compression: bool = False, most: int | None = None) -> FrameView:
    inflater = Inflater(DeflateParameters()) if compression else None
    return FrameView(payload_limit=limit, max_message_size=most, inflater=inflater)


def seen(tried: FrameView, *chunks: bytes) -> list[Frame]:
    return [found for chunk in chunks for found in tried.see(chunk)]


def bytewise(data: bytes) -> Iterable[bytes]:
    return (data[at : at + 1] for at in range(len(data)))


def fields(found: Frame, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(found, name) for name in names)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536, 200_000])
def test_onlooker_sees_masked_frames_of_every_length(size: int) -> None:
    """Unmasked, with the size on the wire, in each form of the length."""
    payload = bytes(at & 0xFF for at in range(size))
    wire = encode(FIN | BINARY, payload, MASK)
    (found,) = seen(view(1 << 20), wire)
    assert found == Frame(len(wire), BINARY, True, False, False, False, size, payload, True)


@given(pieces=messages(), masked=st.booleans(), data=st.data())
def test_onlooker_does_not_care_for_chunks(
    pieces: list[Piece], masked: bool, data: st.DataObject
) -> None:
    """However the bytes are cut, the frames are the same, and none is lost."""
    wires = [encode(*piece, MASK) if masked else raw_frame(*piece) for piece in pieces]
    whole = seen(view(), b"".join(wires))
    assert [(found.size, found.payload) for found in whole] == [
        (len(wire), piece.payload[:256]) for wire, piece in zip(wires, pieces, strict=True)
    ]
    assert seen(view(), *data.draw(splits(b"".join(wires)))) == whole


def test_onlooker_of_single_bytes() -> None:
    """Each length's form, masked and not, byte by byte."""
    sizes = (0, 1, 126, 0x10000)
    wire = b"".join(encode(FIN | BINARY, bytes(size), MASK) for size in sizes)
    wire += b"".join(raw_frame(FIN | BINARY, bytes(size)) for size in sizes)
    assert seen(view(), *bytewise(wire)) == seen(view(), wire)


def test_only_the_start_of_a_payload_is_held() -> None:
    """What is behind the limit is counted, not kept, while the frame goes on."""
    tried = view(4)
    wire = raw_frame(FIN | BINARY, bytes(1 << 20))
    assert seen(tried, wire[:500_000]) == []
    assert len(tried._start) == 4
    (found,) = seen(tried, wire[500_000:])
    assert fields(found, "length", "payload") == (1 << 20, bytes(4))


def test_a_continuation_knows_its_message() -> None:
    """Whether it is text is the first frame's word; a Ping between them is not."""
    wire = (
        raw_frame(TEXT, b"Hel") + raw_frame(FIN | PING, b"?") + raw_frame(FIN | CONTINUATION, b"lo")
    )
    found = seen(view(), wire)
    assert [fields(one, "opcode", "fin", "text") for one in found] == [
        (TEXT, False, True),
        (PING, True, False),
        (CONTINUATION, True, True),
    ]


def test_what_is_compressed_is_inflated() -> None:
    """In fragments, with a Ping between; the context goes on from message to message."""
    deflater = Deflater(DeflateParameters())
    first, second = (deflater.compress(b"Hello " * 50) for _ in range(2))
    wire = raw_frame(RSV1 | TEXT, first[:5]) + raw_frame(FIN | PING) + raw_frame(FIN, first[5:])
    wire += raw_frame(FIN | RSV1 | TEXT, second)
    found = seen(view(1000, compression=True), wire)
    assert [one.compressed for one in found] == [True, False, True, True]
    assert found[0].payload + found[2].payload == b"Hello " * 50 == found[3].payload
    assert fields(found[3], "length", "size", "inflated") == (300, len(second) + 2, True)
    assert len(second) < len(first), "else there is no context"


def test_what_we_compress_is_inflated() -> None:
    """Masked, and longer than one step."""
    payload = zlib.compress(b"")[:2] * 100_000
    (found,) = seen(
        view(8, compression=True),
        encode(FIN | RSV1 | BINARY, Deflater(DeflateParameters()).compress(payload), MASK),
    )
    assert fields(found, "length", "payload") == (len(payload), payload[:8])


def test_a_bomb_is_not_inflated() -> None:
    """Behind the limit it says nothing but its size, nor does what comes after it."""
    bomb = raw_frame(FIN | RSV1 | TEXT, deflate(bytes(1 << 20)))
    hello = raw_frame(FIN | RSV1 | TEXT, deflate(b"Hello"))
    found = seen(view(compression=True, most=1000), bomb + hello)
    assert [fields(one, "inflated", "payload") for one in found] == [(False, b"")] * 2
    assert found[0].length == len(bomb) - 4


def test_what_is_no_deflate_is_not_inflated() -> None:
    """It is shown that there was something, and the frames behind it."""
    broken = raw_frame(FIN | RSV1 | TEXT, b"\xff" * 200)
    found = seen(view(compression=True), broken + raw_frame(FIN | TEXT, b"Hello"))
    assert [one.payload for one in found] == [b"", b"Hello"]


def test_compressed_without_being_agreed_on() -> None:
    """RSV1 is what makes it so; there is nothing to inflate it with."""
    (found,) = seen(view(), raw_frame(FIN | RSV1 | TEXT, b"x"))
    assert fields(found, "compressed", "inflated", "length", "payload") == (True, False, 1, b"")


@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_cut_off_in_the_middle(size: int) -> None:
    """In the head or behind it: what there was of it."""
    tried = view()
    assert seen(tried, raw_frame(FIN | TEXT, b"Hello")[:size]) == []
    (found,) = tried.cut_off()
    assert fields(found, "opcode", "size", "complete") == (TEXT, size, False)
    assert found.payload == b"Hello"[: max(0, size - 2)]


def test_cut_off_between_two() -> None:
    """Nothing is in the middle."""
    tried = view()
    assert len(seen(tried, raw_frame(FIN | CLOSE))) == 1
    assert list(tried.cut_off()) == []


def test_a_head_that_is_cut_behind_its_first_byte() -> None:
    """The shortest frame is seen as soon as it is there."""
    wire = raw_frame(FIN | TEXT)
    (found,) = seen(view(), wire[:1], wire[1:] + raw_frame(FIN | TEXT, b"Hello")[:1])
    assert found.size == 2


def test_a_frame_that_ends_in_the_middle_of_a_chunk() -> None:
    """What is behind it is the next one's."""
    wire = raw_frame(FIN | BINARY, bytes(100))
    found = seen(view(), wire[:60], wire[60:] + wire)
    assert [one.payload for one in found] == [bytes(100)] * 2


def test_the_limit_is_the_whole_messages_here_too() -> None:
    """Fragments count together."""
    payload = Deflater(DeflateParameters()).compress(bytes(1200))
    cut = [raw_frame(RSV1 | BINARY, payload[:-1]), raw_frame(FIN | CONTINUATION, payload[-1:])]
    assert [one.inflated for one in seen(view(compression=True, most=1200), *cut)] == [True, True]
    first = Deflater(DeflateParameters()).compress(bytes(600))
    open_end = raw_frame(RSV1 | BINARY, first) + raw_frame(
        CONTINUATION, b"\x00\x00\xff\xff" + first
    )
    found = seen(view(compression=True, most=1000), open_end)
    assert [one.inflated for one in found] == [True, False]


def test_cut_off_behind_a_compressed_message() -> None:
    """The next frame's first byte says nothing of that yet."""
    tried = view(compression=True)
    assert len(seen(tried, raw_frame(FIN | RSV1 | TEXT, deflate(b"Hello")), b"\x81")) == 1
    (found,) = tried.cut_off()
    assert fields(found, "compressed", "inflated", "complete") == (False, False, False)
