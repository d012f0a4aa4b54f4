"""Checks of option values, each for one kind of value.

The errors name the option, what it takes and what it got.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")


def check_names(options: Mapping[str, object], kind: type) -> None:
    """Raises a TypeError for options that ``kind``, a TypedDict, does not have."""
    known = kind.__annotations__.keys()
    unknown = options.keys() - known
    if unknown:
        raise TypeError(f"expected options among {sorted(known)}, got {sorted(unknown)}")


def size_of(options: Mapping[str, object], name: str, default: int | None) -> int | None:
    """An option that is a number of bytes, or None."""
    value: Any = options.get(name, default)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise TypeError(f"expected {name} as an int of bytes, or None, got {value!r}")
    if value is not None and value < 0:
        raise ValueError(f"expected {name} of 0 bytes or more, got {value}")
    return value


def flag_of(options: Mapping[str, object], name: str, default: bool) -> bool:
    """An option that is a bool."""
    value = options.get(name, default)
    if not isinstance(value, bool):
        raise TypeError(f"expected {name} as a bool, got {value!r}")
    return value


def instance_of(options: Mapping[str, object], name: str, kind: type[T]) -> T | None:
    """An option that is an object of a class, or None."""
    value = options.get(name)
    if value is not None and not isinstance(value, kind):
        expected = f"{kind.__module__}.{kind.__qualname__}"
        raise TypeError(f"expected {name} as {expected}, or None, got {value!r}")
    return value


def seconds_of(
    options: Mapping[str, object], name: str, default: float, *, zero: bool = True
) -> float:
    """An option that is a number of seconds."""
    value: Any = options.get(name, default)
    if not isinstance(value, int | float):
        raise TypeError(f"expected {name} as a number of seconds, got {value!r}")
    if math.isnan(value) or value < 0 or (value == 0 and not zero):
        least = "0 seconds or more" if zero else "more than 0 seconds"
        raise ValueError(f"expected {name} of {least}, got {value}")
    return value
