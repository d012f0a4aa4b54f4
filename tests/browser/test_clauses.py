"""Each clause of the standard is shown by a scenario."""

from __future__ import annotations

from .clauses import CLAUSES
from .scenarios import ALL

NAMED = {clause for scenario in ALL.values() for clause in scenario.covers}


def test_each_clause_is_named_by_a_scenario() -> None:
    """A clause that no scenario shows is a gap in the comparison."""
    assert sorted(set(CLAUSES) - NAMED) == []


def test_scenarios_name_only_clauses_that_are() -> None:
    """A misspelt name would look like a clause that is shown."""
    assert sorted(NAMED - set(CLAUSES)) == []


def test_each_scenario_names_a_clause() -> None:
    assert [s.name for s in ALL.values() if not s.covers] == []
