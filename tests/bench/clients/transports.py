"""Transports that show what small reads cost, and when a Pong was read."""

from __future__ import annotations

from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import trio

READ_BYTES = 256 * 1024
PONG = b"\x8a"
"""The first byte of a Pong, which neither the bench's messages, in ASCII, nor their headers
have."""


async def dial(url: str) -> trio.SocketStream:
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    return await trio.open_tcp_stream(parts.hostname, parts.port)


class Dripping(trio.abc.Stream):
    """Return this many bytes at a time of what has been read.

    It lets no other task run while it has some, so that the reader is what is measured.
    """

    def __init__(self, stream: trio.SocketStream, size: int) -> None:
        self.stream = stream
        self.size = size
        self.data = b""
        self.position = 0

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        if self.position >= len(self.data):
            self.data, self.position = await self.stream.receive_some(READ_BYTES), 0
        else:
            await trio.lowlevel.checkpoint_if_cancelled()
        start = self.position
        self.position += self.size
        return bytes(self.data[start : self.position])

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self.stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self.stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self.stream.aclose()


class Watched:
    """A trio socket that replaces a ``SocketStream``'s own.

    Attributes:
      read: bytes so far.
      pong_read_at: when the last Pong was read.
    """

    def __init__(self, socket: Any) -> None:
        self.socket = socket
        self.read = 0
        self.pong_read_at = 0.0

    async def recv(self, size: int) -> bytes:
        data: bytes = await self.socket.recv(size)
        self.read += len(data)
        if PONG in data:
            self.pong_read_at = perf_counter()
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self.socket, name)
