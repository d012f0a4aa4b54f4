"""Charts as SVG, with bars, or lines on two logarithmic axes, in the reader's colour scheme.

A chart is one file, with fonts and colours by CSS and no script, so that it can be an image in a
page. Panels are below each other in columns, and a panel is as high as it needs.
"""

from __future__ import annotations

import textwrap
from math import ceil, floor, log, log10
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Callable

STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328; }
.title { font-size: 16px; font-weight: 600; }
.panel { font-size: 13px; font-weight: 600; }
.note { font-size: 11px; fill: #59636e; }
.paper { fill: #ffffff; }
.grid { stroke: #d9dee3; }
.guide { stroke: #59636e; stroke-dasharray: 2 4; fill: none; }
.line { fill: none; stroke-width: 2; }
.fill0 { fill: #0969da; } .stroke0 { stroke: #0969da; }
.fill1 { fill: #bc4c00; } .stroke1 { stroke: #bc4c00; }
.fill2 { fill: #8c959f; } .stroke2 { stroke: #8c959f; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .note { fill: #9198a1; }
  .paper { fill: #0d1117; }
  .grid { stroke: #30363d; }
  .guide { stroke: #9198a1; }
  .fill0 { fill: #58a6ff; } .stroke0 { stroke: #58a6ff; }
  .fill1 { fill: #f0883e; } .stroke1 { stroke: #f0883e; }
  .fill2 { fill: #8b949e; } .stroke2 { stroke: #8b949e; }
}
"""
WIDTH, MARGIN = 460, 24
LABELS = 170  # pixels for the names of bars
FIGURES = 80  # and for the figures after them
BAR, PLOT = 20, 200  # heights of a bar with its gap, and of a plot


class Bars(NamedTuple):
    """A panel of figures by name, drawn in this order. Those of ``ours`` stand out."""

    title: str
    figures: dict[str, float]
    ours: frozenset[str]
    digits: int = 0


class Lines(NamedTuple):
    """A panel with microseconds by x for each name, on logarithmic axes.

    A dotted guide shows how they would grow to the last one of the first line, by ``order``, where
    1 is in proportion and 0 not at all. Lines of ``others`` are grey.
    """

    title: str
    unit: str  # of x
    figures: dict[str, dict[int, float]]
    order: int
    others: frozenset[str] = frozenset()


def chart(title: str, panels: list[Bars] | list[Lines], notes: list[str], columns: int = 2) -> str:
    """Return an SVG file. ``notes`` are the lines at its foot, which are wrapped."""
    columns = min(columns, len(panels))
    width = columns * (WIDTH + MARGIN) + MARGIN
    svg = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", role="img")
    ET.SubElement(svg, "title").text = title
    ET.SubElement(svg, "style").text = STYLE
    ET.SubElement(svg, "rect", {"class": "paper", "width": "100%", "height": "100%"})
    _text(svg, MARGIN, 32, title, "title")
    bottoms = [48.0] * columns
    for panel in panels:
        column = bottoms.index(min(bottoms))
        group = ET.SubElement(svg, "g")
        x = MARGIN + column * (WIDTH + MARGIN)
        group.set("transform", f"translate({x} {bottoms[column]:g})")
        bottoms[column] += MARGIN + (
            _bars(group, panel) if isinstance(panel, Bars) else _lines(group, panel)
        )
    bottom = max(bottoms)
    for line in (part for note in notes for part in textwrap.wrap(note, (width - 48) // 6)):
        _text(svg, MARGIN, bottom, line, "note")
        bottom += 16
    size = {"width": f"{width}", "height": f"{bottom:g}", "viewBox": f"0 0 {width} {bottom:g}"}
    svg.attrib.update(size)
    ET.indent(svg)
    return ET.tostring(svg, encoding="unicode") + "\n"


def _bars(group: ET.Element, panel: Bars) -> float:
    """Draw bars, and return their height."""
    _text(group, 0, 14, panel.title, "panel")
    most = max(panel.figures.values())
    for row, (name, figure) in enumerate(panel.figures.items()):
        y = 24 + row * BAR
        width = figure / most * (WIDTH - LABELS - FIGURES)
        _text(group, LABELS - 8, y + 13, name, anchor="end")
        colour = "fill0" if name in panel.ours else "fill2"
        _shape(group, "rect", colour, x=LABELS, y=y + 2, width=width, height=BAR - 4)
        _text(group, LABELS + width + 6, y + 13, f"{figure:,.{panel.digits}f}")
    return 24 + len(panel.figures) * BAR


def _lines(group: ET.Element, panel: Lines) -> float:
    """Draw lines, and return their height."""
    _text(group, 0, 14, panel.title, "panel")
    top, left = 48, 52
    every = [y for line in panel.figures.values() for y in line.values()]
    xs = sorted({x for line in panel.figures.values() for x in line})
    low, high = floor(log10(min(every))), ceil(log10(max(every)))
    high = max(high, low + 1)
    across = _scale(xs[0], xs[-1], left, WIDTH - 16)
    up = _scale(10**low, 10**high, top + PLOT, top)
    for power in range(low, high + 1):
        y = up(10**power)
        _shape(group, "line", "grid", x1=left, x2=WIDTH, y1=y, y2=y)
        _text(group, left - 6, y + 4, duration(power), anchor="end")
    for x in xs:
        _text(group, across(x), top + PLOT + 18, amount(x, panel.unit), "note", anchor="middle")
    _guide(group, panel, across, up, top + PLOT)
    legend = 0.0
    for number, (name, line) in enumerate(panel.figures.items()):
        colour = 2 if name in panel.others else number
        points = [(across(x), up(y)) for x, y in line.items()]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        ET.SubElement(group, "polyline", {"class": f"line stroke{colour}", "points": path})
        for at, height in points:
            _shape(group, "circle", f"fill{colour}", cx=at, cy=height, r=3)
        _shape(group, "circle", f"fill{colour}", cx=legend + 5, cy=30, r=4)
        _text(group, legend + 14, 34, name)
        legend += 32 + 6.5 * len(name)
    dotted = "in proportion" if panel.order else "no growth"
    foot = f"{panel.unit} (dotted: {dotted})"
    _text(group, (left + WIDTH) / 2, top + PLOT + 36, foot, "note", anchor="middle")
    return top + PLOT + 40


def _scale(least: float, most: float, start: float, end: float) -> Callable[[float], float]:
    """Return a function from a figure to pixels, logarithmically."""
    return lambda figure: start + log(figure / least) / log(most / least) * (end - start)


def _guide(
    group: ET.Element,
    panel: Lines,
    across: Callable[[float], float],
    up: Callable[[float], float],
    bottom: float,
) -> None:
    """Return the guide back from the last point of the first line, growing by the order."""
    line = next(iter(panel.figures.values()))
    last_x, last_y = list(line.items())[-1]
    x = min(line)
    y = last_y * (x / last_x) ** panel.order
    x1, y1, x2, y2 = across(x), up(y), across(last_x), up(last_y)
    if y1 > bottom:  # it reaches the bottom, not the left edge
        x1, y1 = x2 + (x1 - x2) * (bottom - y2) / (y1 - y2), bottom
    _shape(group, "line", "guide", x1=x1, y1=y1, x2=x2, y2=y2)


def _text(
    group: ET.Element, x: float, y: float, text: str, kind: str = "", anchor: str = "start"
) -> None:
    where = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
    ET.SubElement(group, "text", where | ({"class": kind} if kind else {})).text = text


def _shape(group: ET.Element, tag: str, kind: str, **where: float) -> None:
    ET.SubElement(group, tag, {"class": kind} | {key: f"{at:.1f}" for key, at in where.items()})


def duration(power: int) -> str:
    """Format this many powers of ten of a microsecond."""
    if power < 0:
        return f"{10.0 ** (power + 3):g} ns"
    return f"{10 ** (power % 3)} {('us', 'ms', 's', 'ks')[power // 3]}"


def amount(number: int, unit: str) -> str:
    """Format a number, with a unit if it is of bytes."""
    if unit != "bytes":
        return f"{number:,}"
    power = min(2, (number.bit_length() - 1) // 10)
    return f"{number / 1024**power:g} {('B', 'KiB', 'MiB')[power]}"
