"""Fixtures that tests of several folders share."""

from __future__ import annotations

import os
import signal
from functools import partial
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing
from hypothesis import settings
from support import opened
from support.fake_server import socket_and_connection
from support.peer import patience
from support.transports import PAIRS, MemoryTransport, SocketTransport, late_pair

from trio_ws_dom.testing import open_fake_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from support.fake_server import Pair
    from support.transports import Transport

    from trio_ws_dom.testing import FakeServer

# No proxy of the machine's is for the tests, nor for the processes that they start. With this one
# variable the system's settings, on macOS and Windows, do not count either.
for name in list(os.environ):
    if name.lower().endswith("_proxy"):
        del os.environ[name]
os.environ["no_proxy"] = "*"

# A shell starts a job in the background with Ctrl-C ignored, Python leaves it so, and processes
# that are started here inherit it. Tests press it in both.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# a busy machine must not fail a test: speed is the benchmark's
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(params=[*PAIRS, "sockets"])
def kind(request: pytest.FixtureRequest) -> str:
    """Where the test's connections run."""
    return str(request.param)


@pytest.fixture
def clock(kind: str) -> trio.abc.Clock | None:
    """Virtual time in memory, real time over sockets; to be asked for wherever ``transport`` is."""
    return trio.testing.MockClock(autojump_threshold=0) if kind in PAIRS else None


@pytest.fixture
async def transport(kind: str, clock: trio.abc.Clock | None) -> AsyncIterator[Transport]:
    """Memory streams first, then real sockets on loopback."""
    if kind in PAIRS:
        yield MemoryTransport(PAIRS[kind])
        return
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    async with listener:
        yield SocketTransport(listener)


@pytest.fixture(params=list(PAIRS))
def every_stream(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat a test over each kind of stream in memory, if ``support.opened`` connects it."""
    pairs = {**PAIRS, "late": partial(late_pair, prompt=1)}  # the opening is not the subject
    monkeypatch.setattr(opened, "new_pair", pairs[request.param])


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    """A fake server; for virtual time ``autojump_clock`` is to be asked for beside it."""
    with trio.fail_after(patience()):
        async with open_fake_server("ws://peer.test") as server:
            yield server


@pytest.fixture
def accepted(server: FakeServer, nursery: trio.Nursery) -> Callable[..., Awaitable[Pair]]:
    """Return a function that opens a socket, and returns it and the fake server's end."""
    return partial(socket_and_connection, server, nursery)


@pytest.fixture
def host(server: FakeServer, nursery: trio.Nursery) -> FakeServer:
    """The same server; it accepts everybody."""

    async def accept() -> None:
        while True:
            await server.accept()

    nursery.start_soon(accept)
    return server
