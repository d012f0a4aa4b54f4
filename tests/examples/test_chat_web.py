"""The chat with its page, without a browser. tests/browser has what a person sees."""

from __future__ import annotations

import html
import json
import re
import signal
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio
from support.chat_server import ChatServer
from support.patience import PATIENCE

from trio_ws_dom import open_websocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "chat"
PAGE = (EXAMPLES / "page.html").read_text(encoding="utf-8")


@pytest.fixture
async def server() -> AsyncIterator[ChatServer]:
    server = ChatServer()
    with trio.fail_after(PATIENCE):
        async with server.running():
            yield server


async def fetch(url: str) -> str:
    def fetch() -> str:
        with urllib.request.urlopen(url) as answer:
            return str(answer.read().decode())

    return await trio.to_thread.run_sync(fetch)


@pytest.mark.real
async def test_page_and_room(server: ChatServer) -> None:
    """One server has the page, names the room's address, and has the bots in the room."""
    assert await fetch(server.url) == PAGE
    address = json.loads(await fetch(f"{server.url}room"))
    room = f"ws://127.0.0.1:{address['port']}{address['path']}"
    async with open_websocket(f"{room}?ada") as ada:
        assert await ada.receive() == "* here: abacus, baker, eliza, greeter"
        ada.send("abacus, what is 6 * 7?")
        async for line in ada:
            if line == "abacus: ada, 6 * 7 is 42":
                return
    pytest.fail("shown the door")


@pytest.mark.real
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT can be sent to one process")
async def test_ctrl_c_sends_all_home(server: ChatServer) -> None:
    """Each member is closed with 1001, and the server receives each answer before it ends."""
    async with open_websocket(f"{server.room}?ada") as ada:
        ada.onmessage = None
        await server.says("ada joined")
        await server.end(signal.SIGINT)
        event = await ada.wait_closed()
    assert (event.code, event.wasClean, server.status) == (1001, True, 0)
    for name in ("abacus", "ada", "baker", "eliza", "greeter"):
        assert f"{name}: Close 1001 received and answered" in server.said
    assert server.said.splitlines()[-1] == "All connections are closed"


# The documentation of the chat.


def test_docs_show_what_is_there() -> None:
    """Each line of code in docs/chat.md is a line of the example."""
    sources = {"js": PAGE, "python": "".join(map(read, sorted(EXAMPLES.glob("*.py"))))}
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", read(ROOT / "docs" / "chat.md"), re.M | re.S)
    assert {language for language, _ in blocks} >= set(sources)
    for language, block in blocks:
        for line in block.splitlines():
            if language in sources and line.strip(" /#…"):  # "…" is an omission
                assert line.strip() in sources[language], line


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_page_needs_nothing_from_elsewhere() -> None:
    """No script, style or font is of another server, and every input has its label."""
    assert not re.findall(r"(?:src|href)=[\"']?(?:https?:)?//", html.unescape(PAGE))
    inputs = set(re.findall(r'<input id="(\w+)"', PAGE))
    assert inputs == set(re.findall(r'<label [^>]*for="(\w+)"', PAGE))
