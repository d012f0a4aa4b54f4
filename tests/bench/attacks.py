"""How long a hostile peer keeps other tasks waiting, and what its bytes cost.

Each attack floods one connection while another task only makes checkpoints. ``worst`` is the
longest time between two turns of that task, ``cpu`` the most processor time between two, and
``ns/byte`` the processor time for a byte of the flood. A client that refuses the flood has a ``*``.
It ends the connection, and the figure is of what it took until then. ``hangs`` is a client that has
not reached the end of the flood after 20 s.
"""

from __future__ import annotations

import statistics
import sys
from contextlib import ExitStack
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

from support.attacks import attacks

from bench.clients import CLIENTS
from bench.report import Part
from bench.runner import server, worker
from bench.work import KIB, MIB, Work

if TYPE_CHECKING:
    from bench.runner import Worker

ATTACKED = ("ours_callbacks", "ours_iterating", "ours_stream", "websockets_trio")
TITLE = "While a hostile peer floods: the longest time between two turns of another task"
FIRST, MOST = 64 * KIB, 64 * MIB
"""Bytes of the flood with which calibrating begins, and of one that costs nearly nothing."""

Figures = dict[str, dict[str, dict[str, float]]]
"""For each attack and client, seconds by name. ``refused`` and ``hung`` are 1 if the client was."""


def hostile(names: list[str], settings: dict[str, Any]) -> Part:
    """Measure the attacks, with those of the clients that are among the names."""
    found = measure([name for name in ATTACKED if name in names], **settings)
    return Part("attacks", TITLE, list(ATTACKED), settings, dict(found), [table(found)], [])


def measure(names: list[str], rounds: int, seconds: float) -> Figures:
    found: Figures = {}
    with ExitStack() as stack:
        port = stack.enter_context(server())
        workers = {name: stack.enter_context(worker(name, port)) for name in names}
        for (number, attack), name in product(enumerate(attacks()), workers):
            print(f"attacks, {attack}, {name}", file=sys.stderr)
            work = calibrated(workers[name], Work("attack", 1, attack=number), seconds)
            answers = [workers[name].do(work) for _ in range(rounds)]
            found.setdefault(attack, {})[name] = figures(answers, work.count)
    return found


def calibrated(worker: Worker, work: Work, seconds: float) -> Work:
    """Return the work with as many bytes as keep the client busy for this long."""
    work = replace(work, count=FIRST)
    while work.count < MOST:
        answer, cpu = worker.do(work)
        if cpu > seconds or answer["hung"]:
            break
        growth = seconds / cpu if cpu > seconds / 10 else 4
        work = replace(work, count=min(MOST, int(work.count * growth) + 1))
    return work


def figures(answers: list[tuple[dict[str, float], float]], size: int) -> dict[str, float]:
    """Return the figures of all rounds together, of which the worst is the worst."""
    return {
        "worst": max(answer["worst"] for answer, _ in answers),
        "worst, cpu": max(answer["cpu"] for answer, _ in answers),
        "cpu per byte": statistics.median(cpu for _, cpu in answers) / size,
        "refused": max(answer["refused"] for answer, _ in answers),
        "hung": max(answer["hung"] for answer, _ in answers),
    }


def table(figures: Figures) -> str:
    lines = [f"{'other turns under attack, ms':<36}{'worst':>10}{'cpu':>10}{'ns/byte':>10}"]
    for attack, clients in figures.items():
        lines.append(f"  {attack}")
        for name, own in clients.items():
            figure = "".join(f"{own[key] * 1e3:>10,.2f}" for key in ("worst", "worst, cpu"))
            figure += f"{own['cpu per byte'] * 1e9:>10,.1f}" + ("*" if own["refused"] else "")
            figure = f"{'hangs':>10}" if own["hung"] else figure
            lines.append(f"    {CLIENTS[name].label:<32}{figure}")
    return "\n".join(lines)
