"""What a process of the benchmark needs of the system, which is a core and many sockets."""

from __future__ import annotations

import os
import sys

DESCRIPTORS = 16384


def pin(core: int) -> None:
    """Keep this process on one core, where the system lets a process choose (Linux)."""
    if sys.platform == "linux" and (os.cpu_count() or 1) > core:
        os.sched_setaffinity(0, {core})


def many_descriptors() -> None:
    """Raise the limit of open files, if it is lower."""
    import resource  # Windows has no such module, and no such limit

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < DESCRIPTORS:  # below zero is no limit
        wanted = DESCRIPTORS if hard < 0 else min(DESCRIPTORS, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
