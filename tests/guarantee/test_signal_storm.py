"""SIGINT at random moments, over and over, in every phase of every entry point."""

from __future__ import annotations

import sys
from collections import Counter

import pytest

from guarantee.signal_storm.run import Round, storm

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT can be sent to one process"),
]


def check(rounds: list[Round]) -> None:
    wrong = [said for done in rounds for said in done.wrong]
    assert not wrong, "\n".join(wrong)
    assert rounds


async def test_forty_rounds_of_sigint() -> None:
    """In forty rounds KeyboardInterrupt comes out, nothing remains, and nothing is printed."""
    check(await storm(40, seed=0))


@pytest.mark.sweep
async def test_a_thousand_rounds_of_sigint() -> None:
    """The same holds in a thousand rounds."""
    rounds = await storm(1000, seed=1)
    entries = Counter(done.order.entry for done in rounds)
    print(*(f"{count:7d} SIGINT in {entry}" for entry, count in entries.items()), sep="\n")
    check(rounds)
