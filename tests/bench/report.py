"""The circumstances of a benchmark, and which clients are ours."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.clients import CLIENTS
from trio_ws_dom import __version__

if TYPE_CHECKING:
    from bench.charts import Bars, Lines

OURS = (
    "ours_callbacks",
    "compiled_callbacks",
    "ours_iterating",
    "compiled_iterating",
    "ours_stream",
    "ours_numpy",
)


class Part(NamedTuple):
    """One of the things that are measured, with its results.

    Attributes:
      name: of its chart's file, and in the JSON file.
      title: of its chart.
      clients: those that took part.
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
    """Return what every figure depends on."""
    date = datetime.now(UTC).date().isoformat()
    return {"date": date, "machine": machine(), "versions": versions(names)}


def lines(circumstances: dict[str, Any]) -> list[str]:
    """Return the circumstances as lines for people."""
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
    # our own version is added here, as a checkout that is not installed has no metadata
    return {
        distribution: __version__ if distribution == "trio-ws-dom" else version(distribution)
        for distribution in sorted(distributions)
    }
