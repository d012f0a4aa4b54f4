"""The page of errors has each text of the sources, and no other."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio_ws_dom

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE: Final = Path(trio_ws_dom.__file__).parent
PAGE: Final = Path(__file__).parents[2] / "docs" / "errors.md"

EXCEPTION: Final = re.compile(
    r"\w*(Error|gaierror|Failure|Exception|OfChannel|Refused|InvalidDeflate)"
)
MAKERS: Final = (
    "broken",
    "_wrong",
    "_syntax_error",
    "socket_error",
    "handshake_error",
    "closed_error",
)
"""Functions that make an exception with a text."""

VARYING: Final = "\0"
MIN_LITERAL: Final = 8
"""Constant characters of a template; with fewer it matches too much."""


def template(node: ast.expr) -> str:
    """Return a text with VARYING for each part that is known only when it runs."""
    match node:
        case ast.Constant(str(text)):
            return text
        case ast.JoinedStr(values):
            return "".join(map(template, values))
        case ast.BinOp(left, ast.Add(), right):
            return template(left) + template(right)
        case _:
            return VARYING


def texts_of(path: Path) -> Iterator[str]:
    """Yield the templates of a module's errors."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        parts: list[ast.expr] = []
        match node:
            case ast.Call(function, arguments):
                name = ast.unparse(function).rpartition(".")[2]
                if EXCEPTION.fullmatch(name) or name in MAKERS:
                    parts = arguments
            case ast.Assign([ast.Name("message")], value):
                parts = [value]
            case _:
                pass
        for text in map(template, parts):
            if len(text.replace(VARYING, "")) >= MIN_LITERAL and " " in text:
                yield text


def templates() -> set[str]:
    """Return the package's templates, except the command line's, which are for a terminal."""
    paths = (path for path in PACKAGE.rglob("*.py") if path.parent.name != "_cli")
    return {text for path in paths for text in texts_of(path)}


def shown() -> list[str]:
    """Return the texts of the page, which are code in the first cells after "Every text"."""
    page = PAGE.read_text(encoding="utf-8").partition("## Every text")[2]
    cells = [line.strip("|").split(" | ")[0] for line in page.splitlines() if line.startswith("| ")]
    code = re.compile(r"(?<!`)(`{1,2})(?!`)(.+?)(?<!`)\1(?!`)")
    return [text.strip() for cell in cells for _, text in code.findall(cell)]


def best(text: str, known: set[str]) -> str | None:
    """Return the template of a text, which is the most literal one of those that match."""
    found = [
        one
        for one in known
        if re.fullmatch(".*?".join(map(re.escape, one.split(VARYING))), text, re.S)
    ]
    return max(found, key=lambda one: len(one.replace(VARYING, "")), default=None)


def test_the_page_has_every_error_of_the_sources_and_no_other() -> None:
    known = templates()
    assert len(known) > 100
    made = {text: best(text, known) for text in shown()}
    assert [text for text, one in made.items() if one is None] == [], "not in the sources"
    missing = {one.replace(VARYING, "…") for one in known - {*made.values()}}
    assert missing == set(), "not on the page"
