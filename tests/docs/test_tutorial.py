"""The tutorial's block that tells ends apart, with servers that end in its three ways."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from trio_ws_dom.testing import open_fake_server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import trio
    import trio.testing

    from trio_ws_dom.testing import FakeServer

    Part = Callable[[FakeServer], Awaitable[None]]

PAGE: Final = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCK: Final = PAGE.partition("\n## Why it ended\n")[2].partition("```python\n")[2].partition("```")
CODE: Final = compile(BLOCK[0], "tutorial.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


async def close(server: FakeServer) -> None:
    await (await server.accept()).close(4401, "token expired")


async def refuse(server: FakeServer) -> None:
    await server.refuse(403, body=b"not you")


async def drop(server: FakeServer) -> None:
    await (await server.accept()).drop()


@pytest.fixture
def printed(
    nursery: trio.Nursery,
    autojump_clock: trio.testing.MockClock,
    capsys: pytest.CaptureFixture[str],
) -> Callable[[Part], Awaitable[str]]:
    """What the block prints, where the server plays this part."""

    async def printed(part: Part) -> str:
        async with open_fake_server("wss://chat.example") as server:
            nursery.start_soon(part, server)
            await eval(CODE, {})
        return capsys.readouterr().out

    return printed


async def test_a_code_of_the_servers_own(printed: Callable[[Part], Awaitable[str]]) -> None:
    """A clean close ends the loop, and the block asks for its code."""
    assert await printed(close) == "log in again: token expired\n"


async def test_a_refusal(printed: Callable[[Part], Awaitable[str]]) -> None:
    """The answer's status and body are shown."""
    assert await printed(refuse) == "403 b'not you'\n"


async def test_a_connection_that_is_lost(printed: Callable[[Part], Awaitable[str]]) -> None:
    """The code is 1006, and the message says what happened."""
    assert (await printed(drop)).startswith("1006 wss://chat.example/private: ")
