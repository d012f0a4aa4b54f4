"""Generate scenarios for a given time, and shrink those that differ."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import trio
from hypothesis import HealthCheck, given, seed, settings

from ..chromium import open_browser
from .comparing import compare
from .lifecycles import scenarios

if TYPE_CHECKING:
    from ..chromium import Browser
    from ..scenario import Scenario


SECONDS = 300
BATCH = 100
"""Examples for each seed. Hypothesis looks harder for new ones within one run, and forgets between
two."""
AGAIN = 2
"""How many times more a difference must appear; otherwise the machine caused it."""
SHRINKING = 90
"""Seconds for shrinking a difference."""


ANY_HEALTH: Final = [
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
    HealthCheck.too_slow,
]
"""What hypothesis complains of, and scenarios are."""


@dataclass
class Search:
    """The result of a run."""

    seconds: float
    browser: Browser
    ran: int = 0
    unsteady: Counter[str] = field(default_factory=Counter[str])
    """Differences, by kind, that did not appear each time, and so depend on timing."""
    known: list[str] = field(default_factory=list[str])
    found: list[tuple[Scenario, list[str]]] = field(
        default_factory=list[tuple["Scenario", list[str]]]
    )
    again: int = 0
    _smallest: tuple[Scenario, list[str]] | None = None

    def run(self) -> None:
        """Run in a thread beside trio's, as hypothesis does not know trio."""
        self._end = time.monotonic() + self.seconds
        batch = int(time.time())
        while time.monotonic() < self._end:
            batch += 1
            self._smallest = None
            try:
                self._batch(batch)
            except Exception:
                if self._smallest is None:
                    raise
            self._note()

    def _note(self) -> None:
        """Keep what the last batch has found."""
        if self._smallest is not None:
            self.found.append(self._smallest)
            self.known.append(_kind(self._smallest[1]))
            print(describe(*self._smallest), flush=True)

    def _batch(self, number: int) -> None:
        @seed(number)
        @settings(
            max_examples=BATCH,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=ANY_HEALTH,
        )
        @given(scenarios())
        def agree(scenario: Scenario) -> None:
            if time.monotonic() > self._end + (SHRINKING if self._smallest else 0):
                return
            if lines := self._differs(scenario):
                self._smallest = scenario, lines
                raise AssertionError("\n".join(lines))

        agree()

    def _differs(self, scenario: Scenario) -> list[str]:
        self.ran += 1
        lines = trio.from_thread.run(compare, self.browser, scenario)
        if not lines:
            return []
        if _kind(lines) in self.known:
            self.again += 1
            return []
        for _ in range(AGAIN):
            if not trio.from_thread.run(compare, self.browser, scenario):
                self.unsteady[_kind(lines)] += 1
                if self.unsteady[_kind(lines)] == 1:
                    print("unsteady:", describe(scenario, lines), flush=True)
                return []
        return lines


def _kind(lines: list[str]) -> str:
    """Return what distinguishes a difference from others, without its numbers and texts."""
    first = lines[0].split("\n")
    return " ".join(word for word in first[0].split() if not word.rstrip(":").isdigit()) + "".join(
        part[:40] for part in first[1:]
    )


def describe(scenario: Scenario, lines: list[str]) -> str:
    """Describe a difference, and the scenario to keep."""
    kept = replace(scenario, name="found-")
    return "\n".join(["differs:", *lines, "in:", repr(kept), ""])


async def search(seconds: float) -> Search:
    async with open_browser() as browser:
        found = Search(seconds, browser)
        await trio.to_thread.run_sync(found.run)
    return found


def run_random(seconds: float = SECONDS) -> int:
    """Search, print, and return the exit code."""
    result = trio.run(search, seconds)
    print(
        f"{result.ran} made-up scenarios in {seconds:g} s: {len(result.found)} different"
        f" ({result.again} more of the same kinds), {result.unsteady.total()} unsteady"
    )
    return 1 if result.found else 0
