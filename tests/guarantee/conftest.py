"""The harness of the guarantee's tests, and the count of the sweeps' runs, printed at the end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from support.scope_harness import ScopeHarness

from guarantee.sweep import COUNTS

if TYPE_CHECKING:
    import trio
    from support.transports import Transport


@pytest.fixture
async def harness(transport: Transport, nursery: trio.Nursery) -> ScopeHarness:
    return ScopeHarness(transport, nursery)


def pytest_sessionfinish(session: pytest.Session) -> None:
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:  # one of xdist's workers
        output["runs"] = [(*key, count) for key, count in COUNTS.items()]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    for name, entry, count in getattr(node, "workeroutput", {}).get("runs", ()):
        COUNTS[name, entry] += count


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not COUNTS:
        return
    terminalreporter.section(f"the guarantee: {COUNTS.total()} runs")
    for index in (0, 1):  # by sweep, by entry point
        counts: Counter[str] = Counter()
        for key, count in COUNTS.items():
            counts[key[index]] += count
        for name, count in counts.items():
            terminalreporter.line(f"{count:7d} {name}")
