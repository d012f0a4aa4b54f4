"""The comparison as tables of medians, spreads and ratios; and what all parts have in common."""

from __future__ import annotations

import os
import platform
import statistics
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.charts import Bars, Lines
from bench.clients import CLIENTS
from bench.runner import ONCE
from bench.work import WORK

if TYPE_CHECKING:
    from bench.runner import Sample, Samples

OURS = ("ours_callbacks", "ours_iterating", "ours_stream", "ours_numpy")
TITLE = "The same work by each client"
UNITS = {"cycle": "cycles/s", "idle": "KiB/socket", "load": "ms"}
"""What a kind of work is measured in, where that is not messages a second."""


class Part(NamedTuple):
    """One of the things that are measured, and all that is told of it.

    Attributes:
      name: of its chart's file, and in the JSON file.
      title: of its chart.
      clients: who took part.
      settings: the rounds, and the seconds of one.
      figures: for the JSON file.
      tables: for people.
      panels: of its chart.
    """

    name: str
    title: str
    clients: list[str]
    settings: dict[str, Any]
    figures: dict[str, Any]
    tables: list[str]
    panels: list[Bars] | list[Lines]


def circumstances(names: list[str]) -> dict[str, Any]:
    """What every figure depends on."""
    date = datetime.now(UTC).date().isoformat()
    return {"date": date, "machine": machine(), "versions": versions(names)}


def lines(circumstances: dict[str, Any]) -> list[str]:
    """The same for people."""
    machine = (f"{key} {value}" for key, value in circumstances["machine"].items())
    versions = (f"{name} {number}" for name, number in circumstances["versions"].items())
    return [", ".join([circumstances["date"], *machine]), ", ".join(versions)]


def machine() -> dict[str, Any]:
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
    }


def processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def versions(names: list[str]) -> dict[str, str]:
    distributions = {"trio"}.union(*(CLIENTS[name].distributions for name in names))
    return {distribution: version(distribution) for distribution in sorted(distributions)}


def best_first(row: str, samples: dict[str, list[Sample]]) -> dict[str, float]:
    """Each client's median."""
    medians = {
        name: statistics.median(sample.figure for sample in own)
        for name, own in samples.items()
        if own
    }
    order = sorted(medians, key=medians.__getitem__, reverse=not less_is_better(row))
    return {name: medians[name] for name in order}


def spread(own: list[Sample]) -> float:
    """Half the range of the rounds, as a share of their median."""
    figures = [sample.figure for sample in own]
    return (max(figures) - min(figures)) / statistics.median(figures) / 2


def less_is_better(row: str) -> bool:
    return WORK[row].kind in ONCE


def unit_of(row: str) -> str:
    return UNITS.get(WORK[row].kind, "messages/s")


def ratio(row: str, ours: list[Sample], theirs: list[Sample]) -> float:
    """How many times as good ours is: the median of the rounds, each against the same round, as
    what slows the machine for a while slows both."""
    better, worse = (theirs, ours) if less_is_better(row) else (ours, theirs)
    pairs = zip(better, worse, strict=False)  # a client may have failed in some rounds
    return statistics.median(one.figure / other.figure for one, other in pairs)


def table(row: str, samples: dict[str, list[Sample]]) -> str:
    """One work: each client's median and spread, and how many times as good ours are."""
    found = best_first(row, samples)
    ours = [name for name in OURS if name in found]
    head = "".join(f"{'x ' + CLIENTS[name].label.partition(', ')[2]:>13}" for name in ours)
    lines = [f"{row:<24}{unit_of(row):>12}{'spread':>8}{'cpu us':>11}{head}"]
    for name in found:
        cpu = statistics.median(sample.cpu for sample in samples[name])
        ratios = "".join(f"{ratio(row, samples[own], samples[name]):>13.2f}" for own in ours)
        digits = 1 if less_is_better(row) else 0
        figures = f"{found[name]:>12,.{digits}f}{f'±{spread(samples[name]):.0%}':>8}{cpu:>11,.2f}"
        lines.append(f"  {CLIENTS[name].label:<22}{figures}{ratios}")
    return "\n".join(lines)


def comparison(samples: Samples, settings: dict[str, Any]) -> Part:
    tables = [table(row, own) for row, own in samples.items()]
    panels = [panel(row, own) for row, own in samples.items() if any(own.values())]
    clients = [name for name in CLIENTS if any(own.get(name) for own in samples.values())]
    figures = {"samples": as_json(samples)}
    return Part("comparison", TITLE, clients, settings, figures, tables, panels)


def panel(row: str, samples: dict[str, list[Sample]]) -> Bars:
    """The table's figures, best first."""
    figures = {CLIENTS[name].label: figure for name, figure in best_first(row, samples).items()}
    unit = unit_of(row) + (", less is better" if less_is_better(row) else "")
    digits = 1 if less_is_better(row) else 0
    return Bars(f"{row}, {unit}", figures, frozenset(CLIENTS[name].label for name in OURS), digits)


def as_json(samples: Samples) -> dict[str, Any]:
    return {
        row: {name: [sample._asdict() for sample in own] for name, own in clients.items()}
        for row, clients in samples.items()
    }
