"""One core for the server, another for the client under test."""

from __future__ import annotations

import os
import sys


def pin(core: int) -> None:
    """Keep this process on one core, where the system lets a process choose (Linux)."""
    if sys.platform == "linux" and (os.cpu_count() or 1) > core:
        os.sched_setaffinity(0, {core})
