"""Servers of other make, each in a process of its own, on loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVERS = Path(__file__).parent / "servers"


class Make(NamedTuple):
    """What a server can do, as far as its interface lets us ask for it."""

    module: str
    deflate: bool = False
    fragments: bool = False
    pings: bool = False
    echoes_code: bool = True  # in its answer to a Close, as servers typically do (RFC 6455, 5.5.1)


MAKES = [
    Make("trio_websocket", pings=True),
    Make("websockets", deflate=True, fragments=True, pings=True),
    Make("aiohttp", deflate=True, echoes_code=False),
    Make("hypercorn", deflate=True),
    Make("picows", fragments=True, pings=True),
    Make("ws", deflate=True, fragments=True, pings=True),
]


class Server(NamedTuple):
    make: Make
    port: int

    def url(self, path: str) -> str:
        return f"ws://127.0.0.1:{self.port}/{path}"


def command(make: Make) -> list[str]:
    """How to start it; skips the test where it is not installed."""
    if make.module != "ws":
        if find_spec(make.module) is None:
            pytest.skip(f"{make.module} is not installed (dependency group interop)")
        return [sys.executable, str(SERVERS / f"serve_{make.module}.py")]
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    if "NPM_WS" not in os.environ:
        pytest.skip("NPM_WS does not name a folder where npm's ws is installed")
    return [node, str(SERVERS / "serve_ws.cjs")]


@pytest.fixture(scope="session", params=MAKES, ids=lambda make: make.module)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """It runs for all tests, and ends with its standard input."""
    with subprocess.Popen(
        command(request.param), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None  # a pipe
        yield Server(request.param, int(process.stdout.readline()))
        process.communicate(timeout=10)
