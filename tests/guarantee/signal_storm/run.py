"""Run a storm, in which SIGINT hits a child over and over, and check the result of each hit."""

from __future__ import annotations

import itertools
import json
import random
import signal
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import trio
from support.child_process import started
from support.patience import PATIENCE

from guarantee.signal_storm.phases import BARE, ENTRIES
from guarantee.signal_storm.server import Servers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.child_process import Child

NOT_OURS: Final = (
    "ResourceWarning: unclosed <socket.socket",
    "ignored in None: OSError(9, 'Bad file descriptor')",
)
"""Messages that are allowed. Where Ctrl-C lands in ``trio.open_tcp_stream()``, between making a
socket and noting that it must be closed, it is closed when it is collected, at once. And trio's run
may end while one of its worker threads is in the C handler of the signal, about to write to the
run's wakeup descriptor."""


class Order(NamedTuple):
    """The order for one round. ``delays`` are the seconds before each SIGINT."""

    number: int
    entry: str
    phase: str
    delays: tuple[float, ...]


@dataclass
class Round:
    """The result of one round."""

    order: Order
    report: dict[str, Any]
    wrong: list[str] = field(default_factory=list[str])


def orders(count: int, seed: int, entry: str | None, phase: str | None) -> Iterator[Order]:
    """Yield every phase of every entry point by turns, each time in another order."""
    chance = random.Random(seed)
    every = [
        (one, other)
        for one, (_, phases) in ENTRIES.items()
        for other in phases
        if entry in (None, one) and phase in (None, other)
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


async def play(child: Child, order: Order, port: int) -> Round:
    """Play one round, from the order to the report."""
    url = f"ws://localhost:{port}/{manner(order)}/{order.number}"
    await child.hears(json.dumps({**order._asdict(), "url": url}))
    assert json.loads(await child.line()) == {"armed": order.number}
    for delay in order.delays:
        await trio.sleep(delay)
        child.send_signal(signal.SIGINT)
    await child.hears("fired")
    assert json.loads(await child.line()) == {"out": order.number}
    return Round(order, json.loads(await child.line()))


def manner(order: Order) -> str:
    return ENTRIES[order.entry][1][order.phase].manner


async def storm(
    count: int, seed: int, entry: str | None = None, phase: str | None = None
) -> list[Round]:
    """Play this many rounds in one child, each of which records what is wrong."""
    servers = Servers()
    rounds: list[Round] = []
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, host="127.0.0.1"), servers.serve, 0)
        port = listeners[0].socket.getsockname()[1]
        async with started("-m", "guarantee.signal_storm.child") as child:
            assert json.loads(await child.line()) == {"ready": True}
            rounds += [await play(child, one, port) for one in orders(count, seed, entry, phase)]
            await child.ends()
        with trio.fail_after(PATIENCE):
            while servers.open:
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
    for done in rounds:
        done.wrong = [f"{done.order}: {said}" for said in judge(done, servers)]
    return rounds


# What must hold of each round.


def judge(done: Round, servers: Servers) -> Iterator[str]:
    """Return what is wrong with a round."""
    report = done.report
    noise = [said for said in report["noise"] if not said.startswith(NOT_OURS)]
    if noise:
        yield f"noise: {noise}"
    if report["files"]:
        yield f"{report['files']} file descriptors left over"
    yield from judge_outcome(done)
    for socket in report["sockets"]:
        yield from judge_socket(socket)
    yield from judge_server(done, servers)


def judge_outcome(done: Round) -> Iterator[str]:
    """Check that only KeyboardInterrupt came out, bare unless the nursery is the program's."""
    report = done.report
    if set(report["leaves"]) - {"KeyboardInterrupt"}:
        yield f"{report['shape']} of {report['leaves']} came out"
    elif not report["leaves"] and not report["late"]:
        yield "Ctrl-C was lost"
    elif (
        "Group" in report["shape"] and done.order.entry not in BARE and len(done.order.delays) == 1
    ):
        yield f"{report['shape']} came out"


def judge_socket(socket: dict[str, Any]) -> Iterator[str]:
    """Check that the socket is CLOSED, after one ``close`` event, the last."""
    if socket["state"] != 3 or not socket["reported"]:
        yield f"readyState is {socket['state']}"
    opened = ["open"] * socket["opened"]
    if socket["events"] not in ([*opened, "close"], [*opened, "error", "close"]):
        yield f"the events were {socket['events']}"


def judge_server(done: Round, servers: Servers) -> Iterator[str]:
    """Check that the server saw each connection's end, and the Close of each that was open."""
    plan = ENTRIES[done.order.entry][1][done.order.phase]
    peers = servers.peers.get(f"{manner(done.order)}/{done.order.number}", [])
    if any(peer.ended is None for peer in peers):
        yield "a connection did not end"
    codes = [peer.close_code for peer in peers if peer.close_code is not None]
    opened = sum(socket["opened"] for socket in done.report["sockets"])
    if set(codes) - plan.codes and plan.codes:
        yield f"the Closes were {codes}"
    # a second Ctrl-C aborts, and a peer that does not read receives nothing
    if plan.codes and len(done.order.delays) == 1 and len(codes) < opened:
        yield f"{opened} were open, and the Closes were {codes}"
