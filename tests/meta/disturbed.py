"""Run the tests while the machine is busy, and their processes are stopped at times.

``python -m meta.disturbed --times 3 -- PYTEST ARGUMENTS``, for Linux. There is a busy loop for each
processor, of a higher priority than the tests. At random times one of the tests' processes, which
may be a server, a client or a worker of xdist's, is stopped for up to a second.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

NICENESS: Final = 3
"""By how much the tests' priority is lower than that of the busy loops."""

APART: Final = 0.5
"""Seconds from one stop to the next, on average."""

LONGEST: Final = 1.0
"""Seconds for which a process is stopped at most."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m meta.disturbed", description=__doc__)
    parser.add_argument("--times", type=int, default=3, help="runs (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("pytest", nargs="*", help="arguments of pytest")
    arguments = parser.parse_args()
    failed = 0
    for number in range(arguments.times):
        start = time.monotonic()
        status, stops = run(arguments.pytest, random.Random(arguments.seed + number))
        failed += status != 0
        seconds = time.monotonic() - start
        print(f"run {number + 1}: status {status}, {seconds:.0f} s, {stops} stops", flush=True)
    print(f"{failed} of {arguments.times} disturbed runs failed")
    return min(failed, 1)


def run(arguments: Sequence[str], chance: random.Random) -> tuple[int, int]:
    """Run pytest, disturbed, and return its exit status and how often a process was stopped."""
    command = ["nice", "-n", str(NICENESS), sys.executable, "-m", "pytest", *arguments]
    stops = 0
    with busy_loops(), subprocess.Popen(command) as tests:
        while tests.poll() is None:
            time.sleep(chance.expovariate(1 / APART))
            processes = descendants(tests.pid)
            if processes:
                stop(chance.choice(processes), chance.uniform(0, LONGEST))
                stops += 1
        return tests.returncode, stops


@contextmanager
def busy_loops() -> Generator[None]:
    """Keep every processor busy."""
    loops = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(os.cpu_count() or 1)
    ]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def descendants(ancestor: int) -> list[int]:
    """Return the processes that a process has started, with those that they have started, and so
    on."""
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            fields = status.read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(status.parent.name))
    found = list(children.get(ancestor, []))
    for process in found:  # which grows during the loop
        found += children.get(process, [])
    return found


def stop(process: int, seconds: float) -> None:
    """Stop a process for some time, if it is still there."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            os.kill(process, signal.SIGCONT)


if __name__ == "__main__":
    sys.exit(main())
