"""What people search for has a main index entry, which Sphinx's search shows first."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

DOCS: Final = Path(__file__).parents[2] / "docs"

COMMENT: Final = re.compile(r"^<!-- index: (.+) -->$", re.M)

PAGES: Final = {
    "1006": "close-codes",
    "1009": "close-codes",
    "asyncio": "threads",
    "broadcast": "json",
    "certificate": "tls",
    "cookie": "cookies",
    "ctrl-c": "shutdown",
    "headers": "connecting",
    "jupyter": "threads",
    "memory": "security",
    "ping": "keepalive",
    "proxy": "proxies",
    "reconnect": "reconnecting",
    "server": "server",
    "ssl": "tls",
    "stream": "entry-points",
    "thread": "threads",
    "timeout": "options",
    "token": "authentication",
    "windows": "pythons",
}


def main_entries(page: Path) -> set[str]:
    lines = COMMENT.findall(page.read_text(encoding="utf-8"))
    entries = [entry.strip() for line in lines for entry in line.split(",")]
    return {entry[1:].strip() for entry in entries if entry.startswith("!")}


@pytest.mark.parametrize("word", PAGES)
def test_a_word_leads_to_one_page(word: str) -> None:
    found = [page.stem for page in DOCS.glob("**/*.md") if word in main_entries(page)]
    assert found == [PAGES[word]]
