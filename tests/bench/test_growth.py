"""The benchmark's tables of growth, by what is computed from the samples and what is marked."""

from __future__ import annotations

import pytest

from bench.growth import SERIES, Series, costs, order, panel, table
from bench.runner import Sample
from bench.work import Work

BY_SIZE = Series("by size", "bytes", 1, ("ours_callbacks",), {})


def curve(power: int) -> dict[int, float]:
    return {x: 2.0 * x**power for x in (10, 100, 1000)}


@pytest.mark.parametrize("power", [0, 1, 2])
@pytest.mark.parametrize("steps", [1, 2])
def test_order_is_the_exponent(power: int, steps: int) -> None:
    """Constant, proportional and quadratic growth is recognised over one step and over two."""
    assert order(curve(power), 1000, steps) == pytest.approx(power)


@pytest.mark.parametrize(("power", "marked"), [(0, False), (1, False), (2, True)])
def test_a_quadratic_is_marked(power: int, marked: bool) -> None:
    """Growth beyond what the series may have is marked in the table."""
    assert ("too fast" in table(BY_SIZE, {"ours_callbacks": curve(power)})) is marked


def test_what_is_to_be_flat_is_marked_where_it_grows() -> None:
    """In a series of order 0 proportional growth is too much already."""
    flat = BY_SIZE._replace(order=0)
    assert "too fast" in table(flat, {"ours_callbacks": curve(1)})


def test_one_jump_is_not_marked() -> None:
    """A single step, as from one path to another, is not growth."""
    jump = {1: 1.0, 2: 5.0, 8: 6.0, 32: 7.0}
    assert "too fast" not in table(BY_SIZE, {"ours_callbacks": jump})


def test_a_line_tells_cost_and_growth() -> None:
    """It shows the cost of a message and of a byte, the factor to the line above, and the order."""
    *_, last = table(BY_SIZE, {"ours_callbacks": {64: 1.0, 1024: 4.0}}).splitlines()
    assert last.split() == ["1", "KiB", "4.00", "3.91", "4.00", "0.50"]


def test_costs_are_medians_of_processor_time() -> None:
    """They are by client and step, and missing where a client could not do a step."""
    samples = {
        "16": {"ours_callbacks": [Sample(1, cpu) for cpu in (3, 1, 2)], "bare": []},
        "64": {"ours_callbacks": [Sample(1, 5)], "bare": [Sample(1, 4)]},
    }
    assert costs(samples) == {"ours_callbacks": {16: 2, 64: 5}, "bare": {64: 4}}


def test_the_chart_tells_ours_from_others() -> None:
    """The bare socket's line is not one of ours."""
    drawn = panel(BY_SIZE, {"ours_callbacks": {16: 1.0}, "bare": {16: 1.0}})
    assert set(drawn.figures) - drawn.others == {"onmessage"}


def test_the_server_learns_the_work_from_the_target() -> None:
    """The request contains all of any work."""
    for work in (work for series in SERIES.values() for work in series.steps.values()):
        assert Work.from_target(work.url(1).partition(":1/")[2]) == work


def test_frames_are_made_once_for_each_shape() -> None:
    """Differences for the client alone need no other frames, but other fragments do."""
    plain = Work("receive", 16, fragment=4)
    busy = Work("turns", 16, sockets=5, listeners=2, read=1, count=7, in_flight=3, fragment=4)
    assert busy.message_shape == plain.message_shape != Work("receive", 16).message_shape
