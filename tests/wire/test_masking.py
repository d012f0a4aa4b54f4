"""Masking (RFC 6455 section 5.3) by integers, by numpy and by C, at once and in blocks."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trio_ws_dom._wire._frames import BINARY, FIN, LONG, MASKED, encode, encode_long
from trio_ws_dom._wire._masking import xor, xor_in_python

NUMPY = sys.modules.pop("numpy")
"""As if the program had not imported it. Tests that need it request it."""

FIRST = FIN | BINARY
MASK = b"\x01\xfe\x80\x37"
SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 125, 126, 2047, 2048, 2049, 2050, 2051, 8191, 8192, 8193]
LONGER = [40_001, LONG - 1, LONG, LONG + 1, 3 * LONG - 2, 3 * LONG, 3 * LONG + 7]

Xor = Callable[[bytes, bytes], bytes]


@pytest.fixture(params=["no numpy", "numpy", "forbidden", "half imported"])
def with_numpy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the program has imported all of numpy."""
    kind = str(request.param)
    modules: dict[str, Any] = {  # None stands for a module that must not be imported
        "numpy": NUMPY,
        "forbidden": None,
        "half imported": ModuleType("numpy"),
    }
    if kind in modules:
        monkeypatch.setitem(sys.modules, "numpy", modules[kind])
    return kind == "numpy"


@pytest.fixture(params=["without numpy", "with numpy", "this build's"])
def any_xor(request: pytest.FixtureRequest) -> Iterator[Xor]:
    """Each way to apply masks."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "with numpy":
            patch.setitem(sys.modules, "numpy", NUMPY)
        yield xor if request.param == "this build's" else xor_in_python


def payload_of(size: int) -> bytes:
    """Return bytes that differ from their neighbours at every distance that matters."""
    return bytes((i * 7 + (i >> 8) * 3) % 256 for i in range(size))


def slowly(payload: bytes, mask: bytes) -> bytes:
    """Mask byte by byte, as the RFC describes it."""
    return bytes(byte ^ key for byte, key in zip(payload, itertools.cycle(mask), strict=False))


@pytest.mark.parametrize("size", SIZES + LONGER)
def test_each_byte_is_masked(size: int, any_xor: Xor) -> None:
    payload = payload_of(size)
    assert any_xor(payload, MASK) == slowly(payload, MASK)


@given(payload=st.binary(max_size=9000), mask=st.binary(min_size=4, max_size=4))
def test_all_ways_make_the_same(payload: bytes, mask: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "numpy", NUMPY)
        by_numpy = xor_in_python(payload * 3, mask)
        patch.delitem(sys.modules, "numpy")
        assert by_numpy == xor_in_python(payload * 3, mask) == xor(payload * 3, mask)


@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536, *LONGER])
def test_a_frame_has_its_mask_before_its_masked_payload(size: int) -> None:
    payload = payload_of(size)
    frame = encode(FIRST, payload, MASK)
    assert frame[0] == FIRST
    assert frame[1] & MASKED
    assert frame[-size - 4 : len(frame) - size] == MASK
    assert frame[len(frame) - size :] == slowly(payload, MASK)


@pytest.mark.parametrize("size", LONGER[1:])
def test_blocks_are_the_frame(size: int) -> None:
    """Each but the last has 128 KiB of the payload."""
    payload = payload_of(size)
    blocks = list(encode_long(FIRST, payload, b"mask"))
    assert b"".join(blocks) == encode(FIRST, payload, b"mask")
    header = len(b"".join(blocks)) - size
    assert [len(block) for block in blocks[:-1]] == [
        LONG + (header if number == 0 else 0) for number in range((size - 1) // LONG)
    ]


def test_numpy_is_used_for_more_than_2_kib_where_it_was_imported(
    with_numpy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[bytes] = []

    def counted(buffer: bytes, dtype: Any) -> object:
        calls.append(buffer)
        return frombuffer(buffer, dtype)

    frombuffer = numpy.frombuffer
    monkeypatch.setattr(numpy, "frombuffer", counted)
    xor_in_python(bytes(2048), b"mask")
    assert not calls
    assert xor_in_python(bytes(2049), b"mask") == slowly(bytes(2049), b"mask")
    assert bool(calls) == with_numpy
