"""The bounds of a connection's closing.

A connection's tasks run in one shielded scope. No cancellation of the program reaches into it, as a
close needs a reader for the peer's answer, and a reader that was cancelled with the program could
not receive it. The scope has one deadline, which only ever shrinks: this is what ends a connection
whose peer does not.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final, final

import trio

from .._wire._closing import State

if TYPE_CHECKING:
    from ._settings import Bounds

TCP_END_TIMEOUT: Final = 2.0
"""Seconds that the server has for ending TCP once the Closes were exchanged, or one side failed the
connection; Chromium's figure."""

_FOR_TCP_END: Final = (State.PEER_CLOSED, State.COMPLETE, State.FAILING)


@final
class CloseDeadline:
    """The scope of a connection's tasks, and when it ends.

    Args:
      bounds: the options.
    """

    __slots__ = ("_bounds", "_scope")

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        # Until the tasks run, this stands in for their scope.
        self._scope = trio.CancelScope()

    def run_within(self, scope: trio.CancelScope) -> None:
        """Make ``scope``, in which the connection's tasks begin to run, the one that is bounded."""
        scope.shield = True
        scope.deadline = -inf if self._scope.cancel_called else self._scope.deadline
        self._scope = scope

    def entered(self, state: State) -> None:
        """Apply the bound of a state that the connection has just entered."""
        if state is State.CLOSE_QUEUED:
            self.limit_to(trio.current_time() + self._bounds.close_timeout)
        elif state in _FOR_TCP_END:
            self.limit_to(trio.current_time() + TCP_END_TIMEOUT)

    def limit_to(self, moment: float) -> None:
        """End the connection at this moment, by trio's clock, at the latest."""
        self._scope.deadline = min(self._scope.deadline, moment)

    def expire(self) -> None:
        """End the connection now."""
        self._scope.cancel()

    @property
    def moment(self) -> float:
        """When the connection ends at the latest, by trio's clock.

        It is ``-inf`` once expired.
        """
        return -inf if self._scope.cancel_called else self._scope.deadline
