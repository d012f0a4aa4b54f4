"""Third-party servers, each in a child process on loopback, as far as they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from support.child_process import TESTS
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVERS = Path(__file__).parent / "servers"


class Make(NamedTuple):
    """What a server can do, as far as its interface allows us to ask for it.

    Attributes:
      module: its name.
      deflate: whether it has permessage-deflate.
      fragments: whether it can send a message in fragments.
      pings: whether it can wait for the Pong to its Ping.
      echoes_code: whether it answers a Close with the same code, as servers typically do.
    """

    module: str
    deflate: bool = False
    fragments: bool = False
    pings: bool = False
    echoes_code: bool = True  # RFC 6455 section 5.5.1


ALL = [
    Make("trio_websocket", pings=True),
    Make("websockets", deflate=True, fragments=True, pings=True),
    Make("aiohttp", deflate=True, echoes_code=False),
    Make("hypercorn", deflate=True),
    Make("picows", fragments=True, pings=True),
    Make("ws", deflate=True, fragments=True, pings=True),
]


class Server(NamedTuple):
    """A running server."""

    make: Make
    port: int

    def url(self, path: str) -> str:
        return f"ws://127.0.0.1:{self.port}/{path}"


def command(make: Make) -> list[str] | None:
    """Return the command that starts it, or None where it is not installed."""
    if make.module != "ws":
        if find_spec(make.module) is None:
            return None
        return [sys.executable, "-m", f"interop.servers.serve_{make.module}"]
    node = shutil.which("node")
    if node is None or "NPM_WS" not in os.environ:
        return None
    return [node, str(SERVERS / "serve_ws.cjs")]


MAKES = [make for make in ALL if command(make) is not None]

collect_ignore = [] if "NPM_WS" in os.environ else ["test_har_schema.py"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test with every server that can do what the test's marker ``can`` names."""
    if "server" in metafunc.fixturenames:
        abilities = [mark.args[0] for mark in metafunc.definition.iter_markers("can")]
        able = [make for make in MAKES if all(getattr(make, ability) for ability in abilities)]
        metafunc.parametrize(
            "server", able, indirect=True, ids=lambda make: make.module, scope="session"
        )


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Start it for all tests. It ends when its standard input does."""
    arguments = command(request.param)
    assert arguments is not None
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=TESTS
    ) as process:
        assert process.stdout is not None  # a pipe
        yield Server(request.param, int(process.stdout.readline()))
        process.communicate(timeout=PATIENCE)
