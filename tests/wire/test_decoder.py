"""Frames from bytes on the receiving side, as messages of every length, fragments, and
compression."""

from __future__ import annotations

import zlib

import pytest
from support.decoding import (
    HELLO,
    KIB,
    SIZES,
    Answer,
    decode,
    decoder,
    deflate,
    failure,
    feed,
)
from support.frames import raw_frame

from trio_ws_dom._wire._decoder import Decoder
from trio_ws_dom._wire._deflate import DeflateParameters, Inflater
from trio_ws_dom._wire._frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FIN,
    PING,
    PONG,
    RSV1,
    TEXT,
    Ping,
    Pong,
)
from trio_ws_dom._wire._messages import Message

# Messages, and every length


@pytest.mark.parametrize("size", SIZES)
def test_binary_of_every_length(size: int) -> None:
    """It has all three forms of the length, at their bounds."""
    data = bytes(i & 0xFF for i in range(min(size, KIB))).ljust(size, b"x")
    tried = decoder()
    assert feed(tried, raw_frame(FIN | BINARY, data)) == Answer([data])
    assert feed(tried, HELLO) == Answer(["Hello"])


@pytest.mark.parametrize("size", SIZES)
def test_text_of_every_length(size: int) -> None:
    """The length counts bytes, and the message is str."""
    data = "ü" * (size // 2) + "x" * (size % 2)
    tried = decoder()
    assert feed(tried, raw_frame(FIN | TEXT, data.encode())) == Answer([data])
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
    """Each form has its own bounds."""
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
    """Nothing is returned, and nothing fails, until the rest is there."""
    assert decode(HELLO, bytes.fromhex(header)) == Answer(["Hello"])


def test_all_that_is_there_is_given() -> None:
    """The rest of a frame, the frame after it, and a whole message come in one batch."""
    tried = decoder()
    assert feed(tried, raw_frame(TEXT, b"ab")[:3]) == Answer([])
    tried.feed(b"b" + raw_frame(FIN | CONTINUATION, b"c") + HELLO)
    assert tried.take() == (["abc", "Hello"], None)


def test_a_new_decoder_is_hungry() -> None:
    """It wants bytes before it is asked."""
    assert Decoder().hungry


def test_nothing_was_fed() -> None:
    """A new decoder needs bytes."""
    assert decoder().take() == ([], None)
    assert feed(decoder(), b"") == Answer([])


# Fragments, and control frames


@pytest.mark.parametrize(("opcode", "expected"), [(TEXT, "Hello"), (BINARY, b"Hello")])
def test_fragments_are_one_message(opcode: int, expected: Message) -> None:
    """It has the first one's type and ends with FIN, and some may be empty (section 5.4)."""
    parts = [raw_frame(opcode, b"Hel"), raw_frame(CONTINUATION), raw_frame(CONTINUATION, b"l")]
    assert decode(*parts, raw_frame(FIN | CONTINUATION, b"o"), HELLO) == Answer([expected, "Hello"])


@pytest.mark.parametrize(("opcode", "expected"), [(TEXT, ""), (BINARY, b"")])
def test_empty_messages(opcode: int, expected: Message) -> None:
    """They come in one frame, or in two."""
    two = raw_frame(opcode) + raw_frame(FIN | CONTINUATION)
    assert decode(raw_frame(FIN | opcode), two) == Answer([expected, expected])


@pytest.mark.parametrize("size", [0, 1, 125])
def test_control_frames_between_fragments(size: int) -> None:
    """They are returned at once, and the message goes on after them (section 5.4)."""
    data = bytes(size)
    assert decode(
        raw_frame(TEXT, b"a"),
        raw_frame(FIN | PING, data),
        raw_frame(CONTINUATION, b"b"),
        raw_frame(FIN | PONG, data),
        raw_frame(FIN | CONTINUATION, b"c"),
    ) == Answer([Ping(data), Pong(data), "abc"])


def test_a_control_frame_ends_the_batch() -> None:
    """So what came before it is handled before it."""
    tried = decoder()
    tried.feed(HELLO + raw_frame(FIN | PING, b"1") + HELLO + HELLO)
    assert tried.take() == (["Hello"], Ping(b"1"))
    assert tried.take() == (["Hello", "Hello"], None)
    assert tried.take() == ([], None)


@pytest.mark.parametrize("opcode", [CLOSE, PING, PONG])
def test_a_long_control_frame_fails(opcode: int) -> None:
    """It has at most 125 bytes (section 5.5), as its second byte shows."""
    for size in (126, 127):
        exc = failure(bytes((FIN | opcode, size)))
        assert exc.code == 1002
        assert str(exc) == "expected a control frame of at most 125 bytes, got a longer one"


@pytest.mark.parametrize("opcode", [CLOSE, PING, PONG])
def test_a_fragmented_control_frame_fails(opcode: int) -> None:
    """They come in one piece (section 5.5), as the first byte shows."""
    exc = failure(bytes((opcode,)))
    assert (exc.code, str(exc)) == (1002, "expected a control frame in one piece, got a fragment")


def test_a_continuation_of_nothing_fails() -> None:
    """It fails with FIN or without (section 5.4), also after a whole message."""
    for first in (CONTINUATION, FIN | CONTINUATION):
        exc = failure(HELLO, raw_frame(first))
        assert exc.code == 1002
        assert str(exc) == "expected a text or binary frame, got a continuation of nothing"


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_message_within_a_message_fails(opcode: int) -> None:
    """Fragments of two messages do not mix (section 5.4)."""
    for first in (opcode, FIN | opcode):
        exc = failure(raw_frame(TEXT, b"a"), raw_frame(first))
        assert exc.code == 1002
        assert str(exc) == f"expected a continuation of the message, got a new one ({opcode:#x})"


# Compression


def test_compressed_and_plain_messages_mix() -> None:
    """Each has its own bit (RFC 7692 section 6)."""
    packed = raw_frame(FIN | RSV1 | TEXT, deflate(b"Hello"))
    assert decode(packed, HELLO, packed, compression=True) == Answer(["Hello"] * 3)


def test_a_compressed_message_in_fragments() -> None:
    """Only the first has RSV1, cut anywhere, with a Ping between (RFC 7692 section 6.1)."""
    data = deflate(b"Hello" * 100)
    for cut in range(len(data) + 1):
        parts = [raw_frame(RSV1 | TEXT, data[:cut]), raw_frame(FIN, data[cut:])]
        assert decode(parts[0], raw_frame(FIN | PING), parts[1], compression=True) == Answer(
            [Ping(b""), "Hello" * 100]
        )


@pytest.mark.parametrize(("opcode", "expected"), [(TEXT, ""), (BINARY, b"")])
def test_a_compressed_message_of_no_bytes_is_empty(opcode: int, expected: Message) -> None:
    """It should have one byte (RFC 7692 section 7.2.3.6)."""
    two = raw_frame(RSV1 | opcode) + raw_frame(FIN)
    assert decode(raw_frame(FIN | RSV1 | opcode), two, compression=True) == Answer([expected] * 2)


def test_the_servers_context_lives_on() -> None:
    """With context takeover a message may refer back into the one before."""
    compressor = zlib.compressobj(wbits=-15)
    tried = Decoder(inflater=Inflater(DeflateParameters()))
    for _ in range(3):
        data = compressor.compress(b"Hello, Hello") + compressor.flush(zlib.Z_SYNC_FLUSH)
        assert feed(tried, raw_frame(FIN | RSV1 | TEXT, data[:-4])) == Answer(["Hello, Hello"])
