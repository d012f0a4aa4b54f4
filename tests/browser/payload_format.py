"""Payloads as a trace shows them, in Python. ``page.js`` has the same."""

from __future__ import annotations

import zlib
from typing import Any

from trio_ws_dom import Blob

SHORT = 160
"""A trace shows longer payloads as their length and checksum."""


def describe_data(data: Any) -> list[Any]:
    """Describe what a program received."""
    if isinstance(data, str):
        encoded = data.encode("utf-8", "surrogatepass")
        return ["text", describe_bytes(encoded, as_text=True)]
    if isinstance(data, bytes):
        return ["ArrayBuffer", describe_bytes(data, as_text=False)]
    if isinstance(data, Blob):
        return ["Blob", data.size, data.type, describe_bytes(bytes(data), as_text=False)]
    return ["other", data]


def describe_bytes(data: bytes, *, as_text: bool) -> Any:
    """Return a short payload itself, and of a longer one its length and checksum."""
    if len(data) > SHORT:
        return {"bytes": len(data), "adler32": zlib.adler32(data)}
    try:
        return data.decode() if as_text else data.hex()
    except UnicodeDecodeError:
        return {"not UTF-8": data.hex()}
