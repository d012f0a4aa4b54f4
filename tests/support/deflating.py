"""What servers deflate, and what some of them should not."""

from __future__ import annotations

import random
import zlib

from trio_ws_dom._wire._deflate import DeflateParameters, Inflater

KIB = 1024
MIB = 1024 * KIB
DEFAULTS = DeflateParameters()
PIECE = 64 * KIB  # what goes into zlib, or comes out of it, at a time
HELLO = bytes.fromhex("f248cdc9c90700")  # RFC 7692 section 7.2.3.1


def text(size: int, seed: int = 0) -> bytes:
    """Compressible data with matches at all distances."""
    rng = random.Random(seed)
    words = [bytes(rng.randrange(97, 123) for _ in range(rng.randrange(2, 9))) for _ in range(300)]
    return b" ".join(rng.choices(words, k=size // 5))[:size]


def inflate_some(inflater: Inflater, payload: bytes, budget: int = 64 * MIB) -> bytes:
    """Some of a message."""
    output = bytearray()
    inflater.inflate(payload, budget, output.extend)
    return bytes(output)


def inflate(inflater: Inflater, payload: bytes, budget: int = 64 * MIB) -> bytes:
    """One whole message."""
    output = bytearray(inflate_some(inflater, payload, budget))
    inflater.finish(budget - len(output), output.extend)
    return bytes(output)


def inflate_whole(inflater: Inflater, payload: bytes) -> bytes:
    """The same, begun as what has come as a whole is."""
    data, rest = inflater.begin(payload)
    output = bytearray(data)
    if rest is not None:
        inflater.go_on(rest, output.extend)
    return bytes(output)


def final_blocks(data: bytes) -> bytes:
    """Raw deflate that ends with BFINAL set, as a server without sync flush makes it."""
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def bomb(size: int) -> bytes:
    """A payload that inflates to this many MiB of zeros, and is a thousandth of it."""
    compressor = zlib.compressobj(wbits=-15)
    first = compressor.compress(bytes(MIB)) + compressor.flush(zlib.Z_FULL_FLUSH)
    return first * size
