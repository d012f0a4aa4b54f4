"""The README's program, run as it stands but for the server's name; its commands and its links."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Final

import pytest
import trio
from trio_websocket import WebSocketRequest, serve_websocket

CHECKOUT: Final = Path(__file__).parents[2]
README: Final = (CHECKOUT / "README.md").read_text(encoding="utf-8")
BLOCKS: Final = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


async def run(program: str, port: int) -> str:
    """Run a program against a server on this port; gives what it prints."""
    program, count = re.subn(r"wss://chat\.example", f"ws://127.0.0.1:{port}", program)
    assert count == 1, "it has one URL, of a server that these tests know"
    command = [sys.executable, "-W", "default", "-"]
    with trio.fail_after(60):
        process: subprocess.CompletedProcess[bytes] = await trio.run_process(
            command, stdin=program.encode(), capture_stdout=True, capture_stderr=True, check=False
        )
    assert (process.returncode, process.stderr.decode()) == (0, "")
    return process.stdout.decode().replace("\r\n", "\n")


@pytest.mark.real
async def test_the_program(nursery: trio.Nursery) -> None:
    """It prints messages, and how the socket was closed."""
    closes: list[int] = []

    async def handle(request: WebSocketRequest) -> None:
        ws = await request.accept()
        assert await ws.get_message() == "Hello Server!"
        await ws.send_message("Hello Client!")
        await ws.aclose(1000, "bye")
        assert ws.closed is not None
        closes.append(ws.closed.code)

    server = await nursery.start(partial(serve_websocket, handle, "127.0.0.1", 0, None))
    (program,) = BLOCKS
    assert await run(program, server.port) == "Hello Client!\n1000 bye True\n"
    assert closes == [1000]


def test_two_commands() -> None:
    """A newcomer's two commands are one line each, and no other line looks like them."""
    chat, checks = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert chat.endswith("/python -m examples.chat")
    assert checks.endswith("/nox")


def test_links_lead_to_files() -> None:
    """What is linked without a host is in the tree: pyproject.toml makes it absolute for PyPI."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert len(links) > 20
    assert [link for link in links if not (CHECKOUT / link).exists()] == []
