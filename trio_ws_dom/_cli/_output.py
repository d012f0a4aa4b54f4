"""Where lines go: stdout and stderr, without ever holding up the connection."""

from __future__ import annotations

import select
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol, TextIO, cast, final

import trio

if TYPE_CHECKING:
    from io import RawIOBase

ENOUGH: Final = 64 * 1024
"""Bytes that wait for stdout or stderr from which on no more messages are received."""


class Sink(Protocol):
    """What text is written to."""

    def write(self, text: str | bytes) -> None:
        """Queue some text, whole lines; returns at once."""
        ...

    async def drain(self) -> None:
        """Wait until what is queued is little.

        Raises:
          OSError: it cannot be written any more; a BrokenPipeError: nobody reads it.
        """
        ...


@final
class FileSink:
    """stdout or stderr, written by a thread: a pipe that nobody reads may block for ever, and
    pings are to be answered meanwhile.

    Below Python's buffer, whose lock a thread that is left behind at the exit would hold.

    Attributes:
      is_terminal: whether a person may be looking.
      error: why nothing more can be written, if so.
    """

    def __init__(self, file: TextIO) -> None:
        self.is_terminal = file.isatty()
        self._encoding = file.encoding if self.is_terminal else "utf-8"
        self._raw = raw_of(file)
        self._waiting = bytearray()
        self._in_hand = b""
        self._changed = trio.Event()
        self.error: OSError | None = None

    def write(self, text: str | bytes) -> None:
        if isinstance(text, str):
            text = text.encode(self._encoding, "backslashreplace")
        if self.error is None:
            self._waiting += text
            self._change()

    async def drain(self) -> None:
        await self._until_below(ENOUGH)

    async def flush(self) -> None:
        """Wait until all is written, or ``error`` says why it cannot be."""
        with suppress(OSError):
            await self._until_below(1)

    async def run(self) -> None:
        """Write what is queued, until cancelled or broken."""
        try:
            while True:
                self._in_hand = bytes(self._waiting)
                self._waiting.clear()
                if self._in_hand:
                    await trio.to_thread.run_sync(
                        _write_all, self._raw, self._in_hand, abandon_on_cancel=True
                    )
                    self._in_hand = b""
                    self._change()
                else:
                    await self._changed.wait()
        except OSError as exc:
            self.error = exc
            self._change()

    async def _until_below(self, size: int) -> None:
        await trio.lowlevel.checkpoint()
        while self.error is None and len(self._waiting) + len(self._in_hand) >= size:
            await self._changed.wait()
        if self.error is not None:
            raise self.error

    def _change(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


def raw_of(file: TextIO) -> RawIOBase:
    """What is below Python's buffer, if there is one (PYTHONUNBUFFERED)."""
    return cast("RawIOBase", getattr(file.buffer, "raw", file.buffer))


def _write_all(raw: RawIOBase, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        written = raw.write(rest)
        if written is None:  # whoever shares the terminal has made it non-blocking
            select.select([], [raw], [])
        else:
            rest = rest[written:]
