"""The chat with its page, ``python -m examples.chat.web``, as a process that tests stop and
restart."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

ROOT = Path(__file__).parents[2]


class ChatServer:
    """A server on the same two ports each time.

    Attributes:
      url: of the page.
      room: of the room with the bots.
      said: what the current process has printed.
      status: the exit status of the process that ended last.
    """

    def __init__(self) -> None:
        self._port = free_ports()
        self.url = f"http://127.0.0.1:{self._port}/"
        self.room = f"ws://127.0.0.1:{self._port + 1}/lobby"
        self.said = ""
        self.status: int | None = None
        self._process: trio.Process | None = None

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Run a process, with all bots in the room, until the block's end at the latest."""
        command = [sys.executable, "-u", "-m", "examples.chat.web", f"--port={self._port}"]
        self.said = ""
        async with trio.open_nursery() as nursery:
            run = partial(trio.run_process, command, cwd=ROOT, stdout=subprocess.PIPE, check=False)
            self._process = process = await nursery.start(run)
            nursery.start_soon(self._read)
            await self.says("greeter joined")
            yield
            if process.poll() is None:
                await self.end(signal.SIGTERM)

    async def end(self, how: signal.Signals) -> None:
        """Kill it, or stop it as Ctrl-C does."""
        assert self._process is not None
        self._process.send_signal(how)
        self.status = await self._process.wait()

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        async for data in self._process.stdout:
            self.said += data.decode()

    async def says(self, words: str) -> None:
        """Wait until it has printed this."""
        while words not in self.said:
            await trio.sleep(0.02)


def free_ports() -> int:
    """Return the first of two adjacent free ports."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
