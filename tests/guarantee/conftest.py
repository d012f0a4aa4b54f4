"""The count of the sweeps' runs, told at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guarantee.sweep import COUNTER

if TYPE_CHECKING:
    import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if COUNTER.runs:
        total = sum(COUNTER.runs.values())
        terminalreporter.section(f"the guarantee: {total} runs")
        for name, count in COUNTER.runs.items():
            terminalreporter.line(f"{count:7d} {name}")
