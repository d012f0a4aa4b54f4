"""The command line, run at a terminal as people do, and in a pipe as programs do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import IO, TYPE_CHECKING, Any

import pexpect
import pyte

from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Self

ROWS = 50


def environment(**more: str) -> dict[str, str]:
    """Return a plain user's environment, without a proxy and without colours."""
    names = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "PYTHONUNBUFFERED", "NO_COLOR")
    environ = {
        name: value
        for name, value in os.environ.items()
        if name.lower() not in [other.lower() for other in names]
    }
    return {**environ, "PYTHONWARNINGS": "default", "TZ": "UTC", **more}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "trio_ws_dom", *arguments]


def run(
    *arguments: str,
    stdin: bytes | IO[bytes] | None = b"",
    env: dict[str, str] | None = None,
    **options: Any,
) -> subprocess.CompletedProcess[bytes]:
    """Run it in a pipe, to its end."""
    call: Any = subprocess.run  # whose overloads are for explicit options
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    options["input" if isinstance(stdin, bytes) else "stdin"] = stdin
    ran: subprocess.CompletedProcess[bytes] = call(
        command(*arguments), timeout=PATIENCE, env=environment(**env or {}), **options
    )
    return ran


class Terminal:
    """A program at a pseudo-terminal, and what the terminal shows.

    Args:
      arguments: of the program.
      columns: the width.
      env: changes of the environment.
      program: one to run instead of ours.
    """

    def __init__(
        self,
        *arguments: str,
        columns: int = 100,
        env: dict[str, str] | None = None,
        program: Sequence[str] = (),
    ) -> None:
        environ = {"TERM": "xterm-256color", "PROMPT_TOOLKIT_NO_CPR": "1", **(env or {})}
        first, *rest = [*program, *arguments] if program else command(*arguments)
        self._child: pexpect.spawn[bytes] = pexpect.spawn(
            first,
            rest,
            env=environment(**environ),
            dimensions=(ROWS, columns),
            timeout=PATIENCE,
        )
        self._child.delaybeforesend = None
        self._screen = pyte.Screen(columns, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self.output = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Kill it, if it has not ended."""
        if self._child.isalive():
            self._child.kill(signal.SIGTERM)
            self.wait()
        self._child.close(force=True)

    def type(self, text: str) -> None:
        """Press keys. A line ends with "\\r"."""
        self._child.send(text)

    def resize(self, columns: int) -> None:
        self._child.setwinsize(ROWS, columns)  # pyright: ignore[reportUnknownMemberType]  # in part
        self._screen.resize(ROWS, columns)

    @property
    def lines(self) -> list[str]:
        """Return the lines on the screen."""
        return [line.rstrip() for line in self._screen.display if line.strip()]

    @property
    def last_line(self) -> str:
        return self.lines[-1] if self.lines else ""

    def until(self, shown: Callable[[], bool]) -> None:
        """Read what it writes until this is on the screen."""
        deadline = time.monotonic() + PATIENCE
        while not shown():
            assert self._read(deadline), f"it ended, and shows {self.lines}"

    def until_shown(self, text: str) -> None:
        self.until(lambda: any(text in line for line in self.lines))

    def _read(self, deadline: float) -> bool:
        assert time.monotonic() < deadline, f"it shows {self.lines}"
        try:
            data = self._child.read_nonblocking(65536, timeout=0.1)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.output += data
        self._stream.feed(data)
        return True

    def wait(self) -> int:
        """Wait for its end, and return the exit status."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            pass
        self._child.wait()
        assert self._child.exitstatus is not None, f"killed by {self._child.signalstatus}"
        return int(self._child.exitstatus)

    @property
    def is_as_found(self) -> bool:
        """Return whether the terminal again echoes what is typed, as it did before."""
        return bool(self._child.getecho())
