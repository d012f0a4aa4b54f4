"""The benchmark's charts, by where things are drawn, and which text."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from bench.charts import Bars, Lines, amount, chart, duration

BARS = Bars("received & counted", {"<best>": 3000.0, "ours": 1500.0}, frozenset({"ours"}))
LINES = Lines(
    "by size", "bytes", {"ours": {16: 1.0, 1024: 8.0, 65536: 64.0}}, order=1, others=frozenset()
)


def drawn(panel: Bars | Lines, notes: list[str] | None = None) -> ET.Element:
    svg = ET.fromstring(chart("A title", [panel], notes or []))  # type: ignore[arg-type]  # a panel
    for element in svg.iter():
        element.tag = element.tag.rpartition("}")[2]
    return svg


def texts(svg: ET.Element) -> list[str]:
    return [element.text or "" for element in svg.iter("text")]


def numbers(svg: ET.Element, tag: str, name: str) -> list[float]:
    return [
        float(element.get(name, "")) for element in svg.iter(tag) if element.get(name) != "100%"
    ]


def test_bars_are_as_long_as_the_figures() -> None:
    """Half the figure is half the length."""
    long, short = numbers(drawn(BARS), "rect", "width")
    assert long == 2 * short


def test_ours_stand_out() -> None:
    kinds = [element.get("class") for element in drawn(BARS).iter("rect")]
    assert kinds == ["paper", "fill2", "fill0"]


def test_bars_are_labelled() -> None:
    """Title, names and figures can be read, whatever characters they contain."""
    assert texts(drawn(BARS)) == [
        "A title", "received & counted", "<best>", "3,000", "ours", "1,500"
    ]  # fmt: skip


def test_equal_factors_are_equal_distances() -> None:
    """On logarithmic axes 64 times the bytes and 8 times the cost are the same step each time."""
    svg = drawn(LINES)
    points = list(zip(numbers(svg, "circle", "cx"), numbers(svg, "circle", "cy"), strict=True))[:3]
    steps = [(x2 - x1, y1 - y2) for (x1, y1), (x2, y2) in pairwise(points)]
    assert steps[0] == pytest.approx(steps[1], abs=0.2)


def test_axes_have_units() -> None:
    """The axes show powers of ten as durations, and the measured steps as sizes."""
    written = set(texts(drawn(LINES)))
    assert {"1 us", "10 us", "100 us", "16 B", "1 KiB", "64 KiB"} <= written


@pytest.mark.parametrize(("order", "parallel"), [(1, True), (0, False)])
def test_the_guide_is_as_steep_as_the_order(order: int, parallel: bool) -> None:
    """A line that grows in proportion is parallel to the guide of order 1, and to no other."""
    line = {"ours": {1: 10.0, 10: 100.0, 100: 1000.0}}
    svg = drawn(Lines("in proportion", "listeners", line, order))
    [guide] = [element for element in svg.iter("line") if element.get("class") == "guide"]
    x1, y1, x2, y2 = (float(guide.get(name, "")) for name in ("x1", "y1", "x2", "y2"))
    xs, ys = numbers(svg, "circle", "cx"), numbers(svg, "circle", "cy")
    slope = (ys[2] - ys[0]) / (xs[2] - xs[0])
    assert ((y2 - y1) / (x2 - x1) == pytest.approx(slope, abs=0.01)) is parallel


def test_the_guide_stays_in_the_plot() -> None:
    """A guide that would reach the bottom where the line is flat ends there."""
    flat = {"ours": {1: 10.0, 10: 10.0, 1000: 1000.0}}
    svg = drawn(Lines("flat", "listeners", flat, order=1))
    *grid, guide = numbers(svg, "line", "y1")
    assert guide <= max(grid)


def test_other_lines_are_grey() -> None:
    """What is not ours has the third colour, whichever line it is."""
    lines = Lines(
        "beside", "bytes", {"ours": {1: 1, 2: 2}, "bare": {1: 1, 2: 2}}, 1, frozenset({"bare"})
    )
    kinds = [element.get("class") for element in drawn(lines).iter("polyline")]
    assert kinds == ["line stroke0", "line stroke2"]


def test_long_notes_are_wrapped() -> None:
    """No text is beyond the edge, and the picture grows."""
    one, many = drawn(BARS, ["short"]), drawn(BARS, ["a long note " * 30])
    assert max(map(len, texts(many))) < 100
    assert float(many.get("height", "")) > float(one.get("height", ""))


@pytest.mark.parametrize(
    ("number", "unit", "text"),
    [
        (16, "bytes", "16 B"),
        (1024, "bytes", "1 KiB"),
        (16 * 1024**2, "bytes", "16 MiB"),
        (2 * 1024**3, "bytes", "2048 MiB"),
        (5000, "sockets", "5,000"),
    ],
)
def test_bytes_have_units_of_1024(number: int, unit: str, text: str) -> None:
    """Bytes are by powers of 1024, all else as it is."""
    assert amount(number, unit) == text


@pytest.mark.parametrize(
    ("power", "text"), [(-2, "10 ns"), (-1, "100 ns"), (0, "1 us"), (4, "10 ms"), (6, "1 s")]
)
def test_durations_have_the_unit_that_fits(power: int, text: str) -> None:
    """Powers of ten of a microsecond have the unit that fits."""
    assert duration(power) == text
