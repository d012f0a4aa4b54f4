"""A storm: a child that is hit by SIGINT over and over, and a look at what came of each hit."""

from __future__ import annotations

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import trio
from support.child_process import TESTS, environment

from guarantee.signal_storm.phases import BARE, DOORS, OPTIONS
from guarantee.signal_storm.server import Servers

if TYPE_CHECKING:
    from collections.abc import Iterator

MARGIN: Final = 10.0
"""Seconds that a busy machine may add to a bound."""

PATIENCE: Final = 60.0
"""Seconds to wait for a word of the child, which gives up by itself before."""


NOT_OURS: Final = (
    "ResourceWarning: unclosed <socket.socket",
    "ignored in None: OSError(9, 'Bad file descriptor')",
)
"""What may be said where Ctrl-C lands in ``trio.open_tcp_stream()``, between the making of a socket
and the note that it is to be closed: it is closed when it is collected, at once. And where trio's
run ends while one of its worker threads is in the C handler of the signal, about to write to the
run's wakeup descriptor."""


class Order(NamedTuple):
    """What one round is to be; ``delays`` are the seconds before each SIGINT."""

    number: int
    door: str
    phase: str
    delays: tuple[float, ...]


@dataclass
class Round:
    """What became of one round."""

    order: Order
    told: dict[str, Any]
    hit: list[float]  # moments of the SIGINTs
    wrong: list[str] = field(default_factory=list)


def orders(count: int, seed: int, door: str | None, phase: str | None) -> Iterator[Order]:
    """Every phase of every door by turns, each time in another order."""
    chance = random.Random(seed)
    every = [
        (one, other)
        for one, (_, phases) in DOORS.items()
        for other in phases
        if door in (None, one) and phase in (None, other)
    ]
    numbers = itertools.count()
    while True:
        for one, other in chance.sample(every, len(every)):
            number = next(numbers)
            if number == count:
                return
            delays = [chance.uniform(0, chance.choice((0.01, 0.06)))]
            if chance.random() < 0.3:
                delays.append(chance.uniform(0, 0.02))
            yield Order(number, one, other, tuple(delays))


class Child:
    """The process that is hit."""

    def __init__(self, process: trio.Process) -> None:
        self._process = process
        self._lines = b""

    async def line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        with trio.fail_after(PATIENCE):
            while b"\n" not in self._lines:
                data = await self._process.stdout.receive_some()
                assert data, "the child ended without a word"
                self._lines += data
        line, _, self._lines = self._lines.partition(b"\n")
        told: dict[str, Any] = json.loads(line)
        return told

    async def say(self, line: str) -> None:
        assert self._process.stdin is not None
        await self._process.stdin.send_all(line.encode() + b"\n")

    async def play(self, order: Order, port: int) -> Round:
        """One round, from the order to the report."""
        path = f"{manner(order)}/{order.number}"
        url = f"ws://localhost:{port}/{path}"
        await self.say(json.dumps({**order._asdict(), "url": url}))
        told = await self.line()
        assert told == {"armed": order.number}, told
        hit: list[float] = []
        for delay in order.delays:
            await trio.sleep(delay)
            hit.append(time.monotonic())
            os.kill(self._process.pid, signal.SIGINT)
        await self.say("fired")
        told = await self.line()
        assert told == {"out": order.number}, told
        return Round(order, await self.line(), hit)


def manner(order: Order) -> str:
    return DOORS[order.door][1][order.phase].manner


async def storm(
    count: int, seed: int, door: str | None = None, phase: str | None = None
) -> list[Round]:
    """So many rounds in one child; what is wrong with each is in it."""
    servers = Servers()
    rounds: list[Round] = []
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, host="127.0.0.1"), servers.serve, 0)
        port = listeners[0].socket.getsockname()[1]
        process = await trio.lowlevel.open_process(
            [sys.executable, "-m", "guarantee.signal_storm.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=TESTS,
            env=environment(),
        )
        try:
            child = Child(process)
            assert await child.line() == {"ready": True}
            chosen = orders(count, seed, door, phase)
            rounds += [await child.play(order, port) for order in chosen]
            await process.stdin.aclose()
            assert await process.wait() == 0
            with trio.fail_after(MARGIN):
                while servers.open:
                    await trio.sleep(0.01)
        finally:
            process.kill()
        nursery.cancel_scope.cancel()
    for done in rounds:
        done.wrong = [f"{done.order}: {said}" for said in judge(done, servers)]
    return rounds


# What must hold of each round.


def judge(done: Round, servers: Servers) -> Iterator[str]:
    """What is wrong with a round."""
    told = done.told
    noise = [said for said in told["noise"] if not said.startswith(NOT_OURS)]
    if noise:
        yield f"noise: {noise}"
    if told["files"]:
        yield f"{told['files']} file descriptors left over"
    took = told["out"] - done.hit[0]
    if took > OPTIONS["cancelled_close_timeout"] + MARGIN:
        yield f"{took:.1f} seconds from SIGINT on"
    yield from judge_outcome(done)
    for socket in told["sockets"]:
        yield from judge_socket(socket)
    yield from judge_server(done, servers)


def judge_outcome(done: Round) -> Iterator[str]:
    """KeyboardInterrupt and nothing else, bare unless the nursery is the program's."""
    told = done.told
    if set(told["leaves"]) - {"KeyboardInterrupt"}:
        yield f"{told['shape']} of {told['leaves']} came out"
    elif not told["leaves"] and not told["late"]:
        yield "Ctrl-C was lost"
    elif "Group" in told["shape"] and done.order.door not in BARE and len(done.hit) == 1:
        yield f"{told['shape']} came out"


def judge_socket(socket: dict[str, Any]) -> Iterator[str]:
    """CLOSED, and one ``close`` event, the last."""
    if socket["state"] != 3 or not socket["reported"]:
        yield f"readyState is {socket['state']}"
    opened = ["open"] * socket["opened"]
    if socket["events"] not in ([*opened, "close"], [*opened, "error", "close"]):
        yield f"the events were {socket['events']}"


def judge_server(done: Round, servers: Servers) -> Iterator[str]:
    """The server has seen the end of each connection, and the Close of each that was open."""
    plan = DOORS[done.order.door][1][done.order.phase]
    peers = servers.peers.get(f"{manner(done.order)}/{done.order.number}", [])
    if any(peer.ended is None for peer in peers):
        yield "a connection did not end"
    codes = [peer.close_code for peer in peers if peer.close_code is not None]
    opened = sum(socket["opened"] for socket in done.told["sockets"])
    if set(codes) - plan.codes and plan.codes:
        yield f"the Closes were {codes}"
    # a second Ctrl-C aborts; to one that does not read nothing can be said
    if plan.codes and len(done.hit) == 1 and len(codes) < opened:
        yield f"{opened} were open, and the Closes were {codes}"
