"""Write to stdout and stderr without ever blocking the event loop."""

from __future__ import annotations

import select
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol, TextIO, cast, final

import trio

if TYPE_CHECKING:
    from io import RawIOBase

HIGH_WATER: Final = 64 * 1024
"""Bytes that wait to be written from which on no more messages are received."""

FULL: Final = 1024 * 1024
"""Bytes that wait to be written from which on lines of trace and log are dropped: unlike
messages, nothing holds them back."""


class Sink(Protocol):
    """A place to write text to."""

    @property
    def is_full(self) -> bool:
        """Whether so much waits that what can be spared must not be written."""
        ...

    def write(self, text: str | bytes) -> None:
        """Queue some text and return at once. The text consists of whole lines."""
        ...

    async def drain(self) -> None:
        """Wait until less than ``HIGH_WATER`` bytes are queued.

        Raises:
          OSError: nothing can be written any more. A BrokenPipeError: the reader has gone.
        """
        ...


@final
class FileSink:
    """stdout or stderr, written by a thread.

    A pipe that nobody reads may block for ever, and Pings must be answered meanwhile. The thread
    writes to the file below Python's buffer: a thread that is abandoned at the exit would keep the
    buffer's lock.

    Attributes:
      is_terminal: whether a person may be looking.
      error: why nothing more can be written, or None.
    """

    def __init__(self, file: TextIO) -> None:
        self.is_terminal = file.isatty()
        self.error: OSError | None = None
        self._encoding = file.encoding if self.is_terminal else "utf-8"
        self._raw = raw_file(file)
        self._waiting = bytearray()
        self._being_written = b""  # by the thread
        self._changed = trio.Event()

    @property
    def is_full(self) -> bool:
        return self._size >= FULL

    def write(self, text: str | bytes) -> None:
        if isinstance(text, str):
            text = text.encode(self._encoding, "backslashreplace")
        if self.error is None:
            self._waiting += text
            self._notify()

    async def drain(self) -> None:
        await self._wait_below(HIGH_WATER)

    async def flush(self) -> None:
        """Wait until everything is written, or ``error`` says why it cannot be."""
        with suppress(OSError):
            await self._wait_below(1)

    async def run(self) -> None:
        """Write what is queued until cancelled, or until writing fails."""
        try:
            while True:
                self._being_written = bytes(self._waiting)
                self._waiting.clear()
                if self._being_written:
                    await trio.to_thread.run_sync(
                        _write_all, self._raw, self._being_written, abandon_on_cancel=True
                    )
                    self._being_written = b""
                    self._notify()
                else:
                    await self._changed.wait()
        except OSError as exc:
            self.error = exc
            self._notify()

    @property
    def _size(self) -> int:
        return len(self._waiting) + len(self._being_written)

    async def _wait_below(self, size: int) -> None:
        await trio.lowlevel.checkpoint()
        while self.error is None and self._size >= size:
            await self._changed.wait()
        if self.error is not None:
            raise self.error

    def _notify(self) -> None:
        self._changed.set()
        self._changed = trio.Event()


def raw_file(file: TextIO) -> RawIOBase:
    """Return the file below Python's buffer, or itself where PYTHONUNBUFFERED leaves none."""
    return cast("RawIOBase", getattr(file.buffer, "raw", file.buffer))


def _write_all(raw: RawIOBase, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        written = raw.write(rest)
        if written is None:  # another process that shares the terminal made it non-blocking
            select.select([], [raw], [])
        else:
            rest = rest[written:]
