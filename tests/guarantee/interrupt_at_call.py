"""Ctrl-C in the middle of a step, at a call that the program's task or one of ours makes.

The interpreter checks for signals where a Python function begins and where a C function has ended,
and calls the profiler at both. So "Ctrl-C at call n" for every n is one at every place, except at
the ends of loops.
"""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import trio

import trio_ws_dom

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

    from guarantee.case import Account

PLACES: Final = tuple(package.__path__[0] for package in (trio, trio_ws_dom))
"""Where the code lies in which Ctrl-C is pressed, which excludes the sweep itself."""

EVENTS: Final = ("call", "c_return")


class Press:
    """A profiler that counts calls and presses Ctrl-C at one of them."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        account = self._account
        if not account.inside or event not in EVENTS:
            return
        if not frame.f_code.co_filename.startswith(PLACES) or not _in_a_task_that_counts():
            return
        account.calls += 1
        if account.calls == account.case.press:
            account.mark("interrupt")
            signal.raise_signal(signal.SIGINT)


def _in_a_task_that_counts() -> bool:
    """Return whether this step is of the main task, or of one of a socket's."""
    try:
        task = trio.lowlevel.current_task()
    except RuntimeError:
        return False
    return task.name.endswith("_Run.main") or not task.name.startswith("guarantee")


@contextmanager
def pressing(account: Account) -> Generator[None]:
    """Press Ctrl-C within the block where the case says so, if it does."""
    if account.case.press is None:
        yield
        return
    before = sys.getprofile()
    sys.setprofile(Press(account))
    try:
        yield
    finally:
        sys.setprofile(before)
