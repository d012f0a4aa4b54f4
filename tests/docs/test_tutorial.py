"""The tutorial's block that tells ends apart, with servers that end in its three ways."""

from __future__ import annotations

import ast
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from trio_ws_dom.testing import open_fake_server

if TYPE_CHECKING:
    import pytest
    import trio
    import trio.testing

    from trio_ws_dom.testing import FakeServer

PAGE: Final = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCK: Final = PAGE.partition("\n## Why it ended\n")[2].partition("```python\n")[2].partition("```")
CODE: Final = compile(BLOCK[0], "tutorial.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


async def close(server: FakeServer) -> None:
    await (await server.accept()).close(4401, "token expired")


async def drop(server: FakeServer) -> None:
    await (await server.accept()).drop()


async def test_a_code_of_the_servers_own(
    nursery: trio.Nursery,
    autojump_clock: trio.testing.MockClock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A clean close ends the loop, and the block asks for its code."""
    async with open_fake_server("wss://chat.example") as server:
        nursery.start_soon(close, server)
        await eval(CODE, {})
    assert capsys.readouterr().out == "log in again: token expired\n"


async def test_a_refusal(
    nursery: trio.Nursery,
    autojump_clock: trio.testing.MockClock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The answer's status and body are shown."""
    async with open_fake_server("wss://chat.example") as server:
        nursery.start_soon(partial(server.refuse, 403, body=b"not you"))
        await eval(CODE, {})
    assert capsys.readouterr().out == "403 b'not you'\n"


async def test_a_connection_that_is_lost(
    nursery: trio.Nursery,
    autojump_clock: trio.testing.MockClock,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The code is 1006, and the message says what happened."""
    async with open_fake_server("wss://chat.example") as server:
        nursery.start_soon(drop, server)
        await eval(CODE, {})
    assert capsys.readouterr().out.startswith("1006 wss://chat.example/private: ")
