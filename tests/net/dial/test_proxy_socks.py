"""SOCKS proxies on loopback with scripted answers, where python-socks implements the protocol."""

from __future__ import annotations

import errno
import socket
import sys
import traceback
from typing import TYPE_CHECKING, Any

import pytest
import trio
from support.checked import not_none
from support.failing import failure_to_open
from support.proxies import Echo, FakeProxy, Resetting, round_trip
from support.tls import client_context, server_context

from trio_ws_dom import ProxyError, WebSocket, is_transient

if TYPE_CHECKING:
    from trio_ws_dom import WebSocketError

# RFC 1928: no authentication; user and password (RFC 1929); they are good; connected
ANONYMOUS, CREDENTIALS, ADMITTED = b"\x05\x00", b"\x05\x02", b"\x01\x00"
CONNECTED = b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"
GRANTED = b"\x00\x5a\x00\x50\x7f\x00\x00\x01"  # SOCKS4's

LOOPBACK = b"\x7f\x00\x00\x01"


@pytest.fixture
async def server(nursery: trio.Nursery) -> Echo:
    server = Echo()
    await server.start(nursery)
    return server


@pytest.mark.parametrize(
    ("scheme", "host", "asked"),
    [
        ("socks5h", "localhost", b"\x05\x01\x00\x03\x09localhost"),
        ("socks5h", "127.0.0.1", b"\x05\x01\x00\x01" + LOOPBACK),
        ("socks5h", "[::1]", b"\x05\x01\x00\x04" + b"\x00" * 15 + b"\x01"),
        ("socks5", "127.0.0.1", b"\x05\x01\x00\x01" + LOOPBACK),
    ],
)
async def test_socks5h_leaves_names_to_the_proxy_and_addresses_are_sent_as_such(
    scheme: str, host: str, asked: bytes, server: Echo, proxied: Any
) -> None:
    proxy = await proxied(ANONYMOUS, CONNECTED, to=server.port)
    await round_trip(f"ws://{host}:8080/", proxy=proxy.url(scheme))
    assert proxy.said == [b"\x05\x01\x00", asked + (8080).to_bytes(2)]


@pytest.mark.parametrize(
    ("scheme", "host", "asked"),
    [
        ("socks4a", "localhost", b"\x00\x00\x00\x01user\x00localhost\x00"),
        ("socks4", "127.0.0.1", LOOPBACK + b"user\x00"),
    ],
)
async def test_socks4_sends_the_user_and_socks4a_the_name(
    scheme: str, host: str, asked: bytes, server: Echo, proxied: Any
) -> None:
    proxy = await proxied(GRANTED, to=server.port)
    await round_trip(f"ws://{host}:8080/", proxy=proxy.url(scheme, "user@"))
    assert proxy.said == [b"\x04\x01" + (8080).to_bytes(2) + asked]


@pytest.mark.parametrize("scheme", ["socks4", "socks5"])
async def test_socks4_and_socks5_resolve_the_name_here(
    scheme: str, server: Echo, proxied: Any
) -> None:
    replies = [GRANTED] if scheme == "socks4" else [ANONYMOUS, CONNECTED]
    proxy = await proxied(*replies, to=server.port)

    class Resolver(trio.abc.HostnameResolver):
        async def getaddrinfo(self, host: Any, *args: Any, **options: Any) -> Any:
            assert host in ("127.0.0.1", b"127.0.0.1", "peer.test", b"peer.test")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", proxy.port))]

        async def getnameinfo(self, sockaddr: Any, flags: int) -> tuple[str, str]:
            raise AssertionError("expected no request")

    trio.socket.set_custom_hostname_resolver(Resolver())
    await round_trip("ws://peer.test/", proxy=proxy.url(scheme))
    assert LOOPBACK in proxy.said[-1]
    assert b"peer" not in proxy.said[-1]


async def test_tls_through_socks_is_with_the_server(proxied: Any, nursery: trio.Nursery) -> None:
    server = Echo(server_context())
    await server.start(nursery)
    proxy = await proxied(ANONYMOUS, CONNECTED, to=server.port)
    await round_trip(server.url, proxy=proxy.url("socks5h"), ssl_context=client_context())


async def test_socks5_sends_user_and_password(server: Echo, proxied: Any) -> None:
    """RFC 1929, percent-decoded."""
    proxy = await proxied(CREDENTIALS, ADMITTED, CONNECTED, to=server.port)
    await round_trip(server.url, proxy=proxy.url("socks5h", "user:p%40ss@"))
    assert proxy.said[:2] == [b"\x05\x02\x00\x02", b"\x01\x04user\x04p@ss"]


async def test_bytes_after_the_reply_of_socks_are_the_tunnels(proxied: Any) -> None:
    proxy = await proxied(ANONYMOUS, CONNECTED + b"SSH-2.0-x\r\n")
    error = await failure_to_open("ws://peer.test/", proxy=proxy.url("socks5h"))
    assert "got b'SSH-2.0-x" in str(error)


# Failures.


async def refusal(
    proxy: FakeProxy, scheme: str, credentials: str = ""
) -> tuple[WebSocketError, ProxyError]:
    """Return the error, and check that it names the proxy without credentials, and its cause."""
    error = await failure_to_open("ws://peer.test/", proxy=proxy.url(scheme, credentials))
    assert isinstance(error.__cause__, ProxyError)
    expected = f"ws://peer.test/: proxy {proxy.url(scheme)}: expected a tunnel to peer.test:80, got"
    assert str(error).startswith(expected)
    assert "hunter2" not in str(error)
    await proxy.gone.wait()
    return error, error.__cause__


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (1, "General SOCKS server failure"),
        (2, "Connection not allowed by ruleset"),
        (4, "Host unreachable"),
        (5, "Connection refused by destination host"),
        (7, "Command not supported or protocol error"),
        (8, "Address type not supported"),
    ],
)
async def test_reply_of_socks5_is_the_status(code: int, reason: str, proxied: Any) -> None:
    """RFC 1928 section 6."""
    error, cause = await refusal(await proxied(ANONYMOUS, bytes((5, code, 0))), "socks5h")
    assert cause.status == code
    assert is_transient(error) == (code not in (2, 7, 8))
    assert type(cause.status) is int
    assert reason in str(error)


async def test_reply_of_socks4_is_the_status(proxied: Any) -> None:
    error, cause = await refusal(await proxied(b"\x00\x5b" + b"\x00" * 6), "socks4a")
    assert cause.status == 0x5B
    assert "Request rejected or failed" in str(error)


@pytest.mark.parametrize(
    ("replies", "credentials", "message"),
    [
        ([b"\x05\xff"], "", "No acceptable authentication methods"),
        ([b"\x05\xff"], "user:hunter2@", "No acceptable authentication methods"),
        ([CREDENTIALS], "", "Unexpected SOCKS authentication method"),
        ([CREDENTIALS, b"\x01\x01"], "user:hunter2@", "Username and password authentication"),
    ],
)
async def test_socks5_that_refuses_the_credentials_is_final(
    replies: list[bytes], credentials: str, message: str, proxied: Any
) -> None:
    error, cause = await refusal(await proxied(*replies), "socks5h", credentials)
    assert message in str(error)
    assert (cause.status, cause.wants_credentials) == (None, True)
    assert not is_transient(error)


async def test_traceback_of_the_cause_with_locals_has_no_password(proxied: Any) -> None:
    proxy = await proxied(CREDENTIALS, b"\x01\x01")
    error = await failure_to_open("ws://peer.test/", proxy=proxy.url("socks5h", "user:hunter2@"))
    cause = not_none(error.__cause__)
    shown = "".join(
        traceback.TracebackException.from_exception(cause, capture_locals=True).format()
    )
    assert "Username and password authentication failure" in shown
    assert "hunter2" not in shown


async def test_socks4_that_refuses_the_user_is_final(proxied: Any) -> None:
    error, cause = await refusal(await proxied(b"\x00\x5d" + b"\x00" * 6), "socks4a", "user@")
    assert (cause.status, cause.wants_credentials) == (93, True)
    assert not is_transient(error)


@pytest.mark.parametrize(
    ("replies", "credentials", "message"),
    [
        ([b"HT"], "", "Unexpected SOCKS version number"),
        ([ANONYMOUS, b"HTT"], "", "Unexpected SOCKS version number"),
        ([ANONYMOUS, b"\x05\x77\x00"], "", "Invalid reply code"),
        ([ANONYMOUS, b"\x05\x00\x00\x03\x01\xff\x00\x50"], "", "can't decode"),
        ([ANONYMOUS, b"\x05\x00\x00\x07"], "", "t"),
    ],
)
async def test_malformed_answer_of_socks_has_no_status(
    replies: list[bytes], credentials: str, message: str, proxied: Any
) -> None:
    error, cause = await refusal(await proxied(*replies), "socks5h", credentials)
    assert (cause.status, cause.wants_credentials) == (None, False)
    assert message in str(error)


async def test_socks_proxy_that_hangs_up_is_named(proxied: Any) -> None:
    error, _ = await refusal(await proxied(ANONYMOUS, b"\x05", to=0), "socks5h")
    assert "Connection closed unexpectedly" in str(error)


async def test_reset_by_a_socks_proxy_is_the_cause(nursery: trio.Nursery) -> None:
    proxy = Resetting(ANONYMOUS)
    await proxy.start(nursery)
    error = await failure_to_open("ws://peer.test/", proxy=proxy.url("socks5h"))
    assert isinstance(error.__cause__, ProxyError)
    assert isinstance(error.__cause__.__cause__, trio.BrokenResourceError)


async def test_name_too_long_for_socks_fails_the_opening(proxied: Any) -> None:
    proxy = await proxied(ANONYMOUS)
    error = await failure_to_open(f"ws://{'a' * 64}/", proxy=proxy.url("socks5h"))
    assert isinstance(error.__cause__, ProxyError)
    await proxy.gone.wait()


async def test_closed_port_of_a_socks_proxy_is_connection_refused() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"socks5://127.0.0.1:{reserved.getsockname()[1]}"
        error = await failure_to_open("ws://127.0.0.1/", proxy=url)
    assert isinstance(error.__cause__, ProxyError)
    assert isinstance(error.__cause__.__cause__, ConnectionRefusedError)
    address = url.removeprefix("socks5://")
    assert str(error) == f"ws://127.0.0.1/: proxy {url}: connection refused (tried {address})"


async def test_silent_socks_proxy_fails_after_open_timeout_and_is_closed(proxied: Any) -> None:
    proxy = await proxied(ANONYMOUS)
    error = await failure_to_open(
        "ws://peer.test/", proxy=proxy.url("socks5h", "user:hunter2@"), open_timeout=0.1
    )
    assert isinstance(error.__cause__, TimeoutError)
    assert f"not open through proxy {proxy.url('socks5h')} within open_timeout" in str(error)
    await proxy.gone.wait()


async def test_only_open_timeout_bounds_socks(proxied: Any, autojump_clock: Any) -> None:
    """python-socks has its own limit of 60 s by default."""
    proxy = await proxied(ANONYMOUS)
    error = await failure_to_open("ws://peer.test/", proxy=proxy.url("socks5h"), open_timeout=3600)
    assert "within open_timeout (3600 seconds)" in str(error)


async def test_close_while_a_socks_proxy_is_silent_ends_at_once(
    proxied: Any, nursery: trio.Nursery
) -> None:
    proxy = await proxied(ANONYMOUS)
    ws = WebSocket("ws://peer.test/", nursery=nursery, proxy=proxy.url("socks5h"))
    while len(proxy.said) < 1:
        await trio.sleep(0.01)
    ws.close()
    await ws.wait_closed()
    assert isinstance(not_none(ws.failure).__cause__, ConnectionAbortedError)
    await proxy.gone.wait()


async def test_socks_without_python_socks_names_the_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "python_socks", None)
    error = await failure_to_open("ws://peer.test/", proxy="socks5://h")
    assert isinstance(error.__cause__, ProxyError)
    assert "proxy socks5://h:1080: SOCKS needs python-socks: pip install python-socks" in (
        str(error)
    )
    assert isinstance(error.__cause__.__cause__, ImportError)


async def test_socks_proxy_with_several_addresses_that_fail(
    network: Any, autojump_clock: Any
) -> None:
    network(
        {"proxy.test": ["192.0.2.1", "192.0.2.2"]},
        {"192.0.2.1": errno.ECONNREFUSED, "192.0.2.2": errno.ETIMEDOUT},
    )
    error = await failure_to_open("ws://peer.test/", proxy="socks5h://proxy.test")
    assert str(error) == (
        "ws://peer.test/: proxy socks5h://proxy.test:1080: no address accepts connections:"
        " proxy.test:1080 #1 (connection refused), proxy.test:1080 #2 (timed out)"
    )


async def test_name_of_a_socks_proxy_that_is_not_found(network: Any, autojump_clock: Any) -> None:
    network({"proxy.test": socket.gaierror(socket.EAI_NONAME, "unknown")})
    error = await failure_to_open("ws://peer.test/", proxy="socks5h://proxy.test")
    assert "proxy socks5h://proxy.test:1080: name not found: proxy.test (unknown)" in str(error)
    assert isinstance(not_none(error.__cause__).__cause__, socket.gaierror)


async def test_servers_name_that_is_not_found_here(proxied: Any, network: Any) -> None:
    """socks5 resolves it here, so the error is not about the proxy."""
    proxy = await proxied(b"\x05\x00")
    network({"missing.test": socket.gaierror(socket.EAI_NONAME, "unknown")})
    trio.socket.set_custom_socket_factory(None)
    error = await failure_to_open("ws://missing.test/", proxy=proxy.url("socks5"))
    assert isinstance(error.__cause__, socket.gaierror)
    assert str(error) == "ws://missing.test/: name not found: missing.test (unknown)"
