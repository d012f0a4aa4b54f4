"""Compare the traces of a generated scenario."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from ..compare import differences, normalise
from ..departures import ERROR_EVENT
from ..runner import run_in_chromium, run_ours

if TYPE_CHECKING:
    from ..chromium import Browser
    from ..runner import Trace
    from ..scenario import Scenario, Script

UNCLEAR = "WebSocket Protocol Error"
"""Chromium's message for several violations, among them a payload that cannot be inflated."""


def levelled(raw: Trace) -> Trace:
    """Normalise as ``compare.py`` does, and as the package's docstring says."""
    last: dict[str, int] = {}
    program = [_without_buffered(entry, last) for entry in json.loads(json.dumps(raw["program"]))]
    trace: Trace = json.loads(json.dumps(normalise({**raw, "program": program})))
    trace["wire"] = [sorted(w, key=lambda e: e[0] == "pong") for w in trace["wire"]]
    return trace


def is_result(seen: Any) -> bool:
    return isinstance(seen, list) and seen[:1] == ["gives"]


def _without_buffered(entry: list[Any], last: dict[str, int]) -> list[Any]:
    if entry[0] == "state":
        rise = entry[3] - last.get(entry[1], 0)
        last[entry[1]] = entry[3]
        return [*entry[:3], f"+{rise}"]
    for seen in entry:
        found = seen[1] if is_result(seen) else seen
        if isinstance(found, dict) and "bufferedAmount" in found:
            values = cast("dict[str, Any]", found)
            where = values.get("target") or entry[1]
            last[where] = values.pop("bufferedAmount")
    return entry


def expected(chromium: Trace) -> Trace:
    """Return Chromium's trace, normalised, as ours must be."""
    chromium["program"] = [_flags_cleared(entry) for entry in chromium["program"]]
    assert ERROR_EVENT.change is not None, "it has a rule"
    return ERROR_EVENT.change(chromium)


def _flags_cleared(entry: list[Any]) -> list[Any]:
    """Clear the stop flags that Chromium leaves set after a dispatch.

    This is the departure "an EventTarget that is no Node".
    """
    if entry[0] == "dispatched":
        entry[1].pop("cancelBubble", None)
    return entry


def _bad_payloads(scenario: Scenario, chromium: Trace, ours: Trace) -> None:
    """Apply the departure "1007 for a bad payload" to each connection, by Chromium's messages."""
    for script, wire, our_wire in zip(
        scenario.server, chromium["wire"], ours["wire"], strict=False
    ):
        for entry in wire:
            if entry[:2] == ["close", 1002] and _is_bad_payload(script, entry[2], our_wire):
                entry[1] = 1007


def _is_bad_payload(script: Script, words: str, our_wire: list[Any]) -> bool:
    if words != UNCLEAR:
        return words.startswith("Invalid UTF-8")
    deflate = any("permessage-deflate" in step[1] for step in script if step[0] == "answer")
    return deflate and any(entry[:2] == ["close", 1007] for entry in our_wire)


async def compare(browser: Browser, scenario: Scenario) -> list[str]:
    """Return how ours differs from Chromium in this scenario, or nothing."""
    chromium = await run_in_chromium(browser, scenario)
    try:
        ours = await run_ours(scenario, None)
    except Exception as error:  # an error of ours is a finding, and the search goes on
        return [f"raised {error!r}"]
    _bad_payloads(scenario, chromium, ours)
    return differences(expected(levelled(chromium)), levelled(ours))
