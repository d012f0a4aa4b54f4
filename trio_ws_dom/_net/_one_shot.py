"""A one-shot event that costs little while nobody waits for it."""

from __future__ import annotations

from typing import final

import trio


@final
class OneShotEvent:
    """A one-shot event that allocates a ``trio.Event`` only while somebody waits.

    It takes a tenth of a ``trio.Event``'s memory: nobody ever waits for most of these, and a
    process may hold thousands of sockets with three each.
    """

    __slots__ = ("_event", "_is_set")

    def __init__(self) -> None:
        self._is_set = False
        self._event: trio.Event | None = None  # while somebody waits

    def is_set(self) -> bool:
        """Return whether it was set."""
        return self._is_set

    def set(self) -> None:
        """Set it, and wake whoever waits."""
        self._is_set = True
        if self._event is not None:
            self._event.set()
            self._event = None

    async def wait(self) -> None:
        """Wait until it is set.

        It is always a checkpoint.
        """
        if self._is_set:
            await trio.lowlevel.checkpoint()
            return
        if self._event is None:
            self._event = trio.Event()
        await self._event.wait()
