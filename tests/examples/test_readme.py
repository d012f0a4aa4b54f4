"""The README's Python blocks, run as they stand but for the server's name."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Final

import pytest
import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, serve_websocket

from trio_ws_dom import ConnectOptions

pytestmark = pytest.mark.real

README: Final = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS: Final = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)

# A fragment may await at its top level, and leaves out imports that were shown before.
RUNNER: Final = """
import ast, inspect, sys, trio, trio_ws_dom
code = compile(sys.stdin.read(), "README.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
names = {name: getattr(trio_ws_dom, name) for name in trio_ws_dom.__all__}
async def run():
    await eval(code, names)
if code.co_flags & inspect.CO_COROUTINE:
    trio.run(run)
else:
    exec(code, {"__name__": "__main__"})
"""


async def run(block: str, port: int) -> str:
    """Run a block against a server on this port; gives what it prints."""
    block, count = re.subn(
        r"wss?://(chat\.example|localhost:8080)", f"ws://127.0.0.1:{port}", block
    )
    assert count == 1, "each block has one URL, of a server that these tests know"
    command = [sys.executable, "-W", "default", "-c", RUNNER]
    with trio.fail_after(60):
        process: subprocess.CompletedProcess[bytes] = await trio.run_process(
            command, stdin=block.encode(), capture_stdout=True, capture_stderr=True, check=False
        )
    assert (process.returncode, process.stderr.decode()) == (0, "")
    return process.stdout.decode().replace("\r\n", "\n")


class Server:
    """Says hello and goodbye, except in the rooms that the README has for more."""

    def __init__(self) -> None:
        self.log: list[str | bytes] = []
        self.closes: list[int] = []

    async def handle(self, request: WebSocketRequest) -> None:
        if request.path == "/forbidden":
            await request.reject(403, body=b"not you")
            return
        if request.path == "/feed" and not self.log:
            self.log.append("busy")
            await request.reject(503)
            return
        ws = await request.accept()
        if request.path == "/private":
            await ws.aclose(4401, "token expired")
        elif request.path == "/log":
            try:
                while True:
                    self.log.append(await ws.get_message())
            except ConnectionClosed:
                pass
        elif request.path == "/feed":
            await ws.send_message("news")
            await ws.aclose(1000)
        else:
            assert await ws.get_message() == "Hello Server!"
            await ws.send_message("Hello Client!")
            await ws.aclose(1000, "bye")
        assert ws.closed is not None
        self.closes.append(ws.closed.code)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def port(server: Server, nursery: trio.Nursery) -> int:
    serving = await nursery.start(partial(serve_websocket, server.handle, "127.0.0.1", 0, None))
    port: int = serving.port
    return port


def test_there_are_five_blocks() -> None:
    """Each has a test below."""
    assert len(BLOCKS) == 5


async def test_the_usual_door(server: Server, port: int) -> None:
    """The first block: messages, and how the socket was closed."""
    assert await run(BLOCKS[0], port) == "Hello Client!\n1000 True\n"
    assert server.closes == [1000]


async def test_the_browsers_way(server: Server, port: int) -> None:
    """The second block: MDN's, with a slot for the close event."""
    printed = await run(BLOCKS[1], port)
    assert printed == "Message from server  Hello Client!\n1000 bye True\n"
    assert server.closes == [1000]


async def test_why_a_loop_ended(server: Server, port: int) -> None:
    """The third block: a clean close with a code of the server's own."""
    assert await run(BLOCKS[2], port) == "log in again: token expired\n"
    assert server.closes == [4401]


async def test_why_it_was_not_opened(port: int) -> None:
    """The third block, where the server refuses."""
    printed = await run(BLOCKS[2].replace("/private", "/forbidden"), port)
    assert printed == "403 b'not you'\n"


async def test_only_sending(server: Server, port: int) -> None:
    """The fourth block: all lines arrive ahead of the Close."""
    assert await run(BLOCKS[3], port) == ""
    assert server.log == [f"line {number}" for number in range(1000)]
    assert server.closes == [1000]


async def test_for_months(server: Server, port: int) -> None:
    """The fifth block: it tries again, and ends with a clean close."""
    at_once = BLOCKS[4].replace("ping_interval=20", "initial_delay=0")
    assert await run(at_once, port) == "news\n"
    assert (server.log, server.closes) == (["busy"], [1000])


def test_every_option_is_in_the_table() -> None:
    """The options' table has those that there are, and no others."""
    table = README.partition("\n## Options\n")[2].partition("\n## ")[0]
    firsts = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    assert sorted(re.findall(r"`(\w+)`", "".join(firsts))) == sorted(ConnectOptions.__annotations__)


def test_two_commands() -> None:
    """A newcomer's two commands are one line each, and no other line looks like them."""
    chat, checks = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert chat.endswith("/python -m examples.chat")
    assert checks.endswith("/nox")
