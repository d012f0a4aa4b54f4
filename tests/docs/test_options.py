"""The page of options has each of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from trio_ws_dom import AcceptOptions, ConnectOptions

DOCS: Final = Path(__file__).parents[2] / "docs"


def test_every_option_is_in_the_table() -> None:
    """Those that there are, and no others."""
    page = (DOCS / "options.md").read_text(encoding="utf-8")
    firsts = [row.split("|")[1] for row in page.splitlines() if row.startswith("| `")]
    assert sorted(re.findall(r"`(\w+)`", "".join(firsts))) == sorted(ConnectOptions.__annotations__)


def test_the_reference_has_what_accepting_takes() -> None:
    """AcceptOptions inherits all but two, and the reference names them."""
    page = (DOCS / "reference.md").read_text(encoding="utf-8")
    listed = page.partition(":: AcceptOptions()")[2].partition("```")[0]
    assert (
        set(re.findall(r"``(\w+)``", listed)) | {"headers", "max_buffered_amount"}
        == AcceptOptions.__annotations__.keys()
    )
