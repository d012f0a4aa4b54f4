"""Frames from bytes, the receiving side: RFC 6455 section 5, any chunking, and the bounds."""

from __future__ import annotations

import tracemalloc
import zlib
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trio_ws_dom._wire._decoder import MAX_BATCH, MAX_BATCH_BYTES, Decoder
from trio_ws_dom._wire._deflate import DeflateParameters, Inflater
from trio_ws_dom._wire._errors import ProtocolError
from trio_ws_dom._wire._frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    PING,
    PONG,
    RSV1,
    TEXT,
    Close,
    Control,
    Ping,
    Pong,
)
from trio_ws_dom._wire._messages import Message

RSV2, RSV3 = 0x20, 0x10
KIB = 1024
MIB = 1024 * KIB
SIZES = [0, 1, 125, 126, 127, 65535, 65536, 65537, MIB]

HELLO = bytes((FIN | TEXT, 5)) + b"Hello"
GRIN = "\N{GRINNING FACE}".encode()  # f0 9f 98 80


def frame(first: int, payload: bytes = b"") -> bytes:
    """A server's frame: not masked, in the shortest form."""
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 0x10000:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


def deflate(data: bytes) -> bytes:
    """One message's payload, without context."""
    compressor = zlib.compressobj(wbits=-15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


def decoder(limit: int | None = None, *, compression: bool = False) -> Decoder:
    """A decoder; with compression, its inflater has no context, so that messages stand alone."""
    inflater = Inflater(DeflateParameters(server_no_context_takeover=True))
    return Decoder(max_message_size=limit, inflater=inflater if compression else None)


class Answer(NamedTuple):
    """All that a decoder has to say to some bytes."""

    items: list[Message | Control]
    code: int | None = None  # of the failure behind them


def drain(tried: Decoder) -> Answer:
    """Take until there is nothing."""
    items: list[Message | Control] = []
    try:
        while True:
            messages, control = tried.take()
            items += messages
            items += [] if control is None else [control]
            if tried.hungry:
                return Answer(items)
    except ProtocolError as exc:
        return Answer(items, exc.code)


def feed(tried: Decoder, *chunks: bytes) -> Answer:
    """Feed, and take after each chunk; no further than to a failure."""
    items: list[Message | Control] = []
    for chunk in chunks:
        tried.feed(chunk)
        more, code = drain(tried)
        items += more
        if code is not None:
            return Answer(items, code)
    return Answer(items)


def bytewise(data: bytes) -> list[bytes]:
    """Chunks that leave nothing to the fast path: no frame is ever whole when it is met."""
    return [data[i : i + 1] for i in range(len(data))]


def decode(*frames: bytes, limit: int | None = None, compression: bool = False) -> Answer:
    """What the frames say, at once and byte by byte alike."""
    data = b"".join(frames)
    whole = feed(decoder(limit, compression=compression), data)
    assert feed(decoder(limit, compression=compression), *bytewise(data)) == whole
    return whole


def failure(*frames: bytes, limit: int | None = None, compression: bool = False) -> ProtocolError:
    """How the last of the frames fails, and that those before it do not."""
    tried = decoder(limit, compression=compression)
    assert feed(tried, *frames[:-1]).code is None
    tried.feed(frames[-1])
    with pytest.raises(ProtocolError) as caught:
        tried.take()
    assert tried.take() == ([], None)
    return caught.value


# Messages, and every length


@pytest.mark.parametrize("size", SIZES)
def test_binary_of_every_length(size: int) -> None:
    """All three forms of the length, at their bounds."""
    data = bytes(i & 0xFF for i in range(min(size, KIB))).ljust(size, b"x")
    tried = decoder()
    assert feed(tried, frame(FIN | BINARY, data)) == Answer([data])
    assert feed(tried, HELLO) == Answer(["Hello"])


@pytest.mark.parametrize("size", SIZES)
def test_text_of_every_length(size: int) -> None:
    """Counted in bytes; given as str."""
    data = "ü" * (size // 2) + "x" * (size % 2)
    tried = decoder()
    assert feed(tried, frame(FIN | TEXT, data.encode())) == Answer([data])
    assert feed(tried, HELLO) == Answer(["Hello"])


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize(
    "header",
    [
        "7e0000",
        "7e0001",
        "7e007d",
        "7f0000000000000000",
        "7f000000000000007e",
        "7f000000000000ffff",
    ],
)
def test_a_length_in_a_longer_form_fails(opcode: int, header: str) -> None:
    """The minimal number of bytes must be used (section 5.2)."""
    exc = failure(bytes((FIN | opcode,)) + bytes.fromhex(header))
    size, width = int(header[2:], 16), len(header) // 2 - 1
    assert exc.code == 1002
    assert str(exc) == (
        f"expected the shortest form of a frame's length, got {size} in {width} bytes"
    )


@pytest.mark.parametrize("header", ["7e007e", "7effff", "7f0000000000010000", "7f7fffffffffffffff"])
def test_a_length_in_its_shortest_form_is_no_failure(header: str) -> None:
    """The bounds of each form are its own."""
    assert decode(bytes((FIN | BINARY,)) + bytes.fromhex(header)) == Answer([])


def test_a_length_of_64_bits_fails() -> None:
    """The most significant bit must be 0 (section 5.2)."""
    exc = failure(bytes((FIN | BINARY, 127)) + bytes.fromhex("8000000000000000"))
    assert exc.code == 1002
    assert "9223372036854775808 in 8 bytes" in str(exc)


@pytest.mark.parametrize(
    "header", ["82", "827e", "827e00", "827f", "827f00000000000100", "8205616263"]
)
def test_a_partial_frame_waits(header: str) -> None:
    """Nothing is given, and nothing fails, until the rest is there."""
    assert decode(HELLO, bytes.fromhex(header)) == Answer(["Hello"])


def test_all_that_is_there_is_given() -> None:
    """The rest of a frame, the frame behind it, and a whole message, in one batch."""
    tried = decoder()
    assert feed(tried, frame(TEXT, b"ab")[:3]) == Answer([])
    tried.feed(b"b" + frame(FIN | CONTINUATION, b"c") + HELLO)
    assert tried.take() == (["abc", "Hello"], None)


def test_nothing_was_fed() -> None:
    """A new decoder needs bytes."""
    assert decoder().take() == ([], None)
    assert feed(decoder(), b"") == Answer([])


# Fragments, and control frames


@pytest.mark.parametrize(("opcode", "expected"), [(TEXT, "Hello"), (BINARY, b"Hello")])
def test_fragments_are_one_message(opcode: int, expected: Message) -> None:
    """Of the first one's type, ended by FIN; some may be empty (section 5.4)."""
    parts = [frame(opcode, b"Hel"), frame(CONTINUATION), frame(CONTINUATION, b"l")]
    assert decode(*parts, frame(FIN | CONTINUATION, b"o"), HELLO) == Answer([expected, "Hello"])


@pytest.mark.parametrize(("opcode", "expected"), [(TEXT, ""), (BINARY, b"")])
def test_empty_messages(opcode: int, expected: Message) -> None:
    """In one frame, or in two."""
    two = frame(opcode) + frame(FIN | CONTINUATION)
    assert decode(frame(FIN | opcode), two) == Answer([expected, expected])


@pytest.mark.parametrize("size", [0, 1, 125])
def test_control_frames_between_fragments(size: int) -> None:
    """They are given at once, and the message goes on behind them (section 5.4)."""
    data = bytes(size)
    assert decode(
        frame(TEXT, b"a"),
        frame(FIN | PING, data),
        frame(CONTINUATION, b"b"),
        frame(FIN | PONG, data),
        frame(FIN | CONTINUATION, b"c"),
    ) == Answer([Ping(data), Pong(data), "abc"])


def test_a_control_frame_ends_the_batch() -> None:
    """So that what came before it is dealt with before it."""
    tried = decoder()
    tried.feed(HELLO + frame(FIN | PING, b"1") + HELLO + HELLO)
    assert tried.take() == (["Hello"], Ping(b"1"))
    assert tried.take() == (["Hello", "Hello"], None)
    assert tried.take() == ([], None)


@pytest.mark.parametrize("opcode", [CLOSE, PING, PONG])
def test_a_long_control_frame_fails(opcode: int) -> None:
    """At most 125 bytes (section 5.5), which its second byte tells."""
    for size in (126, 127):
        exc = failure(bytes((FIN | opcode, size)))
        assert exc.code == 1002
        assert str(exc) == "expected a control frame of at most 125 bytes, got a longer one"


@pytest.mark.parametrize("opcode", [CLOSE, PING, PONG])
def test_a_fragmented_control_frame_fails(opcode: int) -> None:
    """They come in one piece (section 5.5), which the first byte tells."""
    exc = failure(bytes((opcode,)))
    assert (exc.code, str(exc)) == (1002, "expected a control frame in one piece, got a fragment")


def test_a_continuation_of_nothing_fails() -> None:
    """With FIN or without (section 5.4); also behind a whole message."""
    for first in (CONTINUATION, FIN | CONTINUATION):
        exc = failure(HELLO, frame(first))
        assert exc.code == 1002
        assert str(exc) == "expected a text or binary frame, got a continuation of nothing"


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_message_within_a_message_fails(opcode: int) -> None:
    """Fragments of two messages do not mix (section 5.4)."""
    for first in (opcode, FIN | opcode):
        exc = failure(frame(TEXT, b"a"), frame(first))
        assert exc.code == 1002
        assert str(exc) == f"expected a continuation of the message, got a new one ({opcode:#x})"


# Header bits


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
def test_an_unknown_opcode_fails(opcode: int) -> None:
    """They are reserved (section 5.2); one byte says it."""
    exc = failure(bytes((FIN | opcode,)))
    assert (exc.code, str(exc)) == (1002, f"expected a known opcode, got {opcode:#x}")


@pytest.mark.parametrize("bits", [RSV2, RSV3, RSV2 | RSV3, RSV1 | RSV2, RSV1 | RSV3])
@pytest.mark.parametrize("opcode", [TEXT, BINARY, CLOSE, PING, PONG])
@pytest.mark.parametrize("compression", [False, True])
def test_rsv2_and_rsv3_fail(bits: int, opcode: int, compression: bool) -> None:
    """No extension that we know uses them (section 5.2)."""
    exc = failure(bytes((FIN | bits | opcode,)), compression=compression)
    assert exc.code == 1002
    assert str(exc) == "expected RSV2 and RSV3 to be clear, as no extension uses them"


@pytest.mark.parametrize("compression", [False, True])
def test_rsv1_in_a_control_frame_fails(compression: bool) -> None:
    """Control frames are not compressed (RFC 7692 section 6.1)."""
    for opcode in (CLOSE, PING, PONG):
        exc = failure(bytes((FIN | RSV1 | opcode,)), compression=compression)
        assert exc.code == 1002
        assert str(exc) == "expected RSV1 to be clear in a control frame, but it is set"


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_rsv1_without_compression_fails(opcode: int) -> None:
    """Nobody negotiated it (section 5.2)."""
    exc = failure(frame(FIN | RSV1 | opcode))
    assert exc.code == 1002
    assert str(exc) == "expected RSV1 to be clear, as no compression was negotiated"


@pytest.mark.parametrize("first", [TEXT, RSV1 | TEXT])
def test_rsv1_in_a_continuation_fails(first: int) -> None:
    """It stands on a message's first frame alone (RFC 7692 section 6.1)."""
    exc = failure(frame(first), frame(FIN | RSV1 | CONTINUATION), compression=True)
    assert exc.code == 1002
    assert str(exc) == "expected RSV1 to be clear in a continuation frame, but it is set"


@pytest.mark.parametrize("opcode", [TEXT, BINARY, CLOSE, PING, PONG])
@pytest.mark.parametrize("size", [0, 5, 125, 126, 127])
def test_a_masked_frame_fails(opcode: int, size: int) -> None:
    """A server must not mask (section 5.1), which the second byte tells."""
    exc = failure(bytes((FIN | opcode, 0x80 | size)))
    assert (exc.code, str(exc)) == (
        1002,
        "expected an unmasked frame from a server, got a masked one",
    )


# Close


def close_frame(payload: bytes) -> bytes:
    return frame(FIN | CLOSE, payload)


@pytest.mark.parametrize("code", [1000, 1003, 1007, 1014, 3000, 4999])
def test_a_close_with_a_code_that_may_be_sent(code: int) -> None:
    """It is given with its reason (section 5.5.1)."""
    assert decode(close_frame(code.to_bytes(2, "big"))) == Answer([Close(code)])
    assert decode(close_frame(code.to_bytes(2, "big") + b"gr\xc3\xbcn")) == Answer(
        [Close(code, "grün")]
    )


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
def test_a_close_with_another_code_fails(code: int) -> None:
    """Reserved, local or undefined codes are a protocol error (section 7.4)."""
    exc = failure(close_frame(code.to_bytes(2, "big")))
    assert (exc.code, str(exc)) == (
        1002,
        f"expected a close code that may be sent, got {code}",
    )


def test_a_close_without_code_is_1005() -> None:
    """Section 7.1.5."""
    assert decode(close_frame(b"")) == Answer([Close(1005)])


def test_a_close_of_one_byte_fails() -> None:
    """A code has two (section 5.5.1)."""
    exc = failure(close_frame(b"\x03"))
    assert exc.code == 1002
    assert str(exc) == "expected a Close frame with a code of two bytes, got one byte"


def test_a_reason_that_is_not_utf_8_fails() -> None:
    """Section 5.5.1, and 8.1 for the code."""
    exc = failure(close_frame(b"\x03\xe8ok\xff"))
    assert exc.code == 1007
    assert str(exc) == r"expected UTF-8 in a Close frame's reason, got b'ok\xff'"


def test_the_longest_reason() -> None:
    """123 bytes."""
    assert decode(close_frame(b"\x03\xe8" + b"x" * 123)) == Answer([Close(1000, "x" * 123)])


def test_nothing_follows_a_close() -> None:
    """Not what stands behind it in the chunk, nor what comes later, not even a failure."""
    tried = decoder()
    tried.feed(HELLO + close_frame(b"\x03\xe8") + HELLO + b"\xff\xff")
    assert tried.take() == (["Hello"], Close(1000))
    assert tried.take() == ([], None)
    assert feed(tried, HELLO, b"\xff") == Answer([])


def test_a_close_within_a_message() -> None:
    """It may stand between fragments, and the message is never given (section 5.5.1)."""
    tried = decoder()
    assert feed(tried, frame(TEXT, b"a"), close_frame(b"")) == Answer([Close(1005)])
    assert feed(tried, frame(FIN | CONTINUATION, b"b")) == Answer([])


# UTF-8 as it arrives


@pytest.mark.parametrize(
    "bad",
    [
        b"\xff",
        b"\xc0\x80",  # overlong
        b"\xed\xa0\x80",  # a surrogate
        b"\xf4\x90\x80\x80",  # beyond U+10FFFF
        b"a\x80",
        b"\xc3(",
    ],
)
@pytest.mark.parametrize("size", [0, 200])
def test_text_that_is_not_utf_8_fails(bad: bytes, size: int) -> None:
    """With 1007 (section 8.1), in a short frame or a long one, behind what was good."""
    exc = failure(HELLO, frame(FIN | TEXT, b"x" * size + bad + b"x"))
    assert (exc.code, str(exc).startswith("expected UTF-8 in a text message")) == (1007, True)


def test_an_error_shows_four_bytes() -> None:
    """From the wrong one on."""
    exc = failure(frame(FIN | TEXT, b"ok" + bytes.fromhex("ff01020304")))
    assert str(exc) == (
        "expected UTF-8 in a text message, got bytes ff 01 02 03 (invalid start byte)"
    )


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_character_cut_by_the_end_fails(cut: int) -> None:
    """A message's text is whole."""
    for frames in (
        [frame(FIN | TEXT, GRIN[:cut])],
        [frame(TEXT, GRIN[:cut]), frame(FIN | CONTINUATION)],
    ):
        exc = failure(*frames)
        assert exc.code == 1007
        assert str(exc) == (
            f"expected UTF-8 in a text message, got bytes {GRIN[:cut].hex(' ')}"
            " (unexpected end of data)"
        )


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_character_cut_by_fragments_is_whole(cut: int) -> None:
    """Also with a Ping in the middle of it."""
    assert decode(
        frame(TEXT, GRIN[:cut]), frame(FIN | PING), frame(FIN | CONTINUATION, GRIN[cut:])
    ) == Answer([Ping(b""), GRIN.decode()])


def test_an_invalid_byte_fails_within_a_fragmented_message() -> None:
    """As soon as it is there: neither its frame nor the message is complete."""
    start = bytes((CONTINUATION, 100)) + b"abc"
    exc = failure(frame(TEXT, b"abc"), start, b"\xff")
    assert (exc.code, "got bytes ff (invalid start byte)" in str(exc)) == (1007, True)


def test_an_invalid_byte_fails_within_a_large_frame() -> None:
    """A GiB of text was announced, and its fifth byte is wrong."""
    announced = bytes((FIN | TEXT, 127)) + (1 << 30).to_bytes(8, "big")
    assert failure(announced, b"abcd", b"\xff").code == 1007


def test_an_invalid_byte_fails_within_a_short_frame() -> None:
    """There is no frame too short for it."""
    assert failure(bytes((FIN | TEXT, 5)), b"ab", b"\xff").code == 1007


def test_an_invalid_byte_fails_within_a_compressed_message() -> None:
    """As soon as it is inflated."""
    assert failure(frame(RSV1 | TEXT, deflate(b"ab\xffcd")), compression=True).code == 1007


def test_the_first_byte_that_cannot_be_fails() -> None:
    """Not the character's end: f4 90 begins nothing."""
    assert failure(bytes((FIN | TEXT, 125)), b"\xf4", b"\x90").code == 1007


def test_binary_may_be_anything() -> None:
    """No one looks at it."""
    assert decode(frame(FIN | BINARY, b"\xff\xc0"), frame(BINARY, b"\xff")) == Answer([b"\xff\xc0"])


# Limits


@pytest.mark.parametrize("limit", [0, 1, 124, 125, 126, 65535, 65536, MIB])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_frame_at_and_above_the_limit(limit: int, opcode: int) -> None:
    """The limit is what a message may have; one byte more fails by the header alone."""
    data = b"x" * limit
    whole = data if opcode == BINARY else data.decode()
    assert feed(decoder(limit), frame(FIN | opcode, data)) == Answer([whole])
    exc = failure(frame(FIN | opcode, data + b"x")[: -limit - 1], limit=limit)
    assert exc.code == 1009
    assert str(exc) == (
        f"expected a message of at most {limit} bytes, got one of {limit + 1} or more"
    )


@pytest.mark.parametrize("limit", [0, 1, 124])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_short_frame_above_the_limit(limit: int, opcode: int) -> None:
    """Also if all of it is there, as the fast path likes it."""
    assert decode(frame(FIN | opcode, b"x" * (limit + 1)), limit=limit) == Answer([], 1009)


@pytest.mark.parametrize("limit", [5, 300])
def test_fragments_at_and_above_the_limit(limit: int) -> None:
    """They count together; the one that passes it fails by its header."""
    begun = [frame(BINARY, b"x" * (limit - 2)), frame(CONTINUATION, b"x")]
    assert decode(*begun, frame(FIN | CONTINUATION, b"x"), limit=limit) == Answer([b"x" * limit])
    exc = failure(*begun, bytes((FIN | CONTINUATION, 2)), limit=limit)
    assert (exc.code, f"got one of {limit + 1} or more" in str(exc)) == (1009, True)


def test_the_limit_is_of_a_message() -> None:
    """The next one begins at nothing."""
    assert decode(HELLO, HELLO, frame(TEXT, b"abcde"), frame(FIN), limit=5) == Answer(
        ["Hello", "Hello", "abcde"]
    )


def test_control_frames_have_a_limit_of_their_own() -> None:
    """125 bytes, whatever a message may have."""
    assert decode(frame(FIN | PING, bytes(125)), limit=1) == Answer([Ping(bytes(125))])


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("limit", [0, 1, 100, 100_000])
def test_the_limit_counts_inflated_bytes(opcode: int, limit: int) -> None:
    """At it the message is given; a byte above, it is too big."""
    data = b"x" * limit
    whole = data if opcode == BINARY else data.decode()
    first = FIN | RSV1 | opcode
    at_it = frame(first, deflate(data))
    assert feed(decoder(limit, compression=True), at_it) == Answer([whole])
    exc = failure(frame(first, deflate(data + b"x")), limit=limit, compression=True)
    assert exc.code == 1009
    assert str(exc) == (
        f"expected a message of at most {limit} bytes, got one of more (after inflating)"
    )


def test_the_limit_counts_inflated_fragments_together() -> None:
    """Compressed as one, cut anywhere."""
    data = deflate(b"x" * 1000)
    cut = [frame(RSV1 | BINARY, data[:3]), frame(FIN | CONTINUATION, data[3:])]
    assert decode(*cut, limit=1000, compression=True) == Answer([b"x" * 1000])
    assert decode(*cut, limit=999, compression=True) == Answer([], 1009)


def test_a_limit_of_nothing_takes_empty_messages() -> None:
    """Also compressed ones."""
    empty = frame(FIN | RSV1 | BINARY, b"\x00")
    assert decode(frame(FIN | TEXT), empty, limit=0, compression=True) == Answer(["", b""])


def test_compressed_frames_may_be_longer_than_the_limit() -> None:
    """What does not shrink grows; the limit is of what comes out (here 1 byte, in 3)."""
    assert decode(frame(FIN | RSV1 | BINARY, deflate(b"x")), limit=1, compression=True) == Answer(
        [b"x"]
    )


def test_without_a_limit_all_is_inflated() -> None:
    """None is none."""
    data = frame(FIN | RSV1 | BINARY, deflate(bytes(MIB)))
    assert feed(decoder(compression=True), data) == Answer([bytes(MIB)])


def test_65536_fragments_of_a_byte_pass() -> None:
    """Fragments are bounded by what they cost, which is their bytes."""
    many = frame(BINARY, b"x") + frame(CONTINUATION, b"x") * 65_534 + frame(FIN, b"x")
    assert feed(decoder(65_536), many) == Answer([b"x" * 65_536])


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_message_in_many_fragments_costs_its_size(opcode: int) -> None:
    """20,000 of a byte, and as many empty ones, are held in less than 512 KiB."""
    tried = decoder()
    feed(tried, frame(opcode, b"x"))
    chunk = (frame(CONTINUATION, b"x") + frame(CONTINUATION)) * 1000
    tracemalloc.start()
    try:
        for _ in range(20):
            assert feed(tried, chunk) == Answer([])
        assert tracemalloc.get_traced_memory()[0] < 512 * KIB
    finally:
        tracemalloc.stop()


def test_broken_deflate_fails() -> None:
    """With 1007: the payload is not what RSV1 says that it is (section 7.4.1)."""
    exc = failure(frame(FIN | RSV1 | BINARY, b"\xff\xff"), compression=True)
    assert (exc.code, "expected DEFLATE data" in str(exc)) == (1007, True)


# Compression


def test_compressed_and_plain_messages_mix() -> None:
    """Each says for itself (RFC 7692 section 6)."""
    packed = frame(FIN | RSV1 | TEXT, deflate(b"Hello"))
    assert decode(packed, HELLO, packed, compression=True) == Answer(["Hello"] * 3)


def test_a_compressed_message_in_fragments() -> None:
    """RSV1 on the first only; cut anywhere, with a Ping between (RFC 7692 section 6.1)."""
    data = deflate(b"Hello" * 100)
    for cut in range(len(data) + 1):
        parts = [frame(RSV1 | TEXT, data[:cut]), frame(FIN, data[cut:])]
        assert decode(parts[0], frame(FIN | PING), parts[1], compression=True) == Answer(
            [Ping(b""), "Hello" * 100]
        )


def test_the_servers_context_lives_on() -> None:
    """With context takeover a message may point back into the one before."""
    compressor = zlib.compressobj(wbits=-15)
    tried = Decoder(inflater=Inflater(DeflateParameters()))
    for _ in range(3):
        data = compressor.compress(b"Hello, Hello") + compressor.flush(zlib.Z_SYNC_FLUSH)
        assert feed(tried, frame(FIN | RSV1 | TEXT, data[:-4])) == Answer(["Hello, Hello"])


# Batches


@pytest.mark.parametrize("payload", [b"", b"x", b"x" * 200])
def test_a_batch_is_bounded_by_count(payload: bytes) -> None:
    """Of short messages (the fast path) and longer ones alike."""
    tried = decoder()
    tried.feed(frame(FIN | BINARY, payload) * (MAX_BATCH + 1))
    assert tried.take() == ([payload] * MAX_BATCH, None)
    assert tried.take() == ([payload], None)
    assert tried.take() == ([], None)


def test_a_batch_of_plain_and_fast_messages_is_bounded() -> None:
    """However they alternate."""
    tried = decoder()
    tried.feed((frame(FIN | BINARY, bytes(126)) + HELLO * 2) * MAX_BATCH)
    counts = [len(tried.take()[0]) for _ in range(4)]
    assert counts == [MAX_BATCH, MAX_BATCH, MAX_BATCH, 0]


def test_a_batch_is_bounded_by_bytes() -> None:
    """It ends with the message that reaches the bound."""
    tried = decoder()
    half = bytes(MAX_BATCH_BYTES // 2)
    tried.feed(frame(FIN | BINARY, half) * 3)
    assert tried.take() == ([half, half], None)
    assert tried.take() == ([half], None)


def test_a_byte_below_the_bound_there_is_one_more() -> None:
    """The bound is where a batch ends, not what fits into it."""
    tried = decoder()
    sizes = (MAX_BATCH_BYTES - 1, 200, 200)
    tried.feed(b"".join(frame(FIN | BINARY, bytes(size)) for size in sizes))
    assert [[len(message) for message in tried.take()[0]] for _ in range(3)] == [
        [MAX_BATCH_BYTES - 1, 200],
        [200],
        [],
    ]


def test_a_batch_is_bounded_by_inflated_bytes() -> None:
    """1,000 messages of 100 KiB, in 150 bytes each, come three at a time."""
    tried = decoder(compression=True)
    tried.feed(frame(FIN | RSV1 | BINARY, deflate(bytes(100 * KIB))) * 1000)
    assert {len(tried.take()[0]) for _ in range(10)} == {3}


def test_the_next_batch_has_all_its_room() -> None:
    """What one batch used is not missing in the next."""
    tried = decoder()
    tried.feed(frame(FIN | BINARY, bytes(MAX_BATCH_BYTES)) * 2)
    assert [len(tried.take()[0]) for _ in range(3)] == [1, 1, 0]


# Failures


@pytest.mark.parametrize(
    "broken",
    [b"\x83", frame(FIN | TEXT, b"\xff"), frame(FIN), b"\x81\x85", close_frame(b"x")],
)
def test_messages_before_a_broken_frame_come_first(broken: bytes) -> None:
    """Then the failure, once, then nothing ever."""
    tried = decoder()
    tried.feed(HELLO * 2 + broken + HELLO)
    assert tried.take() == (["Hello"] * 2, None)
    with pytest.raises(ProtocolError):
        tried.take()
    assert tried.take() == ([], None)
    assert feed(tried, HELLO) == Answer([])


def test_a_control_frame_before_a_broken_one_comes_first() -> None:
    """It ends its batch, so that the failure is of the next."""
    assert decode(frame(FIN | PING), b"\x83") == Answer([Ping(b"")], 1002)


def test_bytes_between_a_failure_and_its_telling_are_dropped() -> None:
    """They change nothing about it."""
    tried = decoder()
    tried.feed(HELLO + b"\x83")
    assert tried.take() == (["Hello"], None)
    tried.feed(HELLO)
    with pytest.raises(ProtocolError):
        tried.take()
    assert tried.take() == ([], None)


def test_a_failure_holds_no_bytes() -> None:
    """Neither those behind it, nor the message that was begun, nor those that still come."""
    tried = decoder()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        assert feed(tried, frame(BINARY, bytes(MIB)), b"\x83" + bytes(MIB)) == Answer([], 1002)
        for _ in range(10):
            tried.feed(bytes(MIB))
        assert tracemalloc.get_traced_memory()[0] - before < 64 * KIB
    finally:
        tracemalloc.stop()


def test_an_error_says_what_came() -> None:
    """It has a code for the peer and a message for the program."""
    exc = ProtocolError(1002, "expected a, got b")
    assert (exc.code, exc.message, str(exc)) == (1002, "expected a, got b", "expected a, got b")
    assert exc.args == (1002, "expected a, got b")


# Any chunking gives the same answer; the fast path and the plain path agree


FIRST = st.sampled_from(
    [FIN | TEXT] * 4
    + [FIN | BINARY] * 2
    + [TEXT, BINARY, CONTINUATION, FIN | CONTINUATION, FIN | PING, FIN | PONG, FIN | CLOSE]
    + [FIN | RSV1 | TEXT, RSV1 | BINARY, FIN | RSV1 | PING, FIN | RSV2 | TEXT, PING, FIN | 3]
)
PAYLOAD = st.one_of(
    st.text(max_size=40).map(str.encode),
    st.binary(max_size=40),
    st.text(max_size=20).map(str.encode).map(deflate),
    st.sampled_from([b"\x03\xe8", b"\x03\xe8bye", b"x" * 125, b"x" * 126, b"x" * 65_536]),
)
STREAM = st.lists(st.builds(frame, FIRST, PAYLOAD), max_size=8).map(b"".join)


@st.composite
def chunked(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    """A stream of frames, some of them wrong, and the same bytes in chunks."""
    data = draw(STREAM)
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=8)))
    return data, [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


@settings(deadline=None, derandomize=True)
@given(case=chunked(), compression=st.booleans(), limit=st.sampled_from([None, 0, 20, 125, 1000]))
def test_any_chunking_gives_the_same_answer(
    case: tuple[bytes, list[bytes]], compression: bool, limit: int | None
) -> None:
    """The same messages, control frames and close code; byte by byte is the plain path alone.

    But for one freedom, which is zlib's: it may see that data behind the limit is broken (1007)
    before it gives the data that passes the limit (1009).
    """

    def answer(chunks: list[bytes]) -> Answer:
        items, code = feed(decoder(limit, compression=compression), *chunks)
        return Answer(items, 1007 if compression and code == 1009 else code)

    data, chunks = case
    assert answer(chunks) == answer([data])
    if len(data) < 5000:
        assert answer(bytewise(data)) == answer([data])


def test_which_rule_was_broken_first_does_not_depend_on_the_chunking() -> None:
    """The wrong byte comes before the one too many, so it is what counts."""
    data = frame(FIN | RSV1 | TEXT, deflate(b"\xff" + b"x" * 10))
    assert decode(data, limit=5, compression=True) == Answer([], 1007)


@settings(deadline=None, derandomize=True)
@given(payloads=st.lists(st.text(max_size=60) | st.binary(max_size=125), max_size=20))
def test_what_was_encoded_is_decoded(payloads: list[Message]) -> None:
    """Whole messages, in order, by the fast path and by the plain one."""
    frames = [
        frame(FIN | TEXT, p.encode()) if isinstance(p, str) else frame(FIN | BINARY, p)
        for p in payloads
    ]
    assert decode(*frames) == Answer(list(payloads))
