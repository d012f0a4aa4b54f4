"""A TCP relay on loopback between a client and a server, which can disturb the traffic."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from dataclasses import dataclass

import trio


@dataclass
class Spoiling:
    """What is done to the bytes from the server to the client, and for latency in both directions.

    Attributes:
      latency: seconds by which each chunk is late.
      drip: bytes that go through at a time, 0.001 s apart; 0 if as they come.
      silent_after: bytes after which nothing more goes through in either direction.
      reset_after: bytes after which both sides are reset.
      end_after: bytes after which TCP ends, towards the client.
    """

    latency: float = 0.0
    drip: int = 0
    silent_after: float = float("inf")
    reset_after: float = float("inf")
    end_after: float = float("inf")

    @property
    def last(self) -> float:
        return min(self.silent_after, self.reset_after, self.end_after)


class Relay:
    """Relay every connection at its own ``port`` to a server's port on loopback."""

    def __init__(self, port: int, spoiling: Spoiling) -> None:
        self._to = port
        self._spoiling = spoiling
        self._silent = trio.Event()
        self.passed = 0  # bytes that the client received

    def fall_silent(self) -> None:
        """Let nothing more through in either direction."""
        self._silent.set()

    async def serve(self, *, task_status: trio.TaskStatus[int]) -> None:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        task_status.started(listener.socket.getsockname()[1])
        await trio.serve_listeners(self._connection, [listener])

    async def _connection(self, client: trio.SocketStream) -> None:
        server = await trio.open_tcp_stream("127.0.0.1", self._to)
        async with client, server, trio.open_nursery() as nursery:
            nursery.start_soon(self._down, server, client)
            await self._up(client, server)
            nursery.cancel_scope.cancel()

    async def _up(self, client: trio.SocketStream, server: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while data := await client.receive_some():
                await trio.sleep(self._spoiling.latency)
                if not self._silent.is_set():
                    await server.send_all(data)

    async def _down(self, server: trio.SocketStream, client: trio.SocketStream) -> None:
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            while self.passed < self._spoiling.last:
                data = bytes(await server.receive_some())
                await trio.sleep(self._spoiling.latency)
                if self._silent.is_set():
                    await trio.sleep_forever()
                if not data:
                    await client.send_eof()
                    await trio.sleep_forever()  # until the client has ended its side, too
                await self._pass(client, data)
            await self._spoil(client)

    async def _pass(self, client: trio.SocketStream, data: bytes) -> None:
        data = data[: int(min(self._spoiling.last - self.passed, len(data)))]
        self.passed += len(data)
        size = self._spoiling.drip or len(data)
        for start in range(0, len(data), size):
            if self._spoiling.drip:
                await trio.sleep(0.001)
            await client.send_all(data[start : start + size])

    async def _spoil(self, client: trio.SocketStream) -> None:
        if self._spoiling.reset_after == self._spoiling.last:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await client.aclose()
        elif self._spoiling.end_after == self._spoiling.last:
            await client.send_eof()
            await trio.sleep_forever()
        else:
            self._silent.set()
            await trio.sleep_forever()
