"""A client and a server in network namespaces of their own, and between them a cable to be pulled.

``unshare --net python -m guarantee.namespaces NAME`` runs one scenario; to be run where namespaces
may be made (by root, or with ``--user --map-root-user``).
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest
import trio
from support.child_process import TESTS, environment
from support.peer import Peer

from trio_ws_dom import WebSocketError, open_websocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

CLIENT: Final = "10.77.0.1"
SERVER: Final = "10.77.0.2"
PORT: Final = 8000
URL: Final = f"ws://{SERVER}:{PORT}/"

BOUNDS: Final[dict[str, Any]] = {
    "open_timeout": 20,  # the first SYN on a new cable may be lost, and comes again after a second
    "close_timeout": 0.5,
    "cancelled_close_timeout": 0.3,
}
"""Seconds."""

MARGIN: Final = 3.0
"""Seconds that a busy machine may add."""


def run(command: str) -> None:
    subprocess.run(shlex.split(command), check=True)


class Network:
    """The cable, from the client's end.

    Args:
      server: the process in the other namespace, which does there what it is told.
    """

    def __init__(self, server: trio.Process) -> None:
        self._server = server
        self._lines = b""

    async def line(self) -> str:
        assert self._server.stdout is not None
        with trio.fail_after(20):
            while b"\n" not in self._lines:
                data = await self._server.stdout.receive_some()
                assert data, "the server is gone"
                self._lines += data
        line, _, self._lines = self._lines.partition(b"\n")
        return line.decode()

    async def over_there(self, command: str) -> str:
        """Run a command in the server's namespace."""
        assert self._server.stdin is not None
        await self._server.stdin.send_all(command.encode() + b"\n")
        return await self.line()

    async def lay(self) -> None:
        """Connect the two."""
        run("ip link add c0 type veth peer name s0")
        run(f"ip link set s0 netns {self._server.pid}")
        run(f"ip address add {CLIENT}/24 dev c0")
        run("ip link set c0 up")
        await self.over_there(f"ip address add {SERVER}/24 dev s0")
        await self.over_there("ip link set s0 up")

    def pull(self) -> None:
        run("ip link set c0 down")

    def plug(self) -> None:
        run("ip link set c0 up")

    async def lose_answers(self) -> None:
        """What the server sends is lost on its way; what it is sent arrives."""
        await self.over_there(f"ip route add blackhole {CLIENT}/32")

    async def codes(self) -> list[int]:
        """Of the Closes that the server has seen."""
        codes: list[int] = json.loads(await self.over_there("codes"))
        return codes


@asynccontextmanager
async def network() -> AsyncIterator[Network]:
    command = ["unshare", "--net", sys.executable, "-m", "guarantee.namespaces", "serve"]
    server = await trio.lowlevel.open_process(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=TESTS, env=environment()
    )
    try:
        cable = Network(server)
        assert await cable.line() == "ready"
        await cable.lay()
        yield cable
    finally:
        server.kill()
        await server.wait()


async def serve() -> None:
    """A good server, and a shell for the client."""
    peers: list[Peer] = []

    async def one(stream: trio.SocketStream) -> None:
        peers.append(Peer(stream))
        try:
            await peers[-1].serve()
        except (trio.BrokenResourceError, AssertionError):
            await trio.aclose_forcefully(stream)

    def obey(command: str) -> str:
        if command == "codes":
            return json.dumps([peer.close_code for peer in peers])
        run(command)
        return "done"

    async with trio.open_nursery() as nursery:
        await nursery.start(trio.serve_tcp, one, PORT)
        print("ready", flush=True)
        while line := await trio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
            print(obey(line.strip()), flush=True)
        nursery.cancel_scope.cancel()


# The scenarios.


def check_lost(ws: Any, start: float, bound: float) -> None:
    assert (ws.closeEvent.code, ws.closeEvent.wasClean) == (1006, False)
    took = time.monotonic() - start
    assert bound - 0.1 < took < bound + MARGIN, took


async def pulled(cable: Network) -> None:
    """The cable is pulled, then the block is left: ``close_timeout``, then 1006."""
    async with open_websocket(URL, **BOUNDS) as ws:
        cable.pull()
        start = time.monotonic()
    check_lost(ws, start, 0.5)


async def pulled_and_cancelled(cable: Network) -> None:
    """The same under cancellation: ``cancelled_close_timeout``."""
    with trio.CancelScope() as scope:
        async with open_websocket(URL, **BOUNDS) as ws:
            cable.pull()
            start = time.monotonic()
            scope.cancel()
    check_lost(ws, start, 0.3)


async def pulled_and_kept_alive(cable: Network) -> None:
    """Nothing is sent, nothing comes: the keepalive finds out."""
    async with open_websocket(URL, ping_interval=0.2, ping_timeout=0.3, **BOUNDS) as ws:
        cable.pull()
        with trio.fail_after(MARGIN):
            event = await ws.wait_closed()
    assert (event.code, event.wasClean) == (1006, False)


async def plugged_in_again(cable: Network) -> None:
    """It was pulled for a moment: TCP sends again what was lost, and all is clean."""
    async with open_websocket(URL, **{**BOUNDS, "close_timeout": 20}) as ws:
        cable.pull()
        ws.send("hello")
        await trio.sleep(0.3)
        cable.plug()
    assert (ws.closeEvent.code, ws.closeEvent.wasClean) == (1000, True)
    assert await cable.codes() == [1000]


async def answers_lost(cable: Network) -> None:
    """The server sees our Close, and its answer does not arrive."""
    async with open_websocket(URL, **BOUNDS) as ws:
        await cable.lose_answers()
        start = time.monotonic()
    check_lost(ws, start, 0.5)
    assert await cable.codes() == [1000]


async def dialling_into_nothing(cable: Network) -> None:
    """SYNs, or the answers to them, are lost: ``open_timeout``."""
    await cable.lose_answers()
    start = time.monotonic()
    with pytest.raises(WebSocketError) as caught:
        async with open_websocket(URL, **{**BOUNDS, "open_timeout": 0.5}):
            raise AssertionError("it was opened")
    assert isinstance(caught.value.__cause__, TimeoutError)
    assert 0.4 < time.monotonic() - start < 0.5 + MARGIN


async def no_route(cable: Network) -> None:
    """There is no way to the server: said at once."""
    cable.pull()
    with pytest.raises(WebSocketError) as caught:
        async with open_websocket(URL, **BOUNDS):
            raise AssertionError("it was opened")
    assert isinstance(caught.value.__cause__, OSError)
    assert not isinstance(caught.value.__cause__, TimeoutError)


SCENARIOS: Final[tuple[Callable[[Network], Awaitable[None]], ...]] = (
    pulled,
    pulled_and_cancelled,
    pulled_and_kept_alive,
    plugged_in_again,
    answers_lost,
    dialling_into_nothing,
    no_route,
)


async def play(name: str) -> None:
    scenario = next(scenario for scenario in SCENARIOS if scenario.__name__ == name)
    async with network() as cable:
        await scenario(cable)


if __name__ == "__main__":
    trio.run(serve) if sys.argv[1] == "serve" else trio.run(play, sys.argv[1])
