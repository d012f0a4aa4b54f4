"""Masking (RFC 6455 section 5.3), in C in the compiled build and otherwise in Python."""

from __future__ import annotations

import sys
from typing import Any, Final

_BLOCK: Final = 8 * 1024
"""Bytes that are masked as one integer, whose mask is made once; more would not fit a CPU's first
cache, and are slower."""

_NUMPY_PAYS: Final = 2048
"""Bytes above which numpy is faster, if the program has imported it."""


def xor_in_python(payload: bytes | memoryview, mask: bytes) -> bytes:
    """Return the payload with each of its bytes XORed with the next of the mask's four."""
    size = len(payload)
    if size > _NUMPY_PAYS:
        numpy: Any = sys.modules.get("numpy")
        if hasattr(numpy, "frombuffer"):  # not None, which forbids it, nor half imported
            return _by_numpy(numpy, payload, mask)
        if size > _BLOCK:
            return _by_blocks(payload, mask)
    key = int.from_bytes((mask * ((size + 3) >> 2))[:size], "little")
    return (int.from_bytes(payload, "little") ^ key).to_bytes(size, "little")


def _by_blocks(payload: bytes | memoryview, mask: bytes) -> bytes:
    key = int.from_bytes(mask * (_BLOCK >> 2), "little")
    whole = len(payload) - len(payload) % _BLOCK
    blocks = [
        (int.from_bytes(payload[start : start + _BLOCK], "little") ^ key).to_bytes(_BLOCK, "little")
        for start in range(0, whole, _BLOCK)
    ]
    blocks.append(xor_in_python(payload[whole:], mask))
    return b"".join(blocks)


def _by_numpy(numpy: Any, payload: bytes | memoryview, mask: bytes) -> bytes:
    """Ten times as fast. It is not imported for this, which takes as long as to mask 50 MiB."""
    size = len(payload)
    padded = bytes(payload) + bytes(-size % 4) if size % 4 else payload
    words = numpy.frombuffer(padded, numpy.uint32)
    masked: bytes = (words ^ numpy.frombuffer(mask, numpy.uint32)).tobytes()
    return masked[:size]


try:
    from ._xor import xor as xor  # pyright: ignore[reportMissingModuleSource]  # compiled build only
except ImportError:
    xor = xor_in_python
