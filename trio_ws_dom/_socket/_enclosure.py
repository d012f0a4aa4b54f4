"""How scopes learn that control is held up within their block.

A cancelled scope closes its sockets when control comes to its exit. But control may be held up on
its way: in the exit of a scope within the block, in ``aclose()``, or in ``async with ws``, each of
which may wait for a silent peer for all of its own bound. If the outer sockets were closed only
after that, the bounds would add up. So every such wait is reported to the scopes around it, and a
scope that is cancelled meanwhile begins to close its sockets after half of their bound has passed
in such waits. What has passed is charged to the bound of those that the exit closes. Time that the
program's own code takes on its way out is not charged.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, final

import trio

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

innermost: ContextVar[Enclosure | None] = ContextVar("innermost", default=None)


@final
class Enclosure:
    """What a scope knows about the waits within its block.

    Args:
      outer: around this one.
      on_wait: called when a wait begins.

    Attributes:
      is_left: whether control has come to the scope's exit.
      is_blocked: whether control is in such a wait.
    """

    __slots__ = ("_changed", "_on_wait", "_since", "_spent", "_waits", "is_left", "outer")

    def __init__(self, outer: Enclosure | None, on_wait: Callable[[], object]) -> None:
        self.outer = outer
        self.is_left = False
        self._on_wait = on_wait
        self._waits = 0
        self._since: float | None = None  # from when on waits are counted; None: not cancelled
        self._spent = 0.0  # seconds in waits that are over
        self._changed: trio.Event | None = None  # while somebody waits for a change

    @property
    def is_blocked(self) -> bool:
        return self._waits > 0

    def note_inner_scope(self) -> None:
        """Note that a scope was entered within the block, whose exit may hold control up."""
        self._on_wait()

    def begin_wait(self) -> None:
        """Note that control begins to wait for sockets within the block."""
        if not self._waits and self._since is not None:
            self._since = trio.current_time()
        self._waits += 1
        self._on_wait()
        self.note_change()

    def end_wait(self) -> None:
        """Note the end of such a wait."""
        self._waits -= 1
        if not self._waits and self._since is not None:
            self._spent += trio.current_time() - self._since
        self.note_change()

    def note_cancellation(self) -> None:
        """Count the time in waits from now on.

        The scope was cancelled.
        """
        self._since = trio.current_time()

    def blocked_seconds(self) -> float:
        """Return how long control has been in waits since the scope was cancelled."""
        if self._since is None or not self._waits:
            return self._spent
        return self._spent + trio.current_time() - self._since

    def note_change(self) -> None:
        """Wake whoever waits for a change."""
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    async def wait_change(self) -> None:
        """Wait until a wait begins or ends, or the scope is left."""
        if self._changed is None:
            self._changed = trio.Event()
        await self._changed.wait()


def enclosures() -> Iterator[Enclosure]:
    """Return the enclosures of the scopes around the caller, from the innermost on."""
    enclosure = innermost.get()
    while enclosure is not None:
        if not enclosure.is_left:
            yield enclosure
        enclosure = enclosure.outer


@contextmanager
def waiting_for_sockets() -> Generator[None]:
    """Report a wait to the scopes around it."""
    around = list(enclosures())
    for enclosure in around:
        enclosure.begin_wait()
    try:
        yield
    finally:
        for enclosure in around:
            enclosure.end_wait()
