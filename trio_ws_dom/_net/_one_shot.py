"""A trio.Event that costs little while nobody waits for it."""

from __future__ import annotations

from typing import final

import trio


@final
class Moment:
    """What happens once in the life of a socket, or of a scope. A tenth of a trio.Event's memory:
    most of these are never waited for, and a process may hold thousands of sockets."""

    __slots__ = ("_event", "_happened")

    def __init__(self) -> None:
        self._happened = False
        self._event: trio.Event | None = None  # while somebody waits

    def is_set(self) -> bool:
        """Whether it has happened."""
        return self._happened

    def set(self) -> None:
        """It has happened; who waits is woken."""
        self._happened = True
        if self._event is not None:
            self._event.set()
            self._event = None

    async def wait(self) -> None:
        """Wait for it; a checkpoint in any case."""
        if self._happened:
            await trio.lowlevel.checkpoint()
            return
        if self._event is None:
            self._event = trio.Event()
        await self._event.wait()
