"""Run every Python block of the documentation, unchanged, against fake servers.

The blocks of a page are run in order and share their names, as a reader reads them. A page that has
a block which cannot be run says why in a comment before it
(``<!-- not run: reason -->``).
"""

from __future__ import annotations

import ast
import inspect
import re
import ssl
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest
import trio
import trio.testing

import trio_ws_dom
from trio_ws_dom.testing import FakeConnection, FakeServer, open_fake_server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

DOCS: Final = Path(__file__).parents[2] / "docs"
BLOCK: Final = re.compile(
    r"(?:^<!-- not run: (?P<reason>[^\n]+) -->\n)?^```python\n(?P<code>.*?)^```$", re.M | re.S
)
SERVERS: Final = re.compile(r"(wss?://)(?:[^/\s\"@]+@)?([a-z0-9.:-]+)")
LISTENING: Final = re.compile(  # the port, which may be in use
    r'("127\.0\.0\.1",|serve_tcp\(\w+,) \d+(?=, None\)|, host="127\.0\.0\.1"\))'
)
TEST: Final = re.compile(r"^async def (test_\w+)\(", re.M)

URL: Final = "wss://chat.example/room"

OF_THEIR_OWN: Final = ("threads.md", "tutorial.md")
"""Pages whose programs run in processes, in separate tests."""

ENOUGH: Final = 3600
"""Seconds of virtual time after which a program that never ends is stopped."""


class Block(NamedTuple):
    """A block of a page, with the line on which it begins."""

    line: int
    code: str
    reason: str | None  # for not being run


def blocks(page: str) -> list[Block]:
    text = (DOCS / page).read_text(encoding="utf-8")
    return [
        Block(text.count("\n", 0, found.start("code")) + 1, found["code"], found["reason"])
        for found in BLOCK.finditer(text)
    ]


PAGES: Final = sorted(
    path.name for path in DOCS.glob("*.md") if path.name not in OF_THEIR_OWN and blocks(path.name)
)


@pytest.mark.parametrize("page", PAGES)
def test_the_blocks_of(page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A page's blocks run without an exception, and so do the tests that they define."""
    names: dict[str, Any] = {name: getattr(trio_ws_dom, name) for name in trio_ws_dom.__all__}
    names |= {"trio": trio, "ssl": ssl, "url": URL, "__name__": page}
    monkeypatch.chdir(tmp_path)
    (tmp_path / "letter.txt").write_text("Dear Ada,\n" * 1000)
    for block in blocks(page):
        if block.reason is None:
            run(page, block, names, monkeypatch)


def run(page: str, block: Block, names: dict[str, Any], patch: pytest.MonkeyPatch) -> None:
    """Run one block, with its top level, the program that it runs, and its tests."""
    mains: list[tuple[Callable[..., Awaitable[object]], tuple[object, ...]]] = []
    place = f"{page}, line {block.line}"
    text = "\n" * (block.line - 1) + LISTENING.sub(r"\1 0", block.code)
    code = compile(text, page, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)

    def note_main(main: Callable[..., Awaitable[object]], *arguments: object) -> None:
        mains.append((main, arguments))

    async def everything() -> None:
        with patch.context() as inner:
            inner.setattr(trio, "run", note_main)
            done = eval(code, names)
        if inspect.isawaitable(done):
            await done
        for main, arguments in mains:
            await main(*arguments)

    virtually(place, SERVERS.findall(block.code + URL), everything)
    for name in TEST.findall(block.code):
        virtually(place, [], names[name], clock_and_nursery=True)


def virtually(
    place: str,
    servers: list[tuple[str, str]],
    program: Callable[..., Awaitable[object]],
    *,
    clock_and_nursery: bool = False,
) -> None:
    """Run a program in virtual time, beside the servers that it names."""

    async def main() -> None:
        async with AsyncExitStack() as stack:
            nursery = await stack.enter_async_context(trio.open_nursery())
            for scheme, host in sorted(set(servers)):
                server = await stack.enter_async_context(open_fake_server(scheme + host))
                nursery.start_soon(serve, server)
            with trio.move_on_after(ENOUGH):
                if clock_and_nursery:
                    async with trio.open_nursery() as tasks:
                        await program(trio.lowlevel.current_clock(), tasks)
                else:
                    await until_closed(program)
            nursery.cancel_scope.cancel()

    try:
        trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
    except BaseException as exc:
        exc.add_note(f"in the block of {place}")
        raise


async def until_closed(program: Callable[..., Awaitable[object]]) -> None:
    """Run a program that does not expect an end, until the server's clean close."""
    try:
        await program()
    except trio_ws_dom.WebSocketError as exc:
        if exc.closeCode != 1000:
            raise


async def serve(server: FakeServer) -> None:
    """Serve a room that greets, sends each message back, and closes after a minute's silence."""
    async with trio.open_nursery() as nursery:
        while True:
            request = await server.request()
            protocol = request.protocols[0] if request.protocols else None
            nursery.start_soon(host, await request.accept(protocol=protocol))


async def host(connection: FakeConnection) -> None:
    try:
        if connection.request.target != "/rpc":
            await connection.send("welcome")
        while True:
            with trio.fail_after(60):
                await connection.send(await connection.receive())
    except (trio.EndOfChannel, trio.BrokenResourceError):
        pass  # the client has closed
    except trio.TooSlowError:
        await connection.close(1000, "silence")


def test_most_blocks_are_run(record_property: Callable[[str, object], None]) -> None:
    """Those that are not run are few, and each has a reason."""
    all_blocks = [block for page in PAGES for block in blocks(page)]
    left_out = [block for block in all_blocks if block.reason is not None]
    record_property("blocks", len(all_blocks) - len(left_out))
    print(f"{len(all_blocks) - len(left_out)} blocks of {len(PAGES)} pages are run")
    assert len(left_out) <= len(all_blocks) // 8
