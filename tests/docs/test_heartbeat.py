"""The heartbeat with reconnection of docs/reconnecting.md, unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import trio

from trio_ws_dom.testing import FakeConnection, FakeServer, open_fake_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PAGE: Final = (Path(__file__).parents[2] / "docs" / "reconnecting.md").read_text(encoding="utf-8")
BLOCK: Final = PAGE.partition("\n## A heartbeat")[2].partition("```python\n")[2].partition("```")[0]
PROGRAM: Final = BLOCK.replace("trio.run(main)\n", "")

BEAT: Final = '{"op": "heartbeat"}'


@pytest.fixture
async def server(nursery: trio.Nursery) -> AsyncIterator[FakeServer]:
    """Run the program and its server. Request ``autojump_clock`` beside it."""
    names: dict[str, Any] = {}
    exec(PROGRAM, names)
    async with open_fake_server("wss://gateway.example") as server:
        nursery.start_soon(names["main"])
        yield server


async def answer(connection: FakeConnection, count: int) -> float:
    """Answer this many heartbeats, and return when the last one came."""
    for _ in range(count):
        assert await connection.receive() == BEAT
        last = trio.current_time()
        await connection.send(BEAT)
    return last


async def test_server_that_answers_keeps_its_connection(
    server: FakeServer, autojump_clock: object
) -> None:
    connection = await server.accept()
    start = trio.current_time()
    assert await answer(connection, 100) == pytest.approx(start + 99 * 30)
    assert len(server.requests) == 1


async def test_server_that_stops_answering_is_closed_and_connected_to_again(
    server: FakeServer, autojump_clock: object
) -> None:
    connection = await server.accept()
    last = await answer(connection, 3)
    await connection.wait_closed()
    assert trio.current_time() - last == pytest.approx(60)  # one more beat, without an answer
    assert connection.closeCode == 4000
    await answer(await server.accept(), 3)


async def test_server_that_answers_nothing_at_all(
    server: FakeServer, autojump_clock: object
) -> None:
    """Without an answer even to the close, the connection is lost and the next one is made."""
    connection = await server.accept()
    await answer(connection, 3)
    connection.stall()
    await answer(await server.accept(), 3)


@pytest.mark.parametrize("end", ["close", "drop"])
async def test_server_that_goes_is_connected_to_again(
    server: FakeServer, end: str, autojump_clock: object
) -> None:
    connection = await server.accept()
    await answer(connection, 3)
    await (connection.close(1012) if end == "close" else connection.drop())
    await answer(await server.accept(), 3)
