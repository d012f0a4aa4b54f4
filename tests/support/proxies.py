"""Fake proxies with scripted answers, and servers that are reached through them."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import trio

from support.checked import close_event
from support.frames import CLOSE, frame
from support.peer import Peer
from trio_ws_dom import open_websocket

if TYPE_CHECKING:
    import ssl

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"

GONE = (trio.BrokenResourceError, trio.ClosedResourceError)


class Service:
    """Serve each connection on loopback in a task, by TLS if there is a context for it."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context
        self.port = 0

    async def start(self, nursery: trio.Nursery) -> None:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.port = listeners[0].socket.getsockname()[1]
        nursery.start_soon(trio.serve_listeners, self._accept, listeners)

    async def _accept(self, tcp: trio.SocketStream) -> None:
        stream: trio.abc.Stream = tcp
        if self._context is not None:
            stream = trio.SSLStream(tcp, self._context, server_side=True, https_compatible=True)
        async with stream:
            with suppress(*GONE):
                await self.connection(stream)

    async def connection(self, stream: trio.abc.Stream) -> None:
        raise AssertionError("one of the two below is used")


class Echo(Service):
    """A WebSocket server that echoes.

    Attributes:
      requests: the handshakes' requests.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(context)
        self.requests: list[bytes] = []

    @property
    def url(self) -> str:
        return f"{'ws' if self._context is None else 'wss'}://127.0.0.1:{self.port}/"

    async def connection(self, stream: trio.abc.Stream) -> None:
        peer = Peer(stream)
        try:
            await peer.accept()
        except AssertionError:
            return  # it closed again, for which it has its own test
        self.requests.append(peer.request)
        while (got := await peer.next()) is not None:
            await peer.send(frame(got.opcode, got.payload))
            if got.opcode == CLOSE:
                break


class FakeProxy(Service):
    """A proxy that answers what it receives by its replies in order, then relays.

    Attributes:
      to: the port on loopback to which it relays; None if it stays silent, 0 if it hangs up.
      said: what it received.
      gone: set when a connection's other end has gone.
    """

    def __init__(
        self, *replies: bytes, to: int | None = None, context: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(context)
        self._replies = replies
        self.to = to
        self.said: list[bytes] = []
        self.gone = trio.Event()

    def url(self, scheme: str = "http", credentials: str = "") -> str:
        return f"{scheme}://{credentials}127.0.0.1:{self.port}"

    async def connection(self, stream: trio.abc.Stream) -> None:
        try:
            for reply in self._replies:
                said = bytes(await stream.receive_some())
                if not said:
                    return
                self.said.append(said)
                await stream.send_all(reply)
            if self.to is None:
                while await stream.receive_some():
                    pass
            elif self.to:
                await relay(stream, await trio.open_tcp_stream("127.0.0.1", self.to))
        finally:
            self.gone.set()


class Resetting(FakeProxy):
    """A proxy that resets the connection after its last reply."""

    async def connection(self, stream: trio.abc.Stream) -> None:
        for reply in self._replies:
            await stream.receive_some()
            await stream.send_all(reply)
        await stream.receive_some()
        assert isinstance(stream, trio.SocketStream)
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def relay(one: trio.abc.Stream, other: trio.abc.Stream) -> None:
    """Relay until one of them ends."""

    async def carry(source: trio.abc.Stream, sink: trio.abc.Stream) -> None:
        with suppress(*GONE):
            async for data in source:
                await sink.send_all(data)
        nursery.cancel_scope.cancel()

    async with one, other, trio.open_nursery() as nursery:
        nursery.start_soon(carry, one, other)
        nursery.start_soon(carry, other, one)


async def round_trip(url: str, **options: Any) -> None:
    """Open, send, receive and close."""
    async with open_websocket(url, **options) as ws:
        ws.send("hello")
        assert await ws.receive() == "hello"
    assert close_event(ws).wasClean
