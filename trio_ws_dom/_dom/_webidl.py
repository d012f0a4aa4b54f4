"""Web IDL's conversions of values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    # At runtime there is collections.abc.Buffer from Python 3.12 on only.
    from typing_extensions import Buffer


def usv_string(string: str) -> str:
    """`string` as Unicode scalar values, so that it can be encoded.

    Surrogates that form a pair join, all others become U+FFFD.
    https://webidl.spec.whatwg.org/#idl-USVString

    Raises:
      TypeError: it is no str; JavaScript would make one of it.
    """
    if not isinstance(string, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller may
        raise TypeError(f"expected a str, got {string!r}")
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


def clamped_short(number: float) -> int:
    """`number` rounded, and at least 0, at most 65535; for [Clamp] unsigned short.

    https://webidl.spec.whatwg.org/#js-attributes-clamp

    Raises:
      TypeError: it is no number.
    """
    if not isinstance(number, int | float):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller may
        raise TypeError(f"expected a number, got {number!r}")
    return 0 if math.isnan(number) else round(min(max(number, 0), 0xFFFF))


@final
class Constant:
    """A constant of an interface, on the class and, read-only, on its objects.

    https://webidl.spec.whatwg.org/#idl-constants
    """

    def __init__(self, value: int) -> None:
        self._value = value

    def __get__(self, target: object, owner: type) -> int:
        return self._value

    def __set__(self, target: object, value: int) -> None:
        raise AttributeError("a constant cannot be set")
