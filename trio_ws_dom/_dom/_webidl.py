"""Web IDL's conversions of values.

Numbers are converted as the standard says. A value of another type is a ``TypeError`` that names
the argument, where JavaScript would make a number or a string of it.
"""

from __future__ import annotations

import math
import operator
import reprlib
from typing import TYPE_CHECKING, SupportsIndex, final

if TYPE_CHECKING:
    # At run time, collections.abc.Buffer needs Python 3.12.
    from typing_extensions import Buffer


def wrong_type(name: str, expected: str, value: object) -> TypeError:
    """Return the error for an argument of a wrong type."""
    return TypeError(f"expected {name} as {expected}, got {reprlib.repr(value)}")


def dom_string(string: str, name: str) -> str:
    """Return ``string`` as it is. https://webidl.spec.whatwg.org/#idl-DOMString

    Raises:
      TypeError: it is no str.
    """
    if not isinstance(string, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # a caller may
        raise wrong_type(name, "a str", string)
    return string


def usv_string(string: str, name: str = "text") -> str:
    """Return ``string`` as Unicode scalar values, so that it can be encoded.

    Surrogates that form a pair join, all others become U+FFFD.
    https://webidl.spec.whatwg.org/#idl-USVString

    Raises:
      TypeError: it is no str.
    """
    if dom_string(string, name).isascii():
        return string
    try:
        string.encode()
    except UnicodeEncodeError:
        return string.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return string


def utf8(string: str) -> bytes:
    """Return ``usv_string(string)`` in UTF-8, without a second look at strings that are clean."""
    try:
        return string.encode()
    except UnicodeEncodeError:
        return usv_string(string).encode()


def bytes_like(data: Buffer, name: str = "data", expected: str = "a bytes-like object") -> bytes:
    """Return a copy of the bytes of ``data``, in C order if it is not contiguous.

    https://webidl.spec.whatwg.org/#dfn-get-buffer-source-copy

    Raises:
      TypeError: ``data`` does not have the buffer protocol.
    """
    if type(data) is bytes:
        return data  # nobody can change it
    try:
        view = memoryview(data)
    except TypeError:
        raise wrong_type(name, expected, data) from None
    return view.tobytes()


def unsigned_short(number: float, name: str) -> int:
    """Return ``number`` modulo 65536. https://webidl.spec.whatwg.org/#idl-unsigned-short

    Raises:
      TypeError: it is no number. So do the other conversions of numbers.
    """
    return _integer(number, name) & 0xFFFF


def unsigned_long(number: float, name: str) -> int:
    """Return ``number`` modulo 2**32. https://webidl.spec.whatwg.org/#idl-unsigned-long"""
    return _integer(number, name) & 0xFFFF_FFFF


def long_long(number: float, name: str) -> int:
    """Return ``number`` modulo 2**64, as a signed one.

    https://webidl.spec.whatwg.org/#idl-long-long
    """
    return (_integer(number, name) + 2**63) % 2**64 - 2**63


def clamped_short(number: float, name: str) -> int:
    """Return ``number`` rounded, from 0 to 65535, as [Clamp] unsigned short.

    https://webidl.spec.whatwg.org/#js-attributes-clamp
    """
    return _clamped(number, name, 0, 0xFFFF)


def clamped_long_long(number: float, name: str) -> int:
    """Return ``number`` rounded, from -2**63 to 2**63 - 1, as [Clamp] long long.

    https://webidl.spec.whatwg.org/#js-attributes-clamp
    """
    return _clamped(number, name, -(2**63), 2**63 - 1)


def enforced_unsigned_long_long(number: float, name: str) -> int:
    """Return the integer part of ``number``, as [EnforceRange] unsigned long long.

    https://webidl.spec.whatwg.org/#js-attributes-enforcerange

    Raises:
      TypeError: it is no finite number, or not from 0 to 2**53 - 1.
    """
    number = _number(number, name)
    if not -1 < number < 2**53:
        raise wrong_type(name, "a number from 0 to 2**53 - 1", number)
    return int(number)


def _number(number: object, name: str) -> float:
    if isinstance(number, float):
        return number
    if isinstance(number, SupportsIndex):
        return operator.index(number)
    raise wrong_type(name, "a number", number)


def _integer(number: float, name: str) -> int:
    value = _number(number, name)
    # No math.isfinite(), which is not for integers of more than 1024 bits.
    return int(value) if -math.inf < value < math.inf else 0


def _clamped(number: float, name: str, least: int, most: int) -> int:
    number = _number(number, name)
    return (
        0 if number != number else round(min(max(number, least), most))
    )  # NaN differs from itself


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
        raise AttributeError("expected a constant to be read only, got an assignment")
