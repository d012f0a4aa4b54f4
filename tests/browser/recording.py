"""Chromium's behaviour as data.

There is one file for each group of scenarios, with one line for each scenario.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import trio

from .chromium import open_browser
from .clauses import CLAUSES, NOT_SHOWN
from .compare import differences, normalise
from .departures import DEPARTURES, expected_of_ours
from .runner import run_in_chromium, run_ours
from .scenarios import ALL, GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trio_ws_dom import WebSocket, WebSocketStream

    from .runner import Trace

AT_ONCE = 16
"""Scenarios that run at the same time. With more, a small machine makes them wait until their
limits."""
FOLDER = Path(__file__).with_name("recorded")


def recorded() -> dict[str, Trace]:
    """Return every recorded trace, by the scenario's name."""
    traces: dict[str, Trace] = {}
    for group in GROUPS:
        path = FOLDER / f"{group}.json"
        if path.exists():
            traces.update(json.loads(path.read_text())["scenarios"])
    return traces


def stored_departures() -> dict[str, Trace]:
    """Return what ours does in the scenarios whose departure has no rule."""
    path = FOLDER / "departures.json"
    return json.loads(path.read_text()) if path.exists() else {}


Fault: TypeAlias = "type[WebSocket | WebSocketStream]"


async def watch_ours(name: str, fault: Fault | None = None) -> Trace:
    trace: Trace = json.loads(json.dumps(normalise(await run_ours(ALL[name], fault))))
    return trace


async def find_differences(fault: Fault | None = None) -> dict[str, list[str]]:
    """Run the scenarios side by side, and return by name where ours differs, and how."""
    chromium, stored = recorded(), stored_departures()
    found: dict[str, list[str]] = {}
    limit = trio.CapacityLimiter(AT_ONCE)

    async def look(name: str) -> None:
        expected = expected_of_ours(ALL[name], chromium[name], stored.get(name))
        async with limit:
            try:
                lines = differences(expected, await watch_ours(name, fault))
            except Exception as error:  # an error of ours is a finding, and the search goes on
                lines = [f"raised {error!r}"]
        if lines:
            found[name] = lines

    async with trio.open_nursery() as nursery:
        for name in ALL:
            nursery.start_soon(look, name)
    return {name: found[name] for name in ALL if name in found}


def store_departures() -> None:
    """Write what ours does now in those scenarios. Check the difference before you keep it."""
    names = [s.name for s in ALL.values() if any(DEPARTURES[d].change is None for d in s.departs)]
    traces = {name: trio.run(watch_ours, name) for name in names}
    lines = [f"{json.dumps(n)}: {json.dumps(t, separators=(',', ':'))}" for n, t in traces.items()]
    (FOLDER / "departures.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


async def watch_chromium(names: Iterable[str]) -> tuple[str, dict[str, Trace]]:
    """Return Chromium's version, and what it does in these scenarios."""
    async with open_browser() as browser:
        traces: dict[str, Any] = {}
        for name in names:
            raw = await run_in_chromium(browser, ALL[name])
            # By JSON and back, so that a new trace is the same as one that is read from a file.
            print(
                name,
                *(["TIMEOUT"] if ["TIMEOUT"] in raw["program"] else []),
                file=sys.stderr,
                flush=True,
            )
            traces[name] = json.loads(json.dumps(normalise(raw)))
    return browser.version, traces


def record(names: Iterable[str] = ()) -> None:
    """Run Chromium through the scenarios (all, or those named) and write what it did."""
    known = recorded()
    version, traces = trio.run(watch_chromium, list(names) or list(ALL))
    known.update(traces)
    FOLDER.mkdir(exist_ok=True)
    for group, scenarios in GROUPS.items():
        lines = [
            f"{json.dumps(s.name)}: {json.dumps(known[s.name], separators=(',', ':'))}"
            for s in scenarios
            if s.name in known
        ]
        text = (
            f'{{"chromium": {json.dumps(version)}, "scenarios": {{\n' + ",\n".join(lines) + "\n}}\n"
        )
        (FOLDER / f"{group}.json").write_text(text)


def figures() -> str:
    """Return how many scenarios there are, equal, departing and different, and what is not
    shown."""
    found = trio.run(find_differences)
    departing = [s.name for s in ALL.values() if s.departs and s.name not in found]
    shown = {clause for s in ALL.values() for clause in s.covers}
    equal = len(ALL) - len(departing) - len(found)
    lines = [
        f"{len(ALL)} scenarios in {len(GROUPS)} groups: {equal} equal, "
        f"{len(departing)} depart as the table says, {len(found)} differ",
        f"{len(CLAUSES)} clauses: {len(set(CLAUSES) - shown)} not shown by any",
        *(f"cannot be shown: {clause}: {why}" for clause, why in NOT_SHOWN.items()),
        *(f"departure: {n} ({sum(n in s.departs for s in ALL.values())})" for n in DEPARTURES),
        *("\n".join([f"differs: {name}", *lines]) for name, lines in found.items()),
    ]
    return "\n".join(lines)
