"""Read messages from stdin, as lines or as bytes."""

from __future__ import annotations

import select
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, Protocol, TextIO, final

import trio

from ._output import raw_file

if TYPE_CHECKING:
    from io import RawIOBase

_CHUNK: Final = 64 * 1024
"""Bytes read at a time, and so the most that a message of --binary has."""


class End(Enum):
    """How input ends."""

    EOF = auto()
    """There is no more; at a terminal, Ctrl-D."""
    INTERRUPT = auto()
    """Ctrl-C, where it is a key and not a signal."""


class Input(Protocol):
    """A source of messages to send."""

    async def next(self) -> str | bytes | End:
        """Return the next message."""
        ...

    async def run(self) -> None:
        """Do what must go on in the background meanwhile."""
        ...


@final
class FileInput:
    """stdin, which may be a terminal, a pipe, a file, or nothing.

    A thread reads it. When nobody waits for the thread any more it is abandoned, and ends with the
    process: this works for every kind of file on every system, and does not change the mode of the
    terminal, which stdout shares. The thread reads below Python's buffer, as an abandoned thread
    would keep the buffer's lock at the exit.

    Args:
      file: sys.stdin.
      binary: whether to return bytes as they come, instead of lines.
    """

    def __init__(self, file: TextIO | None, *, binary: bool) -> None:
        self._raw: RawIOBase | None = None if file is None else raw_file(file)
        self._binary = binary
        self._buffer = bytearray()  # read, and not returned yet
        self._searched = 0  # bytes of the buffer that are known to have no newline

    async def next(self) -> str | bytes | End:
        if self._binary:
            return await self._read() or End.EOF
        while True:
            newline = self._buffer.find(b"\n", self._searched)
            if newline >= 0:
                return self._take(newline + 1)
            self._searched = len(self._buffer)
            data = await self._read()
            if not data:
                return self._take(len(self._buffer)) if self._buffer else End.EOF
            self._buffer += data

    async def run(self) -> None:
        """Do nothing, as the thread runs when it is needed."""

    async def read_all(self) -> bytes:
        """Return everything up to the end."""
        while data := await self._read():
            self._buffer += data
        return bytes(self._buffer)

    def _take(self, size: int) -> str:
        line = self._buffer[:size].decode(errors="replace")
        del self._buffer[:size]
        self._searched = 0
        return line.removesuffix("\n").removesuffix("\r")

    async def _read(self) -> bytes:
        """Return some bytes, or none at the end."""
        if self._raw is None:
            await trio.lowlevel.checkpoint()
            return b""
        return await trio.to_thread.run_sync(_read, self._raw, abandon_on_cancel=True)


def _read(raw: RawIOBase) -> bytes:
    while (data := raw.read(_CHUNK)) is None:
        select.select([raw], [], [])  # another process that shares it made it non-blocking
    return data


@final
class NoInput:
    """A source that has no messages."""

    async def next(self) -> str | bytes | End:
        await trio.lowlevel.checkpoint()
        return End.EOF

    async def run(self) -> None:
        """Do nothing."""
