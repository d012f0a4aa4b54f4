"""How long tests wait, so that a busy machine fails none of them and a hang still ends.

A test waits for the event itself. Either of two things bounds the wait:

- ``PATIENCE``, for what another process or thread does. It is far longer than anything takes on a
  busy machine, and only broken code reaches it.
- A deadline of trio's in the test's own process. There time is virtual, or that of ``SteadyClock``,
  which does not count while the machine runs something else.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final, TypeVar

import trio
import trio.testing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

T = TypeVar("T")

PATIENCE: Final = 120.0
"""Seconds after which something counts as hanging."""

VIRTUAL_PATIENCE: Final = 1000.0
"""The same in virtual time, where it costs nothing. It is longer than every bound of the
package."""

STEP: Final = 0.01
"""Seconds that pass at most between two reads of a ``SteadyClock``, a tenth of a test's bound."""


def patience() -> float:
    """Return how long to wait, by the clock of this trio run."""
    virtual = isinstance(trio.lowlevel.current_clock(), trio.testing.MockClock)
    return VIRTUAL_PATIENCE if virtual else PATIENCE


class SteadyClock(trio.abc.Clock):
    """Real time, except while the machine does not let this process run.

    Between two reads of it ``STEP`` passes at most, and trio reads it twice in each round of its
    scheduler, which is no longer than that if nothing happens. So whatever is ready runs before a
    deadline is over, however long the process had to wait for its turn. Where both ends of a
    connection are in the process, short bounds can be tested over real sockets on a busy machine.
    ``trio.testing.wait_all_tasks_blocked`` needs a cushion that is shorter than ``STEP``.
    """

    def start_clock(self) -> None:
        self._now = 0.0
        self._looked = time.monotonic()

    def current_time(self) -> float:
        looked = time.monotonic()
        self._now += min(looked - self._looked, STEP)
        self._looked = looked
        return self._now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        return math.inf if deadline == math.inf else min(deadline - self.current_time(), STEP)


def run_steadily(
    main: Callable[..., Awaitable[T]],
    *args: object,
    clock: trio.abc.Clock | None = None,
    instruments: Sequence[trio.abc.Instrument] = (),
) -> T:
    """Call ``trio.run`` with a ``SteadyClock``, unless a clock is passed."""
    return trio.run(main, *args, clock=clock or SteadyClock(), instruments=instruments)
