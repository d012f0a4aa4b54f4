"""stdin and stdout that do not block, break, or fill up."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import trio

from trio_ws_dom._cli._input import _read
from trio_ws_dom._cli._output import FULL, HIGH_WATER, FileSink, _write_all

if TYPE_CHECKING:
    from collections.abc import Generator


class SlowFile:
    """A file that is not ready at first, as another process made it non-blocking."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.calls = 0
        self.written = b""

    def fileno(self) -> int:
        return self._fd

    def read(self, size: int) -> bytes | None:
        self.calls += 1
        return None if self.calls == 1 else b"data"

    def write(self, data: bytes) -> int | None:
        self.calls += 1
        if self.calls == 1:
            return None
        self.written += bytes(data[:3])
        return len(data[:3])


def test_a_file_that_does_not_block_is_waited_for() -> None:
    ours, theirs = os.pipe()
    os.write(theirs, b"ready")
    reader, writer = SlowFile(ours), SlowFile(theirs)
    assert _read(reader) == b"data"  # type: ignore[arg-type]  # a file's part that is used
    _write_all(writer, b"whole")  # type: ignore[arg-type]  # likewise
    assert (writer.written, writer.calls) == (b"whole", 3)
    os.close(ours)
    os.close(theirs)


@contextmanager
def sink_of_a_pipe() -> Generator[tuple[FileSink, int]]:
    """A sink, and the end of the pipe to read what it writes."""
    read, write = os.pipe()
    with os.fdopen(write, "w") as file:
        yield FileSink(file), read


async def test_a_sink_without_a_reader_raises_and_holds_nothing() -> None:
    with sink_of_a_pipe() as (sink, read):
        os.close(read)
        sink.write("x\n")
        await sink.run()
        assert isinstance(sink.error, BrokenPipeError)
        sink.write("y" * FULL)
        assert not sink.is_full
        with pytest.raises(BrokenPipeError):
            await sink.drain()
        await sink.flush()


async def test_a_sink_whose_reader_is_slow_fills_up(nursery: trio.Nursery) -> None:
    with sink_of_a_pipe() as (sink, read):
        sink.write("x" * (HIGH_WATER - 1))
        await sink.drain()
        sink.write("x")
        with trio.move_on_after(0.05) as waited:
            await sink.drain()
        assert waited.cancelled_caught
        full: list[bool] = []
        for size in (FULL - HIGH_WATER - 1, 1):
            sink.write("x" * size)
            full.append(sink.is_full)
        nursery.start_soon(sink.run)
        data = 0
        while data < FULL:
            data += len(await trio.to_thread.run_sync(os.read, read, FULL))
        await sink.flush()
        assert [*full, sink.is_full] == [False, True, False]
        os.close(read)
        nursery.cancel_scope.cancel()
