"""Where messages come from: stdin, as lines or as bytes."""

from __future__ import annotations

import select
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, Protocol, TextIO, final

import trio

from ._output import raw_of

if TYPE_CHECKING:
    from io import RawIOBase

_CHUNK: Final = 64 * 1024
"""Bytes read at a time; a binary message has as many at most."""


class End(Enum):
    """How input ends."""

    EOF = auto()
    """There is no more; at a terminal, Ctrl-D."""
    INTERRUPT = auto()
    """Ctrl-C, where it is a key and no signal."""


class Input(Protocol):
    """What is to be sent."""

    async def next(self) -> str | bytes | End:
        """The next message."""
        ...

    async def run(self) -> None:
        """What is to go on meanwhile."""
        ...


@final
class FileInput:
    """stdin, whatever it is: a terminal, a pipe, a file, or nothing.

    It is read by a thread, which is left behind when nobody waits for it any more, and ends with
    the process: that works for each of them on every system, and leaves the terminal's mode, which
    stdout shares, as it is. Below Python's buffer, whose lock the thread would hold at the exit.

    Args:
      file: sys.stdin.
      binary: whether to give bytes as they come, in place of lines.
    """

    def __init__(self, file: TextIO | None, *, binary: bool) -> None:
        self._raw: RawIOBase | None = None
        if file is not None:
            self._raw = raw_of(file)
        self._binary = binary
        self._waiting = bytearray()  # read, and not given yet
        self._searched = 0  # of this, so many bytes have no newline

    async def next(self) -> str | bytes | End:
        if self._binary:
            return await self._read() or End.EOF
        while True:
            newline = self._waiting.find(b"\n", self._searched)
            if newline >= 0:
                return self._take(newline + 1)
            self._searched = len(self._waiting)
            data = await self._read()
            if not data:
                return self._take(len(self._waiting)) if self._waiting else End.EOF
            self._waiting += data

    async def run(self) -> None:
        """Nothing: the thread is there when it is needed."""

    def _take(self, size: int) -> str:
        line = self._waiting[:size].decode(errors="replace")
        del self._waiting[:size]
        self._searched = 0
        return line.removesuffix("\n").removesuffix("\r")

    async def _read(self) -> bytes:
        """Some bytes; none at the end."""
        if self._raw is None:
            await trio.lowlevel.checkpoint()
            return b""
        return await trio.to_thread.run_sync(_read, self._raw, abandon_on_cancel=True)


def _read(raw: RawIOBase) -> bytes:
    while (data := raw.read(_CHUNK)) is None:
        select.select([raw], [], [])  # whoever shares it has made it non-blocking
    return data


@final
class NoInput:
    """Nothing more is to be sent."""

    async def next(self) -> str | bytes | End:
        await trio.lowlevel.checkpoint()
        return End.EOF

    async def run(self) -> None:
        """Nothing."""
