"""Our decoder beside a slow one that takes byte after byte, as the RFCs read.

The examples are the same in each run. WIRE_EXAMPLES=5000 makes as many others for each test.
"""

from __future__ import annotations

import os
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.attacks import attacks
from support.decoding import KIB, RSV2, deflate, drain
from support.deflating import bomb, final_blocks
from support.frames import raw_frame
from support.framing import CLOSES, CONTROLS, broken_streams, conversations, splits
from support.reference import Item, Verdict, decode

from trio_ws_dom._wire._decoder import Decoder
from trio_ws_dom._wire._deflate import DeflateParameters, Inflater
from trio_ws_dom._wire._frames import BINARY, CONTINUATION, FIN, RSV1, TEXT, Close, Control
from trio_ws_dom._wire._messages import Message
from trio_ws_dom._wire._parts import PARTS

EXAMPLES = os.environ.get("WIRE_EXAMPLES")
oracle = settings(
    max_examples=int(EXAMPLES or 150),
    derandomize=EXAMPLES is None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

CODES = [0, 999, 1000, 1003, 1004, 1005, 1006, 1007, 1014, 1015, 1016, 2999, 3000, 4999, 5000]
LIMITS = st.sampled_from([None, 0, 5, 50, 125, 126, 1000, 70_000])
PIECES = st.sampled_from([None, 1, 7, 100])


def item(found: Message | Control) -> Item:
    if isinstance(found, str | bytes):
        return found
    payload = found.payload() if isinstance(found, Close) else found.payload
    return type(found).__name__.lower(), payload


def joined(items: list[Message | Control]) -> list[Message | Control]:
    """Join parts into messages, without what has no end."""
    found: list[Message | Control] = []
    parts: list[Message] = []
    for one in items:
        if not isinstance(one, str | bytes):
            found.append(one)
            continue
        parts.append(one)
        if not isinstance(one, PARTS):
            found.append(parts[0][:0].join(parts))  # type: ignore[arg-type]  # all str, or all bytes
            parts = []
    return found


def ours(
    chunks: list[bytes],
    limit: int | None,
    compression: bool,
    takeover: bool = True,
    piece_size: int | None = None,
) -> Verdict:
    parameters = DeflateParameters(server_no_context_takeover=not takeover)
    tried = Decoder(
        max_message_size=limit,
        inflater=Inflater(parameters) if compression else None,
        piece_size=piece_size,
    )
    items: list[Message | Control] = []
    for chunk in chunks:
        tried.feed(chunk)
        more, code = drain(tried)
        items += more
        if code is not None:
            return Verdict([item(one) for one in joined(items)], code)
    return Verdict([item(one) for one in joined(items)], None)


def check(
    chunks: list[bytes],
    limit: int | None,
    compression: bool,
    takeover: bool = True,
    piece_size: int | None = None,
) -> None:
    mine = ours(chunks, limit, compression, takeover, piece_size)
    theirs = decode(b"".join(chunks), limit=limit, compression=compression, takeover=takeover)
    if compression and limit is not None:
        # zlib may notice that data after the limit is broken before it returns what exceeds the
        # limit
        mine, theirs = (
            Verdict(v.items, 1007 if v.code == 1009 else v.code) for v in (mine, theirs)
        )
    assert mine == theirs


@oracle
@given(data=st.data(), limit=LIMITS, piece_size=PIECES)
def test_valid_conversations(
    data: st.DataObject, limit: int | None, piece_size: int | None
) -> None:
    stream = b"".join(raw_frame(*piece) for piece in data.draw(conversations()))
    check(data.draw(splits(stream)), limit, False, piece_size=piece_size)


@oracle
@given(chunks=broken_streams(), limit=LIMITS, compression=st.booleans(), piece_size=PIECES)
def test_broken_streams(
    chunks: list[bytes], limit: int | None, compression: bool, piece_size: int | None
) -> None:
    check(chunks, limit, compression, piece_size=piece_size)


PLAIN = st.text(max_size=60).map(str.encode) | st.binary(max_size=60) | st.just(b"x" * 5000)
ODD = st.sampled_from(
    [
        b"",
        b"\0",
        b"\x03\0" * 3,
        b"\x03\0" * 1025,
        b"\x03\xfc\xf9\0\0\xff\xff\1\0\0\xff\xff" * 2 + b"\x03",
        b"\x03\0" * 1024 + deflate(b"x"),
        b"\x03\0\xf9",
        final_blocks(b"Hello") + b"\0",
        final_blocks(b"Hello") * 2,
        final_blocks(b"\xe2\x82") + deflate(b"\xac"),
        deflate(b"\xff"),
        deflate(b"\xe2\x82"),
        deflate(b"x" * 1000),
        bomb(1)[:100],
        b"\x06",
        b"\xff\xff",
        b"\0\5\0\xfa\xffHello\0",
        b"\0\0\0\xff\xff" * 2,
    ]
)


@st.composite
def packed(draw: st.DrawFn, takeover: bool) -> bytes:
    """Generate compressed and other messages, in fragments, some of them odd, maybe with changed
    bytes."""
    compressor = zlib.compressobj(wbits=-15)
    stream = bytearray()
    for _ in range(draw(st.integers(1, 4))):
        rsv1 = draw(st.sampled_from([RSV1, RSV1, RSV1, 0]))
        payload = draw(PLAIN)
        if rsv1 and draw(st.booleans()):
            payload = draw(ODD)
        elif rsv1:
            if not takeover:
                compressor = zlib.compressobj(wbits=-15)
            payload = (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
        parts = draw(splits(payload)) if draw(st.booleans()) else [payload]
        for number, part in enumerate(parts):
            first = draw(st.sampled_from([TEXT, BINARY])) | rsv1 if not number else CONTINUATION
            first |= draw(st.sampled_from([0] * 30 + [RSV1, RSV2]))
            stream += raw_frame(first | (FIN if number == len(parts) - 1 else 0), part)
            if draw(st.booleans()):
                stream += raw_frame(*draw(CONTROLS))
    if draw(st.booleans()):
        stream += raw_frame(*draw(CLOSES))
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        stream[draw(st.integers(0, len(stream) - 1))] ^= draw(st.integers(1, 255))
    return bytes(stream)


@oracle
@given(data=st.data(), takeover=st.booleans(), limit=LIMITS, piece_size=PIECES)
def test_compressed_streams(
    data: st.DataObject, takeover: bool, limit: int | None, piece_size: int | None
) -> None:
    stream = data.draw(packed(takeover))
    check(data.draw(splits(stream)), limit, True, takeover, piece_size)


HELLO = deflate(b"Hello")
BEGUN = raw_frame(TEXT, b"Hel")
PACKED = FIN | RSV1 | TEXT
STREAMS = {
    "message": raw_frame(FIN | TEXT, b"Hello"),
    "fragments": BEGUN + raw_frame(CONTINUATION, b"l") + raw_frame(FIN, b"o"),
    "empty fragments": raw_frame(TEXT) + raw_frame(0) * 3 + raw_frame(FIN),
    "ping between": BEGUN + raw_frame(FIN | 9, b"p") + raw_frame(FIN, b"lo"),
    "close between": BEGUN + raw_frame(FIN | 8) + raw_frame(FIN, b"lo"),
    "after a close": raw_frame(FIN | 8, b"\x03\xe8") + raw_frame(FIN | TEXT, b"\xff"),
    **{f"close {code}": raw_frame(FIN | 8, code.to_bytes(2, "big")) for code in CODES},
    "close of a byte": raw_frame(FIN | 8, b"x"),
    "close, not UTF-8": raw_frame(FIN | 8, b"\x03\xe8\xff"),
    "continuation of nothing": raw_frame(FIN, b"x"),
    "message in a message": BEGUN + raw_frame(FIN | BINARY, b"x"),
    **{f"first byte {first:#x}": bytes((first,)) for first in range(256)},
    **{f"second byte {second:#x}": bytes((FIN | TEXT, second)) for second in range(256)},
    "fragmented ping": bytes((9, 0)),
    "long ping": bytes((FIN | 9, 126, 0, 126)) + bytes(126),
    "long form of 125": bytes((FIN | BINARY, 126, 0, 125)) + bytes(125),
    "short form of 126": bytes((FIN | BINARY, 126, 0, 126)) + bytes(126),
    "longer form of 65535": bytes((FIN | BINARY, 127)) + (65535).to_bytes(8, "big"),
    "long form of 65536": bytes((FIN | BINARY, 127)) + (65536).to_bytes(8, "big") + b"x",
    "a bit too long": bytes((FIN | BINARY, 127)) + (1 << 63).to_bytes(8, "big"),
    "not UTF-8": raw_frame(TEXT, b"ab\xc3") + raw_frame(FIN, b"("),
    "cut character": raw_frame(TEXT, b"ab\xc3") + raw_frame(FIN),
    "rsv1 in a continuation": raw_frame(RSV1 | TEXT, HELLO[:3]) + raw_frame(FIN | RSV1, HELLO[3:]),
    "rsv1 in a ping": raw_frame(FIN | RSV1 | 9),
    "compressed": raw_frame(PACKED, HELLO) * 2,
    "compressed fragments": raw_frame(RSV1 | TEXT, HELLO[:3]) + raw_frame(FIN, HELLO[3:]),
    "compressed, not UTF-8": raw_frame(PACKED, deflate(b"ab\xffcd")),
    "compressed, cut": raw_frame(PACKED, deflate(b"ab\xc3")),
    "nothing compressed": raw_frame(PACKED) + raw_frame(PACKED, b"\0") + raw_frame(PACKED, HELLO),
    "final blocks": raw_frame(PACKED, final_blocks(b"Hello")) * 2 + raw_frame(PACKED, HELLO),
    "1,024 final blocks": raw_frame(PACKED, b"\x03\0" * 1024) * 2,
    "1,025 final blocks": raw_frame(PACKED, b"\x03\0" * 1025),
    "no deflate": raw_frame(PACKED, b"\xff\xff"),
    "a block in the tail": raw_frame(PACKED, b"\1") + raw_frame(PACKED, HELLO),
}


@pytest.mark.parametrize("name", STREAMS)
def test_streams_that_keep_or_break_a_rule(name: str) -> None:
    """They come with and without compression, at, below and above the limit."""
    stream = STREAMS[name]
    for size in (1, 3, 1 << 20):
        chunks = [stream[start : start + size] for start in range(0, len(stream), size)]
        for limit in (None, 4, 5, 6, 125, 126):
            check(chunks, limit, False)
            check(chunks, limit, True)
        check(chunks, limit, True, takeover=False, piece_size=2)


@pytest.mark.heavy
@pytest.mark.parametrize("size", [7, 1000, 16 * KIB])
@pytest.mark.parametrize("name", attacks())
def test_attacks_are_decoded_as_the_reference_does(name: str, size: int) -> None:
    """It takes the start of each, which the slow one reads in a second."""
    attack = attacks()[name]
    flood = attack.chunks(1)[0][: 40 if "16 MiB" in name else 6000]
    chunks = [flood[start : start + size] for start in range(0, len(flood), size)]
    check(chunks, 100 * KIB, True, attack.takeover)
