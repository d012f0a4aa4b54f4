"""The most that a message may cost."""

from __future__ import annotations

import tracemalloc

import pytest
from support.decoding import HELLO, KIB, MIB, Answer, decode, decoder, deflate, failure, feed
from support.deflating import bomb
from support.frames import raw_frame

from trio_ws_dom._wire._frames import BINARY, CONTINUATION, FIN, PING, RSV1, TEXT, Ping


@pytest.mark.parametrize("limit", [0, 1, 124, 125, 126, 65535, 65536, MIB])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_frame_at_and_above_the_limit(limit: int, opcode: int) -> None:
    """A message may have as many bytes as the limit, and one more fails by the header alone."""
    data = b"x" * limit
    whole = data if opcode == BINARY else data.decode()
    assert feed(decoder(limit), raw_frame(FIN | opcode, data)) == Answer([whole])
    exc = failure(raw_frame(FIN | opcode, data + b"x")[: -limit - 1], limit=limit)
    assert exc.code == 1009
    assert str(exc) == (
        f"expected a message of at most {limit} bytes (max_message_size),"
        f" got one of {limit + 1} or more"
    )


@pytest.mark.parametrize("limit", [0, 1, 124, 125, 126, 65534, 65535, MIB])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_whole_frame_above_the_limit(limit: int, opcode: int) -> None:
    """It fails even if all of it is there, for the fast path, after what came before it."""
    before = raw_frame(FIN | BINARY, b"y" * min(limit, 5))
    tried = before * 2 + raw_frame(FIN | opcode, b"x" * (limit + 1))
    assert decode(tried, limit=limit) == Answer([b"y" * min(limit, 5)] * 2, 1009)


def test_a_long_form_that_begins_like_a_shorter_one() -> None:
    """Of eight bytes of length the first two are not the whole length."""
    head = bytes((FIN | BINARY, 127)) + (200 << 48).to_bytes(8, "big")
    assert decode(head + bytes(500), limit=1000) == Answer([], 1009)


@pytest.mark.parametrize("limit", [5, 300])
def test_fragments_at_and_above_the_limit(limit: int) -> None:
    """They count together, and the one that exceeds it fails by its header."""
    begun = [raw_frame(BINARY, b"x" * (limit - 2)), raw_frame(CONTINUATION, b"x")]
    assert decode(*begun, raw_frame(FIN | CONTINUATION, b"x"), limit=limit) == Answer(
        [b"x" * limit]
    )
    exc = failure(*begun, bytes((FIN | CONTINUATION, 2)), limit=limit)
    assert (exc.code, f"got one of {limit + 1} or more" in str(exc)) == (1009, True)


def test_the_limit_is_of_a_message() -> None:
    """The next one begins at 0."""
    assert decode(HELLO, HELLO, raw_frame(TEXT, b"abcde"), raw_frame(FIN), limit=5) == Answer(
        ["Hello", "Hello", "abcde"]
    )


def test_control_frames_have_a_limit_of_their_own() -> None:
    """It is 125 bytes, whatever a message may have."""
    assert decode(raw_frame(FIN | PING, bytes(125)), limit=1) == Answer([Ping(bytes(125))])


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("limit", [0, 1, 100, 100_000])
def test_the_limit_counts_inflated_bytes(opcode: int, limit: int) -> None:
    """At it the message is returned, and a byte above it is too big."""
    data = b"x" * limit
    whole = data if opcode == BINARY else data.decode()
    first = FIN | RSV1 | opcode
    at_it = raw_frame(first, deflate(data))
    assert feed(decoder(limit, compression=True), at_it) == Answer([whole])
    exc = failure(raw_frame(first, deflate(data + b"x")), limit=limit, compression=True)
    assert exc.code == 1009
    assert str(exc) == (
        f"expected a message of at most {limit} bytes (max_message_size),"
        " got one of more (after inflating)"
    )


def test_the_limit_counts_inflated_fragments_together() -> None:
    """They are compressed as one, and cut anywhere."""
    data = deflate(b"x" * 1000)
    cut = [raw_frame(RSV1 | BINARY, data[:3]), raw_frame(FIN | CONTINUATION, data[3:])]
    assert decode(*cut, limit=1000, compression=True) == Answer([b"x" * 1000])
    assert decode(*cut, limit=999, compression=True) == Answer([], 1009)


def test_a_limit_of_nothing_takes_empty_messages() -> None:
    """Compressed ones are taken, too."""
    empty = raw_frame(FIN | RSV1 | BINARY, b"\x00")
    assert decode(raw_frame(FIN | TEXT), empty, limit=0, compression=True) == Answer(["", b""])


def test_compressed_frames_may_be_longer_than_the_limit() -> None:
    """Data that does not shrink grows, and the limit is of the output (here 1 byte from 3)."""
    assert decode(
        raw_frame(FIN | RSV1 | BINARY, deflate(b"x")), limit=1, compression=True
    ) == Answer([b"x"])


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
@pytest.mark.parametrize("chunk", [256 * KIB, 15_000, 1000])
def test_a_bomb_costs_no_more_than_the_limit(chunk: int, opcode: int) -> None:
    """It is 1 GiB in 1 MiB, in whatever chunks. A growing buffer has an eighth of itself as spare
    room."""
    data = raw_frame(FIN | RSV1 | opcode, bomb(1024))
    chunks = [data[start : start + chunk] for start in range(0, len(data), chunk)]
    tried = decoder(16 * MIB, compression=True)
    tracemalloc.start()
    try:
        assert feed(tried, *chunks) == Answer([], 1009)
        assert tracemalloc.get_traced_memory()[1] < 18 * MIB + chunk + 8 * 64 * KIB
    finally:
        tracemalloc.stop()


def test_without_a_limit_all_is_inflated() -> None:
    data = raw_frame(FIN | RSV1 | BINARY, deflate(bytes(MIB)))
    assert feed(decoder(compression=True), data) == Answer([bytes(MIB)])


@pytest.mark.heavy
def test_65536_fragments_of_a_byte_pass() -> None:
    """Fragments are bounded by what they cost, which is their bytes."""
    many = raw_frame(BINARY, b"x") + raw_frame(CONTINUATION, b"x") * 65_534 + raw_frame(FIN, b"x")
    assert feed(decoder(65_536), many) == Answer([b"x" * 65_536])


@pytest.mark.heavy
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_message_in_many_fragments_costs_its_size(opcode: int) -> None:
    """20,000 of a byte, and as many empty ones, are held in less than 512 KiB."""
    tried = decoder()
    feed(tried, raw_frame(opcode, b"x"))
    chunk = (raw_frame(CONTINUATION, b"x") + raw_frame(CONTINUATION)) * 1000
    tracemalloc.start()
    try:
        for _ in range(20):
            assert feed(tried, chunk) == Answer([])
        assert tracemalloc.get_traced_memory()[0] < 512 * KIB
    finally:
        tracemalloc.stop()


def test_broken_deflate_fails() -> None:
    """It fails with 1007, as the payload is not what RSV1 announces (section 7.4.1)."""
    exc = failure(raw_frame(FIN | RSV1 | BINARY, b"\xff\xff"), compression=True)
    assert (exc.code, "expected DEFLATE data" in str(exc)) == (1007, True)
