"""Samples as a table of medians, spreads and ratios, and as JSON."""

from __future__ import annotations

import os
import platform
import statistics
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.clients import CLIENTS

if TYPE_CHECKING:
    from bench.runner import Sample, Samples

OURS = ("ours_callbacks", "ours_iterating")


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
    distributions = {"trio"}.union(*(CLIENTS[name][1] for name in names))
    return {distribution: version(distribution) for distribution in sorted(distributions)}


def table(row: str, samples: dict[str, list[Sample]]) -> str:
    """One work: each client's median and spread, and how many times as fast ours are."""
    rates = {name: [sample.rate for sample in own] for name, own in samples.items() if own}
    medians = {name: statistics.median(own) for name, own in rates.items()}
    ours = [name for name in OURS if name in medians]
    head = "".join(f"{'x ' + CLIENTS[name][0].partition(', ')[2]:>13}" for name in ours)
    lines = [f"{row:<24}{'messages/s':>12}{'spread':>8}{'cpu us':>9}{head}"]
    for name, median in sorted(medians.items(), key=lambda item: -item[1]):
        spread = (max(rates[name]) - min(rates[name])) / median / 2
        cpu = statistics.median(sample.cpu for sample in samples[name])
        ratios = "".join(f"{medians[own] / median:>13.2f}" for own in ours)
        figures = f"{median:>12,.0f}{f'±{spread:.0%}':>8}{cpu:>9.2f}"
        lines.append(f"  {CLIENTS[name][0]:<22}{figures}{ratios}")
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
