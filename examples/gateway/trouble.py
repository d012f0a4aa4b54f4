"""Simulated faults of the network and the server, one after another, at random."""

import random
from collections import Counter
from dataclasses import dataclass

import trio

from .network import Network, Wire
from .server import Server


@dataclass(frozen=True)
class Pace:
    """How fast things happen, all in seconds.

    Attributes:
      line: from one line to the next, on average.
      calm: from the end of one fault to the next, on average.
      outage: how long a fault lasts at most.
      latency: of the network, for each piece of data.
    """

    line: float
    calm: float
    outage: float
    latency: float


class Trouble:
    """Faults of the network and the server.

    Attributes:
      seen: how often each kind of fault occurred.
    """

    def __init__(self, network: Network, server: Server, pace: Pace, dice: random.Random) -> None:
        self.seen: Counter[str] = Counter()
        self._network = network
        self._server = server
        self._pace = pace
        self._dice = dice

    async def run(self) -> None:
        """Cause one fault after another until cancelled. None remains then."""
        kinds = {
            "connections cut": self._cut,
            "connections frozen": self._freeze,
            "network dead": self._die,
            "server crashed": self._crash,
            "server restarted": self._restart,
            "server busy (429)": self._throttle,
            "server full (1013)": self._fill,
        }
        while True:
            await trio.sleep(self._dice.expovariate(1 / self._pace.calm))
            kind = self._dice.choice(list(kinds))
            self.seen[kind] += 1
            with trio.CancelScope(shield=True):  # a fault that has begun is always undone
                await kinds[kind]()

    def _some_wires(self) -> list[Wire]:
        wires = self._network.wires
        return self._dice.sample(wires, self._dice.randint(0, len(wires)))

    async def _cut(self) -> None:
        for wire in self._some_wires():
            wire.cut()

    async def _freeze(self) -> None:
        for wire in self._some_wires():
            wire.freeze()

    async def _die(self) -> None:
        self._network.dead = True
        for wire in self._network.wires:
            wire.freeze()
        await self._wait()
        self._network.dead = False

    async def _crash(self) -> None:
        await self._server.restart(self._seconds(), code=None)

    async def _restart(self) -> None:
        await self._server.restart(self._seconds(), code=1012)

    async def _throttle(self) -> None:
        self._server.busy = max(1, round(self._seconds()))
        for wire in self._network.wires:
            wire.cut()
        await self._wait()
        self._server.busy = 0

    async def _fill(self) -> None:
        self._server.full = True
        for wire in self._network.wires:
            wire.cut()
        await self._wait()
        self._server.full = False

    async def _wait(self) -> None:
        await trio.sleep(self._seconds())

    def _seconds(self) -> float:
        return self._dice.uniform(0, self._pace.outage)
