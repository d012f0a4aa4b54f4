"""A server that is connected to again and again, each time with another part to play."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

import trio
import trio.testing

from support.peer import Peer, close
from trio_ws_dom import reconnecting_websocket

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from trio_ws_dom import ReconnectingWebSocket

    Part = Callable[[Peer], Awaitable[None]]

AT_ONCE = {"initial_delay": 0, "max_delay": 0}
"""No delays, for tests about something else."""


class Line:
    """Connections to a server, in memory, or by the listener that is given.

    Attributes:
      parts: what the server does on the next connections; behind the last it serves well. An
        exception is raised from dialling, in memory.
      peers: the server's ends, in order.
      times: when each was connected to.
    """

    def __init__(self, nursery: trio.Nursery, listener: trio.SocketListener | None) -> None:
        self.parts: deque[Part | Exception] = deque()
        self.peers: list[Peer] = []
        self.times: list[float] = []
        self.url = "ws://peer.test/"
        self._nursery = nursery
        self._options: dict[str, Any] = {"stream": self.dial}
        if listener is not None:
            host, port = listener.socket.getsockname()[:2]
            self.url = f"ws://{host}:{port}/"
            self._options = {}
            nursery.start_soon(trio.serve_listeners, self._play, [listener])

    def loop(self, *parts: Part | Exception, **options: Any) -> ReconnectingWebSocket:
        """A loop over connections, on which the server plays these parts."""
        self.parts += parts
        return reconnecting_websocket(self.url, **{**self._options, **AT_ONCE, **options})

    @property
    def codes(self) -> list[int | None]:
        """With which Close each connection was left."""
        return [peer.close_code for peer in self.peers]

    async def dial(self) -> trio.abc.Stream:
        """What the option ``stream`` takes."""
        stream = self.dial_at_once()
        await trio.lowlevel.checkpoint()
        return stream

    def dial_at_once(self) -> trio.abc.Stream:
        """The same, as a function that is not async."""
        if self.parts and isinstance(self.parts[0], Exception):
            self.times.append(trio.current_time())
            raise self.parts.popleft()  # type: ignore[misc]  # it was just looked at
        ours, theirs = trio.testing.memory_stream_pair()
        self._nursery.start_soon(self._play, theirs)
        return ours

    async def _play(self, stream: trio.abc.Stream) -> None:
        self.times.append(trio.current_time())
        part: Any = self.parts.popleft() if self.parts else Peer.serve
        peer = Peer(stream)
        self.peers.append(peer)
        async with stream:
            await part(peer)


def closing(code: int, reason: str = "") -> Part:
    """The part of a server that accepts, and closes at once."""

    async def part(peer: Peer) -> None:
        await peer.accept(then=close(code, reason))
        await peer.read_to_close()

    return part


def refusing(status: str, *headers: str) -> Part:
    """The part of a server that answers with another status than 101."""

    async def part(peer: Peer) -> None:
        await peer.read_request()
        lines = (f"HTTP/1.1 {status}", "Content-Length: 0", *headers, "", "")
        await peer.send("\r\n".join(lines).encode())
        await peer.read_to_end()

    return part


async def lost(peer: Peer) -> None:
    """The part of a server that accepts, and is gone."""
    await peer.accept()


def lost_after(seconds: float) -> Part:
    """The part of a server that is gone so many seconds after it has accepted."""

    async def part(peer: Peer) -> None:
        await peer.accept()
        await trio.sleep(seconds)

    return part
