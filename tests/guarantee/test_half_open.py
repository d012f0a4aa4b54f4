"""Half-open TCP over real sockets, by a relay that goes silent without a reset, and the
keepalive."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import trio
from support.frames import CLOSE, PING, PONG, TEXT, frame
from support.patience import PATIENCE
from support.peer import Peer
from support.tls import client_context, server_context
from support.transports import EventRecorder

from guarantee.relay import Relay, Spoiling
from trio_ws_dom import WebSocketError, open_websocket

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

pytestmark = pytest.mark.real

INTERVAL, TIMEOUT = 0.3, 0.7  # seconds
MARGIN = 0.5  # seconds for the network, by the steady clock
KEPT: dict[str, Any] = {"ping_interval": INTERVAL, "ping_timeout": TIMEOUT}


async def answer(peer: Peer) -> None:
    """Answer Pings and Closes as a good server, until it is cut off."""
    await peer.accept(then=frame(TEXT, b"hello"))
    while (got := await peer.next()) is not None:
        if got.opcode == PING:
            await peer.send(frame(PONG, got.payload))
        if got.opcode == CLOSE:
            await peer.send(frame(CLOSE, got.payload))
            return


@asynccontextmanager
async def relayed(tls: ssl.SSLContext | None = None) -> AsyncGenerator[tuple[Relay, int]]:
    """Run a good server behind a relay, and yield the relay and its port."""

    async def serve(stream: Any) -> None:
        if tls is not None:
            stream = trio.SSLStream(stream, tls, server_side=True, https_compatible=True)
        async with stream:
            await answer(Peer(stream))

    async with trio.open_nursery() as nursery:
        nursery.cancel_scope.deadline = trio.current_time() + PATIENCE
        listeners = await nursery.start(partial(trio.serve_tcp, host="127.0.0.1"), serve, 0)
        relay = Relay(listeners[0].socket.getsockname()[1], Spoiling())
        yield relay, await nursery.start(relay.serve)
        assert not nursery.cancel_scope.cancel_called, "it hung"
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("secure", [False, True], ids=["ws", "wss"])
async def test_silence_after_good_traffic_is_found_in_bounded_time(secure: bool) -> None:
    """After a second of good traffic, silence is found within ``ping_timeout`` to interval plus
    timeout."""
    options: dict[str, Any] = KEPT | ({"ssl_context": client_context()} if secure else {})
    scheme = "wss" if secure else "ws"
    async with relayed(server_context() if secure else None) as (relay, port):
        async with open_websocket(f"{scheme}://127.0.0.1:{port}", **options) as ws:
            recorder = EventRecorder(ws)
            assert await ws.receive() == "hello"
            await trio.sleep(1)
            await ws.ping()
            relay.fall_silent()
            start = trio.current_time()
            with pytest.raises(WebSocketError, match="ping_timeout"):
                await ws.receive()
            took = trio.current_time() - start
        recorder.check()
    print(f"found after {took:.3f} s; interval + timeout: {INTERVAL + TIMEOUT} s")
    assert recorder.events == ["error", "close"]
    assert took < INTERVAL + TIMEOUT + MARGIN


async def test_data_that_the_system_still_takes_does_not_hide_a_dead_peer() -> None:
    async with relayed() as (relay, port):
        async with open_websocket(f"ws://127.0.0.1:{port}", **KEPT) as ws:
            ws.onmessage = None
            await trio.sleep(0.5)
            relay.fall_silent()
            start = trio.current_time()
            while ws.closeEvent is None:
                ws.send("x" * 1000)
                await trio.sleep(0.01)
            took = trio.current_time() - start
    print(f"found after {took:.3f} s")
    assert took < INTERVAL + TIMEOUT + MARGIN


async def test_a_program_that_does_not_read_does_not_declare_its_peer_dead() -> None:
    async with relayed() as (_, port):
        async with open_websocket(f"ws://127.0.0.1:{port}", **KEPT) as ws:
            await trio.sleep(2)
            assert await ws.receive() == "hello"
            await ws.ping()
        assert ws.closeEvent is not None
        assert ws.closeEvent.wasClean
