"""What runs by name only, and the count of the sweeps' runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guarantee.sweep import COUNTER

if TYPE_CHECKING:
    import pytest

BY_NAME = {
    "sweep": "all cases of the sweeps, for many minutes; `-m sweep` runs them",
    "soak": "thousands of sockets, for minutes; `-m soak` runs it",
}


def pytest_configure(config: pytest.Config) -> None:
    for name, meaning in BY_NAME.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is to be asked for by name."""
    asked = config.getoption("markexpr") or ""
    unasked = {name for name in BY_NAME if name not in asked}
    left_out = [item for item in items if any(item.get_closest_marker(n) for n in unasked)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if COUNTER.runs:
        total = sum(COUNTER.runs.values())
        terminalreporter.section(f"the guarantee: {total} runs")
        for name, count in COUNTER.runs.items():
            terminalreporter.line(f"{count:7d} {name}")
