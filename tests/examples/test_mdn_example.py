"""MDN's example, run against a real server."""

from __future__ import annotations

import socket
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import trio
from support.patience import PATIENCE
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]


async def run(url: str) -> subprocess.CompletedProcess[bytes]:
    """Run the example in the checkout with its warnings shown."""
    command = [sys.executable, "-W", "default", "-m", "examples.mdn_example", url]
    with trio.fail_after(PATIENCE):
        return await trio.run_process(
            command, cwd=ROOT, capture_stdout=True, capture_stderr=True, check=False
        )


async def test_it_says_hello_and_prints_the_answer(nursery: trio.Nursery) -> None:
    """It runs until the server closes, and completes the closing handshake."""
    connections: list[WebSocketConnection] = []

    async def handle(request: WebSocketRequest) -> None:
        ws = await request.accept()
        connections.append(ws)
        assert await ws.get_message() == "Hello Server!"
        await ws.send_message("Hello Client!")
        await ws.aclose(4321)

    server = await nursery.start(partial(serve_websocket, handle, "127.0.0.1", 0, None))
    example = await run(f"ws://127.0.0.1:{server.port}")
    assert (example.returncode, example.stderr) == (0, b"")
    assert example.stdout.split(b"\n")[0].rstrip() == b"Message from server  Hello Client!"
    (connection,) = connections
    with pytest.raises(ConnectionClosed):
        await connection.get_message()
    assert connection.closed is not None
    assert connection.closed.code == 4321  # the example's Close, which echoes the server's


async def test_a_server_that_does_not_listen_is_reported() -> None:
    """A failure is printed, as a browser does in its console."""
    with socket.socket() as bound:  # refuses connections, and no other process can listen
        bound.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{bound.getsockname()[1]}/"
        example = await run(url)
    assert example.returncode == 1
    assert example.stderr.decode().startswith(f"{url}: ")
