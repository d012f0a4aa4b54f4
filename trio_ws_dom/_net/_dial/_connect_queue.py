"""One CONNECTING per host and port, as RFC 6455 section 4.1 asks of a client.

Departs: the RFC counts IP addresses. A client that looks names up as it dials, or leaves that to a
proxy, does not know the address beforehand, so host names are counted here.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeAlias, final

import trio

if TYPE_CHECKING:
    from types import TracebackType

_HostAndPort: TypeAlias = tuple[str, int]

_queues: trio.lowlevel.RunVar[dict[_HostAndPort, deque[Slot]]] = trio.lowlevel.RunVar(
    "trio_ws_dom_connecting"
)


@final
class Slot:
    """A slot in the queue of sockets that connect to one host and port, within a trio run.

    Making a slot appends it to the queue, so that sockets connect in the order in which they were
    made. ``async with`` waits until the slot is the first, and removes it at the end, also if the
    wait is cancelled.
    """

    def __init__(self, host: str, port: int) -> None:
        self._key = host, port
        try:
            queues = _queues.get()
        except LookupError:
            _queues.set(queues := {})
        self._queues = queues
        queue = queues.setdefault(self._key, deque())
        queue.append(self)
        self._turn: trio.Event | None = None if queue[0] is self else trio.Event()

    async def __aenter__(self) -> None:
        """Wait until the slot is the first.

        It is no checkpoint if it is already.
        """
        if self._turn is None:
            return
        try:
            await self._turn.wait()
        except BaseException:
            self._leave()
            raise

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        queue = self._queues[self._key]
        queue.remove(self)
        if not queue:
            del self._queues[self._key]
        elif (turn := queue[0]._turn) is not None:
            turn.set()
