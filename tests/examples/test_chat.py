"""The chat, run by the README's command."""

from __future__ import annotations

import runpy
import socket
import struct
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import trio
from support.patience import PATIENCE
from trio_websocket import serve_websocket

from trio_ws_dom import open_websocket

pytestmark = pytest.mark.real

ROOT = Path(__file__).parents[2]

IN_THE_LOBBY = [
    "message * ada joined",
    "message greeter: Hello, ada!",
    "message ada: abacus, what is 6 * 7?",
    "message abacus: ada, 6 * 7 is 42",
    "message ada: Good night, greeter!",
]
GOOD_NIGHT = ["message greeter: Good night, ada!", "message * greeter left (4000)"]
IN_THE_STUDY = [
    "message * bob joined",
    "message bob: abacus, what is 1024 - 1?",
    "message abacus: bob, 1024 - 1 is 1023",
]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the checkout with its warnings shown."""
    command = [sys.executable, "-W", "default", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)


@pytest.fixture(scope="module")
def chat() -> subprocess.CompletedProcess[str]:
    return run("-m", "examples.chat")


def events(chat: subprocess.CompletedProcess[str], name: str, room: str) -> list[str]:
    """Return the rows of one socket, or of the server about one room, in their order."""
    rows = [line.split(maxsplit=2) for line in chat.stdout.splitlines()]
    return [" ".join(row[2].split()) for row in rows if row[:2] == [name, room]]


def test_all_went_well(chat: subprocess.CompletedProcess[str]) -> None:
    """It exits with 0, without warnings, and counts the closes at the end."""
    assert (chat.returncode, chat.stderr) == (0, "")
    assert chat.stdout.splitlines()[-1] == "9 sockets, 9 clean closes"


def test_greeter_sees_all_events_to_its_own_close(chat: subprocess.CompletedProcess[str]) -> None:
    """The greeter sees all events from open to the close that it asked for, by callbacks."""
    assert events(chat, "greeter", "/lobby") == [
        "open",
        "message * here: abacus",
        "message * greeter joined",
        *IN_THE_LOBBY,
        "close code=4000 reason='gone to bed' wasClean=True",
    ]


def test_visitors_leave_with_1000(chat: subprocess.CompletedProcess[str]) -> None:
    """Each leaves its ``async for`` block with 1000."""
    left = "close code=1000 reason='' wasClean=True"
    here = "message * here: abacus"
    lobby = ["open", f"{here}, greeter", *IN_THE_LOBBY, *GOOD_NIGHT, left]
    assert events(chat, "ada", "/lobby") == lobby
    assert events(chat, "bob", "/study") == ["open", here, *IN_THE_STUDY, left]


def test_eliza_asks_back_and_says_goodbye(chat: subprocess.CompletedProcess[str]) -> None:
    """Eliza asks back with the visitor's own words, goes on without any, and says goodbye."""
    said = [row for row in events(chat, "dora", "/couch") if ": " in row]
    assert said == [
        "message * here: eliza",
        "message dora: eliza, I need a holiday from my computer",
        "message eliza: dora, What would you do if you had a holiday from your computer?",
        "message dora: I don't know.",
        "message eliza: dora, Go on.",
        "message dora: Thank you, eliza!",
        "message eliza: dora, it was good to talk. Goodbye.",
    ]


def test_baker_reports_progress(chat: subprocess.CompletedProcess[str]) -> None:
    """The baker reports the loaf's progress until it is done."""
    rows = events(chat, "carl", "/kitchen")
    reported = [row.removeprefix("message baker: carl, loaf of rye: ") for row in rows[4:-1]]
    assert reported[-1] == "done"
    percents = [int(row.removesuffix(" %")) for row in reported[:-1]]
    assert percents
    assert percents == sorted(percents)
    assert 0 <= percents[0] <= percents[-1] <= 100


def test_abacus_leaves_each_room_with_1001(chat: subprocess.CompletedProcess[str]) -> None:
    """Many sockets in one scope leave each room with 1001 when that is cancelled."""

    def without_the_last(rows: list[str]) -> list[str]:
        # either the cancellation or the news of the last visitor comes first
        last = ("message * ada left (1000)", "message * bob left (1000)")
        return [row for row in rows if row not in last]

    first = ["open", "message * abacus joined"]
    cancelled = "close code=1001 reason='' wasClean=True"
    lobby = [*first, "message * greeter joined", *IN_THE_LOBBY, *GOOD_NIGHT, cancelled]
    assert without_the_last(events(chat, "abacus", "/lobby")) == lobby
    study = [*first, *IN_THE_STUDY, cancelled]
    assert without_the_last(events(chat, "abacus", "/study")) == study


def test_server_sees_a_close_from_each_member(chat: subprocess.CompletedProcess[str]) -> None:
    """The server saw a Close from each before its connection ended."""
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


def test_a_failure_is_printed() -> None:
    """Bots that cannot connect end the program with the reason, and not with 0."""
    failed = run("-c", REFUSING)
    assert failed.returncode == 1
    assert "HandshakeError: ws://127.0.0.1:" in failed.stderr
    assert "503" in failed.stdout
    assert events(failed, "abacus", "/lobby")[-1] == "close code=1006 reason='' wasClean=False"


def forget(*_: object) -> None:
    """Report nothing."""


async def serve(nursery: trio.Nursery) -> str:
    """Run the chat's server alone, and return the URL of a room."""
    chat = runpy.run_path(str(ROOT / "examples" / "chat" / "server.py"))["Chat"](forget)
    server = await nursery.start(partial(serve_websocket, chat.handle, "127.0.0.1", 0, None))
    return f"ws://127.0.0.1:{server.port}/room"


@pytest.mark.parametrize("name", ["", "?", "?ada", "?two%20words", "?" + "long" * 6])
async def test_a_name_is_taken_once(nursery: trio.Nursery, name: str) -> None:
    """A second member of the same name, or one with a bad name, gets a Close with the reason.

    A page can read that reason.
    """
    room = await serve(nursery)
    async with open_websocket(f"{room}?ada"):
        async with open_websocket(room + name) as refused:
            event = await refused.wait_closed()
        assert (event.code, event.wasClean) == (4409, True)
        assert event.reason.startswith("Somebody here" if name == "?ada" else "A name has")


async def test_news_of_the_room(nursery: trio.Nursery) -> None:
    """A new member sees who is there, and all see who joins and who leaves with which code."""
    room = await serve(nursery)
    async with open_websocket(f"{room}?ada") as ada:
        async with open_websocket(f"{room}?bob") as bob:
            assert [await bob.receive(), await bob.receive()] == ["* here: ada", "* bob joined"]
            await bob.aclose(4000)
        heard = [await ada.receive() for _ in range(3)]
    assert heard == ["* ada joined", "* bob joined", "* bob left (4000)"]


async def test_a_line_is_one_line(nursery: trio.Nursery) -> None:
    """No member can pretend to be another by a line break, or send a line that is too long."""
    room = await serve(nursery)
    async with open_websocket(f"{room}?ada") as ada:
        assert await ada.receive() == "* ada joined"
        ada.send("hello\n* bob joined")
        assert await ada.receive() == "ada: hello * bob joined"
        ada.send("x" * 5000)
        assert await ada.receive() == f"ada: {'x' * 1000}"


async def test_a_member_that_does_not_read_is_dropped(nursery: trio.Nursery) -> None:
    """A member that does not read delays no one, and is dropped when it is too far behind."""
    room = await serve(nursery)
    line: str | bytes = ""
    with trio.fail_after(PATIENCE):
        async with open_websocket(f"{room}?ada") as ada, open_websocket(f"{room}?deaf"):
            async for line in ada:
                if str(line).startswith("* deaf left"):
                    break
                for _ in range(10 if line == "* deaf joined" else 1):  # on their way at a time
                    ada.send("x" * 1000)
    assert line == "* deaf left (1006)"


REQUEST = (
    b"GET /room?rude%d HTTP/1.1\r\nHost: chat.test\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Version: 13\r\n\r\n"
)


async def test_a_client_that_resets_before_the_answer_ends_nothing(nursery: trio.Nursery) -> None:
    """Clients that reset right after their request do not end the others' conversation."""
    room = await serve(nursery)
    port = int(room.split(":")[2].partition("/")[0])
    async with open_websocket(f"{room}?ada") as ada:
        for number in range(30):
            rude = await trio.open_tcp_stream("127.0.0.1", port)
            await rude.send_all(REQUEST % number)
            rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await trio.aclose_forcefully(rude)
        ada.send("still here")
        while await ada.receive() != "ada: still here":
            pass
