"""Made-up scenarios: that each ends, and, with a browser, that ours does as Chromium does."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
import trio
from hypothesis import HealthCheck, given, settings

from .random_scenarios import scenarios, search
from .runner import run_ours
from .scenario import Scenario, get

SECONDS = 20
"""Of a run among the other tests; `python -m browser random --seconds N` takes longer ones."""


@pytest.mark.real
@settings(max_examples=60, derandomize=True, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_each_made_up_scenario_ends(scenario: Scenario) -> None:
    """No scenario hangs, and each socket is CLOSED behind it."""
    sockets = [op[1] for op in scenario.program if op[0] == "new"]
    looked = replace(scenario, after=[*scenario.after, *(get(name=name) for name in sockets)])
    program = trio.run(run_ours, looked)["program"]
    assert ["TIMEOUT"] not in program
    assert [entry[2]["readyState"] for entry in program[-len(sockets) :]] == [3] * len(sockets)


@pytest.mark.browser
def test_made_up_scenarios_in_chromium(request: pytest.FixtureRequest) -> None:
    """For a while; none differs."""
    wanted = request.config.getoption("--browser", default=False)
    if not wanted and os.environ.get("TRIO_WS_DOM_BROWSER") != "1":
        pytest.skip("no --browser")
    assert not trio.run(search, SECONDS).found
