"""From a URL's host to an answer: TCP, TLS, and the refusals on the way."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
import trustme
from support.peer import Peer

from trio_ws_dom import HandshakeError, WebSocket, WebSocketError, open_websocket
from trio_ws_dom._net import _dial

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

AUTHORITY = trustme.CA()


def server_context(*names: str, ca: trustme.CA = AUTHORITY) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*(names or ("127.0.0.1",))).configure_cert(context)
    return context


def client_context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


class Server:
    """Peers on loopback that accept by TLS, and do their part of the end."""

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
                return  # it went away again: its own test says why


@pytest.fixture
async def server(nursery: trio.Nursery) -> AsyncIterator[Server]:
    async with (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0] as listener:
        yield Server(listener, nursery)


async def failure_to_open(url: str, **options: Any) -> WebSocketError:
    """What comes out of ``open_websocket``."""
    with pytest.raises(WebSocketError) as caught:
        async with open_websocket(url, **options):
            raise AssertionError("the socket is never open")
    return caught.value


# TLS over real sockets.


async def test_trusted(server: Server) -> None:
    """A context of the user's is used: this one trusts the server's authority."""
    server.start(server_context())
    async with open_websocket(server.url, ssl_context=client_context()) as ws:
        ws.send("hello")
    assert ws.closeEvent.wasClean


async def test_users_context_is_used_as_it_is(server: Server) -> None:
    """Nothing is set in it: no ALPN is offered that it does not ask for."""
    context = server_context()
    context.set_alpn_protocols(["http/1.1"])
    server.start(context)
    async with open_websocket(server.url, ssl_context=client_context()):
        pass
    assert server.selected == [None]


@pytest.fixture
def system_trusts_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The system's authorities are the tests' own for a while."""
    AUTHORITY.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    _dial._default_context.cache_clear()
    yield
    _dial._default_context.cache_clear()


@pytest.mark.usefixtures("system_trusts_us")
async def test_default_context_offers_http_1_1(server: Server) -> None:
    """It verifies by the system's authorities, and offers ALPN http/1.1, nothing else."""
    context = server_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    server.start(context)
    async with open_websocket(server.url) as ws:
        assert ws.readyState == WebSocket.OPEN
    assert server.selected == ["http/1.1"]


async def test_foreign_alpn_is_refused(server: Server) -> None:
    """A user's context that offers h2 gets it, and RFC 6455's handshake is not for h2."""
    theirs, ours = server_context(), client_context()
    theirs.set_alpn_protocols(["h2"])
    ours.set_alpn_protocols(["h2"])
    server.start(theirs)
    error = await failure_to_open(server.url, ssl_context=ours)
    assert isinstance(error.__cause__, ssl.SSLError)
    assert "expected ALPN 'http/1.1', got 'h2'" in str(error)


async def test_unknown_authority(server: Server) -> None:
    """By default a server is verified; the error names the reason, the cause has the code."""
    server.start(server_context(ca=trustme.CA()))
    error = await failure_to_open(server.url)
    assert isinstance(error.__cause__, ssl.SSLCertVerificationError)
    assert "certificate" in str(error)
    assert error.closeCode == 1006


async def test_self_signed(server: Server) -> None:
    """A self-signed certificate is refused, and the message says that it is one."""
    server.start(server_context(ca=trustme.CA()))
    error = await failure_to_open(server.url, ssl_context=client_context())
    assert isinstance(error.__cause__, ssl.SSLCertVerificationError)
    assert error.__cause__.verify_message in str(error)


async def test_wrong_host(server: Server) -> None:
    """A good certificate of somebody else's."""
    server.start(server_context("other.test"))
    error = await failure_to_open(server.url, ssl_context=client_context())
    assert isinstance(error.__cause__, ssl.SSLCertVerificationError)
    assert "127.0.0.1" in str(error)


async def test_silent_server_is_reset() -> None:
    """Below TLS too the connection is reset when the closing handshake has taken too long."""
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
    assert ws.closeEvent.code == 1006
    assert (peers[0].close_code, peers[0].ended) == (1000, "reset")


# Over streams of the user's, in virtual time.


async def serve_over(stream: trio.abc.Stream, peers: list[Peer]) -> None:
    """A peer by TLS on its end of a stream."""
    context = server_context("peer.test")
    peers.append(Peer(trio.SSLStream(stream, context, server_side=True, https_compatible=True)))
    await peers[0].serve()


async def test_wss_over_a_given_stream(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """TLS is started on it, for the URL's host."""
    ours, theirs = trio.testing.memory_stream_pair()
    peers: list[Peer] = []
    nursery.start_soon(serve_over, theirs, peers)
    async with open_websocket("wss://peer.test/", stream=ours, ssl_context=client_context()) as ws:
        ws.send("hello")
    assert [got.payload for got in peers[0].frames] == [b"hello", b"\x03\xe8"]
    assert ws.closeEvent.wasClean


async def test_given_ssl_stream_is_used_as_it_is(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """A stream that has TLS already gets no second layer of it."""
    ours, theirs = trio.testing.memory_stream_pair()
    stream = trio.SSLStream(ours, client_context(), server_hostname="peer.test")
    peers: list[Peer] = []
    nursery.start_soon(serve_over, theirs, peers)
    async with open_websocket("wss://peer.test/", stream=stream) as ws:
        ws.send("hello")
    assert peers[0].frames[0].payload == b"hello"
    assert stream.transport_stream is ours


async def test_tls_cut_off(autojump_clock: Any) -> None:
    """A server that hangs up in the middle of TLS: an SSLError that says so."""
    ours, theirs = trio.testing.memory_stream_pair()
    await theirs.aclose()
    error = await failure_to_open("wss://peer.test/", stream=ours)
    assert isinstance(error.__cause__, ssl.SSLError)
    assert str(error).startswith("wss://peer.test/: ")


async def test_tls_with_junk(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A server that does not speak TLS: what ssl says is the cause, not trio's wrapping."""
    ours, theirs = trio.testing.memory_stream_pair()
    nursery.start_soon(theirs.send_all, b"HTTP/1.1 400 Bad Request\r\n\r\n")
    error = await failure_to_open("wss://peer.test/", stream=ours)
    assert isinstance(error.__cause__, ssl.SSLError)


async def test_tls_timeout(autojump_clock: Any) -> None:
    """``open_timeout`` covers TLS; the stream is closed."""
    ours, _ = trio.testing.memory_stream_pair()
    error = await failure_to_open("wss://peer.test/", stream=ours, open_timeout=5)
    assert isinstance(error.__cause__, TimeoutError)
    with pytest.raises(trio.ClosedResourceError):
        await ours.send_all(b"x")


# A network of our own.


class Network(trio.abc.SocketFactory, trio.abc.HostnameResolver):
    """Where names resolve to an address, or not, and connecting takes for ever."""

    def __init__(self, error: OSError | None = None) -> None:
        self.error = error
        self.connecting = 0

    def socket(self, *args: Any) -> Any:
        real = trio.socket.from_stdlib_socket(socket.socket())

        async def connect(address: Any) -> None:
            self.connecting += 1
            await trio.sleep_forever()

        real.connect = connect  # type: ignore[method-assign]  # ten-line fake
        return real

    async def getaddrinfo(self, *args: Any) -> Any:
        if self.error is not None:
            raise self.error
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("192.0.2.1", 80))]

    async def getnameinfo(self, *args: Any) -> Any:
        raise AssertionError("nobody asks")


async def test_name_that_does_not_resolve(autojump_clock: Any) -> None:
    """The resolver's own error is the cause."""
    error = socket.gaierror(socket.EAI_NONAME, "no such name")
    trio.socket.set_custom_hostname_resolver(Network(error))
    failure = await failure_to_open("ws://nonexistent.invalid/")
    assert failure.__cause__ is error
    assert "ws://nonexistent.invalid/" in str(failure)
    assert "no such name" in str(failure)


async def test_refused_tcp() -> None:
    """Nobody listens: an OSError is the cause, and the message names the place."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{reserved.getsockname()[1]}/"
        error = await failure_to_open(url)
    assert isinstance(error.__cause__, OSError)
    assert url in str(error)


@pytest.mark.parametrize("timeout", [3, 60])
async def test_open_timeout(timeout: float, autojump_clock: Any) -> None:
    """A host that never answers has so many seconds, counted from dialling."""
    network = Network()
    trio.socket.set_custom_hostname_resolver(network)
    trio.socket.set_custom_socket_factory(network)
    start = trio.current_time()
    error = await failure_to_open("ws://peer.test/", open_timeout=timeout)
    assert isinstance(error.__cause__, TimeoutError)
    assert trio.current_time() - start == pytest.approx(timeout)


async def test_close_while_tcp_connects(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It is given up at once."""
    network = Network()
    trio.socket.set_custom_hostname_resolver(network)
    trio.socket.set_custom_socket_factory(network)
    ws = WebSocket("ws://peer.test/", nursery=nursery)
    await trio.testing.wait_all_tasks_blocked()
    assert network.connecting
    await given_up_at_once(ws)


@pytest.mark.parametrize("url", ["ws://peer.test/", "wss://peer.test/"])
async def test_close_while_shaking_hands(
    url: str, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The same in TLS's handshake and in HTTP's; the peer sees the end of TCP."""
    ours, theirs = trio.testing.memory_stream_pair()
    ws = WebSocket(url, nursery=nursery, stream=ours)
    await trio.testing.wait_all_tasks_blocked()
    assert await theirs.receive_some()
    await given_up_at_once(ws)
    assert await theirs.receive_some() == b""


async def given_up_at_once(ws: WebSocket) -> None:
    start = trio.current_time()
    ws.close()
    assert (await ws.wait_closed()).code == 1006
    assert trio.current_time() == start
    assert isinstance(ws.failure.__cause__, ConnectionAbortedError)


async def test_close_in_the_moment_of_the_answer(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """A 101 that has arrived, and was not seen yet, changes nothing any more."""
    ours, theirs = trio.testing.memory_stream_pair()
    ws = WebSocket("ws://peer.test/", nursery=nursery, stream=ours)
    events = ws.when("open", "error", "close")
    peer = Peer(theirs)
    await peer.read_request()
    await trio.testing.wait_all_tasks_blocked()
    ours.receive_stream.put_data(peer.response())
    ws.close()
    assert [event.type async for event in events] == ["error", "close"]


async def test_answer_in_pieces(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A 101 may come byte by byte."""
    ours, theirs = trio.testing.memory_stream_pair()
    ws = WebSocket("ws://peer.test/", nursery=nursery, stream=ours)
    peer = Peer(theirs)
    await peer.read_request()
    for byte in peer.response():
        assert ws.readyState == WebSocket.CONNECTING
        await peer.send(bytes([byte]))
        await trio.testing.wait_all_tasks_blocked()
    assert ws.readyState == WebSocket.OPEN


# Refusals.


async def refuse(peer: Peer, *pieces: bytes, end: bool = False) -> None:
    await peer.read_request()
    with suppress(trio.BrokenResourceError):  # the client may have had enough
        for piece in pieces:
            await peer.send(piece)
            await trio.sleep(0.75)
    if end:
        await peer.stream.aclose()


HEAD = b"HTTP/1.1 503 Sorry\r\nRetry-After: 5\r\nContent-Length: 10\r\n\r\n"


@pytest.mark.parametrize(
    ("pieces", "end", "seconds", "body"),
    [
        ([HEAD + b"0123456789"], False, 0, b"0123456789"),
        ([HEAD + b"01234", b"56789"], False, 0.75, b"0123456789"),
        ([HEAD + b"01234"], True, 0.75, b"01234"),
        ([HEAD + b"01234"], False, 2, b"01234"),
        ([HEAD, *([b"0"] * 5)], False, 2, b"00"),
        ([HEAD], False, 2, b""),
    ],
    ids=["whole", "late", "ended", "stuck", "dripping", "head alone"],
)
async def test_body_of_a_refusal(
    pieces: list[bytes],
    end: bool,
    seconds: float,
    body: bytes,
    nursery: trio.Nursery,
    autojump_clock: Any,
) -> None:
    """It is waited for, but for two seconds in all, and is in the error as far as it came."""
    ours, theirs = trio.testing.memory_stream_pair()
    nursery.start_soon(lambda: refuse(Peer(theirs), *pieces, end=end))
    start = trio.current_time()
    error = await failure_to_open("ws://peer.test/", stream=ours)
    assert isinstance(error, HandshakeError)
    assert (error.status, error.headers["retry-after"]) == (503, "5")
    assert error.body == body
    assert trio.current_time() - start == pytest.approx(seconds)


async def test_bad_101(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A 101 that is not good is a HandshakeError too: the server did answer."""
    ours, theirs = trio.testing.memory_stream_pair()
    nursery.start_soon(Peer(theirs).accept, "Sec-WebSocket-Protocol: unasked")
    error = await failure_to_open("ws://peer.test/", stream=ours)
    assert isinstance(error, HandshakeError)
    assert (error.status, error.body) == (101, b"")
    assert "unasked" in str(error)


async def test_no_http(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Junk has no status: a plain WebSocketError."""
    ours, theirs = trio.testing.memory_stream_pair()
    nursery.start_soon(refuse, Peer(theirs), b"SSH-2.0-x\r\n")
    error = await failure_to_open("ws://peer.test/", stream=ours)
    assert type(error) is WebSocketError
    assert "SSH-2.0" in str(error)
