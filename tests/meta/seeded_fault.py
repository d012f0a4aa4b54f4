"""A plugin of pytest that seeds the fault of ``guarantee.faults`` that SEEDED_FAULT names."""

from __future__ import annotations

import os
from contextlib import ExitStack

from guarantee.faults import FAULTS

SEEDED = ExitStack()


def pytest_sessionstart() -> None:
    (fault,) = (fault for fault in FAULTS if fault.__name__ == os.environ["SEEDED_FAULT"])
    SEEDED.enter_context(fault())


def pytest_sessionfinish() -> None:
    SEEDED.close()
