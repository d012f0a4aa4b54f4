"""A network that can fail, in memory or as a real proxy."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import trio
import trio.testing

Stream = trio.abc.HalfCloseableStream
Connect = Callable[[], Awaitable[Stream]]

BROKEN = (trio.BrokenResourceError, trio.ClosedResourceError)


class Wire:
    """Carry one connection's bytes, after a delay, until it is cut or frozen."""

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._frozen = False
        self._scope = trio.CancelScope()

    def cut(self) -> None:
        """Break both ends at once."""
        self._scope.cancel()

    def freeze(self) -> None:
        """Drop what is sent from now on, which neither end notices."""
        self._frozen = True

    async def carry(self, one: Stream, two: Stream) -> None:
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(self._carry, one, two)
                    nursery.start_soon(self._carry, two, one)
        finally:
            await trio.aclose_forcefully(one)
            await trio.aclose_forcefully(two)

    async def _carry(self, source: Stream, target: Stream) -> None:
        try:
            async for data in source:
                await trio.sleep(self._latency)
                if not self._frozen:
                    await target.send_all(data)
            if not self._frozen:
                await target.send_eof()
        except BROKEN:
            self.cut()


class Network:
    """All connections to the server.

    Args:
      connect: connects to the server itself, or raises OSError if it is down.
      latency: seconds, for each piece of data.

    Attributes:
      wires: the connections that are open.
      dead: whether new connections are frozen from the start.
    """

    def __init__(self, connect: Connect, latency: float) -> None:
        self.wires: list[Wire] = []
        self.dead = False
        self._connect = connect
        self._latency = latency

    async def dial(self, nursery: trio.Nursery) -> trio.abc.Stream:
        """Return a connection in memory, for the option ``stream``."""
        server = await self._connect()
        ours, theirs = trio.testing.memory_stream_pair()
        nursery.start_soon(self._carry, theirs, server)
        return ours

    async def serve_as_proxy(self, client: trio.SocketStream) -> None:
        """Serve one connection as an HTTP proxy that knows CONNECT and one server, whatever its
        name."""
        with suppress(*BROKEN):  # a client may close at any moment
            async with client:
                request = b""
                while b"\r\n\r\n" not in request:
                    data = await client.receive_some()
                    if not data:
                        return
                    request += data
                try:
                    server = await self._connect()
                except OSError:
                    await client.send_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                    return
                async with server:
                    await client.send_all(b"HTTP/1.1 200 Connected\r\n\r\n")
                    await self._carry(client, server)

    async def _carry(self, client: Stream, server: Stream) -> None:
        wire = Wire(self._latency)
        if self.dead:
            wire.freeze()
        self.wires.append(wire)
        try:
            await wire.carry(client, server)
        finally:
            self.wires.remove(wire)
