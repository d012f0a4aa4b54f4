"""The transports of connections, as memory streams in virtual time or real sockets."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from functools import cache
from typing import TYPE_CHECKING, Any

import trio
import trio.testing

from support.patience import patience
from support.peer import Peer
from support.tls import client_context, server_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from trio_ws_dom import WebSocket


StreamPair = tuple[trio.abc.Stream, trio.abc.Stream]
"""The two ends of a connection."""

LATE = 0.01
"""Seconds from when bytes were sent until ``send_all`` returns."""


class LateStream(trio.abc.Stream):
    """A stream whose ``send_all`` returns only some time after its bytes were sent.

    TLS, tunnels and proxies do the same whenever another task runs first. It also has no
    ``send_eof`` and is not a ``trio.SocketStream``.

    Args:
      stream: the stream below it.
      prompt: how many of the first calls return at once.
    """

    def __init__(self, stream: trio.abc.Stream, prompt: int = 0) -> None:
        self._stream = stream
        self._prompt = prompt

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)
        if self._prompt:
            self._prompt -= 1
        else:
            await trio.sleep(LATE)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self._stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        await self._stream.aclose()


def late_pair(prompt: int = 0) -> StreamPair:
    """Return two ends in memory, of which ours is late."""
    ours, theirs = trio.testing.memory_stream_pair()
    return LateStream(ours, prompt), theirs


def tls_pair() -> StreamPair:
    """Return two ends of TLS in memory, which perform its handshake when they are first used."""
    ours, theirs = trio.testing.memory_stream_pair()
    client, server = _contexts()
    return (
        trio.SSLStream(ours, client, server_hostname="127.0.0.1", https_compatible=True),
        trio.SSLStream(theirs, server, server_side=True, https_compatible=True),
    )


@cache
def _contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return client_context(), server_context()


PAIRS: dict[str, Callable[[], StreamPair]] = {
    "memory": trio.testing.memory_stream_pair,
    "late": late_pair,
    "tls": tls_pair,
}
"""The ways to connect two ends in virtual time."""


class Transport(ABC):
    """One way to make connections.

    Attributes:
      url: where to connect to.
      real: whether sockets and time are real.
    """

    url: str
    real: bool

    @abstractmethod
    def options(self, **options: Any) -> dict[str, Any]:
        """Return the options of the next connection, which in memory contain its stream."""

    @abstractmethod
    async def peer(self) -> Peer:
        """Return the server's end of the next connection, in the order in which they were made."""


class MemoryTransport(Transport):
    """Streams in memory, for virtual time.

    Args:
      new_pair: makes the two ends, ours first.
    """

    url = "ws://peer.test/"
    real = False

    def __init__(
        self, new_pair: Callable[[], StreamPair] = trio.testing.memory_stream_pair
    ) -> None:
        self._new_pair = new_pair
        self._ends, self._next = trio.open_memory_channel[trio.abc.Stream](100)

    def options(self, **options: Any) -> dict[str, Any]:
        ours, theirs = self._new_pair()
        self._ends.send_nowait(theirs)
        return {"stream": ours, **options}

    async def peer(self) -> Peer:
        with trio.fail_after(patience()):
            return Peer(await self._next.receive())


class SocketTransport(Transport):
    """TCP on loopback, for real time."""

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
    """Record the types of one socket's events, and check what holds at its end."""

    def __init__(self, ws: WebSocket) -> None:
        self.ws = ws
        self.events: list[str] = []
        for name in ("open", "error", "close"):
            ws.addEventListener(name, lambda event: self.events.append(event.type))

    def check(self) -> None:
        """Check what holds after every scope, which is CLOSED after one last ``close``."""
        assert self.ws.readyState == self.ws.CLOSED
        assert self.ws.closeEvent is not None
        assert self.events[-1] == "close"
        assert self.events.count("close") == 1
        assert (self.ws.failure is None) == self.ws.closeEvent.wasClean


def count_tasks() -> int:
    """Return all tasks of this trio run."""
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
    """Return the open file descriptors of this process, where the system shows them."""
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
