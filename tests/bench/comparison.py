"""The comparison, as tables in Markdown for the documentation, and a chart.

A row is one work by one of our interfaces, where it matters which. Our two builds are two columns
of figures. Each cell of the ratios has both, the pure build's first.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.charts import Bars
from bench.clients import CLIENTS
from bench.report import OURS, Part
from bench.runner import ONCE
from bench.work import TITLES, UNITS, WORK

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bench.runner import Sample, Samples

TITLE = "The same work by each client"


class Interface(NamedTuple):
    """One way to use the package, and the clients that do, of the pure and the compiled build."""

    label: str
    pure: str
    compiled: str = ""


INTERFACES = (
    Interface("`onmessage`", "ours_callbacks", "compiled_callbacks"),
    Interface("`async for`", "ours_iterating", "compiled_iterating"),
    Interface("stream", "ours_stream"),
    Interface("numpy imported", "ours_numpy"),
)


ONE = ("ours_callbacks", "compiled_callbacks")
BOTH = (*ONE, "ours_iterating", "compiled_iterating")
DOCUMENTED: dict[str, tuple[str, ...]] = {
    "receive-64": BOTH,
    "receive-4k": BOTH,
    "receive-1m": BOTH,
    "send-64": ONE,
    "send-1m": (*ONE, "ours_numpy"),
    "echo-64": BOTH,
    "echo-64-x32": ONE,
    "receive-json": BOTH,
    "send-json": ONE,
    "cycle": ONE,
    "idle-1000": ONE,
    "import": ONE,
}
"""The works of docs/performance.md, each with those of our clients that differ in it."""

DOCUMENTED_CLIENTS = (
    *BOTH,
    "ours_numpy",
    "bare",
    "picows",
    "aiohttp",
    "websockets_asyncio",
    "websockets_trio",
    "trio_websocket",
)
"""The clients of both tables, in the order of their columns. README.md's has no bare socket."""

README = ["receive-64", "send-64", "echo-64", "idle-1000"]
"""The works of README.md's table."""

CHART = ["receive-64", "send-64", "echo-64-x32", "idle-1000"]


class Row(NamedTuple):
    """A row of either table."""

    work: str
    label: str
    interface: Interface


def rows_of(samples: Samples) -> list[Row]:
    """Return the rows of what was measured. ``onmessage`` is named beside another way to
    receive."""
    found: list[Row] = []
    for work, own in samples.items():
        done = [one for one in INTERFACES if own.get(one.pure) or own.get(one.compiled)]
        for one in done or INTERFACES[:1]:
            plain = one is INTERFACES[0] and not set(done) & set(INTERFACES[1:3])
            label = TITLES[work] if plain else f"{TITLES[work]}, {one.label}"
            found.append(Row(work, label, one))
    return found


def peers(samples: Samples) -> list[str]:
    """Return the other clients that did anything."""
    did = {name: None for own in samples.values() for name in own if own[name]}
    return [name for name in did if name not in OURS]


def figures(samples: Samples) -> str:
    """Return a table of medians, in messages a second or what the row's label says."""
    others = peers(samples)
    head = ["", "ours, pure", "ours, compiled", *(CLIENTS[name].label for name in others)]
    lines = [row_of(head), rule(len(head))]
    for row in rows_of(samples):
        own = samples[row.work]
        unit = UNITS.get(WORK[row.work].kind, "")
        names = [row.interface.pure, row.interface.compiled, *others]
        label = f"{row.label}, {unit}" if unit else row.label
        lines.append(row_of([label, *(rounded(own.get(name) or []) for name in names)]))
    return "\n".join(lines)


def ratios(samples: Samples) -> str:
    """Return a table of how many times as good ours are, pure / compiled."""
    others = peers(samples)
    head = ["ours (pure / compiled) against", *(CLIENTS[name].label for name in others)]
    lines = [row_of(head), rule(len(head))]
    for row in rows_of(samples):
        own = samples[row.work]
        builds = [own.get(row.interface.pure), own.get(row.interface.compiled)]
        cells = [
            " / ".join(
                short(ratio(row.work, build, own[name]))
                for build in builds
                if build and own.get(name)
            )
            for name in others
        ]
        lines.append(row_of([row.label, *cells]))
    return "\n".join(lines)


def row_of(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def rule(columns: int) -> str:
    return "|" + "---|" * columns


def rounded(own: list[Sample]) -> str:
    """Return the median to three digits, or nothing if it was not measured."""
    if not own:
        return ""
    figure = statistics.median(sample.figure for sample in own)
    return f"{float(f'{figure:.3g}'):,.0f}" if figure >= 100 else f"{figure:.3g}"


def short(ratio: float) -> str:
    """Return two digits, or three between 1 and 2, as more would be chance."""
    digits = 0 if ratio >= 9.95 else 1 if ratio >= 1.995 else 2
    return f"{ratio:.{digits}f}"


def best_first(row: str, samples: dict[str, list[Sample]]) -> dict[str, float]:
    """Return each client's median, the best first."""
    medians = {
        name: statistics.median(sample.figure for sample in own)
        for name, own in samples.items()
        if own
    }
    order = sorted(medians, key=medians.__getitem__, reverse=not less_is_better(row))
    return {name: medians[name] for name in order}


def spread(own: list[Sample]) -> float:
    """Return half the range of the rounds, as a share of their median."""
    figures = [sample.figure for sample in own]
    return (max(figures) - min(figures)) / statistics.median(figures) / 2


def less_is_better(row: str) -> bool:
    return WORK[row].kind in ONCE


def unit_of(row: str) -> str:
    return UNITS.get(WORK[row].kind, "messages/s")


def ratio(row: str, ours: list[Sample], theirs: list[Sample]) -> float:
    """Return how many times as good ours is, as the median of the rounds' ratios.

    Each is of one round, as what slows the machine for a while slows both.
    """
    better, worse = (theirs, ours) if less_is_better(row) else (ours, theirs)
    pairs = zip(better, worse, strict=False)  # a client may have failed in some rounds
    return statistics.median(one.figure / other.figure for one, other in pairs)


def details(row: str, samples: dict[str, list[Sample]]) -> str:
    """Return one work, with each client's median, spread and processor time for a message."""
    lines = [f"{row:<28}{unit_of(row):>12}{'spread':>8}{'cpu us':>11}"]
    for name, figure in best_first(row, samples).items():
        cpu = statistics.median(sample.cpu for sample in samples[name])
        digits = 1 if less_is_better(row) else 0
        figures = f"{figure:>12,.{digits}f}{f'±{spread(samples[name]):.0%}':>8}{cpu:>11,.2f}"
        lines.append(f"  {CLIENTS[name].label:<26}{figures}")
    return "\n".join(lines)


def comparison(samples: Samples, settings: dict[str, Any], *, detailed: bool = False) -> Part:
    """Return all that was measured in two tables, with each client's spread and processor time."""
    tables = [figures(samples), ratios(samples)]
    if detailed:
        tables += [details(row, own) for row, own in samples.items()]
    return part("comparison", samples, settings, tables, list(samples))


def documentation(samples: Samples, settings: dict[str, Any]) -> Part:
    """Return the tables of README.md and docs/performance.md, word for word, and their chart."""
    readme = {
        row: {name: own for name, own in samples[row].items() if name != "bare"} for row in README
    }
    tables = ["README.md:", figures(readme), "docs/performance.md:", ratios(samples)]
    return part("speed", samples, settings, tables, CHART)


def part(
    name: str, samples: Samples, settings: dict[str, Any], tables: list[str], drawn: list[str]
) -> Part:
    panels = [panel(row, samples[row]) for row in drawn if any(samples[row].values())]
    clients = [name for name in CLIENTS if any(own.get(name) for own in samples.values())]
    return Part(name, TITLE, clients, settings, {"samples": as_json(samples)}, tables, panels)


def panel(row: str, samples: dict[str, list[Sample]]) -> Bars:
    """Return the table's figures, the best first."""
    figures = {CLIENTS[name].label: figure for name, figure in best_first(row, samples).items()}
    unit = unit_of(row) + (", less is better" if less_is_better(row) else "")
    digits = 1 if less_is_better(row) else 0
    return Bars(f"{row}, {unit}", figures, frozenset(CLIENTS[name].label for name in OURS), digits)


def as_json(samples: Samples) -> dict[str, Any]:
    return {
        row: {name: [sample._asdict() for sample in own] for name, own in clients.items()}
        for row, clients in samples.items()
    }
