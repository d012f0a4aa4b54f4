"""Generated scenarios, of which each must end. ``-- random`` runs them beside Chromium."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from support.patience import run_steadily

from .generated.lifecycles import scenarios
from .generated.search import ANY_HEALTH
from .runner import run_ours
from .scenario import Scenario, get


@pytest.mark.slow
@settings(max_examples=60, derandomize=True, suppress_health_check=ANY_HEALTH)
@given(scenarios())
def test_each_made_up_scenario_ends(scenario: Scenario) -> None:
    """No scenario hangs, and each socket is CLOSED after it."""
    sockets = [op[1] for op in scenario.program if op[0] == "new"]
    looked = replace(scenario, after=[*scenario.after, *(get(name=name) for name in sockets)])
    program = run_steadily(run_ours, looked, None)["program"]
    assert ["TIMEOUT"] not in program
    assert [entry[2]["readyState"] for entry in program[-len(sockets) :]] == [3] * len(sockets)
