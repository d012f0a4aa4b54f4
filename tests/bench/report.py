"""Samples as a table of medians, spreads and ratios, and as JSON."""

from __future__ import annotations

import os
import platform
import statistics
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.clients import CLIENTS
from bench.runner import ONCE
from bench.work import WORK

if TYPE_CHECKING:
    from bench.runner import Sample, Samples

OURS = ("ours_callbacks", "ours_iterating", "ours_stream")
UNITS = {"cycle": "cycles/s", "idle": "KiB/socket", "load": "ms"}
"""What a kind of work is measured in, where that is not messages a second."""


def machine() -> dict[str, Any]:
    """What the figures depend on."""
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


def medians(samples: dict[str, list[Sample]]) -> dict[str, float]:
    return {
        name: statistics.median(sample.figure for sample in own)
        for name, own in samples.items()
        if own
    }


def spread(own: list[Sample]) -> float:
    """Half the range of the rounds, as a share of their median."""
    figures = [sample.figure for sample in own]
    return (max(figures) - min(figures)) / statistics.median(figures) / 2


def less_is_better(row: str) -> bool:
    return WORK[row].kind in ONCE


def ratio(row: str, ours: float, theirs: float) -> float:
    """How many times as good ours is."""
    return theirs / ours if less_is_better(row) else ours / theirs


def table(row: str, samples: dict[str, list[Sample]]) -> str:
    """One work: each client's median and spread, and how many times as good ours are."""
    found = medians(samples)
    ours = [name for name in OURS if name in found]
    unit = UNITS.get(WORK[row].kind, "messages/s")
    head = "".join(f"{'x ' + CLIENTS[name].label.partition(', ')[2]:>13}" for name in ours)
    lines = [f"{row:<24}{unit:>12}{'spread':>8}{'cpu us':>11}{head}"]
    best_first = sorted(found, key=found.__getitem__, reverse=not less_is_better(row))
    for name in best_first:
        cpu = statistics.median(sample.cpu for sample in samples[name])
        ratios = "".join(f"{ratio(row, found[own], found[name]):>13.2f}" for own in ours)
        digits = 1 if less_is_better(row) else 0
        figures = f"{found[name]:>12,.{digits}f}{f'±{spread(samples[name]):.0%}':>8}{cpu:>11,.2f}"
        lines.append(f"  {CLIENTS[name].label:<22}{figures}{ratios}")
    return "\n".join(lines)


def as_json(samples: Samples, names: list[str], settings: dict[str, Any]) -> dict[str, Any]:
    return {
        "machine": machine(),
        "versions": versions(names),
        "settings": settings,
        "samples": {
            row: {name: [sample._asdict() for sample in own] for name, own in clients.items()}
            for row, clients in samples.items()
        },
    }
