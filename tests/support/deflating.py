"""What servers deflate, rightly or not."""

from __future__ import annotations

import random
import zlib

from trio_ws_dom._wire._deflate import MAX_OUTPUT, DeflateParameters, Inflater

KIB = 1024
MIB = 1024 * KIB
DEFAULTS = DeflateParameters()
HELLO = bytes.fromhex("f248cdc9c90700")  # RFC 7692 section 7.2.3.1


def text(size: int, seed: int = 0) -> bytes:
    """Return compressible data with matches at all distances."""
    rng = random.Random(seed)
    words = [bytes(rng.randrange(97, 123) for _ in range(rng.randrange(2, 9))) for _ in range(300)]
    return b" ".join(rng.choices(words, k=size // 5))[:size]


def inflate_some(inflater: Inflater, payload: bytes, *, last: bool = False) -> bytes:
    """Inflate a part of a message, in bounded steps."""
    inflater.feed(payload, last=last)
    output = bytearray()
    while inflater.pending:
        piece = inflater.inflate(MAX_OUTPUT)
        assert len(piece) <= MAX_OUTPUT
        output += piece
    return bytes(output)


def inflate(inflater: Inflater, payload: bytes) -> bytes:
    """Inflate one whole message, whose end is known after all its bytes."""
    output = inflate_some(inflater, payload)
    return output + inflate_some(inflater, b"", last=True)


def inflate_whole(inflater: Inflater, payload: bytes) -> bytes:
    """Inflate one whole message, whose end is known from the start."""
    return inflate_some(inflater, payload, last=True)


def final_blocks(data: bytes) -> bytes:
    """Return raw deflate that ends with BFINAL set, as from a server without sync flush."""
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def bomb(size: int) -> bytes:
    """Return a payload that inflates to this many MiB of zeros from a thousandth of that."""
    compressor = zlib.compressobj(wbits=-15)
    first = compressor.compress(bytes(MIB)) + compressor.flush(zlib.Z_FULL_FLUSH)
    return first * size
