"""Python programs in child processes. If one fails, the test shows all of its stderr."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio

from support.patience import PATIENCE

if TYPE_CHECKING:
    import signal
    from collections.abc import AsyncGenerator

TESTS: Final = Path(__file__).parents[1]
"""The folder that programs run in, so that they can import ``support``."""


def environment() -> dict[str, str]:
    """Return the environment for a process that Ctrl-C interrupts, where coverage is not measured.

    coverage's tracer takes a lock in Python code, where a KeyboardInterrupt may land, and then
    never releases it, so that the process sometimes hangs.
    """
    environ = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    places = [str(TESTS), *filter(None, [environ.get("PYTHONPATH")])]
    return {**environ, "PYTHONPATH": os.pathsep.join(places)}


def run(*arguments: str, prefix: tuple[str, ...] = (), cwd: Path = TESTS, longer: float = 0) -> str:
    """Run a Python program to its end, check that it printed no error, and return its output.

    Args:
      arguments: of the interpreter.
      prefix: a command that starts the interpreter.
      cwd: the folder that it runs in.
      longer: seconds that it takes where the machine is not busy, if that is more than a few.
    """
    command = [*prefix, sys.executable, *arguments]
    limit = PATIENCE + 10 * longer
    ran = subprocess.run(
        command, capture_output=True, text=True, timeout=limit, cwd=cwd, env=environment()
    )
    if ran.returncode or ran.stderr:
        raise AssertionError(f"{command} exited with {ran.returncode}:\n{ran.stdout}\n{ran.stderr}")
    return ran.stdout


class Child:
    """A program that prints lines and may read some. See ``started``.

    Attributes:
      pid: of its process.
    """

    def __init__(self, process: trio.Process, errors: Path) -> None:
        self.pid = process.pid
        self._process = process
        self._errors = errors
        self._printed = b""

    async def line(self) -> str:
        """Return the next line that it prints."""
        assert self._process.stdout is not None
        with trio.move_on_after(PATIENCE):
            while b"\n" not in self._printed:
                data = await self._process.stdout.receive_some()
                if not data:
                    raise self.failure("it ended without a word")
                self._printed += data
            line, _, self._printed = self._printed.partition(b"\n")
            return line.decode()
        raise self.failure("it prints nothing")

    async def hears(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self._process.stdin is not None
        await self._process.stdin.send_all(line.encode() + b"\n")

    def send_signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def ends(self, status: int = 0) -> None:
        """Close its standard input, and wait until it has ended, with this status."""
        assert self._process.stdin is not None
        await self._process.stdin.aclose()
        with trio.move_on_after(PATIENCE):
            await self._process.wait()
        if self._process.returncode != status:
            raise self.failure(f"expected it to exit with {status}")

    def failure(self, what: str) -> AssertionError:
        """Return an error that shows all that it printed to its standard error."""
        errors = self._errors.read_text(errors="replace")
        status = self._process.returncode
        return AssertionError(f"{what}; its exit status is {status}, its stderr:\n{errors}")


@asynccontextmanager
async def started(
    *arguments: str, prefix: tuple[str, ...] = (), environ: dict[str, str] | None = None
) -> AsyncGenerator[Child]:
    """Start a Python program, and kill it at the end of the block if it has not ended."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "stderr").open("wb") as errors:
        process = await trio.lowlevel.open_process(
            [*prefix, sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            cwd=TESTS,
            env=environment() if environ is None else environ,
        )
        try:
            yield Child(process, Path(errors.name))
        finally:
            with trio.CancelScope(shield=True):
                process.kill()
                await process.wait()
                assert process.stdin is not None
                assert process.stdout is not None
                await process.stdin.aclose()
                await process.stdout.aclose()
