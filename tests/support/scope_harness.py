"""One connection after the other, with parts for their peers, and what these saw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
import trio

from support.frames import TEXT, close, frame
from support.patience import PATIENCE
from support.peer import Peer
from trio_ws_dom import (
    WebSocketCloseInfo,
    WebSocketError,
    WebSocketStream,
    open_websocket,
    open_websocket_stream,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from support.transports import Transport
    from trio_ws_dom import WebSocket

SHORT: Final[dict[str, Any]] = {"close_timeout": 0.3, "cancelled_close_timeout": 0.1}
"""Seconds, where both ends are in this process and its time is virtual or steady."""

PATIENT: Final[dict[str, Any]] = {"close_timeout": PATIENCE, "cancelled_close_timeout": PATIENCE}
"""Bounds for where the other end is in another process or thread, and does answer."""


class ScopeHarness:
    """A transport and a peer at its other end, for a test of a scope.

    Attributes:
      bounds: options for each connection.
      peers: in the order in which they were connected to.
      over: set when the last part that was ordered has been played.
    """

    def __init__(self, transport: Transport, nursery: trio.Nursery) -> None:
        self.transport = transport
        self.bounds = SHORT
        self.peers: list[Peer] = []
        self.over = trio.Event()
        self._nursery = nursery

    async def play(self, part: Callable[[Peer], Awaitable[None]] = Peer.serve) -> None:
        """Have the next connection's peer play a part."""
        self.over = trio.Event()
        self._nursery.start_soon(self._play, part, self.over)

    async def _play(self, part: Callable[[Peer], Awaitable[None]], over: trio.Event) -> None:
        peer = await self.transport.peer()
        self.peers.append(peer)
        async with peer.stream:
            await part(peer)
        over.set()

    def hire(self, *hello: bytes, answers: bool = True) -> dict[str, Any]:
        """Have a peer that first sends something, and return the options for connecting to it."""

        async def part(peer: Peer) -> None:
            await peer.accept(then=b"".join(hello))
            await (peer.finish if answers else peer.read_to_end)()

        self._nursery.start_soon(self._play, part, self.over)
        return self.options()

    def options(self, **options: Any) -> dict[str, Any]:
        """Return the options of the next connection."""
        return self.transport.options(**self.bounds, **options)

    def open(self, **options: Any) -> AbstractAsyncContextManager[WebSocket]:
        """Open a socket to the next peer by the usual entry point."""
        return open_websocket(self.url, **self.options(**options))

    @property
    def url(self) -> str:
        return self.transport.url

    @property
    def peer(self) -> Peer:
        return self.peers[0]


class StreamHarness(ScopeHarness):
    """The same for a WebSocketStream."""

    def open(self, **options: Any) -> Any:
        return open_websocket_stream(self.url, **self.options(**options))

    def check_gone(self, stream: WebSocketStream) -> None:
        """Check what holds after every scope, whatever happened to the connection."""
        assert repr(stream).endswith("CLOSED>")

    async def check(self, stream: WebSocketStream, code: int) -> None:
        """Check that it ended cleanly, by a Close of this code."""
        self.check_gone(stream)
        assert self.peer.close_code == code
        assert await stream.closed == WebSocketCloseInfo(closeCode=code, reason="")

    async def check_unclean(self, stream: WebSocketStream) -> None:
        self.check_gone(stream)
        with pytest.raises(WebSocketError) as caught:
            await stream.closed
        assert caught.value.closeCode == 1006


# Parts.


async def accept_and_listen(peer: Peer) -> None:
    """Accept, read everything and answer nothing."""
    await peer.accept()
    await peer.read_to_end()


async def accept_and_stop(peer: Peer) -> None:
    """Accept, and then neither read nor write, for longer than any wait."""
    await peer.accept()
    await trio.sleep(5)
    await peer.read_to_end()


async def accept_and_flood(peer: Peer) -> None:
    """Accept, send without end and read nothing."""
    await peer.accept()
    try:
        while True:
            await peer.send(frame(TEXT, b"x" * 1000) * 50)
            await trio.sleep(0.001)
    except trio.BrokenResourceError:
        peer.ended = "reset"


async def hear_the_request(peer: Peer) -> None:
    """Read the handshake's request and do not answer it."""
    await peer.read_request()
    await peer.read_to_end()


async def close_first(peer: Peer) -> None:
    """Accept, and close first."""
    await peer.accept()
    await peer.send(close(1000))
    await peer.read_to_close()


async def hang_up(peer: Peer) -> None:
    """Read the request, and end TCP."""
    await peer.read_request()
    await peer.stream.aclose()


async def flood_then_answer(peer: Peer) -> None:
    """Send much before and after our Close, and then the Close that answers it."""
    await peer.accept(then=frame(TEXT, b"x" * 1000) * 1000)
    await peer.read_to_close()
    await peer.send(frame(TEXT, b"y" * 1000) * 1000, close(1000))
    await peer.stream.aclose()
