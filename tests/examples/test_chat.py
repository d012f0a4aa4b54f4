"""The chat, run as the README says."""

from __future__ import annotations

import runpy
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import trio
from trio_websocket import serve_websocket

from trio_ws_dom import HandshakeError, open_websocket

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]

IN_THE_LOBBY = [
    "message * ada joined",
    "message greeter: Hello, ada!",
    "message ada: abacus, what is 6 * 7?",
    "message abacus: ada, 6 * 7 is 42",
    "message ada: Good night, greeter!",
]
GOOD_NIGHT = ["message greeter: Good night, ada!", "message * greeter left"]
IN_THE_STUDY = [
    "message * bob joined",
    "message bob: abacus, what is 1024 - 1?",
    "message abacus: bob, 1024 - 1 is 1023",
]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the checkout; it prints its warnings."""
    command = [sys.executable, "-W", "default", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def chat() -> subprocess.CompletedProcess[str]:
    return run("-m", "examples.chat")


def events(chat: subprocess.CompletedProcess[str], name: str, room: str) -> list[str]:
    """The rows of one socket, or of the server about one room, in their order."""
    rows = [line.split(maxsplit=2) for line in chat.stdout.splitlines()]
    return [" ".join(row[2].split()) for row in rows if row[:2] == [name, room]]


def test_all_went_well(chat: subprocess.CompletedProcess[str]) -> None:
    """It exits with 0, warns of nothing, and counts the goodbyes at the end."""
    assert (chat.returncode, chat.stderr) == (0, "")
    assert chat.stdout.splitlines()[-1] == "5 sockets, 5 clean goodbyes"


def test_greeter(chat: subprocess.CompletedProcess[str]) -> None:
    """Callbacks: the greeter sees all from its open event to the close it asked for."""
    assert events(chat, "greeter", "/lobby") == [
        "open",
        "message * greeter joined",
        *IN_THE_LOBBY,
        "close code=4000 reason='gone to bed' wasClean=True",
    ]


def test_visitors(chat: subprocess.CompletedProcess[str]) -> None:
    """`async for`: each leaves its block with 1000."""
    left = "close code=1000 reason='' wasClean=True"
    assert events(chat, "ada", "/lobby") == ["open", *IN_THE_LOBBY, *GOOD_NIGHT, left]
    assert events(chat, "bob", "/study") == ["open", *IN_THE_STUDY, left]


def test_abacus(chat: subprocess.CompletedProcess[str]) -> None:
    """Many sockets, one scope: cancelled, it leaves each room with 1001."""

    def without_the_last(rows: list[str]) -> list[str]:
        # whether the cancellation or the news of the last guest comes first is open
        return [row for row in rows if row not in ("message * ada left", "message * bob left")]

    first = ["open", "message * abacus joined"]
    cancelled = "close code=1001 reason='' wasClean=True"
    lobby = [*first, "message * greeter joined", *IN_THE_LOBBY, *GOOD_NIGHT, cancelled]
    assert without_the_last(events(chat, "abacus", "/lobby")) == lobby
    study = [*first, *IN_THE_STUDY, cancelled]
    assert without_the_last(events(chat, "abacus", "/study")) == study


def test_server(chat: subprocess.CompletedProcess[str]) -> None:
    """The server saw a Close from each, before it lost sight of it."""
    assert events(chat, "server", "/lobby") == [
        "greeter: Close 4000 received and answered",
        "ada: Close 1000 received and answered",
        "abacus: Close 1001 received and answered",
    ]
    assert events(chat, "server", "/study") == [
        "bob: Close 1000 received and answered",
        "abacus: Close 1001 received and answered",
    ]


REFUSING = """
import trio
from examples.chat import __main__ as chat

async def refuse(self, request):
    await request.reject(503)

chat.Chat.handle = refuse
trio.run(chat.main)
"""


def test_what_goes_wrong_is_told() -> None:
    """Bots that cannot get in end the program with the reason, and not with 0."""
    failed = run("-c", REFUSING)
    assert failed.returncode == 1
    assert "HandshakeError: ws://127.0.0.1:" in failed.stderr
    assert "503" in failed.stdout
    assert events(failed, "abacus", "/lobby")[-1] == "close code=1006 reason='' wasClean=False"


async def serve(nursery: trio.Nursery) -> str:
    """The chat's server alone; gives the URL of a room."""
    chat = runpy.run_path(str(ROOT / "examples" / "chat" / "server.py"))["Chat"](lambda *_: None)
    server = await nursery.start(partial(serve_websocket, chat.handle, "127.0.0.1", 0, None))
    return f"ws://127.0.0.1:{server.port}/room"


async def test_a_name_is_taken_once(nursery: trio.Nursery) -> None:
    """A second member of the same name, or one without, is refused; after a goodbye it is free."""
    room = await serve(nursery)
    async with open_websocket(f"{room}?ada"):
        for url in (room, f"{room}?ada"):
            with pytest.raises(HandshakeError) as refused:
                async with open_websocket(url):
                    pass
            assert refused.value.status == 409
        async with open_websocket(f"{room}?bob") as bob:
            assert await bob.receive() == "* bob joined"


async def test_who_does_not_listen_has_to_leave(nursery: trio.Nursery) -> None:
    """A member that does not read holds nobody up, and is dropped when too far behind."""
    room = await serve(nursery)
    with trio.fail_after(30):
        async with open_websocket(f"{room}?ada") as ada, open_websocket(f"{room}?deaf"):
            ada.send("x" * 65536)
            async for line in ada:
                if line == "* deaf left":
                    break
                if str(line).startswith("ada: "):
                    ada.send("x" * 65536)
