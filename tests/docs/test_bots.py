"""The class of docs/bots.md that asks and waits for answers, unchanged."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import trio
import trio.testing

from trio_ws_dom import open_websocket
from trio_ws_dom.testing import FakeConnection, open_fake_server

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

PAGE: Final = (Path(__file__).parents[2] / "docs" / "bots.md").read_text(encoding="utf-8")
BLOCK: Final = PAGE.partition("\n## Ask, and wait")[2].partition("```python\n")[2].partition("```")
PROGRAM: Final = BLOCK[0].replace("trio.run(main)\n", "")

URL: Final = "wss://chat.example"


@asynccontextmanager
async def talk() -> AsyncGenerator[tuple[Any, FakeConnection]]:
    """Run a client of that class, and yield it with the server's end."""
    names: dict[str, Any] = {}
    exec(PROGRAM, names)
    async with open_fake_server(URL, only=True) as server, trio.open_nursery() as servers:
        servers.start_soon(server.accept)
        async with open_websocket(URL) as ws, trio.open_nursery() as nursery:
            client = names["Client"](ws)
            nursery.start_soon(client.run)
            yield client, server.connections[0]
            assert client.waiting == {}
            nursery.cancel_scope.cancel()


async def request(connection: FakeConnection) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(await connection.receive())
    return found


async def test_answers_reach_the_calls_that_wait_for_them(autojump_clock: object) -> None:
    answers: dict[str, Any] = {}

    async def ask(client: Any, method: str) -> None:
        answers[method] = await client.call(method=method)

    async with talk() as (client, connection):
        async with trio.open_nursery() as calls:
            calls.start_soon(ask, client, "time")
            calls.start_soon(ask, client, "date")
            for asked in reversed([await request(connection), await request(connection)]):
                answer = {"id": asked["id"], "result": asked["method"]}
                await connection.send(json.dumps(answer))
    assert {method: answer["result"] for method, answer in answers.items()} == {
        "time": "time",
        "date": "date",
    }


@pytest.mark.parametrize(
    "notice", ['{"event": "joined"}', '{"id": null}', '{"id": [1]}', '{"id": 99}', "[]", "5"]
)
async def test_what_is_no_answer_is_a_notice(
    notice: str, autojump_clock: object, capsys: pytest.CaptureFixture[str]
) -> None:
    async with talk() as (client, connection):
        async with trio.open_nursery() as calls:
            calls.start_soon(client.call)
            await request(connection)
            await connection.send(notice)
            await connection.send('{"id": 1}')
            await connection.send('{"id": 1}')
            await trio.testing.wait_all_tasks_blocked()
    assert capsys.readouterr().out.splitlines() == [
        f"notice: {json.loads(notice)}",
        "notice: {'id': 1}",
    ]


async def test_call_that_is_not_answered_is_forgotten_and_its_answer_is_a_notice(
    autojump_clock: object, capsys: pytest.CaptureFixture[str]
) -> None:
    async with talk() as (client, connection):
        with pytest.raises(trio.TooSlowError):
            await client.call(method="slow")
        assert client.waiting == {}
        await connection.send('{"id": 1}')
        await trio.testing.wait_all_tasks_blocked()
    assert capsys.readouterr().out == "notice: {'id': 1}\n"


async def test_clean_close_ends_a_call_at_once(autojump_clock: object) -> None:
    async with talk() as (client, connection):
        start = trio.current_time()
        async with trio.open_nursery() as closing:
            closing.start_soon(connection.close, 1001)
            with pytest.raises(trio.BrokenResourceError, match="before the answer"):
                await client.call(method="time")
        assert trio.current_time() == start


async def test_call_after_the_close_raises_at_once(autojump_clock: object) -> None:
    async with talk() as (client, connection):
        await connection.close(1001)
        await client.ws.wait_closed()
        with pytest.raises(trio.BrokenResourceError, match="is closed"):
            await client.call(method="time")
