"""A client and a server in separate network namespaces, connected by a cable that can be pulled.

``unshare --net python -m guarantee.namespaces NAME`` runs one scenario. It needs the right to make
namespaces, as root or with ``--user --map-root-user``.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest
import trio
from support.checked import close_event
from support.child_process import started
from support.patience import PATIENCE, run_steadily
from support.peer import Peer
from support.scope_harness import PATIENT

from trio_ws_dom import WebSocket, WebSocketError, open_websocket

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from support.child_process import Child

IN_A_NAMESPACE: Final = ("unshare", "--net")

CLIENT: Final = "10.77.0.1"
SERVER: Final = "10.77.0.2"
PORT: Final = 8000
URL: Final = f"ws://{SERVER}:{PORT}/"

BOUNDS: Final[dict[str, Any]] = {
    "open_timeout": PATIENCE,  # the first SYN on a new cable may be lost, and is repeated
    "close_timeout": 0.5,
    "cancelled_close_timeout": 0.3,
}
"""Seconds by the client's steady clock. The last two must pass without any answer."""


def run(command: str) -> None:
    subprocess.run(shlex.split(command), check=True)


class Network:
    """The cable, from the client's end.

    Args:
      server: the process in the other namespace, which runs there the commands that it receives.
    """

    def __init__(self, server: Child) -> None:
        self._server = server

    async def over_there(self, command: str) -> str:
        """Run a command in the server's namespace."""
        await self._server.hears(command)
        return await self._server.line()

    async def lay(self) -> None:
        """Connect the two namespaces."""
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
        """Lose what the server sends, but not what is sent to it."""
        await self.over_there(f"ip route add blackhole {CLIENT}/32")

    async def saw(self, *codes: int) -> None:
        """Wait until the server has seen Closes with these codes."""
        with trio.fail_after(PATIENCE):
            while json.loads(await self.over_there("codes")) != list(codes):
                await trio.sleep(0.05)


@asynccontextmanager
async def network() -> AsyncGenerator[Network]:
    async with started("-m", "guarantee.namespaces", "serve", prefix=IN_A_NAMESPACE) as server:
        cable = Network(server)
        assert await server.line() == "ready"
        await cable.lay()
        yield cable


async def serve() -> None:
    """Run a good server, and a shell for the client's commands."""
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


def check_lost(ws: WebSocket, start: float, bound: float) -> None:
    assert (close_event(ws).code, close_event(ws).wasClean) == (1006, False)
    assert trio.current_time() - start == pytest.approx(bound, abs=0.1)


async def pulled(cable: Network) -> None:
    """Leaving the block on a pulled cable takes ``close_timeout`` and ends with 1006."""
    async with open_websocket(URL, **BOUNDS) as ws:
        cable.pull()
        start = trio.current_time()
    check_lost(ws, start, 0.5)


async def pulled_and_cancelled(cable: Network) -> None:
    """Leaving a cancelled block on a pulled cable takes ``cancelled_close_timeout``."""
    with trio.CancelScope() as scope:
        async with open_websocket(URL, **BOUNDS) as ws:
            cable.pull()
            start = trio.current_time()
            scope.cancel()
    check_lost(ws, start, 0.3)


async def pulled_and_kept_alive(cable: Network) -> None:
    """The keepalive finds a pulled cable on which nothing is sent."""
    async with open_websocket(URL, ping_interval=0.2, ping_timeout=0.3, **BOUNDS) as ws:
        cable.pull()
        event = await ws.wait_closed()
    assert (event.code, event.wasClean) == (1006, False)


async def plugged_in_again(cable: Network) -> None:
    """After a cable was pulled for a moment TCP repeats what was lost, and the end is clean."""
    async with open_websocket(URL, **PATIENT) as ws:
        cable.pull()
        ws.send("hello")
        await trio.sleep(0.3)
        cable.plug()
    assert (close_event(ws).code, close_event(ws).wasClean) == (1000, True)
    await cable.saw(1000)


async def answers_lost(cable: Network) -> None:
    """The server sees our Close, but its answer is lost."""
    async with open_websocket(URL, **BOUNDS) as ws:
        await cable.lose_answers()
        start = trio.current_time()
    check_lost(ws, start, 0.5)
    await cable.saw(1000)


async def dialling_into_nothing(cable: Network) -> None:
    """Lost SYNs, or lost answers to them, end dialling after ``open_timeout``."""
    await cable.lose_answers()
    start = trio.current_time()
    with pytest.raises(WebSocketError) as caught:
        async with open_websocket(URL, open_timeout=0.5):
            raise AssertionError("it was opened")
    assert isinstance(caught.value.__cause__, TimeoutError)
    assert trio.current_time() - start == pytest.approx(0.5, abs=0.1)


async def no_route(cable: Network) -> None:
    """A server without a route to it is an error at once."""
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
    trio.run(serve) if sys.argv[1] == "serve" else run_steadily(play, sys.argv[1])
