"""Masking: RFC 6455 section 5.3, by integers and by numpy, at once and in blocks."""

from __future__ import annotations

import itertools
import sys
from types import ModuleType

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_ws_dom._wire._frames import BINARY, FIN, LONG, MASKED, encode, encode_long

NUMPY = sys.modules.pop("numpy")
"""As if the program had not imported it: tests that want it say so."""

FIRST = FIN | BINARY
SIZES = [0, 1, 2, 3, 4, 5, 125, 126, 2047, 2048, 2049, 2050, 2051, 8191, 8192, 8193, 40_001]
LONGER = [LONG - 1, LONG, LONG + 1, 3 * LONG - 2, 3 * LONG, 3 * LONG + 7]


@pytest.fixture(params=["no numpy", "numpy", "forbidden", "half imported"], autouse=True)
def with_numpy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the program has imported numpy, all of it."""
    modules = {"numpy": NUMPY, "forbidden": None, "half imported": ModuleType("numpy")}
    if request.param in modules:
        monkeypatch.setitem(sys.modules, "numpy", modules[request.param])  # type: ignore[arg-type]  # None: as Python has it
    return request.param == "numpy"


def payload_of(size: int) -> bytes:
    """Bytes that differ from their neighbours at every distance that matters."""
    return bytes((i * 7 + (i >> 8) * 3) % 256 for i in range(size))


def plain(frame: bytes, size: int) -> bytes:
    """A frame's payload, unmasked byte by byte, as the RFC describes it."""
    body = frame[len(frame) - size :]
    mask = frame[len(frame) - size - 4 : len(frame) - size]
    return bytes(byte ^ key for byte, key in zip(body, itertools.cycle(mask), strict=False))


@pytest.mark.parametrize("size", SIZES + LONGER)
def test_a_frame_of_any_length(size: int) -> None:
    """It is masked by its mask, from its first byte to its last."""
    payload = payload_of(size)
    frame = encode(FIRST, payload, b"\x01\xfe\x80\x37")
    assert frame[0] == FIRST
    assert frame[1] & MASKED
    assert frame[-size - 4 : len(frame) - size] == b"\x01\xfe\x80\x37"
    assert plain(frame, size) == payload


@pytest.mark.parametrize("size", LONGER)
def test_blocks_are_the_frame(size: int) -> None:
    """Together they are what is made at once; each but the last has 128 KiB of the payload."""
    payload = payload_of(size)
    blocks = list(encode_long(FIRST, payload, b"mask"))
    assert b"".join(blocks) == encode(FIRST, payload, b"mask")
    header = len(b"".join(blocks)) - size
    assert [len(block) for block in blocks[:-1]] == [
        LONG + (header if number == 0 else 0) for number in range((size - 1) // LONG)
    ]


@given(payload=st.binary(max_size=9000), mask=st.binary(min_size=4, max_size=4))
def test_both_ways_make_the_same(payload: bytes, mask: bytes) -> None:
    """Whether there is numpy changes no byte."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "numpy", NUMPY)
        by_numpy = encode(FIRST, payload * 3, mask)
        patch.setitem(sys.modules, "numpy", ModuleType("numpy"))
        assert by_numpy == encode(FIRST, payload * 3, mask)


def test_numpy_is_used(with_numpy: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the program has imported it, from 2 KiB on, and never else."""
    calls = []

    def counted(*args: object) -> object:
        calls.append(args)
        return frombuffer(*args)

    frombuffer = numpy.frombuffer
    monkeypatch.setattr(numpy, "frombuffer", counted)
    encode(FIRST, bytes(2048), b"mask")
    assert not calls
    encode(FIRST, bytes(2049), b"mask")
    assert bool(calls) == with_numpy
