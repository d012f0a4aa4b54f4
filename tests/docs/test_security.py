"""Each row of the table of bounds has the code's value, and a test that exists."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import pytest

import trio_ws_dom

ROOT: Final = Path(__file__).parents[2]

NO_BOUNDS: Final = {
    "_wire._deflate._MAX_WINDOW_BITS": "what our compressor takes",
    "_wire._deflate.MAX_INPUT": "a step within a batch",
    "_wire._deflate.MAX_OUTPUT": "a step within a batch",
    "_wire._joining.MAX_JOINED_AT_ONCE": "a step within a message",
    "_stream._readable.MAX_SMALL_PARTS": "more are joined, and cost their bytes",
    "_wire._text.MAX_SHOWN": "characters of a peer's text in a message",
    "_socket._url._MAX_SHOWN": "likewise of a URL",
    "_dom._errors._MAX_REASON": "checked, as the DOM says",
    "_net._dial._proxy._MAX_PORT": "checked, as URLs say",
    "_server._accepted.ORPHAN_CLOSE_TIMEOUT": "in docs/server.md",
    "_server._accepting.ANSWER_TIMEOUT": "of one write that fits any buffer",
    "_reconnect._reconnecting.DEFAULT_MAX_DELAY": "in docs/reconnecting.md",
}
"""Constants with a bound's name that limit nothing of a peer's."""


class Row(NamedTuple):
    what: str
    bound: str
    constants: list[str]
    tests: list[str]


def rows() -> list[Row]:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    found: list[Row] = []
    for line in page.partition("\n\n|")[2].partition("\n\n")[0].splitlines()[2:]:
        what, bound, _, _, constants, tests = [cell.strip() for cell in line.strip("|").split("|")]
        found.append(
            Row(what, bound, re.findall(r"`(.+?)`", constants), re.findall(r"`(.+?)`", tests))
        )
    return found


ROWS: Final = {row.what: row for row in rows()}


def value_of(name: str) -> float:
    where, _, last = name.rpartition(".")
    if where == "WebSocket.when":
        default = inspect.signature(trio_ws_dom.WebSocket.when).parameters[last].default
        return float(default)
    return float(getattr(importlib.import_module(f"trio_ws_dom.{where}"), last))


def words_for(name: str) -> str:
    """Return how the page writes a constant's value."""
    value = value_of(name)
    if name.endswith(("TIMEOUT", "SECONDS", "AFTER")):
        if value >= 3600:
            return f"{value / 3600:g} hour"
        return f"{value:g} s" if value >= 1 else f"{value * 1000:g} ms"
    for unit, size in (("MiB", 2**20), ("KiB", 2**10)):
        if value > 1024 and value % size == 0:
            return f"{value / size:g} {unit}"
    return f"{value:,g}"


@cache
def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    return {
        node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }


@pytest.mark.parametrize("what", ROWS)
def test_the_row_of(what: str) -> None:
    row = ROWS[what]
    assert row.constants
    assert row.tests
    for name in row.constants:
        assert re.search(rf"(?<![\d,.]){words_for(name)}(?!\d|,\d)", row.bound), name
    for test in row.tests:
        path, _, function = test.partition("::")
        assert function in functions_of(path), test
    known = {words_for(name) for name in row.constants}
    assert set(re.findall(r"[\d,.]+ (?:[KM]iB|m?s|hour)\b", row.bound)) <= known


def test_every_bound_of_the_code_has_a_row() -> None:
    named = {name for row in ROWS.values() for name in row.constants}
    bounds: set[str] = set()
    package = ROOT / "trio_ws_dom"
    for path in package.rglob("*.py"):
        module = ".".join(path.relative_to(package).with_suffix("").parts)
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"^(_?(?:\w*_)?(?:MAX|TIMEOUT)(?:_\w+)?): Final", text, re.M):
            if not module.startswith(("_cli.", "testing.")):
                bounds.add(f"{module}.{name}")
    assert bounds - named == NO_BOUNDS.keys()
