"""Peers that stall on real sockets, with each way out of each entry point.

A few dozen cells run by default, and all by ``nox -s guarantee -- sweep``. No task, running thread
or file descriptor remains of any, and the peer sees the end of TCP.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest
import trio
import trio.testing
from support.patience import run_steadily
from support.transports import count_files

from guarantee.stalls import STATUSES, Cell, Run, cells, expected

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT can be sent to one process"),
]

SAMPLED = 7
"""One of this many cells is run by default."""


def sample(every: list[Cell]) -> list[Any]:
    return [
        pytest.param(cell, id=str(cell), marks=[] if number % SAMPLED == 0 else [pytest.mark.sweep])
        for number, cell in enumerate(every)
    ]


@pytest.mark.parametrize("cell", sample(list(cells())))
def test_nothing_remains_of_a_connection_whose_peer_stalls(cell: Cell) -> None:
    run, files = Run(cell), count_files()

    async def main() -> int:
        await run.main()
        return trio.to_thread.current_default_thread_limiter().borrowed_tokens

    virtual = trio.testing.MockClock(autojump_threshold=0) if cell.entry == "testing" else None
    assert run_steadily(main, clock=virtual) == 0
    assert count_files() == files
    assert run.tasks_left <= 0
    assert run.status in STATUSES
    assert cell.way == "second ctrl-c" or b"Traceback" not in run.errors
    assert expected(cell, run.outcome), repr(run.outcome)
