"""What TLS verifies and offers, and its end."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.checked import close_event, not_none
from support.failing import failure_to_open
from support.frames import close
from support.peer import Peer
from support.tls import client_context, server_context

from trio_ws_dom import WebSocket, open_websocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Server:
    """Peers on loopback that accept by TLS, and complete the closing handshake."""

    def __init__(self, listener: trio.SocketListener, nursery: trio.Nursery) -> None:
        self._listener = listener
        self._nursery = nursery
        self.selected: list[str | None] = []
        self.url = f"wss://127.0.0.1:{listener.socket.getsockname()[1]}/"

    def start(self, context: ssl.SSLContext) -> None:
        self._nursery.start_soon(self._serve, context)

    async def _serve(self, context: ssl.SSLContext) -> None:
        tcp = await self._listener.accept()
        async with tcp:
            stream = trio.SSLStream(tcp, context, server_side=True, https_compatible=True)
            try:
                await stream.do_handshake()
            except trio.BrokenResourceError:
                return
            self.selected.append(stream.selected_alpn_protocol())
            peer = Peer(stream)
            try:
                await peer.serve()
            except AssertionError:
                return  # it closed again, for which it has its own test


@pytest.fixture
async def server(nursery: trio.Nursery) -> AsyncIterator[Server]:
    async with (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0] as listener:
        yield Server(listener, nursery)


# TLS over real sockets.


async def test_programs_context_is_used(server: Server) -> None:
    """This one trusts the server's authority."""
    server.start(server_context())
    async with open_websocket(server.url, ssl_context=client_context()) as ws:
        ws.send("hello")
    assert close_event(ws).wasClean


async def test_nothing_is_set_in_the_programs_context(server: Server) -> None:
    """No ALPN is offered without the program's own."""
    context = server_context()
    context.set_alpn_protocols(["http/1.1"])
    server.start(context)
    async with open_websocket(server.url, ssl_context=client_context()):
        pass
    assert server.selected == [None]


@pytest.mark.usefixtures("system_trusts_us")
async def test_default_context_verifies_and_offers_http_1_1_alone(server: Server) -> None:
    context = server_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    server.start(context)
    async with open_websocket(server.url) as ws:
        assert ws.readyState == WebSocket.OPEN
    assert server.selected == ["http/1.1"]


async def test_alpn_other_than_http_1_1_is_refused(server: Server) -> None:
    """A program's context may offer h2, and RFC 6455's handshake is not for h2."""
    theirs, ours = server_context(), client_context()
    theirs.set_alpn_protocols(["h2"])
    ours.set_alpn_protocols(["h2"])
    server.start(theirs)
    error = await failure_to_open(server.url, ssl_context=ours)
    assert isinstance(error.__cause__, ssl.SSLError)
    assert str(error) == f"{server.url}: expected ALPN 'http/1.1', got 'h2' from the server"


async def test_silent_server_with_tls_is_reset() -> None:
    async with (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0] as listener:
        url = f"wss://127.0.0.1:{listener.socket.getsockname()[1]}/"
        peers: list[Peer] = []

        async def be_silent() -> None:
            tcp = await listener.accept()
            async with tcp:
                peers.append(Peer(trio.SSLStream(tcp, server_context(), server_side=True)))
                await peers[0].accept()
                await peers[0].read_to_end()

        async with trio.open_nursery() as server:
            server.start_soon(be_silent)
            async with open_websocket(url, ssl_context=client_context(), close_timeout=0.05) as ws:
                pass
    assert close_event(ws).code == 1006
    assert (peers[0].close_code, peers[0].ended) == (1000, "reset")


async def test_tcp_below_tls_is_ended_cleanly_after_both_closes() -> None:
    """RFC 6455 section 7.1.1. The server waits for our end, and it is no reset."""
    async with (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0] as listener:
        url = f"wss://127.0.0.1:{listener.socket.getsockname()[1]}/"
        peers: list[Peer] = []

        async def answer_the_close() -> None:
            tcp = await listener.accept()
            tls = trio.SSLStream(tcp, server_context(), server_side=True, https_compatible=True)
            async with tcp:
                peers.append(Peer(tls))
                await peers[0].accept()
                await peers[0].read_to_close()
                await peers[0].send(close(1000))
                await peers[0].read_to_end()

        async with trio.open_nursery() as server:
            server.start_soon(answer_the_close)
            async with open_websocket(url, ssl_context=client_context()) as ws:
                pass
    assert close_event(ws).wasClean
    assert peers[0].ended == "eof"


# Over streams of the user's, in virtual time.


async def serve_over(stream: trio.abc.Stream, peers: list[Peer]) -> None:
    """Serve as a peer by TLS on this end of a stream."""
    context = server_context("peer.test")
    peers.append(Peer(trio.SSLStream(stream, context, server_side=True, https_compatible=True)))
    await peers[0].serve()


async def test_tls_is_started_on_a_given_stream(nursery: trio.Nursery, autojump_clock: Any) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    peers: list[Peer] = []
    nursery.start_soon(serve_over, theirs, peers)
    async with open_websocket("wss://peer.test/", stream=ours, ssl_context=client_context()) as ws:
        ws.send("hello")
    assert [got.payload for got in peers[0].frames] == [b"hello", b"\x03\xe8"]
    assert close_event(ws).wasClean


async def test_given_ssl_stream_gets_no_second_tls(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    stream = trio.SSLStream(ours, client_context(), server_hostname="peer.test")
    peers: list[Peer] = []
    nursery.start_soon(serve_over, theirs, peers)
    async with open_websocket("wss://peer.test/", stream=stream) as ws:
        ws.send("hello")
    assert peers[0].frames[0].payload == b"hello"
    assert stream.transport_stream is ours


async def test_open_timeout_covers_tls_and_the_stream_is_closed(autojump_clock: Any) -> None:
    ours, _ = trio.testing.memory_stream_pair()
    error = await failure_to_open("wss://peer.test/", stream=ours, open_timeout=5)
    assert isinstance(error.__cause__, TimeoutError)
    with pytest.raises(trio.ClosedResourceError):
        await ours.send_all(b"x")


async def test_broken_tls_of_an_open_socket_has_openssls_error_as_cause(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    peers: list[Peer] = []
    nursery.start_soon(serve_over, theirs, peers)
    ws = WebSocket("wss://peer.test/", nursery=nursery, stream=ours, ssl_context=client_context())
    await ws.when("open").receive()
    await theirs.send_all(b"\x17\x03\x03\x00\x20" + bytes(32))
    await ws.wait_closed()
    assert isinstance(not_none(ws.failure).__cause__, ssl.SSLError)
    assert "BAD_RECORD_MAC" in str(ws.failure)
