"""How long a flood of messages keeps the program's other tasks, and Pings, waiting.

``turns`` has a task that only makes checkpoints, while another one receives all the messages. At
``99 %`` of all moments that task gets its turn within that time. ``worst`` is the longest time
between two of its turns, and ``cpu`` the most processor time, which other processes do not change.
The bare socket's line shows what trio and Python add.

``pings`` has a task that pings without pause. ``inside`` is what the client adds, from when the
read returned that contains the Pong until ``ping()`` returned. Most of the ``round trip`` is the
data that the server had sent before its Pong and that had to be read first, which is ``ahead``, a
median.
"""

from __future__ import annotations

import statistics
import sys
from contextlib import ExitStack
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

from bench.charts import Bars
from bench.clients import CLIENTS
from bench.report import OURS, Part
from bench.runner import server, worker
from bench.work import KIB, MIB, Work

if TYPE_CHECKING:
    from bench.runner import Worker

FLOODS = {"64 B": 64, "4 KiB": 4 * KIB, "1 MiB": MIB, "16 MiB": 16 * MIB}
TURNS = (
    "ours_callbacks",
    "ours_iterating",
    "ours_stream",
    "websockets_trio",
    "trio_websocket",
    "httpx_ws",
    "bare",
)
TITLE = "While messages flood in: the longest time between two turns of another task"
PINGS = ("ours_callbacks", "ours_iterating")
PINGS_LAST = 5
"""How many times as long a round with Pings is, as a round trip takes up to a tenth of a second."""

Figures = dict[str, dict[str, dict[str, float]]]
"""For each flood and client, seconds by name. ``ahead`` is in bytes, ``pings`` is a number."""


def delays(names: list[str], settings: dict[str, Any]) -> Part:
    """Measure both, with those of the clients that are among the names."""
    found = measure(names, **settings)
    tables = [turns_table(found["turns"]), pings_table(found["pings"])]
    panels = [panel(flood, clients) for flood, clients in found["turns"].items()]
    clients = [name for name in TURNS if name in names]
    return Part("delays", TITLE, clients, settings, dict(found), tables, panels)


def measure(names: list[str], rounds: int, seconds: float) -> dict[str, Figures]:
    found: dict[str, Figures] = {"turns": {}, "pings": {}}
    with ExitStack() as stack:
        port = stack.enter_context(server())
        workers = {name: stack.enter_context(worker(name, port)) for name in TURNS if name in names}
        for flood, name in product(FLOODS, workers):
            print(f"delays, {flood}, {name}", file=sys.stderr)
            work = workers[name].calibrated(Work("receive", FLOODS[flood]), seconds)
            answers = repeated(workers[name], replace(work, kind="turns"), rounds)
            found["turns"].setdefault(flood, {})[name] = turns(answers)
            if name in PINGS:
                work = replace(work, kind="pings", count=work.count * PINGS_LAST)
                trips = repeated(workers[name], work, rounds)
                if every := [trip for answer in trips for trip in answer]:
                    found["pings"].setdefault(flood, {})[name] = pings(every)
    return found


def repeated(worker: Worker, work: Work, rounds: int) -> list[Any]:
    return [worker.do(work)[0] for _ in range(rounds)]


def turns(answers: list[dict[str, float]]) -> dict[str, float]:
    """Return the figures of all rounds together, of which the worst is the worst."""
    return {
        "99 %": statistics.median(answer["late"] for answer in answers),
        "worst": max(answer["worst"] for answer in answers),
        "worst, cpu": max(answer["cpu"] for answer in answers),
    }


def pings(every: list[tuple[float, float, int]]) -> dict[str, float]:
    """Return the figures of all rounds together, from the client's PingTimes."""
    round_trips, insides, aheads = zip(*every, strict=True)
    return {
        "pings": len(every),
        "inside": statistics.median(insides),
        "inside, worst": max(insides),
        "round trip": statistics.median(round_trips),
        "round trip, worst": max(round_trips),
        "ahead": statistics.median(aheads),
    }


def panel(flood: str, figures: dict[str, dict[str, float]]) -> Bars:
    worst = {CLIENTS[name].label: own["worst"] * 1e3 for name, own in figures.items()}
    best_first = dict(sorted(worst.items(), key=lambda item: item[1]))
    ours = frozenset(CLIENTS[name].label for name in OURS)
    return Bars(f"messages of {flood}, ms, less is better", best_first, ours, digits=1)


def turns_table(figures: Figures) -> str:
    lines = [f"{'other turns in a flood, ms':<36}{'99 %':>10}{'worst':>10}{'cpu':>10}"]
    for flood, clients in figures.items():
        lines.append(f"  messages of {flood}")
        for name, own in clients.items():
            times = "".join(f"{own[key] * 1e3:>10,.2f}" for key in ("99 %", "worst", "worst, cpu"))
            lines.append(f"    {CLIENTS[name].label:<32}{times}")
    return "\n".join(lines)


def pings_table(figures: Figures) -> str:
    head = "".join(f"{word:>12}" for word in ("inside", "worst", "round trip", "worst"))
    lines = [f"{'pings in a flood, ms':<36}{'pings':>8}{head}{'MiB ahead':>12}"]
    for flood, clients in figures.items():
        lines.append(f"  messages of {flood}")
        for name, own in clients.items():
            of = ("inside", "inside, worst", "round trip", "round trip, worst")
            times = "".join(f"{own[key] * 1e3:>12,.2f}" for key in of)
            figure = f"{own['pings']:>8,.0f}{times}{own['ahead'] / MIB:>12,.2f}"
            lines.append(f"    {CLIENTS[name].label:<32}{figure}")
    return "\n".join(lines)
