"""The options that hold for either end of a connection, and how options are checked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, TypedDict, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

DEFAULT_CLOSE_TIMEOUT: Final = 10.0
DEFAULT_CANCELLED_CLOSE_TIMEOUT: Final = 1.0


class BoundOptions(TypedDict, total=False):
    """The options that hold for either end of a connection."""

    max_buffered_amount: int | None
    """Bytes that may be queued for sending; a ``send()`` beyond it is the standard's "flag as
    full": ``error``, then ``close`` with 1006. Default: None, no limit, as in a browser."""

    close_timeout: float
    """Seconds for a closing handshake; then the connection is reset. Default: 10."""

    cancelled_close_timeout: float
    """Seconds for a closing handshake once the surrounding scope is cancelled. Default: 1. With 0
    there is no goodbye: a cancelled socket is reset at once, as plain trio streams are."""

    ping_interval: float | None
    """Seconds from one Ping to the next while OPEN, whatever comes. Default: None, no keepalive, as
    in a browser."""

    ping_timeout: float | None
    """Seconds that the peer may be silent behind a Ping; any byte is an answer. Then the connection
    is failed and reset: ``error``, then ``close`` with 1006. While the program holds the reading
    back, time does not count. Default: as ``ping_interval``. None: it may be silent for ever."""


def bounds_of(options: BoundOptions) -> dict[str, Any]:
    """What a caller gave of these, checked: the arguments of :class:`~._net._settings.Bounds`.

    Raises:
      TypeError: for one of the wrong type.
      ValueError: for one out of range.
    """
    ping_interval, ping_timeout = _keepalive(options)
    return {
        "max_buffered_amount": size_of(options, "max_buffered_amount", None),
        "close_timeout": seconds_of(options, "close_timeout", DEFAULT_CLOSE_TIMEOUT),
        "cancelled_close_timeout": seconds_of(
            options, "cancelled_close_timeout", DEFAULT_CANCELLED_CLOSE_TIMEOUT
        ),
        "ping_interval": ping_interval,
        "ping_timeout": ping_timeout,
    }


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


def _keepalive(options: BoundOptions) -> tuple[float | None, float | None]:
    """``ping_interval`` and ``ping_timeout``."""
    interval = timeout = None
    if options.get("ping_interval") is not None:
        interval = seconds_of(options, "ping_interval", 0, zero=False)
    if options.get("ping_timeout", interval) is not None:
        timeout = seconds_of(options, "ping_timeout", interval or 0, zero=False)
    if timeout is not None and "ping_interval" not in options:
        raise ValueError(f"expected ping_interval with ping_timeout={timeout:g}, got none")
    return interval, timeout
