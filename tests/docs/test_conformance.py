"""Each row of the table of conformance names a test that exists, and each of those has a row."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parents[1]
PAGE: Final = (TESTS.parent / "docs" / "conformance.md").read_text(encoding="utf-8")
ROW: Final = re.compile(r"^\| [\d.]+ \|[^|]*\|[^|]*\| `(?:([\w/]+\.py)::)?(\w+)` \|$", re.M)
FILES: Final = {"RFC 6455": "wire/test_rfc6455.py", "RFC 7692": "wire/test_rfc7692.py"}


def rows() -> list[tuple[str, str]]:
    """Return the file and the name of each test, in the page's order."""
    found: list[tuple[str, str]] = []
    for part in PAGE.split("\n## ")[1:]:
        named = ROW.findall(part)
        assert len(named) == sum(line.startswith("| ") for line in part.splitlines()) - 1
        found += [(file or FILES[part[:8]], name) for file, name in named]
    return found


def names_in(file: str) -> set[str]:
    body = ast.parse((TESTS / file).read_text(encoding="utf-8")).body
    functions = (each for each in body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef))
    return {function.name for function in functions if function.name.startswith("test_")}


@pytest.mark.parametrize(("file", "name"), rows())
def test_the_test_of_each_row_exists(file: str, name: str) -> None:
    assert name in names_in(file)


@pytest.mark.parametrize("file", FILES.values())
def test_each_test_of_the_rfcs_has_one_row(file: str) -> None:
    named = [name for row_file, name in rows() if row_file == file]
    numbered = {name for name in names_in(file) if re.match(r"test_\d", name)}
    assert sorted(named) == sorted(numbered)


def test_the_page_says_how_many_rows_it_has() -> None:
    assert f": {len(rows())} rows" in PAGE
