"""The program's operations for WebSocketStream.

``streams.js`` and ``python_streams.py`` execute them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .scenario import URL

if TYPE_CHECKING:
    from .scenario import Op


def stream(
    url: str = URL, protocols: Any = None, *, signal: str | None = None, name: str = "s"
) -> Op:
    """Construct a stream. ``signal`` is a controller's name."""
    return ["stream", name, url, protocols, signal]


def stop(info: dict[str, Any] | None = None, *, name: str = "s") -> Op:
    """Call close() with these members."""
    return ["stopstream", name, info]


def task(label: str, *steps: Op) -> Op:
    """Do steps one after the other, and trace the outcome of each."""
    return ["task", label, list(steps)]


def opened(name: str = "s") -> Op:
    """Await ``opened``, before all that follows."""
    return ["opened", name]


def closed(name: str = "s") -> Op:
    return ["closed", name]


def read(name: str = "s") -> Op:
    return ["read", name]


def put_in(payload: Any, *, name: str = "s") -> Op:
    """Write to the writable."""
    return ["write", name, payload]


def close_writable(name: str = "s") -> Op:
    return ["closewritable", name]


def abort_writable(reason: dict[str, Any] | None = None, *, name: str = "s") -> Op:
    """Abort the writable.

    ``reason`` is {"websocket": members}, {"error": class} or {"value": anything}.
    """
    return ["abortwritable", name, reason]


def cancel_readable(reason: dict[str, Any] | None = None, *, name: str = "s") -> Op:
    return ["cancelreadable", name, reason]


def hear(signal: str) -> Op:
    """Wait until the server reaches ``say(signal)``."""
    return ["hear", signal]
