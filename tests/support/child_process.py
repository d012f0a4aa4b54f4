"""Processes that tests start, where signals are the subject."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

TESTS: Final = Path(__file__).parents[1]
"""The folder to run them in, in which what is beside this package can be imported too."""


def environment() -> dict[str, str]:
    """For a process that Ctrl-C hits: without what makes it measure its coverage.

    coverage's tracer takes a lock in Python code, where a KeyboardInterrupt may land, and then
    never gives it back: the process hangs, now and then.
    """
    environ = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    places = [str(TESTS), *filter(None, [environ.get("PYTHONPATH")])]
    return {**environ, "PYTHONPATH": os.pathsep.join(places)}
