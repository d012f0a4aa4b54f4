"""Options for the address that a socket dials, its local address, and the names that TLS
verifies."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.cookies import cookie, jar_of
from support.failing import failure_to_open
from support.proxies import Echo, FakeProxy, round_trip
from support.tls import client_context, server_context

from trio_ws_dom import (
    ProxyError,
    WebSocket,
    open_websocket,
    open_websocket_nursery,
    open_websocket_stream,
    reconnecting_websocket,
)
from trio_ws_dom._socket._options import Arguments

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.fake_network import FakeNetwork


async def serving(nursery: trio.Nursery, context: ssl.SSLContext | None = None) -> Echo:
    server = Echo(context)
    await server.start(nursery)
    return server


# connect_to


async def test_connect_to_dials_elsewhere_and_asks_for_the_urls_host(
    nursery: trio.Nursery,
) -> None:
    server = await serving(nursery)
    await round_trip("ws://peer.test/room", connect_to=("127.0.0.1", server.port))
    assert server.requests[0].startswith(b"GET /room HTTP/1.1\r\nHost: peer.test\r\n")


async def test_connect_to_verifies_the_urls_host(nursery: trio.Nursery) -> None:
    server = await serving(nursery, server_context("peer.test"))
    options: Any = {"connect_to": ("127.0.0.1", server.port), "ssl_context": client_context()}
    await round_trip("wss://peer.test/", **options)
    error = await failure_to_open("wss://other.test/", **options)
    assert isinstance(error.__cause__, ssl.SSLCertVerificationError)


async def test_connect_to_through_a_proxy_is_where_the_proxy_connects(
    nursery: trio.Nursery, proxied: Any
) -> None:
    server = await serving(nursery)
    proxy = await proxied(to=server.port)
    await round_trip("ws://peer.test/", connect_to=("inner.test", 8080), proxy=proxy.url())
    assert proxy.said == [b"CONNECT inner.test:8080 HTTP/1.1\r\nHost: inner.test:8080\r\n\r\n"]


async def test_connect_to_through_socks_is_where_the_proxy_connects(
    nursery: trio.Nursery, proxied: Any
) -> None:
    server = await serving(nursery)
    replies = b"\x05\x00", b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"
    proxy = await proxied(*replies, to=server.port)
    url = proxy.url("socks5h")
    await round_trip("ws://peer.test/", connect_to=("inner.test", 8080), proxy=url)
    assert proxy.said[1] == b"\x05\x01\x00\x03\x0ainner.test" + (8080).to_bytes(2)


async def test_connect_to_decides_about_no_proxy(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await serving(nursery)
    monkeypatch.setenv("ws_proxy", "http://proxy.invalid")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    await round_trip("ws://peer.test/", connect_to=("127.0.0.1", server.port))


async def test_connect_to_in_the_reconnecting_loop(nursery: trio.Nursery) -> None:
    server = await serving(nursery)
    tries = 0
    connect_to = ("127.0.0.1", server.port)
    async for attempt in reconnecting_websocket(
        "ws://peer.test/", connect_to=connect_to, initial_delay=0
    ):
        async with attempt:
            tries += 1
        if tries == 2:
            break
    assert len(server.requests) == 2


async def test_connect_to_by_the_other_entry_points(nursery: trio.Nursery) -> None:
    server = await serving(nursery)
    options: Any = {"connect_to": ("127.0.0.1", server.port)}
    async with open_websocket_stream("ws://peer.test/", **options) as stream:
        await stream.opened
    async with open_websocket_nursery() as sockets:
        await sockets.connect("ws://peer.test/", **options).when("open").receive()
    assert len(server.requests) == 2


async def test_sockets_that_connect_to_one_place_wait_for_each_other(
    network: Callable[..., FakeNetwork], nursery: trio.Nursery, autojump_clock: Any
) -> None:
    made = network({}, {"192.0.2.1": None})
    for host in ("a.test", "b.test"):
        WebSocket(f"ws://{host}/", nursery=nursery, connect_to=("192.0.2.1", 80))
    await trio.testing.wait_all_tasks_blocked()
    assert made.addresses == ["192.0.2.1"]
    nursery.cancel_scope.cancel()


async def test_blocked_port_is_that_which_is_dialled() -> None:
    error = await failure_to_open("ws://peer.test/", connect_to=("127.0.0.1", 25))
    assert isinstance(error.__cause__, PermissionError)


async def test_cookies_are_those_of_the_urls_host(nursery: trio.Nursery) -> None:
    server = await serving(nursery)
    jar = jar_of(cookie("of-peer", "peer.test"), cookie("of-loopback", "127.0.0.1"))
    options: Any = {"connect_to": ("127.0.0.1", server.port), "cookies": jar}
    await round_trip("ws://peer.test/", **options)
    assert b"Cookie: of-peer=v\r\n" in server.requests[0] + b"\r\n"


@pytest.mark.parametrize(
    ("host", "dialled"),
    [
        ("Inner.Test", "inner.test"),
        ("b\u00fccher.test", "xn--bcher-kva.test"),
        ("inner.test.", "inner.test."),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
    ],
)
def test_host_of_connect_to_is_read_as_in_a_url(host: str, dialled: str) -> None:
    settings = Arguments("ws://peer.test/", (), {"connect_to": (host, 8080)}).resolve()
    assert settings.connect_to == (dialled, 8080)


@pytest.mark.parametrize(
    "host",
    ["", "a b", "a/b", "a?b", "user@a", "a:80", "[::1]", "a#b", "ws://a", "a\\b", "/a", "a\nb"],
)
@pytest.mark.parametrize("option", ["connect_to", "server_hostname"])
def test_host_that_is_none_is_a_value_error(host: str, option: str) -> None:
    given: Any = {option: (host, 80) if option == "connect_to" else host}
    with pytest.raises(ValueError, match=rf"expected {option} with a host's name or IP address"):
        Arguments("ws://peer.test/", (), given).resolve()


@pytest.mark.parametrize(
    "given", ["127.0.0.1:80", ("127.0.0.1",), ("127.0.0.1", "80"), (b"h", 80), ("h", True), 80]
)
def test_connect_to_that_is_no_host_and_port_is_a_type_error(given: Any) -> None:
    with pytest.raises(TypeError, match="expected connect_to as a host and a port"):
        Arguments("ws://peer.test/", (), {"connect_to": given}).resolve()


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_port_of_connect_to_has_a_range(port: int) -> None:
    with pytest.raises(ValueError, match=f"port from 1 to 65535, got {port}"):
        Arguments("ws://peer.test/", (), {"connect_to": ("h", port)}).resolve()


# server_hostname


async def test_server_hostname_is_what_tls_verifies_and_sends(nursery: trio.Nursery) -> None:
    context = server_context("inner.test")
    asked: list[str | None] = []
    context.sni_callback = lambda _, name, __: asked.append(name)
    server = await serving(nursery, context)
    options: Any = {"server_hostname": "inner.test", "ssl_context": client_context()}
    await round_trip(server.url, **options)
    assert asked == ["inner.test"]
    assert f"Host: 127.0.0.1:{server.port}".encode() in server.requests[0]


async def test_server_hostname_for_a_given_stream(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    server = trio.SSLStream(theirs, server_context("inner.test"), server_side=True)
    nursery.start_soon(Echo().connection, server)
    await round_trip(
        "wss://peer.test/",
        stream=ours,
        server_hostname="inner.test",
        ssl_context=client_context(),
    )


@pytest.mark.parametrize(
    ("url", "options", "name"),
    [
        ("wss://peer.test./", {}, "peer.test"),
        ("wss://peer.test/", {}, "peer.test"),
        ("wss://peer.test/", {"server_hostname": "other.test."}, "other.test"),
        ("wss://[::1]/", {}, "::1"),
    ],
)
def test_name_for_tls_has_no_trailing_dot(url: str, options: Any, name: str) -> None:
    assert Arguments(url, (), options).resolve().server_hostname == name


def test_server_hostname_of_the_wrong_type() -> None:
    given: Any = {"server_hostname": b"h"}
    with pytest.raises(TypeError, match=r"expected server_hostname as a str, got bytes"):
        Arguments("ws://peer.test/", (), given).resolve()


async def test_trailing_dot_is_kept_for_dns_and_the_host_header(
    nursery: trio.Nursery, proxied: Any
) -> None:
    server = await serving(nursery, server_context("peer.test"))
    proxy = await proxied(to=server.port)
    await round_trip("wss://peer.test./", proxy=proxy.url(), ssl_context=client_context())
    assert proxy.said[0].startswith(b"CONNECT peer.test.:443 ")
    assert b"Host: peer.test.\r\n" in server.requests[0]


# local_address


async def test_local_address_is_where_the_server_sees_the_client(nursery: trio.Nursery) -> None:
    addresses: list[str] = []

    class Server(Echo):
        async def connection(self, stream: Any) -> None:
            addresses.append(stream.socket.getpeername()[0])
            await super().connection(stream)

    server = Server()
    await server.start(nursery)
    await round_trip(server.url, local_address="127.0.0.2")
    assert addresses == ["127.0.0.2"]


@pytest.mark.parametrize(
    ("scheme", "replies"),
    [
        ("http", [b"HTTP/1.1 200 OK\r\n\r\n"]),
        ("socks5", [b"\x05\x00", b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"]),
    ],
)
async def test_local_address_is_where_the_proxy_sees_the_client(
    scheme: str, replies: list[bytes], nursery: trio.Nursery
) -> None:
    addresses: list[str] = []

    class Proxy(FakeProxy):
        async def connection(self, stream: Any) -> None:
            addresses.append(stream.socket.getpeername()[0])
            await super().connection(stream)

    server = await serving(nursery)
    proxy = Proxy(*replies, to=server.port)
    await proxy.start(nursery)
    await round_trip(server.url, proxy=proxy.url(scheme), local_address="127.0.0.2")
    assert addresses == ["127.0.0.2"]


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("eth0", ValueError, "as an IP address of this machine, got 'eth0'"),
        ("localhost", ValueError, "as an IP address of this machine, got 'localhost'"),
        (("127.0.0.1", 0), TypeError, "as a str, got tuple"),
    ],
)
def test_local_address_that_is_none(given: Any, error: type, message: str) -> None:
    with pytest.raises(error, match=f"expected local_address {message}"):
        Arguments("ws://peer.test/", (), {"local_address": given}).resolve()


@pytest.mark.parametrize("option", [{"connect_to": ("h", 80)}, {"local_address": "127.0.0.1"}])
@pytest.mark.parametrize("given", [{}, {"stream": trio.testing.memory_stream_pair()[0]}])
def test_options_of_dialling_beside_a_stream_are_a_mistake(option: Any, given: Any) -> None:
    arguments = Arguments("ws://peer.test/", (), option | given)
    with pytest.raises(ValueError, match="or stream, which is used instead of dialling, got both"):
        arguments.resolve(stream_follows=not given)


# proxy_ssl_context


async def test_proxy_ssl_context_is_for_the_proxy_alone(
    nursery: trio.Nursery, proxied: Any
) -> None:
    server = await serving(nursery, server_context())
    proxy = await proxied(to=server.port, context=server_context())
    options: Any = {"proxy": proxy.url("https"), "proxy_ssl_context": client_context()}
    error = await failure_to_open(server.url, **options)
    assert type(error.__cause__) is ssl.SSLCertVerificationError  # the server's
    await round_trip(server.url, ssl_context=client_context(), **options)
    del options["proxy_ssl_context"]
    error = await failure_to_open(server.url, ssl_context=client_context(), **options)
    assert isinstance(error.__cause__, ProxyError)


async def test_name_of_a_proxy_for_tls_has_no_trailing_dot(
    nursery: trio.Nursery, proxied: Any
) -> None:
    server = await serving(nursery)
    proxy = await proxied(to=server.port, context=server_context("localhost"))
    await round_trip(
        server.url,
        proxy=f"https://localhost.:{proxy.port}",
        proxy_ssl_context=client_context(),
    )


def test_timeouts_of_addresses_are_checked() -> None:
    with pytest.raises(ValueError, match="expected address_timeout of 0 seconds or more, got -1"):
        Arguments("ws://peer.test/", (), {"address_timeout": -1}).resolve()


async def test_socks5_connects_to_loopback_for_a_name_below_localhost(
    nursery: trio.Nursery, proxied: Any
) -> None:
    """It resolves names on this machine."""
    server = await serving(nursery)
    replies = b"\x05\x00", b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"
    proxy = await proxied(*replies, to=server.port)
    async with open_websocket("ws://app.localhost:8080/", proxy=proxy.url("socks5")):
        assert proxy.said[1][3:8] == b"\x01\x7f\x00\x00\x01"
