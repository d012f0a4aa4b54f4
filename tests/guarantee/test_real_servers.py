"""Servers that die or cannot be reached, names that do not resolve, and no descriptor left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trio
from support.child_process import TESTS
from support.scope_harness import LONGER
from support.transports import EventRecorder

from trio_ws_dom import WebSocketError, open_websocket

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@contextmanager
def server_process(port: int = 0) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A good server, to be killed; gives its port."""
    command = [sys.executable, "-c", SERVER, str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=TESTS) as process:
        assert process.stdout is not None
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


async def test_server_killed() -> None:
    """The server's process is killed: 1006 at once, and no exception but from receive()."""
    with server_process() as (process, port):
        async with open_websocket(f"ws://127.0.0.1:{port}", **LONGER) as ws:
            recorder = EventRecorder(ws)
            process.send_signal(signal.SIGKILL)
            with pytest.raises(WebSocketError):
                await ws.receive()
    recorder.check()
    assert ws.closeEvent.code == 1006


async def test_server_killed_and_restarted() -> None:
    """While it is away it is refused; once it is back on the same port, all is as before."""
    with server_process() as (process, port):
        async with open_websocket(f"ws://127.0.0.1:{port}", **LONGER) as ws:
            process.send_signal(signal.SIGKILL)
            await ws.wait_closed()
    with pytest.raises(WebSocketError) as caught:
        async with open_websocket(f"ws://127.0.0.1:{port}", **LONGER):
            raise AssertionError("it was opened")
    assert isinstance(caught.value.__cause__, OSError)
    with server_process(port):
        async with open_websocket(f"ws://127.0.0.1:{port}", **LONGER) as ws:
            ws.send("hello")
        assert (ws.closeEvent.code, ws.closeEvent.wasClean) == (1000, True)


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
def test_no_file_descriptors() -> None:
    """No descriptor is free: the cause is told, and the program goes on."""
    ran = subprocess.run(
        [sys.executable, "-c", NO_FILES], capture_output=True, text=True, timeout=15, check=False
    )
    assert ran.stderr == ""
    assert ran.stdout.splitlines() == ["OSError 24"] * 3


async def test_name_that_fails() -> None:
    """A name that does not resolve: a WebSocketError, with the resolver's error as its cause."""
    with pytest.raises(WebSocketError) as caught:
        async with open_websocket("ws://name.invalid/", **LONGER):
            raise AssertionError("it was opened")
    assert isinstance(caught.value.__cause__, OSError)


async def test_name_that_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that hangs in its thread does not hold the scope."""

    class Slow(trio.abc.HostnameResolver):
        async def getaddrinfo(self, *args: object, **more: object) -> Any:
            await trio.to_thread.run_sync(time.sleep, 5, abandon_on_cancel=True)
            raise OSError("no such name")

        async def getnameinfo(self, *args: object) -> Any:
            raise AssertionError("not asked for")

    trio.socket.set_custom_hostname_resolver(Slow())
    try:
        start = time.monotonic()
        with trio.move_on_after(0.1) as scope:
            async with open_websocket("ws://slow.test/", **LONGER):
                raise AssertionError("it was opened")
        assert scope.cancelled_caught
        assert time.monotonic() - start < 3
    finally:
        trio.socket.set_custom_hostname_resolver(None)


async def test_nobody_listens() -> None:
    """A port where nobody listens: the refusal is the cause."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    await listener.aclose()
    with pytest.raises(WebSocketError) as caught:
        async with open_websocket(f"ws://127.0.0.1:{port}", **LONGER):
            raise AssertionError("it was opened")
    assert isinstance(caught.value.__cause__, OSError)
