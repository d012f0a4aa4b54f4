"""permessage-deflate as the client sends it (RFC 7692 section 7.2.1)."""

from __future__ import annotations

import random
import tracemalloc
import zlib

import pytest
from support.deflating import DEFAULTS, HELLO, KIB, inflate, text

from trio_ws_dom._wire._deflate import DeflateParameters, Deflater, Inflater


def test_the_rfcs_example_is_inflated() -> None:
    """RFC 7692 section 7.2.3.1, one block."""
    assert inflate(Inflater(DEFAULTS), HELLO) == b"Hello"


def test_the_rfcs_example_is_made() -> None:
    """In RFC 7692 section 7.2.3.2 the second message refers to the first."""
    deflater = Deflater(DEFAULTS)
    assert deflater.compress(b"Hello") == HELLO
    assert deflater.compress(b"Hello") == bytes.fromhex("f200110000")


def test_without_takeover_messages_are_alike() -> None:
    """With client_no_context_takeover no message refers to another."""
    deflater = Deflater(DeflateParameters(client_no_context_takeover=True))
    assert [deflater.compress(b"Hello") for _ in range(2)] == [HELLO, HELLO]


@pytest.mark.parametrize("takeover", [True, False])
def test_empty_messages_are_one_byte(takeover: bool) -> None:
    """RFC 7692 section 7.2.3.6, also between others."""
    deflater = Deflater(DeflateParameters(client_no_context_takeover=not takeover))
    inflater = Inflater(DeflateParameters(server_no_context_takeover=not takeover))
    payloads = [deflater.compress(m) for m in (b"", b"", b"Hello", b"", b"Hello", b"")]
    assert [payloads[i] for i in (0, 1, 3, 5)] == [b"\x00"] * 4
    assert b"|".join(inflate(inflater, p) for p in payloads) == b"||Hello||Hello|"


@pytest.mark.parametrize("bits", range(8, 16))
@pytest.mark.parametrize("takeover", [True, False])
def test_a_peer_with_the_agreed_window_inflates_it(bits: int, takeover: bool) -> None:
    """No distance reaches further back than the window, even if the peer has no byte more.

    An inflater that returns its output byte by byte can only read from its window.
    """
    parameters = DeflateParameters(
        client_max_window_bits=bits, client_no_context_takeover=not takeover
    )
    deflater = Deflater(parameters)
    peer = zlib.decompressobj(-bits)
    for seed in range(3):
        message = text(20_000, seed) + bytes(1000)
        output, data = b"", deflater.compress(message) + b"\x00\x00\xff\xff"
        while len(output) < len(message):
            output += peer.decompress(data, 1)
            data = peer.unconsumed_tail
        assert peer.decompress(data) == b""
        assert output == message
        peer = peer if takeover else zlib.decompressobj(-bits)


def test_the_smallest_window_still_compresses() -> None:
    """With 8 bits a run of one byte becomes short."""
    deflater = Deflater(DeflateParameters(client_max_window_bits=8))
    assert len(deflater.compress(bytes(10_000))) < 100


def test_the_smallest_window_looks_one_byte_back() -> None:
    """With 8 bits there are only references to the byte before, so none reaches too far."""
    deflater = Deflater(DeflateParameters(client_max_window_bits=8))
    block = random.Random(3).randbytes(100)
    assert len(deflater.compress(block * 2)) > 200


def test_a_compressor_is_small() -> None:
    """It takes less than 64 KiB, and nothing before the first use."""
    message = text(1000)
    tracemalloc.start()
    try:
        deflater = Deflater(DEFAULTS)
        deflater.compress(b"")
        assert tracemalloc.get_traced_memory()[0] < 4 * KIB
        deflater.compress(message)
        assert 16 * KIB < tracemalloc.get_traced_memory()[0] < 64 * KIB
    finally:
        tracemalloc.stop()


def test_without_takeover_nothing_is_kept() -> None:
    """Where each message is independent, neither direction keeps memory between them."""
    message = text(1000)
    parameters = DeflateParameters(True, True)
    tracemalloc.start()
    try:
        deflater, inflater = Deflater(parameters), Inflater(parameters)
        inflate(inflater, deflater.compress(message))
        assert tracemalloc.get_traced_memory()[0] < 4 * KIB
    finally:
        tracemalloc.stop()


def test_takeover_makes_repeated_messages_small() -> None:
    """The window has earlier messages, so the second of two equal ones nearly vanishes."""
    deflater = Deflater(DEFAULTS)
    message = text(1000)
    first, second = deflater.compress(message), deflater.compress(message)
    assert len(second) < len(first) / 10
