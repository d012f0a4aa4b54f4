"""Connections through real proxy programs on loopback, as far as they are installed."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from support.checked import close_event
from support.failing import failure_to_open
from support.proxies import Echo
from support.proxy_programs import (
    FORBIDDEN_PORT,
    PACKAGES,
    PASSWORD,
    dante,
    microsocks,
    squid,
    tinyproxy,
)
from support.tls import client_context, server_context

from trio_ws_dom import ProxyError, open_websocket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    import trio

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("system_trusts_us")]


class Kind(NamedTuple):
    """A program, the scheme of its URL, and whether it wants credentials."""

    program: Callable[..., AbstractContextManager[int]]
    scheme: str
    credentials: bool = False

    def __str__(self) -> str:
        return f"{self.program.__name__}-{self.scheme}" + "-credentials" * self.credentials


class Running(NamedTuple):
    """A program that runs, and its port."""

    scheme: str
    credentials: str
    port: int

    @property
    def where(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def url(self, credentials: str | None = None) -> str:
        given = self.credentials if credentials is None else credentials
        return f"{self.scheme}://{given}127.0.0.1:{self.port}"


KINDS = [
    *(Kind(program, "http", wanted) for program in (tinyproxy, squid) for wanted in (False, True)),
    *(Kind(squid, "https", wanted) for wanted in (False, True)),
    *(Kind(microsocks, each, wanted) for each in ("socks5", "socks5h") for wanted in (False, True)),
    *(Kind(dante, scheme) for scheme in ("socks4", "socks5", "socks5h")),
]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Kind], int]]:
    """Start the program of a kind, once for all of its tests."""
    ports: dict[object, int] = {}
    with ExitStack() as stack:

        def start(kind: Kind) -> int:
            key = (kind.program, kind.scheme == "https", kind.credentials)
            if key not in ports:
                folder = tmp_path_factory.mktemp("program")
                running = kind.program(folder, kind.scheme, credentials=kind.credentials)
                ports[key] = stack.enter_context(running)
            return ports[key]

        yield start


@pytest.fixture
def proxy(request: pytest.FixtureRequest, programs: Callable[[Kind], int]) -> Running:
    """The program that the test is run with."""
    kind: Kind = request.param
    credentials = f"user:{PASSWORD}@" if kind.credentials else ""
    return Running(kind.scheme, credentials, programs(kind))


def by(*kinds: Kind) -> pytest.MarkDecorator:
    """Run the test with each of these programs that is installed."""
    needed = [
        pytest.param(kind, marks=pytest.mark.needs(*PACKAGES[kind.program]), id=str(kind))
        for kind in kinds
    ]
    return pytest.mark.parametrize("proxy", needed, indirect=True)


async def failure(proxy: Running, url: str, credentials: str | None = None) -> ProxyError:
    """Return why it did not open, and check that the message names the proxy without
    credentials."""
    error = await failure_to_open(url, proxy=proxy.url(credentials))
    assert isinstance(error.__cause__, ProxyError)
    assert str(error).startswith(f"{url}: proxy {proxy.where}: expected ")
    assert PASSWORD not in str(error)
    return error.__cause__


@pytest.mark.parametrize("secure", [False, True], ids=["ws", "wss"])
@by(*KINDS)
async def test_conversation_through_a_program(
    proxy: Running, secure: bool, nursery: trio.Nursery
) -> None:
    """The server is reached by name where the proxy resolves it, and the end is clean."""
    server = Echo(server_context("localhost") if secure else None)
    await server.start(nursery)
    url = server.url.replace("127.0.0.1", "localhost")
    options: Any = {"ssl_context": client_context()} if secure else {}
    async with open_websocket(url, proxy=proxy.url(), **options) as ws:
        for text in ("hello", "x" * 100_000):
            ws.send(text)
            assert await ws.receive() == text
    assert close_event(ws).wasClean


@by(*KINDS)
async def test_programs_answer_for_a_closed_port(proxy: Running) -> None:
    """Each has its own answer."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{reserved.getsockname()[1]}/"
        error = await failure(proxy, url)
    # tinyproxy, squid, SOCKS4's "rejected or failed", SOCKS5's "connection refused"
    assert error.status in {500, 503, 0x5B, 5}


@by(Kind(tinyproxy, "http", True), Kind(squid, "http", True), Kind(squid, "https", True))
async def test_program_asks_for_credentials_by_407(proxy: Running) -> None:
    error = await failure(proxy, "ws://peer.test/", "")
    assert (error.status, error.wants_credentials) == (407, True)
    assert "Proxy-Authenticate: Basic realm=" in str(error)


@by(Kind(microsocks, "socks5h", True))
async def test_program_asks_for_credentials_by_socks(proxy: Running) -> None:
    """SOCKS5 has no number for it."""
    error = await failure(proxy, "ws://peer.test/", "")
    assert error.wants_credentials
    assert "No acceptable authentication methods" in str(error)


@by(Kind(tinyproxy, "http", True), Kind(microsocks, "socks5h", True))
async def test_program_refuses_a_wrong_password(proxy: Running) -> None:
    error = await failure(proxy, "ws://peer.test/", f"user:not-{PASSWORD}@")
    assert error.status in {401, 407, None}
    assert error.wants_credentials


@by(Kind(tinyproxy, "http"))
async def test_program_that_filters_names_answers_403(proxy: Running) -> None:
    error = await failure(proxy, "ws://forbidden.test/")
    assert error.status == 403
    assert "got 403 Filtered" in str(error)


@by(Kind(squid, "http"), Kind(squid, "https"))
async def test_program_that_filters_ports_answers_403_and_its_reason(proxy: Running) -> None:
    error = await failure(proxy, f"ws://127.0.0.1:{FORBIDDEN_PORT}/")
    assert error.status == 403
    assert "X-Squid-Error: ERR_ACCESS_DENIED" in str(error)


@by(Kind(dante, "socks5h"), Kind(dante, "socks4"))
async def test_program_that_filters_ports_answers_by_a_socks_reply(proxy: Running) -> None:
    """SOCKS4 has one number for all."""
    error = await failure(proxy, f"ws://127.0.0.1:{FORBIDDEN_PORT}/")
    assert error.status == (2 if proxy.scheme == "socks5h" else 0x5B)
