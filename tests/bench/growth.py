"""How the cost of a message grows with its size, with sockets, listeners, fragments and reads.

Cost is processor time of the client's process. ``order`` says how it grew from one line to the
next, where 0 is not at all, 1 is in proportion, and 2 is quadratic.
"""

from __future__ import annotations

import statistics
import sys
from math import isnan, log, nan
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.charts import Lines, amount
from bench.clients import CLIENTS
from bench.report import OURS, Part
from bench.runner import measure
from bench.work import KIB, MIB, Work

if TYPE_CHECKING:
    from bench.runner import Samples

SIZES = [16, 128, KIB, 8 * KIB, 64 * KIB, 512 * KIB, 4 * MIB, 16 * MIB]
FRAGMENTS = [64 * KIB, 16 * KIB, 4 * KIB, KIB, 256, 64, 16]
ECHOES = 10_000
"""Messages in all, shared by the sockets."""

SUSPICIOUS = 0.5
"""By how much the order over two steps may exceed the expected one before it is marked. Caches cost
something too, and one listener has a faster path than two."""


class Series(NamedTuple):
    """One table, and one chart.

    Attributes:
      title: the subject and the order.
      unit: what ``steps`` counts.
      order: how the cost may grow.
      clients: those that are measured.
      steps: the work, by its number of the unit.
    """

    title: str
    unit: str
    order: int
    clients: tuple[str, ...]
    steps: dict[int, Work]


TITLE = "trio_ws_dom: processor time for a message"
RECEIVING = ("ours_callbacks", "ours_iterating")
SERIES = {
    "size": Series(
        "text received, by its size",
        "bytes",
        1,
        (*RECEIVING, "bare"),
        {size: Work("receive", size) for size in SIZES},
    ),
    "size-sent": Series(
        "text sent, by its size",
        "bytes",
        1,
        ("ours_callbacks", "bare"),
        {size: Work("send", size) for size in SIZES},
    ),
    "sockets": Series(
        "64 bytes echoed, by the sockets that are busy",
        "sockets",
        0,
        ("ours_callbacks", "bare"),
        {number: Work("busy", sockets=number, count=ECHOES) for number in (1, 10, 100, 1000, 5000)},
    ),
    "listeners": Series(
        "64 bytes received, by the message event's listeners",
        "listeners",
        1,
        ("ours_callbacks",),
        {number: Work("receive", listeners=number) for number in (1, 2, 5, 10, 20, 50, 100)},
    ),
    "fragments": Series(
        "1 MiB received, by the fragments that it comes in",
        "fragments",
        1,
        RECEIVING,
        {MIB // size: Work("receive", MIB, fragment=size) for size in FRAGMENTS},
    ),
    "size-in-fragments": Series(
        "text received in fragments of 16 bytes, by its size",
        "bytes",
        1,
        ("ours_callbacks",),
        {size: Work("receive", size, fragment=16) for size in SIZES[2:]},
    ),
    "size-in-reads": Series(
        "text received in reads of 1 byte, by its size",
        "bytes",
        1,
        ("ours_callbacks",),
        {size: Work("receive", size, read=1) for size in SIZES[:5]},
    ),
}

Costs = dict[str, dict[int, float]]
"""For each client and step, microseconds of a message."""


def growth(names: list[str], settings: dict[str, Any]) -> Part:
    """Measure all series, with those of their clients that are among the names."""
    found: dict[str, Costs] = {}
    for name, series in SERIES.items():
        print(series.title, file=sys.stderr)
        own = [client for client in series.clients if client in names]
        rows = {str(x): work for x, work in series.steps.items()}
        found[name] = costs(measure(own, rows, **settings))
    clients = [client for client in CLIENTS if any(client in own for own in found.values())]
    tables = [table(SERIES[name], own) for name, own in found.items()]
    panels = [panel(SERIES[name], own) for name, own in found.items() if own]
    figures = {"microseconds for a message": found}
    return Part("growth", TITLE, clients, settings, figures, tables, panels)


def panel(series: Series, costs: Costs) -> Lines:
    labels = {name: CLIENTS[name].label.removeprefix("trio_ws_dom, ") for name in costs}
    lines = {labels[name]: own for name, own in costs.items()}
    others = frozenset(labels[name] for name in costs if name not in OURS)
    return Lines(series.title, series.unit, lines, series.order, others)


def costs(samples: Samples) -> Costs:
    """Return the medians of a series."""
    found: Costs = {}
    for x, clients in samples.items():
        for name, own in clients.items():
            if own:
                found.setdefault(name, {})[int(x)] = statistics.median(one.cpu for one in own)
    return found


def order(costs: dict[int, float], x: int, steps: int = 1) -> float:
    """Return the exponent of the growth to x from a number of steps before, NaN if there are
    fewer."""
    xs = list(costs)
    at = xs.index(x) - steps
    return log(costs[x] / costs[xs[at]]) / log(x / xs[at]) if at >= 0 else nan


def table(series: Series, costs: Costs) -> str:
    """Return one series as a table, with the cost for each client and step, and its growth."""
    per = f"ns/{series.unit.removesuffix('s')}" if series.order else ""
    head = f"{'us/message':>14}{per:>14}{'times':>8}{'order':>8}"
    lines = [series.title, f"{series.unit:>12}{head}"]
    for name, own in costs.items():
        lines.append(f"  {CLIENTS[name].label}")
        last = nan
        for x, cost in own.items():
            share = f"{cost / x * 1e3:,.2f}" if series.order else ""
            figures = f"{amount(x, series.unit):>12}{cost:>14,.2f}{share:>14}"
            grown = "" if isnan(last) else f"{cost / last:>8.2f}{order(own, x):>8.2f}"
            mark = "  too fast" if order(own, x, steps=2) > series.order + SUSPICIOUS else ""
            lines.append((figures + grown + mark).rstrip())
            last = cost
    return "\n".join(lines)
