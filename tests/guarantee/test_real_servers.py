"""Servers that die or cannot be reached, names that do not resolve, and no file descriptor."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trio
from support.checked import close_event
from support.child_process import run, started
from support.patience import PATIENCE
from support.scope_harness import PATIENT
from support.transports import EventRecorder

from trio_ws_dom import WebSocketError, open_websocket

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from support.child_process import Child

pytestmark = pytest.mark.real

SERVER = """
import sys, trio
from support.peer import Peer

async def main():
    (listener,) = await trio.open_tcp_listeners(int(sys.argv[1]), host="127.0.0.1")
    print(listener.socket.getsockname()[1], flush=True)
    await trio.serve_listeners(lambda stream: Peer(stream).serve(), [listener])

trio.run(main)
"""


@asynccontextmanager
async def server_process(port: int = 0) -> AsyncGenerator[tuple[Child, int]]:
    """Start a good server that can be killed. The second value is its port."""
    async with started("-c", SERVER, str(port)) as process:
        yield process, int(await process.line())


async def test_a_killed_server_ends_the_socket_with_1006_at_once() -> None:
    async with server_process() as (process, port):
        async with open_websocket(f"ws://127.0.0.1:{port}", **PATIENT) as ws:
            recorder = EventRecorder(ws)
            process.send_signal(signal.SIGKILL)
            with pytest.raises(WebSocketError):
                await ws.receive()
    recorder.check()
    assert close_event(ws).code == 1006


async def test_a_killed_server_refuses_until_it_is_back() -> None:
    async with server_process() as (process, port):
        async with open_websocket(f"ws://127.0.0.1:{port}", **PATIENT) as ws:
            process.send_signal(signal.SIGKILL)
            await ws.wait_closed()
    with pytest.raises(WebSocketError) as caught:
        async with open_websocket(f"ws://127.0.0.1:{port}", **PATIENT):
            raise AssertionError("it was opened")
    assert isinstance(caught.value.__cause__, OSError)
    async with server_process(port):
        async with open_websocket(f"ws://127.0.0.1:{port}", **PATIENT) as ws:
            ws.send("hello")
        assert (close_event(ws).code, close_event(ws).wasClean) == (1000, True)


NO_FILES = """
import os, resource, trio
from trio_ws_dom import open_websocket, WebSocketError

async def main():
    used = len(os.listdir("/proc/self/fd")) - 1  # one of them was for looking
    resource.setrlimit(resource.RLIMIT_NOFILE, (used, used))
    for _ in range(3):
        try:
            async with open_websocket("ws://127.0.0.1:65000"):
                raise AssertionError("it was opened")
        except WebSocketError as exc:
            print(type(exc.__cause__).__name__, exc.__cause__.errno)

trio.run(main)
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts files in /proc")
def test_a_program_without_free_descriptors_gets_the_cause_and_goes_on() -> None:
    assert run("-c", NO_FILES).splitlines() == ["OSError 24"] * 3


async def test_a_name_that_does_not_resolve_is_the_cause() -> None:
    with pytest.raises(WebSocketError) as caught:
        async with open_websocket("ws://name.invalid/", **PATIENT):
            raise AssertionError("it was opened")
    assert isinstance(caught.value.__cause__, OSError)


async def test_a_resolver_that_hangs_does_not_hold_the_scope(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on = threading.Event()
    resolved: list[bool] = []

    def resolve() -> None:
        resolved.append(go_on.wait(PATIENCE))

    class Slow(trio.abc.HostnameResolver):
        async def getaddrinfo(self, *args: object, **more: object) -> Any:
            await trio.to_thread.run_sync(resolve, abandon_on_cancel=True)
            raise OSError("no such name")

        async def getnameinfo(self, sockaddr: Any, flags: int) -> tuple[str, str]:
            raise AssertionError("not asked for")

    trio.socket.set_custom_hostname_resolver(Slow())
    try:
        with trio.move_on_after(0.1) as scope:
            async with open_websocket("ws://slow.test/", **PATIENT):
                raise AssertionError("it was opened")
        assert scope.cancelled_caught
        assert not resolved
    finally:
        go_on.set()
        trio.socket.set_custom_hostname_resolver(None)


async def test_a_refused_connection_is_the_cause() -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    await listener.aclose()
    with pytest.raises(WebSocketError) as caught:
        async with open_websocket(f"ws://127.0.0.1:{port}", **PATIENT):
            raise AssertionError("it was opened")
    assert isinstance(caught.value.__cause__, OSError)
