"""A server process that is killed, and started again on its port."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import trio
from support.checked import close_event, instance
from support.patience import PATIENCE

from trio_ws_dom import WebSocketError, reconnecting_websocket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trio_ws_dom import Retry

pytestmark = pytest.mark.real

SERVER = """
import sys, trio
from support.frames import TEXT, frame
from support.peer import Peer

async def serve(stream):
    peer = Peer(stream)
    await peer.accept(then=frame(TEXT, sys.argv[2].encode()))
    await peer.finish()
    print("closed with", peer.close_code, flush=True)

async def main():
    (listener,) = await trio.open_tcp_listeners(int(sys.argv[1]), host="127.0.0.1")
    print(listener.socket.getsockname()[1], flush=True)
    await trio.serve_listeners(serve, [listener])

trio.run(main)
"""
"""A program whose arguments are a port, or 0, and its name.

It prints the port, then the code with which each connection was closed.
"""


class Server:
    """A server process."""

    def __init__(self, cwd: str) -> None:
        self._cwd = cwd
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def start(self, name: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(self.port), name],
            stdout=subprocess.PIPE,
            text=True,
            cwd=self._cwd,
        )
        self.port = int(self.line())

    def line(self) -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def kill(self) -> None:
        if self._process is not None:
            with self._process as process:
                process.kill()  # on Unix a SIGKILL, which it cannot handle
            self._process = None


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    server = Server(str(request.config.rootpath / "tests"))
    yield server
    server.kill()


async def test_server_that_is_killed_and_restarted_is_found_again(server: Server) -> None:
    server.start("first")
    retries: list[Retry] = []

    def on_retry(retry: Retry) -> None:
        retries.append(retry)
        if len(retries) == 4:  # it was refused three times
            server.start("second")

    said: list[str | bytes] = []
    url = f"ws://127.0.0.1:{server.port}/"
    with trio.fail_after(PATIENCE):
        async for attempt in reconnecting_websocket(
            url, on_retry=on_retry, initial_delay=0.01, max_delay=0.1
        ):
            async with attempt as ws:
                said.append(await ws.receive())
                if said[-1] == "second":
                    break
                server.kill()
                await ws.receive()
                raise AssertionError("its server is dead")
    assert said == ["first", "second"]
    causes = [instance(WebSocketError, retry.cause) for retry in retries]
    assert causes[0].closeCode == 1006
    assert all(isinstance(cause.__cause__, OSError) for cause in causes[1:4])
    assert close_event(ws).wasClean
    assert server.line() == "closed with 1000"
