"""HTTP proxies on loopback, with every entry point, TLS at each place, and failures."""

from __future__ import annotations

import socket
import ssl
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trustme
from support.checked import close_event, instance, not_none
from support.failing import failure_to_open
from support.peer import Peer
from support.proxies import ESTABLISHED, Echo, FakeProxy, Resetting, round_trip
from support.tls import client_context, server_context

from trio_ws_dom import (
    HandshakeError,
    ProxyError,
    Retry,
    WebSocket,
    WebSocketError,
    WebSocketStream,
    open_websocket,
    open_websocket_nursery,
    open_websocket_stream,
    reconnecting_websocket,
)

if TYPE_CHECKING:
    pass

REFUSED = b"HTTP/1.1 403 Not here\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
async def server(nursery: trio.Nursery) -> Echo:
    server = Echo()
    await server.start(nursery)
    return server


@pytest.fixture
async def secure(nursery: trio.Nursery) -> Echo:
    server = Echo(server_context())
    await server.start(nursery)
    return server


# Successful ways.


async def test_ws_goes_through_a_tunnel_too(server: Echo, proxied: Any) -> None:
    """RFC 6455 section 4.1."""
    proxy = await proxied(to=server.port)
    await round_trip("ws://peer.test:8080/path?q", proxy=proxy.url())
    assert proxy.said == [b"CONNECT peer.test:8080 HTTP/1.1\r\nHost: peer.test:8080\r\n\r\n"]
    assert server.requests[0].startswith(b"GET /path?q HTTP/1.1\r\nHost: peer.test:8080\r\n")


async def test_tls_through_a_proxy_is_with_the_server(proxied: Any, nursery: trio.Nursery) -> None:
    """The certificate is checked for the URL's host."""
    server = Echo(server_context("peer.test"))
    await server.start(nursery)
    proxy = await proxied(to=server.port)
    await round_trip("wss://peer.test/", proxy=proxy.url(), ssl_context=client_context())
    assert proxy.said == [b"CONNECT peer.test:443 HTTP/1.1\r\nHost: peer.test:443\r\n\r\n"]


async def test_proxy_that_answers_as_the_server_is_found_out(
    proxied: Any, nursery: trio.Nursery
) -> None:
    server = Echo(server_context(ca=trustme.CA()))
    await server.start(nursery)
    proxy = await proxied(to=server.port)
    error = await failure_to_open(server.url, proxy=proxy.url(), ssl_context=client_context())
    assert isinstance(error.__cause__, ssl.SSLCertVerificationError)
    await proxy.gone.wait()


@pytest.mark.usefixtures("system_trusts_us")
async def test_https_proxy_has_tls(server: Echo, proxied: Any) -> None:
    proxy = await proxied(to=server.port, context=server_context())
    await round_trip(server.url, proxy=proxy.url("https"))
    assert len(proxy.said) == 1


@pytest.mark.usefixtures("system_trusts_us")
async def test_wss_through_an_https_proxy_has_tls_in_tls(secure: Echo, proxied: Any) -> None:
    proxy = await proxied(to=secure.port, context=server_context())
    await round_trip(secure.url, proxy=proxy.url("https"), ssl_context=client_context())
    assert len(proxy.said) == 1


async def test_https_proxy_is_verified_by_the_systems_authorities(
    server: Echo, proxied: Any
) -> None:
    """``ssl_context`` is for the server."""
    proxy = await proxied(to=server.port, context=server_context())
    error = await failure_to_open(
        server.url, proxy=proxy.url("https"), ssl_context=client_context()
    )
    assert isinstance(error.__cause__, ProxyError)
    assert isinstance(error.__cause__.__cause__, ssl.SSLCertVerificationError)
    assert f"proxy https://127.0.0.1:{proxy.port}: " in str(error)
    assert proxy.said == []


async def test_every_entry_point_takes_a_proxy(
    server: Echo, proxied: Any, nursery: trio.Nursery
) -> None:
    proxy = await proxied(to=server.port)
    options: Any = {"proxy": proxy.url()}
    async with open_websocket(server.url, **options):
        pass
    async with open_websocket_stream(server.url, **options) as opened:
        await opened.opened
    async with open_websocket_nursery() as sockets:
        socket = sockets.connect(server.url, **options)
        await socket.when("open").receive()
    socket = WebSocket(server.url, nursery=nursery, **options)
    await socket.when("open").receive()
    socket.close()
    stream = WebSocketStream(server.url, nursery=nursery, **options)
    await stream.opened
    stream.close()
    await stream.closed
    assert len(proxy.said) == 5


async def test_proxy_gets_host_port_and_its_credentials_and_no_more(
    server: Echo, proxied: Any
) -> None:
    proxy = await proxied(to=server.port)
    await round_trip(
        f"ws://name:word@127.0.0.1:{server.port}/path",
        proxy=proxy.url(credentials="user:pass@"),
        headers={"X-Key": "secret", "Cookie": "a=b"},
        origin="https://page.test",
        cookies=CookieJar(),
    )
    host = f"127.0.0.1:{server.port}"
    credentials = "Proxy-Authorization: Basic dXNlcjpwYXNz"
    asked = f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n{credentials}\r\n\r\n"
    assert proxy.said == [asked.encode()]
    assert b"Proxy" not in server.requests[0]
    for line in (b"X-Key: secret", b"Cookie: a=b", b"Authorization: Basic bmFtZTp3b3Jk"):
        assert line in server.requests[0]


async def test_servers_first_bytes_beside_the_proxys_answer_are_not_lost(proxied: Any) -> None:
    proxy = await proxied(ESTABLISHED + b"HTTP/1.1 503 Full\r\nContent-Length: 5\r\n\r\nsorry")
    error = await failure_to_open("ws://peer.test/", proxy=proxy.url())
    assert isinstance(error, HandshakeError)
    assert (error.status, error.body) == (503, b"sorry")


async def test_tls_reads_the_bytes_beside_the_proxys_answer(proxied: Any) -> None:
    proxy = await proxied(ESTABLISHED + b"HTTP/1.1 400 Bad Request\r\n\r\n")
    error = await failure_to_open("wss://peer.test/", proxy=proxy.url())
    assert isinstance(error.__cause__, ssl.SSLError)


async def test_sockets_wait_for_each_other_by_destination_and_not_by_proxy(
    server: Echo, proxied: Any
) -> None:
    silent = await proxied(b"", to=None)
    proxy = await proxied(to=server.port)
    async with open_websocket_nursery() as sockets:
        first = sockets.connect("ws://peer.test/", proxy=silent.url())
        second = sockets.connect("ws://peer.test/", proxy=proxy.url())
        await round_trip("ws://other.test/", proxy=proxy.url())
        while not silent.said:
            await trio.sleep(0.01)
        assert [len(proxy.said), first.readyState, second.readyState] == [1, 0, 0]
        opened = second.when("open")
        first.close()
        await opened.receive()


# Failures.


async def test_proxys_refusal_is_the_cause_and_no_handshake_error(proxied: Any) -> None:
    proxy = await proxied(REFUSED)
    error = await failure_to_open("wss://peer.test/", proxy=proxy.url(credentials="user:pass@"))
    assert not isinstance(error, HandshakeError)
    assert error.closeCode == 1006
    assert isinstance(error.__cause__, ProxyError)
    assert error.__cause__.status == 403
    assert str(error) == (
        f"wss://peer.test/: proxy http://127.0.0.1:{proxy.port}:"
        " expected status 2xx to CONNECT peer.test:443, got 403 Not here"
    )
    await proxy.gone.wait()


@pytest.mark.parametrize(
    ("status", "wanted"), [(407, True), (401, True), (403, False), (503, False)]
)
async def test_only_407_and_401_want_credentials(status: int, wanted: bool, proxied: Any) -> None:
    proxy = await proxied(b"HTTP/1.1 %d No\r\nRetry-After: 120\r\n\r\n" % status)
    error = await failure_to_open("ws://peer.test/", proxy=proxy.url())
    cause = instance(ProxyError, error.__cause__)
    assert cause.wants_credentials is wanted
    assert cause.headers["retry-after"] == "120"


async def test_proxys_retry_after_is_obeyed(proxied: Any) -> None:
    proxy = await proxied(b"HTTP/1.1 503 Busy\r\nRetry-After: 120\r\n\r\n")

    class Stop(Exception):
        pass

    def stop(retry: Retry) -> None:
        assert 120 <= retry.delay <= 121
        raise Stop

    with pytest.raises(Stop):
        async for attempt in reconnecting_websocket(
            "ws://peer.test/", proxy=proxy.url(), initial_delay=1, on_retry=stop
        ):
            async with attempt:
                raise AssertionError("it was never open")


async def test_proxys_credentials_are_not_logged(
    server: Echo, proxied: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    credentials = "user:hunter2@"
    proxy = await proxied(to=server.port)
    await round_trip(server.url, proxy=proxy.url(credentials=credentials))
    refusing = await proxied(REFUSED)
    await failure_to_open(server.url, proxy=refusing.url(credentials=credentials))
    assert "hunter2" not in caplog.text
    assert "dXNlcj" not in caplog.text  # base64 of what begins with "user"


async def test_proxy_that_hangs_up_is_named(proxied: Any) -> None:
    proxy = await proxied(b"", to=0)
    error = await failure_to_open("ws://peer.test/", proxy=proxy.url())
    assert isinstance(error.__cause__, ProxyError)
    assert "got the end of the connection after 0 bytes" in str(error)


async def test_proxys_reset_is_in_the_message_with_the_systems_words(nursery: trio.Nursery) -> None:
    proxy = Resetting()
    await proxy.start(nursery)
    error = await failure_to_open("ws://peer.test/", proxy=proxy.url())
    assert isinstance(error.__cause__, ProxyError)
    assert f"proxy {proxy.url()}: expected an answer to CONNECT, got the loss of" in str(error)
    broken = error.__cause__.__cause__
    assert isinstance(broken, trio.BrokenResourceError)
    assert str(broken.__cause__) in str(error)


@pytest.mark.usefixtures("system_trusts_us")
async def test_broken_tls_with_a_proxy_is_in_the_message(nursery: trio.Nursery) -> None:
    class Broken(FakeProxy):
        async def connection(self, stream: Any) -> None:
            await stream.receive_some()
            await stream.transport_stream.send_all(b"no TLS at all\r\n")
            await stream.transport_stream.receive_some()

    proxy = Broken(context=server_context())
    await proxy.start(nursery)
    error = await failure_to_open("ws://peer.test/", proxy=proxy.url("https"))
    assert isinstance(error.__cause__, ProxyError)
    broken = not_none(error.__cause__.__cause__)
    assert isinstance(broken.__cause__, ssl.SSLError)
    assert str(broken.__cause__) in str(error)


async def test_closed_port_of_a_proxy_is_connection_refused() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        error = await failure_to_open("ws://peer.test/", proxy=url)
    assert isinstance(error.__cause__, ProxyError)
    assert isinstance(error.__cause__.__cause__, ConnectionRefusedError)
    address = url.removeprefix("http://")
    assert str(error) == f"ws://peer.test/: proxy {url}: connection refused (tried {address})"


async def test_proxy_without_tls_is_hinted_at(proxied: Any) -> None:
    proxy = await proxied(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    error = await failure_to_open("ws://peer.test/", proxy=proxy.url("https"))
    assert isinstance(error.__cause__, ProxyError)
    assert isinstance(error.__cause__.__cause__, ssl.SSLError)
    assert str(error).endswith("; a proxy without TLS has an http: URL")
    await proxy.gone.wait()


async def test_proxy_that_expects_tls_is_hinted_at(proxied: Any) -> None:
    proxy = await proxied(b"\x15\x03\x01\x00\x02\x02\x16")
    error = await failure_to_open("ws://peer.test/", proxy=proxy.url())
    assert str(error).endswith("got a TLS alert; a server that expects TLS has https: URLs")


@pytest.mark.parametrize(
    ("scheme", "replies"), [("http", []), ("https", []), ("http", [b"HTTP/1.1 200 O"])]
)
async def test_silent_proxy_fails_after_open_timeout_and_is_closed(
    scheme: str, replies: list[bytes], nursery: trio.Nursery
) -> None:
    proxy = FakeProxy(*replies)
    await proxy.start(nursery)
    url = proxy.url(scheme, "user:hunter2@")
    error = await failure_to_open("ws://peer.test/", proxy=url, open_timeout=0.1)
    assert isinstance(error.__cause__, TimeoutError)
    assert f"not open through proxy {proxy.url(scheme)} within open_timeout (0.1" in str(error)
    await proxy.gone.wait()


async def test_close_while_a_proxy_is_silent_ends_at_once(
    proxied: Any, nursery: trio.Nursery
) -> None:
    proxy = await proxied(b"")
    ws = WebSocket("ws://peer.test/", nursery=nursery, proxy=proxy.url())
    while not proxy.said:
        await trio.sleep(0.01)
    ws.close()
    await ws.wait_closed()
    assert isinstance(not_none(ws.failure).__cause__, ConnectionAbortedError)
    await proxy.gone.wait()


async def test_servers_blocked_port_is_refused_before_the_proxy_is_dialled(proxied: Any) -> None:
    proxy = await proxied()
    error = await failure_to_open("ws://peer.test:25/", proxy=proxy.url())
    assert isinstance(error.__cause__, PermissionError)
    assert proxy.said == []


class Early(FakeProxy):
    """A proxy and its server in one, whose first bytes arrive with the proxy's answer.

    Attributes:
      ended: how the client ended TCP, once ``gone`` is set.
    """

    def __init__(self, *frames: bytes) -> None:
        super().__init__()
        self._frames = frames
        self.ended: str | None = None

    async def connection(self, stream: trio.abc.Stream) -> None:
        await stream.receive_some()
        await stream.send_all(ESTABLISHED + b"HTTP/1.1 ")
        peer = Peer(stream)
        await peer.read_request()
        await peer.send(peer.response().removeprefix(b"HTTP/1.1 "), *self._frames)
        await peer.read_to_end()
        self.ended = peer.ended
        self.gone.set()


async def test_silent_server_behind_a_proxy_is_reset(nursery: trio.Nursery) -> None:
    """This also holds if the tunnel's first bytes came early, with another stream above the
    socket."""
    proxy = Early()
    await proxy.start(nursery)
    async with open_websocket("ws://peer.test/", proxy=proxy.url(), close_timeout=0.05) as ws:
        pass
    assert close_event(ws).code == 1006
    await proxy.gone.wait()
    assert proxy.ended == "reset"


async def test_failed_connection_behind_a_proxy_is_half_closed(nursery: trio.Nursery) -> None:
    """The server sees the end of TCP after the Close."""
    proxy = Early(b"\xf0\x00")  # reserved bits
    await proxy.start(nursery)
    with pytest.raises(WebSocketError):
        async with open_websocket("ws://peer.test/", proxy=proxy.url()) as ws:
            await ws.receive()
    await proxy.gone.wait()
    assert proxy.ended == "eof"
