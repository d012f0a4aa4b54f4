"""The hold: a managed socket's messages wait until the program's first look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.peer import TEXT, Peer, close, frame

from trio_ws_dom import WebSocket, open_websocket, open_websocket_nursery

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Server:
    """A peer that accepts, sends messages, and does its part of the end."""

    def __init__(self, nursery: trio.Nursery, messages: bytes, *, lockstep: bool = False) -> None:
        pair = trio.testing.lockstep_stream_pair if lockstep else trio.testing.memory_stream_pair
        self.ours, theirs = pair()
        self.peer = Peer(theirs)
        self.sent = trio.Event()
        self.messages = messages
        nursery.start_soon(self._run)

    async def _run(self) -> None:
        await self.peer.accept(then=frame(TEXT, b"first"))
        await self.peer.send(self.messages)
        self.sent.set()
        await self.peer.finish()

    def open(self) -> Any:
        return open_websocket("ws://peer.test/", stream=self.ours)


async def look_by_listener(ws: WebSocket, seen: list[Any]) -> None:
    ws.addEventListener("message", lambda event: seen.append(event.data))


async def look_by_slot(ws: WebSocket, seen: list[Any]) -> None:
    ws.onmessage = lambda event: seen.append(event.data)


async def look_by_channel(ws: WebSocket, seen: list[Any]) -> None:
    channel = ws.when("message")
    seen += [(await channel.receive()).data, (await channel.receive()).data]


async def look_by_receiving(ws: WebSocket, seen: list[Any]) -> None:
    seen += [await ws.receive(), await ws.receive()]


async def look_by_loop(ws: WebSocket, seen: list[Any]) -> None:
    async for message in ws:
        seen.append(message)
        if len(seen) == 2:
            break


@pytest.mark.parametrize(
    "look", [look_by_listener, look_by_slot, look_by_channel, look_by_receiving, look_by_loop]
)
async def test_nothing_is_lost(
    look: Callable[[WebSocket, list[Any]], Awaitable[None]],
    nursery: trio.Nursery,
    autojump_clock: Any,
) -> None:
    """However late the first look comes, and however it is made: all messages are there."""
    server = Server(nursery, frame(TEXT, b"second"))
    seen: list[Any] = []
    async with server.open() as ws:
        await trio.sleep(100)
        await look(ws, seen)
        await trio.testing.wait_all_tasks_blocked()
    assert seen == ["first", "second"]


async def test_looks_that_take_nothing(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """``onmessage = None`` is a look: the messages are dropped, and the ping behind is answered."""
    server = Server(nursery, frame(9, b"ping"))
    async with server.open() as ws:
        await trio.testing.wait_all_tasks_blocked()
        assert server.peer.frames == []
        ws.onmessage = None
        await trio.testing.wait_all_tasks_blocked()
        assert server.peer.frames == [(10, b"ping")]


async def test_wait_closed_is_a_look(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Else it would wait for a Close frame behind messages that nobody reads."""
    server = Server(nursery, close(3000))
    async with server.open() as ws:
        assert (await ws.wait_closed()).code == 3000


async def test_wait_closed_drops_nothing_once_anyone_received(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The inbox keeps the messages that came while somebody waited for the end."""
    server = Server(nursery, frame(TEXT, b"second") + close(1000))
    async with server.open() as ws:
        assert await ws.receive() == "first"
        await ws.wait_closed()
        assert [message async for message in ws] == ["second"]


async def look_elsewhere(ws: WebSocket) -> None:
    ws.onclose = lambda event: None
    ws.onerror = None
    ws.addEventListener("open", lambda event: None)
    ws.when("close", "error")
    ws.send("hello")


async def test_no_looks(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """An ``onclose``, other events' listeners and sending are no looks."""
    server = Server(nursery, b"")
    async with server.open() as ws:
        await look_elsewhere(ws)
        await trio.testing.wait_all_tasks_blocked()
        assert await ws.receive() == "first"


async def test_sockets_of_a_nursery_hold_too(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """``open`` is dispatched at once, messages are not."""
    server = Server(nursery, b"")
    async with open_websocket_nursery() as sockets:
        ws = sockets.connect("ws://peer.test/", stream=server.ours)
        await ws.when("open").receive()
        await trio.testing.wait_all_tasks_blocked()
        assert await ws.receive() == "first"


async def test_bare_constructor_dispatches_at_once(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """As in a browser, a message that nobody listens for is gone."""
    server = Server(nursery, b"")
    ws = WebSocket("ws://peer.test/", nursery=nursery, stream=server.ours)
    await trio.testing.wait_all_tasks_blocked()
    seen: list[Any] = []
    ws.onmessage = lambda event: seen.append(event.data)
    await trio.testing.wait_all_tasks_blocked()
    assert seen == []


async def test_held_messages_are_bounded(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """What does not fit waits in TCP: the peer cannot get rid of a few megabytes."""
    message = frame(TEXT, b"x" * 1000)
    server = Server(nursery, message * 5000, lockstep=True)
    async with server.open() as ws:
        await trio.testing.wait_all_tasks_blocked()
        assert not server.sent.is_set()
        for _ in range(5001):
            await ws.receive()
        await server.sent.wait()


async def test_leaving_drops_what_is_held(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The block's end is a clean close, however much was not read."""
    server = Server(nursery, frame(TEXT, b"x" * 1000) * 5000, lockstep=True)
    async with server.open() as ws:
        await trio.testing.wait_all_tasks_blocked()
    assert ws.closeEvent.wasClean
