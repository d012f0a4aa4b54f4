"""permessage-deflate as the server sends it (RFC 7692 section 7.2.2), within bounds."""

from __future__ import annotations

import random
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from support.deflating import (
    DEFAULTS,
    HELLO,
    KIB,
    MIB,
    bomb,
    final_blocks,
    inflate,
    inflate_some,
    inflate_whole,
    text,
)

from trio_ws_dom._wire._deflate import (
    MAX_INPUT,
    MAX_OUTPUT,
    DeflateParameters,
    Deflater,
    Inflater,
    InvalidDeflate,
)

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
    """References reach back 32 KiB, across messages."""
    server = zlib.compressobj(wbits=-15)
    inflater = Inflater(DEFAULTS)
    message = random.Random(1).randbytes(32_000)
    for _ in range(3):
        payload = server.compress(message) + server.flush(zlib.Z_SYNC_FLUSH)
        assert inflate(inflater, payload[:-4]) == message


def test_eight_bits_of_a_server_that_uses_nine() -> None:
    """zlib turns 8 bits into 9, and so do servers that use it."""
    server = zlib.compressobj(wbits=-9)
    message = text(5000)
    payload = server.compress(message) + server.flush(zlib.Z_SYNC_FLUSH)
    inflater = Inflater(DeflateParameters(server_max_window_bits=8))
    assert b"".join(inflate_some(inflater, bytes([b])) for b in payload) == message


@both_ways
def test_without_takeover_the_window_is_empty(inflate: Inflate) -> None:
    """A reference to an earlier message is an error when the server agreed to no takeover."""
    inflater = Inflater(DeflateParameters(server_no_context_takeover=True))
    assert inflate(inflater, HELLO) == b"Hello"
    with pytest.raises(InvalidDeflate, match="distance too far back"):
        inflate(inflater, bytes.fromhex("f200110000"))


@pytest.mark.parametrize("size", [1, 3, 4, 5, 6, 100])
def test_output_in_calls_of_any_size(size: int) -> None:
    """No call returns more than it may, and nothing is lost between them."""
    inflater = Inflater(DEFAULTS)
    for _ in range(2):
        inflater.feed(HELLO, last=True)
        pieces: list[bytes] = []
        while inflater.pending:
            pieces.append(inflater.inflate(size))
        assert b"".join(pieces) == b"Hello"
        assert max(map(len, pieces)) <= size


def test_nothing_is_pending_at_first() -> None:
    inflater = Inflater(DEFAULTS)
    assert (inflater.pending, inflater.inflate(5)) == (False, b"")


def test_an_empty_fragment_is_not_pending() -> None:
    inflater = Inflater(DEFAULTS)
    inflater.feed(b"", last=False)
    assert not inflater.pending


@both_ways
@pytest.mark.parametrize("size", [*range(MAX_OUTPUT - 3, MAX_OUTPUT + 261, 7), 5 * MAX_OUTPUT])
def test_a_match_that_is_cut_by_the_end_of_a_call_comes_out_whole(
    size: int, inflate: Inflate
) -> None:
    """This holds even if all input is used before all output is there."""
    payload = Deflater(DEFAULTS).compress(bytes(size))
    assert inflate(Inflater(DEFAULTS), payload) == bytes(size)


@both_ways
def test_much_input_is_inflated(inflate: Inflate) -> None:
    message = random.Random(2).randbytes(5 * MAX_OUTPUT + 1)
    assert inflate(Inflater(DEFAULTS), Deflater(DEFAULTS).compress(message)) == message


def test_a_bomb_comes_out_in_pieces() -> None:
    """Of 1 GiB in 1 MiB only a piece is held."""
    payload, inflater, size = bomb(1024), Inflater(DEFAULTS), 0
    tracemalloc.start()
    try:
        for start in range(0, len(payload), MAX_INPUT):
            inflater.feed(payload[start : start + MAX_INPUT], last=False)
            while inflater.pending:
                size += len(inflater.inflate(MAX_OUTPUT))
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_OUTPUT + 3 * MAX_INPUT
    finally:
        tracemalloc.stop()
    assert size == 1024 * MIB


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
    """zlib's error becomes ours."""
    with pytest.raises(InvalidDeflate, match="expected DEFLATE data, got: Error -3"):
        inflate(Inflater(DEFAULTS), payload)


@both_ways
def test_a_payload_of_no_bytes_is_an_empty_message(inflate: Inflate) -> None:
    """What follows is not affected, though RFC 7692 section 7.2.3.6 asks for one byte."""
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
    """After a final block the rest of the message and the next one count."""
    for server_no_context_takeover in (False, True):
        inflater = Inflater(DeflateParameters(server_no_context_takeover))
        for _ in range(3):
            assert inflate(inflater, bytes.fromhex(payload)) == expected
            bytewise = [inflate_some(inflater, bytes([byte])) for byte in bytes.fromhex(payload)]
            assert b"".join(bytewise) + inflate_some(inflater, b"", last=True) == expected


@both_ways
def test_a_final_block_that_fills_a_step(inflate: Inflate) -> None:
    """Its end is noticed, though a step's output ends right before it."""
    for size in range(MAX_OUTPUT - 260, MAX_OUTPUT + 260):
        inflater = Inflater(DEFAULTS)
        assert len(inflate(inflater, final_blocks(bytes(size)))) == size
        assert inflate(inflater, HELLO) == b"Hello"


@both_ways
def test_final_blocks_in_a_message_are_bounded(inflate: Inflate) -> None:
    """Two bytes make an empty final block, and each message may have 1024 of them."""
    inflater = Inflater(DEFAULTS)
    for _ in range(2):
        assert inflate(inflater, b"\x03\x00" * 1024) == b""
    with pytest.raises(InvalidDeflate, match="at most 1024 final blocks"):
        inflate(inflater, b"\x03\x00" * 1025)


EMPTY_BLOCKS = [b"\x03\0", b"\x03\xfc", b"\1\0\0\xff\xff", b"\xf9\0\0\xff\xff"]


@pytest.mark.parametrize("block", [*EMPTY_BLOCKS, b"".join(EMPTY_BLOCKS)])
def test_empty_final_blocks_need_no_decompressor(
    block: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zlib, "decompressobj", None)
    assert inflate(Inflater(DEFAULTS), block * 100) == b""


@both_ways
@pytest.mark.parametrize("block", EMPTY_BLOCKS)
def test_empty_final_blocks_count_one_by_one(block: bytes, inflate: Inflate) -> None:
    inflater = Inflater(DEFAULTS)
    for _ in range(2):
        assert inflate(inflater, block * 1024) == b""
    with pytest.raises(InvalidDeflate, match="at most 1024 final blocks"):
        inflate(inflater, block * 1024 + final_blocks(b"Hello"))


@both_ways
@pytest.mark.parametrize("block", EMPTY_BLOCKS)
def test_an_empty_final_block_ends_the_window(block: bytes, inflate: Inflate) -> None:
    """A reference in the next message to what came before it is an error."""
    inflater = Inflater(DEFAULTS)
    assert inflate(inflater, final_blocks(b"Hello") + block) == b"Hello"
    with pytest.raises(InvalidDeflate, match="distance too far back"):
        inflate(inflater, bytes.fromhex("f200110000"))


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
