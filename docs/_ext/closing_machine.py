"""The closing machine's diagram, drawn from its table: `{closing-machine}` in a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from trio_ws_dom._wire._closing import READY_STATE, TABLE, ClosingEvent, State

if TYPE_CHECKING:
    from sphinx.application import Sphinx

COLUMNS = ("state", "readyState", "event", "next")


def rows() -> list[tuple[str, ...]]:
    names = ("CONNECTING", "OPEN", "CLOSING", "CLOSED")
    return [
        (before.name, names[READY_STATE[before]], event.name, after.name)
        for (before, event), after in TABLE.items()
    ]


def picture() -> str:
    """States as boxes in columns by readyState, moves as arrows with their events.

    What nearly every state has is in the table alone: failing, and the end of TCP.
    """
    boxes = {state: _box(state) for state in State}
    parts = [
        _arrow(boxes[a], boxes[b], event.name)
        for (a, event), b in TABLE.items()
        if a != b and (event not in (ClosingEvent.FAILS, ClosingEvent.TCP_ENDS) or _is_drawn(a))
    ]
    for state, (x, y) in boxes.items():
        parts.append(f'<rect x="{x}" y="{y}" width="150" height="36" rx="6" class="box"/>')
        parts.append(f'<text x="{x + 75}" y="{y + 23}" class="name">{state.name}</text>')
    return SVG.format(body="\n".join(parts))


def _is_drawn(state: State) -> bool:
    """Whether its failure and its end are in the picture."""
    return state in (State.CONNECTING, State.COMPLETE, State.FAILING)


def _box(state: State) -> tuple[int, int]:
    column = READY_STATE[state]
    mates = [mate for mate in State if READY_STATE[mate] == column]
    return LEFT[column], 40 + mates.index(state) * 90 + (180 if len(mates) == 1 else 0)


LEFT = (20, 270, 540, 950)
"""Where the boxes of each readyState begin; the last gap has room for the arrows of CLOSING."""


def _arrow(start: tuple[int, int], end: tuple[int, int], label: str) -> str:
    (x1, y1), (x2, y2) = start, end
    if x1 == x2:  # within a column: along its right side
        x, middle = x1 + 150, (y1 + y2) // 2 + 18
        bend = x + 40 + abs(y2 - y1) // 5
        peak = x + (bend - x) * 3 // 4  # of the curve
        path = f"M{x},{y1 + 22} C{bend},{y1 + 22} {bend},{y2 + 14} {x + 4},{y2 + 14}"
        return _path(path, peak + 5, middle, label, anchor="start")
    path = f"M{x1 + 150},{y1 + 18} L{x2 - 4},{y2 + 18}"
    place = 0.65 if x2 == LEFT[-1] else 0.5  # of the way, so that labels are apart
    x, y = x1 + 150 + place * (x2 - x1 - 150), y1 + place * (y2 - y1) + 12
    return _path(path, round(x), round(y), label)


def _path(path: str, x: int, y: int, label: str, anchor: str = "middle") -> str:
    text = label.lower().replace("_", " ")
    return (
        f'<path d="{path}" class="move" marker-end="url(#tip)"/>'
        f'<text x="{x}" y="{y}" class="event" text-anchor="{anchor}">{text}</text>'
    )


SVG = """<div class="wide-picture">
<svg viewBox="0 0 1120 500" role="img" aria-label="The closing machine's states and moves"
 xmlns="http://www.w3.org/2000/svg">
<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7"
 orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="currentColor"/></marker></defs>
<style>.box{{fill:none;stroke:currentColor;stroke-width:1.5}}
.move{{fill:none;stroke:currentColor;opacity:.45}}
.name{{font:600 15px sans-serif;text-anchor:middle;fill:currentColor}}
.event{{font:14px sans-serif;fill:currentColor;paint-order:stroke;stroke-width:5px;
stroke:var(--color-background-primary)}}</style>
{body}
</svg></div>"""


class ClosingMachine(SphinxDirective):
    """The table itself, and its picture."""

    def run(self) -> list[nodes.Node]:
        return [nodes.raw("", picture(), format="html"), self._table()]

    def _table(self) -> nodes.table:
        table = nodes.table()
        group = nodes.tgroup(cols=len(COLUMNS))
        table += group
        group += [nodes.colspec(colwidth=1) for _ in COLUMNS]
        head, body = nodes.thead(), nodes.tbody()
        group += [head, body]
        head += _row(COLUMNS)
        body += [_row(row) for row in rows()]
        return table


def _row(cells: tuple[str, ...]) -> nodes.row:
    row = nodes.row()
    row += [nodes.entry("", nodes.paragraph(text=cell)) for cell in cells]
    return row


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("closing-machine", ClosingMachine)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
