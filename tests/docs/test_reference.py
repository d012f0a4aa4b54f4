"""The pages of the reference have every public name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

import trio_ws_dom
import trio_ws_dom.testing

REFERENCE: Final = Path(__file__).parents[2] / "docs" / "reference"
ENTRY: Final = re.compile(r"^\.\. auto(?:function|class|data):: (\w+)", re.M)


@pytest.mark.parametrize("module", [trio_ws_dom, trio_ws_dom.testing])
def test_every_public_name_is_in_the_reference_once(module: object) -> None:
    pages = "\n".join(path.read_text(encoding="utf-8") for path in REFERENCE.glob("*.md"))
    entries = sorted(ENTRY.findall(pages))
    assert len(entries) == len(set(entries))
    names = set(module.__all__)  # type: ignore[attr-defined]  # a module
    assert names - {"__version__", "__compiled__"} <= set(entries)
