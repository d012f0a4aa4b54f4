"""A peer whose sending is stopped, as the program does not take its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.checked import not_none
from support.fake_server import begin
from support.frames import BINARY, PING, PONG, TEXT, close, frame
from support.opened import socket_and_peer
from support.peer import Frame, Peer

from trio_ws_dom import WebSocket, open_websocket
from trio_ws_dom._socket._inbox import MAX_WAITING_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable


async def test_full_inbox_stops_the_reading(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A full inbox stops the peer with bounded memory, and nothing is lost."""
    ws, peer = await socket_and_peer(nursery, pair=trio.testing.lockstep_stream_pair())
    await begin(ws)
    sent = 0

    async def flood() -> None:
        nonlocal sent
        for _ in range(100):
            await peer.send(frame(BINARY, b"x" * 10_000) * 10)
            sent += 10
        await peer.send(close(1000))
        await peer.read_to_close()
        await peer.stream.aclose()

    nursery.start_soon(flood)
    await trio.testing.wait_all_tasks_blocked()
    stuck_at = sent
    assert stuck_at * 10_000 < 3 * MAX_WAITING_BYTES
    assert not_none(ws._session.flow.inbox)._size < MAX_WAITING_BYTES + 64 * 10_000
    assert len([message async for message in ws]) == 1000


async def test_pings_wait_behind_a_full_inbox(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The reading stops, and goes on when the inbox is empty."""
    ws, peer = await socket_and_peer(nursery)
    await begin(ws)
    await peer.send(frame(TEXT) * 5000, frame(PING, b"ping"))
    await trio.testing.wait_all_tasks_blocked()
    with trio.move_on_after(1) as scope:
        await peer.next()
    assert scope.cancelled_caught
    for _ in range(5000):
        await ws.receive()
    assert await peer.next() == Frame(PONG, b"ping")


async def test_peer_is_held_up(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The reading stops and so does the peer's writing, until the channel is closed."""
    ws, peer = await socket_and_peer(nursery, pair=trio.testing.lockstep_stream_pair())
    messages = ws.when("message")
    sent = trio.Event()

    async def flood() -> None:
        await peer.send(frame(TEXT, b"x" * 1000) * 2000)
        sent.set()

    nursery.start_soon(flood)
    await trio.testing.wait_all_tasks_blocked()
    assert not sent.is_set()
    await messages.aclose()
    await sent.wait()
    assert ws.readyState == WebSocket.OPEN


async def part(peer: Peer, data: bytes, sent: trio.Event) -> None:
    """Return a server that sends this after its answer, and completes the closing handshake."""
    await peer.accept(then=data[:100])
    await peer.send(data[100:])
    sent.set()
    await peer.finish()


@pytest.fixture
def serve_bytes(nursery: trio.Nursery) -> Callable[..., tuple[Any, Peer, trio.Event]]:
    """Return a socket to such a server, its end, and when all was sent."""

    def serve_bytes(data: bytes) -> tuple[Any, Peer, trio.Event]:
        ours, theirs = trio.testing.lockstep_stream_pair()
        peer, sent = Peer(theirs), trio.Event()
        nursery.start_soon(part, peer, data, sent)
        return open_websocket("ws://peer.test/", stream=ours), peer, sent

    return serve_bytes


async def test_messages_in_the_answers_segment(serve_bytes: Any, autojump_clock: Any) -> None:
    """They wait until the program consumes messages, as those that come later do."""
    socket, _, _ = serve_bytes(frame(TEXT, b"first") + frame(TEXT, b"second"))
    async with socket as ws:
        await trio.sleep(100)
        assert [await ws.receive(), await ws.receive()] == ["first", "second"]


async def test_a_ping_after_held_messages_is_answered(
    serve_bytes: Any, autojump_clock: Any
) -> None:
    socket, peer, _ = serve_bytes(frame(TEXT, b"first") + frame(PING, b"ping"))
    async with socket as ws:
        await trio.testing.wait_all_tasks_blocked()
        assert peer.frames == [Frame(PONG, b"ping")]
        assert await ws.receive() == "first"


async def test_held_messages_are_bounded(serve_bytes: Any, autojump_clock: Any) -> None:
    """What does not fit waits in TCP, so the peer cannot send a few megabytes."""
    socket, _, sent = serve_bytes(frame(TEXT, b"x" * 1000) * 5000)
    async with socket as ws:
        await trio.testing.wait_all_tasks_blocked()
        assert not sent.is_set()
        for _ in range(5000):
            await ws.receive()
        await sent.wait()


async def test_leaving_drops_what_is_held(serve_bytes: Any, autojump_clock: Any) -> None:
    """The block's end is a clean close, however much was not read."""
    socket, _, _ = serve_bytes(frame(TEXT, b"x" * 1000) * 5000)
    async with socket as ws:
        await trio.testing.wait_all_tasks_blocked()
    assert ws.closeEvent.wasClean
