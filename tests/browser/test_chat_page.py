"""The chat's page in a real Chromium, by what a person does and sees, and what the bots see."""

from __future__ import annotations

import json
import re
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest
import trio
from support.chat_server import ChatServer
from support.patience import PATIENCE

from trio_ws_dom import open_websocket

from .chromium import open_browser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from .chromium import DevTools

pytestmark = [pytest.mark.browser, pytest.mark.real]

KEYS = {"Enter": (13, "\r"), "Tab": (9, ""), " ": (32, " ")}


class Person:
    """A person who uses the page."""

    def __init__(self, devtools: DevTools) -> None:
        self.devtools = devtools
        self.do = devtools.call
        self.ask = devtools.evaluate

    async def come(self, url: str, name: str) -> None:
        """Open the page and enter the room."""
        await self.do("Page.navigate", url=url)
        await self.see("document.activeElement?.id === 'name'")
        await self.type(name)
        await self.see("!document.getElementById('room').hidden")

    async def see(self, condition: str) -> None:
        """Wait until an expression is true in the page."""
        with trio.fail_after(PATIENCE):
            while await self.ask(condition) is not True:
                await trio.sleep(0.05)

    async def read(self, words: str) -> None:
        """Wait until the log has this line."""
        await self.see(f"document.getElementById('log').innerText.includes({json.dumps(words)})")

    async def type(self, text: str) -> None:
        """Type a line into the focused field, and press Enter."""
        await self.do("Input.insertText", text=text)
        await self.press("Enter")

    async def press(self, key: str) -> None:
        code, text = KEYS[key]
        down = {"key": key, "code": key, "windowsVirtualKeyCode": code, "text": text}
        await self.do("Input.dispatchKeyEvent", type="keyDown", **down)
        await self.do("Input.dispatchKeyEvent", type="keyUp", **down)

    async def members(self) -> list[str]:
        script = "[...document.querySelectorAll('#members li')].map((item) => item.textContent)"
        members: list[str] = await self.ask(script)
        return members


@pytest.fixture
async def server() -> AsyncIterator[ChatServer]:
    server = ChatServer()
    with trio.fail_after(PATIENCE * 3):
        async with server.running():
            yield server


@pytest.fixture
async def person() -> AsyncIterator[Person]:
    async with open_browser() as browser:
        yield Person(browser.devtools)


async def test_a_person_talks_with_the_bots(server: ChatServer, person: Person) -> None:
    """The greeter greets, the abacus calculates, eliza asks back, and the loaf's progress bar
    fills."""
    await person.come(server.url, "ada")
    await person.read("Hello, ada!")
    await person.type("abacus, what is 6 * 7?")
    await person.read("ada, 6 * 7 is 42")
    await person.type("eliza, I am tired of my job")
    await person.read("ada, Since when are you tired of your job?")
    await person.type("baker, bake a loaf of rye, please")
    await person.see("document.querySelector('#log progress')?.value > 0")
    await person.read("ada, loaf of rye: done")
    assert not await person.ask("document.querySelector('#log progress')")
    assert await person.members() == ["abacus", "ada", "baker", "eliza", "greeter"]


async def test_people_come_and_go(server: ChatServer, person: Person) -> None:
    """Another member, which is a Python program, joins, is heard, and leaves."""
    await person.come(server.url, "ada")
    async with open_websocket(f"{server.room}?bob") as bob:
        await person.read("bob came in")
        assert "bob" in await person.members()
        bob.send("Hello, <b>page</b>!")
        await person.read("Hello, <b>page</b>!")
        await person.type("Hello, program!")
        assert "ada: Hello, program!" in [line async for line in until(bob, "program")]
    await person.read("bob left")
    assert "bob" not in await person.members()


async def until(ws: Any, word: str) -> AsyncIterator[str]:
    """Return the messages up to the one with this word."""
    async for line in ws:
        yield line
        if word in line:
            return


async def test_the_tab_is_closed(server: ChatServer, person: Person) -> None:
    """The bots and the server see 1001."""
    await person.come(server.url, "ada")
    async with open_websocket(f"{server.room}?bob") as bob:
        await person.read("bob came in")
        with trio.move_on_after(1):  # no one can answer any more
            await person.do("Page.close")
        lines = [line async for line in until(bob, "* ada left")]
    assert lines[-1] == "* ada left (1001)"
    await server.says("ada: Close 1001 received and answered")


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT can be sent to one process")
@pytest.mark.parametrize(
    ("how", "shown"), [("SIGKILL", "Connection lost"), ("SIGINT", "The server went away")]
)
async def test_the_server_is_lost_and_comes_back(
    server: ChatServer, person: Person, how: str, shown: str
) -> None:
    """The page shows what happened, keeps the log and the line being written, and reconnects."""
    await person.come(server.url, "ada")
    await person.type("a line from before")
    await person.read("a line from before")
    await server.end(signal.Signals[how])
    await person.see(f"document.getElementById('what').textContent === {json.dumps(shown)}")
    assert await person.members() == []
    await person.type("a line from between")
    async with server.running():
        await person.see("document.getElementById('what').textContent === 'Connected'")
        await person.press("Enter")
        await person.read("a line from between")
        await person.read("a line from before")
        assert set(await person.members()) >= {"ada", "abacus"}


async def test_a_name_that_is_taken(server: ChatServer, person: Person) -> None:
    """The form shows the server's reason, and accepts another name."""
    await person.do("Page.navigate", url=server.url)
    await person.see("document.activeElement?.id === 'name'")
    await person.type("abacus")
    await person.see(
        "document.getElementById('refusal').textContent.includes('Somebody here has this name')"
    )
    await person.ask("document.getElementById('name').value = ''")
    await person.type("ada")
    await person.read("Hello, ada!")


async def test_by_keyboard_and_screen_reader(server: ChatServer, person: Person) -> None:
    """Everything has a role and a name, and Tab reaches all controls."""
    await person.come(server.url, "ada")
    await person.read("ada came in")
    tree = (await person.do("Accessibility.getFullAXTree"))["nodes"]
    roles = {
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in tree
        if not node["ignored"]
    }
    assert roles >= {
        ("main", ""),
        ("heading", "The lobby"),
        ("status", ""),
        ("log", "Messages"),
        ("complementary", "Here"),
        ("textbox", "Message"),
        ("button", "Send"),
        ("button", "Leave"),
    }
    reached: list[str] = []
    for _ in range(9):
        await person.press("Tab")
        focused = await person.ask("document.activeElement.innerText || document.activeElement.id")
        reached.append(str(focused))
    assert {"Send", "Leave", "line", "abacus, what is 6 * 7?"} <= set(reached)
    assert any(re.match(r"(?s).*ada came in", words) for words in reached)  # the log, which scrolls


async def test_the_leave_button_closes_with_1000(server: ChatServer, person: Person) -> None:
    """The button closes with 1000, and the form for the name is shown again."""
    await person.come(server.url, "ada")
    await person.ask("document.getElementById('leave').click()")
    await person.see("document.activeElement?.id === 'name'")
    await server.says("ada: Close 1000 received and answered")
