"""Which tests run, by which clock, and the fixtures that several folders share."""

from __future__ import annotations

import inspect
import os
import shutil
import signal
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import pytest
import trio
import trio.testing
from hypothesis import settings
from support import opened
from support.fake_server import socket_and_connection
from support.patience import SteadyClock, patience, run_steadily
from support.proxy_programs import SYSTEM
from support.transports import PAIRS, MemoryTransport, SocketTransport, late_pair

from trio_ws_dom.testing import open_fake_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.fake_server import Accepted
    from support.transports import Transport

    from trio_ws_dom.testing import FakeServer

# No proxy of the machine's is for the tests, nor for the processes that they start. With this one
# variable the system's settings, on macOS and Windows, do not count, either.
for name in list(os.environ):
    if name.lower().endswith("_proxy"):
        del os.environ[name]
os.environ["no_proxy"] = "*"

# A shell starts a job in the background with Ctrl-C ignored, which Python keeps, and processes that
# are started here inherit. Tests press it in both.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# neither a busy machine nor chance may fail a test, as speed is the benchmark's subject and chance
# the fuzzer's
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")


SESSIONS: Final = {
    "slow": "thorough",
    "browser": "browser",
    "interop": "interop",
    "sweep": "guarantee -- sweep",
    "soak": "guarantee -- soak",
}
"""The session of nox for the tests of each marker, which a plain run leaves out."""

LEFT_OUT: Final[Counter[str]] = Counter()
"""How many tests were not run, by what would run them."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a program that is not here, and choose the clock of all the others."""
    missing = {item: package for item in items if (package := missing_package(item)) is not None}
    if missing:
        packages = " ".join(sorted(set(missing.values())))
        LEFT_OUT[f"apt-get install {packages}"] = len(missing)
    unset = {item: session for item in items if (session := unset_by(item)) is not None}
    LEFT_OUT.update(f"nox -s {session}" for session in unset.values())
    items[:] = [item for item in items if item not in missing and item not in unset]
    for item in items:
        if inspect.iscoroutinefunction(getattr(item, "function", None)):
            item.add_marker(pytest.mark.trio(run=run_steadily), append=False)


def missing_package(item: pytest.Item) -> str | None:
    """Return the package that a test needs and that is not installed."""
    for marker in item.iter_markers("needs"):
        program, package = marker.args
        if shutil.which(program, path=SYSTEM) is None:
            return str(package)
    return None


def unset_by(item: pytest.Item) -> str | None:
    """Return the session that sets a variable which a test needs and which is not set."""
    for marker in item.iter_markers("needs_set"):
        variable, session = marker.args
        if variable not in os.environ:
            return str(session)
    return None


def pytest_deselected(items: list[pytest.Item]) -> None:
    for item in items:
        for marker, session in SESSIONS.items():
            if item.get_closest_marker(marker) is not None:
                LEFT_OUT[f"nox -s {session}"] += 1
                break


def pytest_sessionfinish(session: pytest.Session) -> None:
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:  # it is one of xdist's workers, which all collect the same
        output["left_out"] = dict(LEFT_OUT)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    left_out: dict[str, int] = getattr(node, "workeroutput", {}).get("left_out", {})
    LEFT_OUT.update(Counter(left_out) - LEFT_OUT)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if LEFT_OUT:
        more = ", ".join(f"{count} by `{how}`" for how, count in LEFT_OUT.most_common())
        terminalreporter.line(f"there are more tests: {more}")


@pytest.fixture(params=[*PAIRS, "sockets"])
def kind(request: pytest.FixtureRequest) -> str:
    """The transport of the test's connections."""
    return str(request.param)


@pytest.fixture
def clock(kind: str) -> trio.abc.Clock:
    """Virtual time in memory, steady time over sockets. It is needed wherever ``transport`` is."""
    return trio.testing.MockClock(autojump_threshold=0) if kind in PAIRS else SteadyClock()


@pytest.fixture
async def transport(kind: str, clock: trio.abc.Clock) -> AsyncIterator[Transport]:
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
    """A fake server. For virtual time, request ``autojump_clock`` beside it."""
    with trio.fail_after(patience()):
        async with open_fake_server("ws://peer.test") as server:
            yield server


@pytest.fixture
def accepted(server: FakeServer, nursery: trio.Nursery) -> Accepted:
    """Return a function that opens a socket, and returns it and the fake server's end."""
    return partial(socket_and_connection, server, nursery)


@pytest.fixture
def host(server: FakeServer, nursery: trio.Nursery) -> FakeServer:
    """The same server, which accepts every client."""

    async def accept() -> None:
        while True:
            await server.accept()

    nursery.start_soon(accept)
    return server
