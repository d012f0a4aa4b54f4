"""``trio-ws-dom echo`` in a process, as the documentation's programs expect it."""

from __future__ import annotations

import re
import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from support.cli import command, environment
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Generator

DOCUMENTED_PORT = 8080


class EchoServer:
    """A running server.

    Attributes:
      url: the one that it prints.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        self.url = process.stdout.readline().removesuffix("\n")

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def adapt(self, text: str) -> str:
        """Replace the documentation's port by this server's, as tests run in parallel."""
        return text.replace(f":{DOCUMENTED_PORT}", f":{self.port}")

    def stop(self, number: int = signal.SIGINT) -> list[str]:
        """End it by a signal, and return its rows without their times."""
        self._process.send_signal(number)
        _, text = self._process.communicate(timeout=PATIENCE)
        assert self._process.returncode == 128 + number
        return [without_time(line) for line in text.splitlines()]


def without_time(row: str) -> str:
    return re.sub(r"^\d\d:\d\d:\d\d\.\d\d\d \* ", "", row)


@contextmanager
def run_echo_server(*arguments: str) -> Generator[EchoServer]:
    """Run it from when it listens to the end of the block, unless it is stopped before."""
    with subprocess.Popen(
        command("echo", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
    ) as process:
        try:
            yield EchoServer(process)
        finally:
            process.terminate()
