"""Where a connection runs: over memory streams in virtual time, or over real sockets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import trio
import trio.testing

from support.peer import Peer, patience

if TYPE_CHECKING:
    from trio_ws_dom import WebSocket


class Transport:
    """One place for connections to be made in.

    Attributes:
      url: where to connect to.
      real: whether sockets and time are real.
    """

    url: str
    real: bool

    def options(self, **options: Any) -> dict[str, Any]:
        """The options of the next connection; in memory, they carry its stream."""
        raise AssertionError("one of the two below is used")

    async def peer(self) -> Peer:
        """The server's end of the next connection, in the order in which they were made."""
        raise AssertionError("one of the two below is used")


class MemoryTransport(Transport):
    url = "ws://peer.test/"
    real = False

    def __init__(self) -> None:
        self._ends, self._next = trio.open_memory_channel[trio.abc.Stream](100)

    def options(self, **options: Any) -> dict[str, Any]:
        ours, theirs = trio.testing.memory_stream_pair()
        self._ends.send_nowait(theirs)
        return {"stream": ours, **options}

    async def peer(self) -> Peer:
        with trio.fail_after(patience()):
            return Peer(await self._next.receive())


class SocketTransport(Transport):
    real = True

    def __init__(self, listener: trio.SocketListener) -> None:
        self._listener = listener
        self._turn = trio.Lock()
        host, port = listener.socket.getsockname()[:2]
        self.url = f"ws://{host}:{port}/"

    def options(self, **options: Any) -> dict[str, Any]:
        return options

    async def peer(self) -> Peer:
        async with self._turn:
            with trio.fail_after(patience()):
                return Peer(await self._listener.accept())


class EventRecorder:
    """Looks at one socket's events, and at what is left at the end."""

    def __init__(self, ws: WebSocket) -> None:
        self.ws = ws
        self.events: list[str] = []
        for name in ("open", "error", "close"):
            ws.addEventListener(name, lambda event: self.events.append(event.type))

    def check(self) -> None:
        """What holds after every scope: CLOSED, one ``close``, nothing behind it."""
        assert self.ws.readyState == self.ws.CLOSED
        assert self.ws.closeEvent is not None
        assert self.events[-1] == "close"
        assert self.events.count("close") == 1
        assert (self.ws.failure is None) == self.ws.closeEvent.wasClean


def count_tasks() -> int:
    """All tasks of this trio run."""
    waiting = [trio.lowlevel.current_root_task()]
    count = 0
    while waiting:
        task = waiting.pop()
        assert task is not None
        count += 1
        for nursery in task.child_nurseries:
            waiting += nursery.child_tasks
    return count


def count_files() -> int:
    """The open file descriptors of this process, where the system tells."""
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
