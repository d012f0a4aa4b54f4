"""Web IDL's conversions of values."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # At runtime there is collections.abc.Buffer from Python 3.12 on only.
    from typing_extensions import Buffer


def usv_string(string: str) -> str:
    """`string` as Unicode scalar values, so that it can be encoded.

    Surrogates that form a pair join, all others become U+FFFD.
    https://webidl.spec.whatwg.org/#idl-USVString
    """
    if string.isascii():
        return string
    try:
        string.encode()
    except UnicodeEncodeError:
        return string.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return string


def utf8(string: str) -> bytes:
    """`usv_string(string)` in UTF-8, without looking twice at strings that are clean."""
    try:
        return string.encode()
    except UnicodeEncodeError:
        return usv_string(string).encode()


def bytes_like(data: Buffer) -> bytes:
    """A copy of the bytes of `data`, in C order if it is not contiguous.

    https://webidl.spec.whatwg.org/#dfn-get-buffer-source-copy

    Raises:
      TypeError: `data` does not have the buffer protocol.
    """
    # Exactly bytes can be shared, nobody can change them.
    return data if type(data) is bytes else memoryview(data).tobytes()


def unsigned_short(number: int) -> int:
    """`number` modulo 65536. https://webidl.spec.whatwg.org/#idl-unsigned-short"""
    return number & 0xFFFF


def unsigned_long(number: int) -> int:
    """`number` modulo 4294967296. https://webidl.spec.whatwg.org/#idl-unsigned-long"""
    return number & 0xFFFFFFFF
