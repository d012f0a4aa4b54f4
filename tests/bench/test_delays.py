"""The benchmark's delays, by lateness from gaps and the summary of several rounds."""

from __future__ import annotations

import pytest

from bench.clients.running import lateness
from bench.delays import pings, pings_table, turns, turns_table
from bench.work import MIB


def test_lateness_in_equal_gaps() -> None:
    """In gaps of 100 s, one moment in a hundred waits for longer than 99 s."""
    assert lateness([100.0] * 7, 0.99) == pytest.approx(99)


def test_lateness_counts_moments_not_gaps() -> None:
    """A thousand short turns weigh as much as they last, which here is a tenth of one long turn."""
    assert lateness([0.0001] * 1000 + [1.0], 0.5) == pytest.approx(0.45)


def test_lateness_where_long_gaps_are_rare() -> None:
    """It is within the short ones, if the long one's moments are fewer than those left out."""
    assert lateness([1.0] * 10_000 + [10.0], 0.5) == pytest.approx(0.5, abs=0.01)


def test_the_whole_is_the_longest_gap() -> None:
    assert lateness([1.0, 3.0, 2.0], 1.0) == 3


def test_the_worst_turn_is_of_all_rounds() -> None:
    """The share of moments is a median, and the worst is the worst that was seen."""
    rounds = [{"late": x, "worst": x * 4, "cpu": x * 2} for x in (0.001, 0.009, 0.002)]
    assert turns(rounds) == {"99 %": 0.002, "worst": 0.036, "worst, cpu": 0.018}


def test_pings_are_summed_up() -> None:
    """The figures are medians, and the worst of each."""
    found = pings([(0.010, 0.001, 100), (0.030, 0.002, 300), (0.020, 0.009, 200)])
    assert found == {
        "pings": 3,
        "inside": 0.002,
        "inside, worst": 0.009,
        "round trip": 0.020,
        "round trip, worst": 0.030,
        "ahead": 200,
    }


def test_tables_are_in_milliseconds() -> None:
    """There is one line for each client, below the flood's."""
    late = turns_table({"64 B": {"bare": {"99 %": 0.002, "worst": 0.0105, "worst, cpu": 0.01}}})
    assert late.splitlines()[1:] == [
        "  messages of 64 B",
        f"    {'bare trio socket':<32}{'2.00':>10}{'10.50':>10}{'10.00':>10}",
    ]
    trips = pings_table({"64 B": {"ours_callbacks": pings([(0.030, 0.0015, 5 * MIB)])}})
    assert trips.splitlines()[2].split()[-6:] == ["1", "1.50", "1.50", "30.00", "30.00", "5.00"]
