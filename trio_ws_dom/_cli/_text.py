"""What a person sees of text, bytes and times, with nothing in it that commands a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import Final

SHOWN_TEXT: Final = 10_000
"""Characters of a message that a terminal is given; a pipe gets all."""

SHOWN_BINARY: Final = 256
"""Bytes of a message that a terminal is given, as 16 lines."""

_WIDTH: Final = 16
"""Bytes in a line of a dump."""


def one_line(text: str) -> str:
    """Text of a peer's, escaped."""
    # as `escaped` in _wire does, but this is a program that takes the public names only
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def lines_of(text: str) -> list[str]:
    """A message's lines, each escaped; its tabs are left, which do no harm."""
    shown = text[:SHOWN_TEXT].replace("\r\n", "\n").split("\n")
    lines = ["\t".join(map(one_line, line.split("\t"))) for line in shown]
    if len(text) > SHOWN_TEXT:
        lines.append(f"... {SHOWN_TEXT:,} of {len(text):,} characters are shown")
    return lines


def dump(data: bytes) -> list[str]:
    """Bytes as lines: where, in hexadecimal, and as ASCII."""
    lines: list[str] = []
    for start in range(0, min(len(data), SHOWN_BINARY), _WIDTH):
        part = data[start : start + _WIDTH]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)
        lines.append(f"{start:08x}  {part.hex(' '):{3 * _WIDTH - 1}}  |{text}|")
    if len(data) > SHOWN_BINARY:
        lines.append(f"... {SHOWN_BINARY:,} of {len(data):,} bytes are shown")
    return lines


def clock(time: float) -> str:
    """A time of the epoch's as the wall's clock here shows it, with milliseconds."""
    return datetime.fromtimestamp(time).strftime("%H:%M:%S.%f")[:-3]


def size_of(message: str | bytes) -> int:
    """Bytes of payload."""
    return len(message.encode()) if isinstance(message, str) else len(message)
