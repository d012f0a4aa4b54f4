"""Format text, bytes and times for a person, without anything that could command a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import Final

SHOWN_TEXT: Final = 10_000
"""Characters of a message that a terminal shows; a pipe gets all of them."""

SHOWN_BINARY: Final = 256
"""Bytes of a message that a terminal shows, as 16 lines."""

_BYTES_PER_LINE: Final = 16


def escape(text: str) -> str:
    """Replace line breaks, control characters and other unprintable ones by their escapes."""
    # _wire has the same function, but this program uses public names only
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def message_lines(text: str, limit: int = SHOWN_TEXT) -> list[str]:
    """Split a text into lines and escape them, except for tabs, which do no harm."""
    shown = text[:limit].replace("\r\n", "\n").split("\n")
    lines = ["\t".join(map(escape, line.split("\t"))) for line in shown]
    if len(text) > limit:
        lines.append(f"... {limit:,} of {len(text):,} characters are shown")
    return lines


def hex_dump(data: bytes) -> list[str]:
    """Return lines with an offset, up to 16 bytes in hexadecimal, and the same as ASCII."""
    lines: list[str] = []
    for start in range(0, min(len(data), SHOWN_BINARY), _BYTES_PER_LINE):
        part = data[start : start + _BYTES_PER_LINE]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        lines.append(f"{start:04x}  {part.hex(' '):{3 * _BYTES_PER_LINE - 1}}  |{text}|")
    if len(data) > SHOWN_BINARY:
        lines.append(f"... {SHOWN_BINARY:,} of {len(data):,} bytes are shown")
    return lines


def wall_clock(seconds: float) -> str:
    """Format seconds since the epoch as local time with milliseconds."""
    return datetime.fromtimestamp(seconds).strftime("%H:%M:%S.%f")[:-3]


def payload_size(message: str | bytes) -> int:
    """Return a message's size in bytes."""
    return len(message.encode()) if isinstance(message, str) else len(message)


def file_error(path: str, exc: OSError) -> str:
    """Say in one line what went wrong with a file."""
    return f"{path}: {exc.strerror or exc}"
