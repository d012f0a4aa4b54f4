"""A managed socket's messages wait until the program consumes some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.fake_server import say

from trio_ws_dom import WebSocket, open_websocket, open_websocket_nursery
from trio_ws_dom.testing import FakeServer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence


@pytest.fixture
def talkative(server: FakeServer, nursery: trio.Nursery) -> Callable[..., str]:
    """Have the server send something first, then close, if with a code, and return its URL."""

    async def talk(messages: Sequence[str], code: int | None) -> None:
        connection = await server.accept()
        await say(connection, "first", *messages)
        if code is not None:
            await connection.close(code)

    def talkative(*messages: str, code: int | None = None) -> str:
        nursery.start_soon(talk, messages, code)
        return server.url

    return talkative


async def consume_by_listener(ws: WebSocket, seen: list[Any]) -> None:
    ws.addEventListener("message", lambda event: seen.append(event.data))


async def consume_by_slot(ws: WebSocket, seen: list[Any]) -> None:
    ws.onmessage = lambda event: seen.append(event.data)


async def consume_by_channel(ws: WebSocket, seen: list[Any]) -> None:
    channel = ws.when("message")
    seen += [(await channel.receive()).data, (await channel.receive()).data]


async def consume_by_receiving(ws: WebSocket, seen: list[Any]) -> None:
    seen += [await ws.receive(), await ws.receive()]


async def consume_by_loop(ws: WebSocket, seen: list[Any]) -> None:
    async for message in ws:
        seen.append(message)
        if len(seen) == 2:
            break


@pytest.mark.parametrize(
    "consume",
    [
        consume_by_listener,
        consume_by_slot,
        consume_by_channel,
        consume_by_receiving,
        consume_by_loop,
    ],
)
async def test_nothing_is_lost(
    consume: Callable[[WebSocket, list[Any]], Awaitable[None]],
    talkative: Any,
    autojump_clock: Any,
) -> None:
    """All messages are there, however late and by whichever way the program consumes the first."""
    seen: list[Any] = []
    async with open_websocket(talkative("second")) as ws:
        await trio.sleep(100)
        await consume(ws, seen)
        await trio.testing.wait_all_tasks_blocked()
    assert seen == ["first", "second"]


async def test_wait_closed_consumes(talkative: Any, autojump_clock: Any) -> None:
    """Otherwise it would wait for a Close frame after messages that are not read."""
    async with open_websocket(talkative(code=3000)) as ws:
        assert (await ws.wait_closed()).code == 3000


async def test_wait_closed_drops_nothing_once_anyone_received(
    talkative: Any, autojump_clock: Any
) -> None:
    """The inbox keeps the messages that came while a task waited for the end."""
    async with open_websocket(talkative("second", code=1000)) as ws:
        assert await ws.receive() == "first"
        await ws.wait_closed()
        assert [message async for message in ws] == ["second"]


async def look_elsewhere(ws: WebSocket) -> None:
    ws.onclose = lambda event: None
    ws.onerror = None
    ws.addEventListener("open", lambda event: None)
    ws.when("close", "error")
    ws.send("hello")


async def test_what_consumes_nothing(talkative: Any, autojump_clock: Any) -> None:
    """An ``onclose``, other events' listeners and sending consume nothing."""
    async with open_websocket(talkative()) as ws:
        await look_elsewhere(ws)
        await trio.testing.wait_all_tasks_blocked()
        assert await ws.receive() == "first"


async def test_sockets_of_a_nursery_hold_too(talkative: Any, autojump_clock: Any) -> None:
    """``open`` is dispatched at once, messages are not."""
    async with open_websocket_nursery() as sockets:
        ws = sockets.connect(talkative())
        await ws.when("open").receive()
        await trio.testing.wait_all_tasks_blocked()
        assert await ws.receive() == "first"


async def test_bare_constructor_dispatches_at_once(
    talkative: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """As in a browser, a message without a listener is gone."""
    ws = WebSocket(talkative(), nursery=nursery)
    await trio.testing.wait_all_tasks_blocked()
    seen: list[Any] = []
    ws.onmessage = lambda event: seen.append(event.data)
    await trio.testing.wait_all_tasks_blocked()
    assert seen == []
