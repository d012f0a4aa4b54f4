"""The comparison's table: what it makes of the rounds."""

from __future__ import annotations

import pytest

from bench.report import ratio, table
from bench.runner import Sample


def rounds(*figures: float) -> list[Sample]:
    return [Sample(figure, 1.0) for figure in figures]


def test_a_ratio_is_of_the_same_round() -> None:
    """A slow machine is slow for both, so that it changes nothing."""
    ours, theirs = rounds(200, 20, 1000), rounds(100, 10, 250)
    assert ratio("receive-64", ours, theirs) == pytest.approx(2)
    assert ratio("receive-64", theirs, ours) == pytest.approx(0.5)


def test_a_ratio_where_less_is_better() -> None:
    """Half the memory is twice as good."""
    assert ratio("idle-1000", rounds(5), rounds(10)) == pytest.approx(2)


def test_table() -> None:
    """The best first; a ratio for each of ours."""
    found = {"bare": rounds(5, 5, 5), "ours_callbacks": rounds(10, 20, 30)}
    head, first, second = table("receive-64", found).splitlines()
    assert head.split()[-2:] == ["x", "onmessage"]
    assert first.split()[-1] == "1.00"
    assert second.split()[-1] == "4.00"
