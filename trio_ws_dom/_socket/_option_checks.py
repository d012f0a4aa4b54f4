"""Checks of option values, each for one kind of value.

The errors name the option, what it takes, what it got, and where it is not obvious what to do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, cast

from .._wire._http._request import check_headers

T = TypeVar("T")


def check_names(options: Mapping[str, object], kind: type) -> None:
    """Check that all options are those of a TypedDict.

    Raises:
      TypeError: for each unknown option it says what to use instead.
    """
    known = kind.__annotations__.keys()
    unknown = [name for name in options if name not in known]
    if unknown:
        from ._other_names import hint  # only for this error

        came = ", ".join(f"{name} ({hint(name, known)})" for name in unknown)
        raise TypeError(f"expected known options, got {came}")


def size_of(options: Mapping[str, object], name: str, default: int | None) -> int | None:
    """Return an option that is a number of bytes, or None."""
    value: Any = options.get(name, default)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise TypeError(f"expected {name} as an int of bytes, or None for no limit, got {value!r}")
    if value is not None and value < 0:
        raise ValueError(f"expected {name} of 0 bytes or more, or None for no limit, got {value}")
    return value


def flag_of(options: Mapping[str, object], name: str, default: bool) -> bool:
    """Return an option that is a bool."""
    value = options.get(name, default)
    if not isinstance(value, bool):
        raise TypeError(f"expected {name} as True or False, got {value!r}")
    return value


def text_of(options: Mapping[str, object], name: str) -> str | None:
    """Return an option that is text, or None if it is not given."""
    value = options.get(name)
    if name in options and not isinstance(value, str):
        kind = type(value).__name__
        raise TypeError(f"expected {name} as a str, got {kind} (leave it out for none)")
    return cast("str | None", value)


def instance_of(options: Mapping[str, object], name: str, kind: type[T]) -> T | None:
    """Return an option that is an object of a class, or None."""
    value = options.get(name)
    if value is not None and not isinstance(value, kind):
        expected = f"{kind.__module__}.{kind.__qualname__}"
        raise TypeError(f"expected {name} as {expected}, or None, got {value!r}")
    return value


def seconds_of(
    options: Mapping[str, object], name: str, default: float, *, zero: bool = True
) -> float:
    """Return an option that is a number of seconds."""
    value: Any = options.get(name, default)
    if not isinstance(value, int | float) or isinstance(value, bool):
        remedy = " (math.inf waits for ever)" if value is None else ""
        raise TypeError(f"expected {name} as a number of seconds, got {value!r}{remedy}")
    if math.isnan(value) or value < 0 or (value == 0 and not zero):
        least = "0 seconds or more" if zero else "more than 0 seconds"
        raise ValueError(f"expected {name} of {least}, got {value}")
    return value


def header_fields(given: object) -> list[tuple[str, str]]:
    """Return the fields of the option ``headers``, whatever the program gave as such.

    Raises:
      TypeError: it is neither a mapping nor pairs of str. The message shows no value.
      ValueError: one of them may not be sent.
    """
    fields, kind = given, type(given).__name__
    if isinstance(given, Mapping):
        fields = cast("Mapping[object, object]", given).items()
    if isinstance(fields, str | bytes) or not isinstance(fields, Iterable):
        remedy = " (leave it out for none)" if given is None else ""
        raise _bad_headers(f"got {kind}{remedy}")
    pairs = [
        _pair(position, field) for position, field in enumerate(cast("Iterable[object]", fields))
    ]
    check_headers(pairs)
    return pairs


def _pair(position: int, field: object) -> tuple[str, str]:
    kind = type(field).__name__
    if isinstance(field, str):
        raise _bad_headers(f"got a str at position {position} (split it at the colon)")
    if not isinstance(field, tuple | list) or len(cast("list[object]", field)) != 2:
        raise _bad_headers(f"got {kind} at position {position} that is no pair")
    name, value = cast("tuple[object, object]", field)
    if not isinstance(name, str):
        raise _bad_headers(f"got a name of type {type(name).__name__} at position {position}")
    if not isinstance(value, str):
        convert = "decode it" if isinstance(value, bytes) else "convert it by str()"
        raise _bad_headers(f"got {type(value).__name__} as the value at {position} ({convert})")
    return name, value


def _bad_headers(what: str) -> TypeError:
    return TypeError(f"expected headers as a mapping or pairs of name and value, both str, {what}")
