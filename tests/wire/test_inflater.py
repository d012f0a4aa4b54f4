"""permessage-deflate, what the server sends: RFC 7692 section 7.2.2, within bounds."""

from __future__ import annotations

import random
import sys
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from support.deflating import (
    DEFAULTS,
    HELLO,
    KIB,
    MIB,
    PIECE,
    bomb,
    final_blocks,
    inflate,
    inflate_some,
    inflate_whole,
    text,
)

from trio_ws_dom._wire._deflate import DeflateParameters, Deflater, Inflater, InvalidDeflate, TooBig

Inflate = Callable[..., bytes]
both_ways = pytest.mark.parametrize("inflate", [inflate, inflate_whole], ids=["in parts", "whole"])


@both_ways
@pytest.mark.parametrize("bits", range(8, 16))
@pytest.mark.parametrize("takeover", [True, False])
def test_what_a_server_with_any_window_sends(bits: int, takeover: bool, inflate: Inflate) -> None:
    """Each window that a server may announce is inflated, with and without takeover."""
    inflater = Inflater(
        DeflateParameters(server_max_window_bits=bits, server_no_context_takeover=not takeover)
    )
    server = Deflater(
        DeflateParameters(client_max_window_bits=bits, client_no_context_takeover=not takeover)
    )
    for seed in range(3):
        message = text(100_000, seed)
        assert inflate(inflater, server.compress(message)) == message


@both_ways
def test_a_server_with_a_full_window(inflate: Inflate) -> None:
    """References reach back 32 KiB, over the borders of messages."""
    server = zlib.compressobj(wbits=-15)
    inflater = Inflater(DEFAULTS)
    message = random.Random(1).randbytes(32_000)
    for _ in range(3):
        payload = server.compress(message) + server.flush(zlib.Z_SYNC_FLUSH)
        assert inflate(inflater, payload[:-4]) == message


def test_eight_bits_of_a_server_that_uses_nine() -> None:
    """zlib turns 8 bits into 9, and so do the servers that stand on it."""
    server = zlib.compressobj(wbits=-9)
    message = text(5000)
    payload = server.compress(message) + server.flush(zlib.Z_SYNC_FLUSH)
    inflater = Inflater(DeflateParameters(server_max_window_bits=8))
    assert b"".join(inflate_some(inflater, bytes([b])) for b in payload) == message


@both_ways
def test_without_takeover_the_window_is_empty(inflate: Inflate) -> None:
    """A reference to an earlier message is an error when the server gave up takeover."""
    inflater = Inflater(DeflateParameters(server_no_context_takeover=True))
    assert inflate(inflater, HELLO) == b"Hello"
    with pytest.raises(InvalidDeflate, match="distance too far back"):
        inflate(inflater, bytes.fromhex("f200110000"))


@pytest.mark.parametrize("budget", [4, 3, 0])
def test_one_byte_too_many(budget: int) -> None:
    """A message may fill its budget, and not pass it."""
    assert inflate(Inflater(DEFAULTS), HELLO, 5) == b"Hello"
    with pytest.raises(TooBig, match=r"^the message inflates to more than its limit$"):
        inflate(Inflater(DEFAULTS), HELLO, budget)


def test_one_byte_too_many_at_the_end() -> None:
    """The bound holds for what only the message's end brings out."""
    inflater = Inflater(DEFAULTS)
    assert inflate_some(inflater, b"\x01\x06\x00", 9) == b""  # a stored block of 6 bytes begins
    inflater = Inflater(DEFAULTS)
    assert inflate_some(inflater, b"\x00\x06\x00\xf9\xffab", 2) == b"ab"
    with pytest.raises(TooBig):
        inflater.finish(0, len)


@pytest.mark.parametrize("size", [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 5 * PIECE])
def test_exactly_the_budget(size: int) -> None:
    """Output that ends where one of our own steps ends is neither lost nor too big."""
    payload = Deflater(DEFAULTS).compress(bytes(size))
    assert inflate(Inflater(DEFAULTS), payload, size) == bytes(size)
    with pytest.raises(TooBig):
        inflate(Inflater(DEFAULTS), payload, size - 1)


@both_ways
def test_no_output_is_lost_between_steps(inflate: Inflate) -> None:
    """A match that a step's end cuts in two comes out whole, though all input is used."""
    for size in range(PIECE - 3, PIECE + 261, 7):
        payload = Deflater(DEFAULTS).compress(bytes(size))
        assert len(inflate(Inflater(DEFAULTS), payload)) == size


def test_the_largest_budget() -> None:
    """No limit is a large number."""
    assert inflate(Inflater(DEFAULTS), HELLO, sys.maxsize) == b"Hello"


@both_ways
def test_much_input_is_inflated(inflate: Inflate) -> None:
    """Payloads longer than one step of input come out whole."""
    message = random.Random(2).randbytes(5 * PIECE + 1)
    assert inflate(Inflater(DEFAULTS), Deflater(DEFAULTS).compress(message)) == message


@pytest.mark.parametrize("limit", [KIB, MIB, 16 * MIB])
def test_a_bomb_is_given_in_pieces_up_to_the_limit(limit: int) -> None:
    """1 GiB in 1 MiB: nothing but a piece is held here, and none of them is large."""
    sizes: list[int] = []
    payload = bomb(1024)
    tracemalloc.start()
    try:
        with pytest.raises(TooBig):
            Inflater(DEFAULTS).inflate(payload, limit, lambda piece: sizes.append(len(piece)))
        assert tracemalloc.get_traced_memory()[1] < 8 * PIECE
    finally:
        tracemalloc.stop()
    assert (sum(sizes), max(sizes) <= PIECE) == (limit, True)


def test_a_bomb_in_small_pieces_is_stopped_at_the_limit() -> None:
    """The bound is the message's, in however many frames it comes."""
    payload, budget = bomb(16), MIB
    inflater = Inflater(DEFAULTS)
    with pytest.raises(TooBig):
        for start in range(0, len(payload), 100):
            budget -= len(inflate_some(inflater, payload[start : start + 100], budget))
            assert budget >= 0


def test_what_the_taker_raises_goes_through() -> None:
    """Text that is no UTF-8 ends the inflating."""
    with pytest.raises(AssertionError, match="unwanted"):
        Inflater(DEFAULTS).inflate(HELLO, 5, unwanted)


def unwanted(piece: bytes) -> None:
    raise AssertionError("unwanted")


@pytest.mark.parametrize("payload", [bomb(20), bomb(8) + b"\xff" * 9], ids=["big", "invalid"])
def test_an_error_keeps_no_output(payload: bytes) -> None:
    """The exception may live as long as the program, so it holds on to little."""
    tracemalloc.start()
    try:
        with pytest.raises((TooBig, InvalidDeflate)) as caught:
            Inflater(DEFAULTS).inflate(payload, 16 * MIB, len)
        assert tracemalloc.get_traced_memory()[0] < MIB
        assert caught.value.__traceback__ is not None
    finally:
        tracemalloc.stop()


@both_ways
@pytest.mark.parametrize(
    "payload",
    [
        b"\xff\xff\xff",
        b"\x06",
        b"\xf2\x00\x11\x00\x00",
        final_blocks(b"Hello") + b"\xff\xff",
        b"\x00\x05\x00\x00\x00Hello",
    ],
    ids=[
        "no block",
        "block type 3",
        "reference to nothing",
        "after a final block",
        "stored length",
    ],
)
def test_data_that_is_not_deflate(payload: bytes, inflate: Inflate) -> None:
    """zlib's complaint comes as ours, with it as its cause."""
    with pytest.raises(InvalidDeflate, match="expected DEFLATE data, got: ") as caught:
        inflate(Inflater(DEFAULTS), payload)
    assert isinstance(caught.value.__cause__, zlib.error)


@both_ways
def test_a_payload_of_no_bytes_is_an_empty_message(inflate: Inflate) -> None:
    """It does no harm to what follows, though RFC 7692 section 7.2.3.6 wants one byte."""
    inflater = Inflater(DEFAULTS)
    assert [inflate(inflater, p) for p in (b"", HELLO, b"", HELLO)] == [b"", b"Hello"] * 2


@both_ways
@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("f348cdc9c9070000", b"Hello"),  # RFC 7692 section 7.2.3.4
        ("f348cdc9c90700", b"Hello"),  # without the zero byte at the end
        ("f248050000 00ffff cac9c90700", b"Hello"),  # section 7.2.3.5: two blocks
        ("000500faff48656c6c6f00", b"Hello"),  # section 7.2.3.3: stored
        ("f348cdc9c90700 f348cdc9c90700 00", b"HelloHello"),
        ("f348cdc9c90700 f248cdc9c90700", b"HelloHello"),
        ("0300", b""),
        ("01", b""),
        ("00", b""),
    ],
)
def test_ways_to_end_blocks(payload: str, expected: bytes, inflate: Inflate) -> None:
    """Final blocks end nothing but themselves: the rest of the message and the next one count."""
    for server_no_context_takeover in (False, True):
        inflater = Inflater(DeflateParameters(server_no_context_takeover))
        for _ in range(3):
            assert inflate(inflater, bytes.fromhex(payload)) == expected
            output = bytearray()
            for byte in bytes.fromhex(payload):
                inflater.inflate(bytes([byte]), MIB, output.extend)
            inflater.finish(MIB, output.extend)
            assert output == expected


@both_ways
def test_a_final_block_that_fills_a_step(inflate: Inflate) -> None:
    """Its end is seen, though a step's output ends right before it."""
    for size in range(PIECE - 260, PIECE + 260):
        inflater = Inflater(DEFAULTS)
        assert len(inflate(inflater, final_blocks(bytes(size)))) == size
        assert inflate(inflater, HELLO) == b"Hello"


@both_ways
def test_final_blocks_in_a_message_are_bounded(inflate: Inflate) -> None:
    """Two bytes make an empty final block; 1024 of them are enough, for each message."""
    inflater = Inflater(DEFAULTS)
    for _ in range(2):
        assert inflate(inflater, b"\x03\x00" * 1024) == b""
    with pytest.raises(InvalidDeflate, match="at most 1024 final blocks"):
        inflate(inflater, b"\x03\x00" * 1025)


def test_an_inflater_is_made_at_first_use() -> None:
    """Before the first message it takes no window."""
    tracemalloc.start()
    try:
        inflater = Inflater(DEFAULTS)
        assert tracemalloc.get_traced_memory()[0] < 4 * KIB
        inflate(inflater, HELLO)
        assert 4 * KIB < tracemalloc.get_traced_memory()[0] < 64 * KIB
    finally:
        tracemalloc.stop()
