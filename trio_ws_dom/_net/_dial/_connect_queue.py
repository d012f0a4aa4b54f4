"""One CONNECTING per host and port, as RFC 6455 section 4.1 asks of a client."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeAlias, final

import trio

if TYPE_CHECKING:
    from types import TracebackType

_Place: TypeAlias = tuple[str, int]

_queues: trio.lowlevel.RunVar[dict[_Place, deque[Turn]]] = trio.lowlevel.RunVar(
    "trio_ws_dom_connecting"
)


@final
class Turn:
    """A place in the queue of those who connect to one host and port within a trio run.

    The place is taken when this is made, so that sockets connect in the order of their making;
    ``async with`` waits until it is the first, and gives it up, also where the wait is cancelled.
    """

    def __init__(self, host: str, port: int) -> None:
        self._place = host, port
        try:
            queues = _queues.get()
        except LookupError:
            _queues.set(queues := {})
        self._queues = queues
        queue = queues.setdefault(self._place, deque())
        queue.append(self)
        self._comes = trio.Event()
        if queue[0] is self:
            self._comes.set()

    async def __aenter__(self) -> None:
        try:
            await self._comes.wait()
        except BaseException:
            self._give_up()
            raise

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._give_up()

    def _give_up(self) -> None:
        queue = self._queues[self._place]
        queue.remove(self)
        if queue:
            queue[0]._comes.set()
        else:
            del self._queues[self._place]
