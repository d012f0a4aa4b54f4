"""Faults of networks, over real sockets, by a relay that disturbs the traffic."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.checked import close_event, not_none
from support.frames import BINARY, frame
from support.patience import PATIENCE
from support.peer import Peer
from support.tls import client_context, server_context
from support.transports import EventRecorder, count_files

from guarantee.relay import Relay, Spoiling
from trio_ws_dom import WebSocketError, open_websocket

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

pytestmark = pytest.mark.real

SHORT: dict[str, Any] = {"close_timeout": 0.5, "cancelled_close_timeout": 0.3}  # seconds
MESSAGE = frame(BINARY, b"x" * 60_000)
HEAD = 129  # bytes of the 101


async def good_server(peer: Peer) -> None:
    await peer.accept(then=MESSAGE)
    await peer.finish()


@asynccontextmanager
async def server(
    spoiling: Spoiling, tls: ssl.SSLContext | None = None
) -> AsyncGenerator[tuple[int, list[Peer]]]:
    """Run a good server behind a relay, and yield the relay's port and the peers."""
    peers: list[Peer] = []

    async def serve(stream: Any) -> None:
        if tls is not None:
            stream = trio.SSLStream(stream, tls, server_side=True, https_compatible=True)
        peers.append(Peer(stream))
        try:
            async with stream:
                await good_server(peers[-1])
        except (trio.BrokenResourceError, AssertionError):
            peers[-1].ended = "broken"

    async with trio.open_nursery() as nursery:
        nursery.cancel_scope.deadline = trio.current_time() + PATIENCE
        listeners = await nursery.start(partial(trio.serve_tcp, host="127.0.0.1"), serve, 0)
        to = listeners[0].socket.getsockname()[1]
        relay = Relay(to, spoiling)
        yield await nursery.start(relay.serve), peers
        assert not nursery.cancel_scope.cancel_called, "it hung"
        await trio.testing.wait_all_tasks_blocked(0.005)  # the peers see the end
        nursery.cancel_scope.cancel()


async def test_a_slow_network_is_no_fault() -> None:
    async with server(Spoiling(latency=0.05)) as (port, peers):
        async with open_websocket(f"ws://127.0.0.1:{port}", **SHORT) as ws:
            assert len(await ws.receive()) == 60_000
            ws.send("hello")
        assert close_event(ws).wasClean
        assert peers[0].close_code == 1000


async def test_bytes_that_come_one_by_one_are_no_fault() -> None:
    async with server(Spoiling(drip=1, latency=0.01)) as (port, _):
        with trio.CancelScope() as scope:
            async with open_websocket(f"ws://127.0.0.1:{port}", **SHORT) as ws:
                scope.deadline = trio.current_time() + 0.3
                recorder = EventRecorder(ws)
                await ws.receive()  # which would take 60 seconds
        recorder.check()
        assert (close_event(ws).code, close_event(ws).wasClean) == (1006, False)


@pytest.mark.parametrize("cancelled", [False, True])
async def test_silence_in_a_frame_takes_the_bound_and_ends_with_1006(cancelled: bool) -> None:
    async with server(Spoiling(silent_after=HEAD + 30_000)) as (port, _):
        files = count_files()
        with trio.CancelScope() as scope:
            async with open_websocket(f"ws://127.0.0.1:{port}", **SHORT) as ws:
                recorder = EventRecorder(ws)
                ws.onmessage = None
                await trio.sleep(0.1)
                start = trio.current_time()
                if cancelled:
                    scope.cancel()
        took = trio.current_time() - start
        recorder.check()
        assert close_event(ws).code == 1006
        bound = SHORT["cancelled_close_timeout" if cancelled else "close_timeout"]
        assert took == pytest.approx(bound, abs=0.1)
        with trio.fail_after(PATIENCE):
            while count_files() > files:  # until the relay has seen the end
                await trio.sleep(0.01)


@pytest.mark.parametrize("at", [1, HEAD - 1, HEAD, HEAD + 1, HEAD + 30_000])
async def test_a_reset_fails_the_opening_or_ends_with_1006(at: int) -> None:
    async with server(Spoiling(reset_after=at)) as (port, _):
        if at < HEAD:
            with pytest.raises(WebSocketError) as caught:
                async with open_websocket(f"ws://127.0.0.1:{port}", **SHORT):
                    raise AssertionError("it was opened")
            assert caught.value.__cause__ is not None
            return
        async with open_websocket(f"ws://127.0.0.1:{port}", **SHORT) as ws:
            recorder = EventRecorder(ws)
            await ws.wait_closed()
        recorder.check()
        assert close_event(ws).code == 1006
        assert recorder.events == ["close"]


async def test_a_server_that_ends_its_side_ends_the_socket_unclean() -> None:
    async with server(Spoiling(end_after=HEAD + 30_000)) as (port, _):
        async with open_websocket(f"ws://127.0.0.1:{port}", **SHORT) as ws:
            recorder = EventRecorder(ws)
            await ws.wait_closed()
        recorder.check()
        assert isinstance(not_none(ws.failure).__cause__, EOFError)


@pytest.fixture(scope="module")
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the TLS contexts of the server, and of a client that trusts it."""
    return server_context(), client_context()


@pytest.mark.parametrize("how", ["end_after", "reset_after", "silent_after"])
@pytest.mark.parametrize("at", [200, 10_000, 40_000])
async def test_torn_tls_ends_the_socket_unclean(
    how: str, at: int, contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    """TLS breaks off in the middle of a record, in the handshake or in a message."""
    async with server(Spoiling(**{how: at}), contexts[0]) as (port, _):
        opens = at >= 40_000  # the 101 is in the first record of data, of 16 KiB
        connect = open_websocket(
            f"wss://127.0.0.1:{port}",
            ssl_context=contexts[1],
            open_timeout=PATIENCE if opens else 0.5,
            **SHORT,
        )
        if not opens:
            with pytest.raises(WebSocketError) as caught:
                async with connect:
                    raise AssertionError("it was opened")
            assert caught.value.__cause__ is not None
            return
        async with connect as ws:
            recorder = EventRecorder(ws)
            with trio.move_on_after(0.2):
                await ws.wait_closed()
        recorder.check()
        assert close_event(ws).code == 1006


async def test_whole_tls_ends_clean_and_leaves_no_file(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    async with server(Spoiling(), contexts[0]) as (port, _):
        files = count_files()
        async with open_websocket(
            f"wss://127.0.0.1:{port}", ssl_context=contexts[1], **SHORT
        ) as ws:
            assert len(await ws.receive()) == 60_000
        assert close_event(ws).wasClean
        with trio.fail_after(PATIENCE):
            while count_files() > files:
                await trio.sleep(0.01)
