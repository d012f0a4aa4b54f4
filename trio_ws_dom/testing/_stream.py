"""TCP in memory, with buffers as small as a kernel's.

``trio.testing.memory_stream_pair()`` takes any amount of data at once, so that a peer that does not
read could not be played with it.
"""

from __future__ import annotations

from operator import index
from typing import Final, final

import trio

CAPACITY: Final = 64 * 1024
"""Bytes on the way in one direction, from where on ``send_all`` waits for the reader."""


@final
class _Guard:
    """Held during a call that must not overlap with another one of its kind."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._is_held = False

    def __enter__(self) -> None:
        if self._is_held:
            raise trio.BusyResourceError(f"another task is {self._doing} on this stream")
        self._is_held = True

    def __exit__(self, *exc_info: object) -> None:
        self._is_held = False


@final
class _Pipe:
    """One direction.

    Attributes:
      data: what was sent and not received.
      sender_closed: whether nothing follows the data.
      receiver_closed: whether nobody will receive it.
      changed: where both sides wait for each other.
      sending, receiving: held by the calls.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self.sender_closed = False
        self.receiver_closed = False
        self.changed = trio.lowlevel.ParkingLot()
        self.sending = _Guard("sending")
        self.receiving = _Guard("receiving")

    async def send(self, data: bytes | bytearray | memoryview) -> None:
        """Append data, in parts as there is room."""
        rest = memoryview(data)
        with self.sending:
            await trio.lowlevel.checkpoint()
            while True:
                self._check_sending()
                room = CAPACITY - len(self.data)
                self.data += rest[:room]
                rest = rest[room:]
                self.changed.unpark_all()
                if not rest:
                    return
                await self.changed.park()

    async def wait_room(self) -> None:
        """Wait until something can be sent."""
        with self.sending:
            await trio.lowlevel.checkpoint()
            self._check_sending()
            while len(self.data) >= CAPACITY:
                await self.changed.park()
                self._check_sending()

    def _check_sending(self) -> None:
        if self.sender_closed:
            raise trio.ClosedResourceError("this end was closed")
        if self.receiver_closed:
            raise trio.BrokenResourceError("the other end was closed")

    async def receive(self, max_bytes: int | None) -> bytes:
        """Wait for data and return it, or b"" after its end."""
        if max_bytes is not None and index(max_bytes) < 1:
            raise ValueError(f"expected max_bytes of 1 or more, got {max_bytes}")
        with self.receiving:
            await trio.lowlevel.checkpoint()
            while not (self.data or self.sender_closed or self.receiver_closed):
                await self.changed.park()
            if self.receiver_closed:
                raise trio.ClosedResourceError("this end was closed")
            data = bytes(self.data[:max_bytes])
            del self.data[:max_bytes]
            self.changed.unpark_all()
            return data

    def end(self) -> None:
        """Let nothing more be sent."""
        self.sender_closed = True
        self.changed.unpark_all()

    def discard(self) -> None:
        """Let nothing more be received."""
        self.receiver_closed = True
        self.data.clear()
        self.changed.unpark_all()


@final
class MemoryStream(trio.abc.HalfCloseableStream):
    """One end of a connection."""

    def __init__(self, incoming: _Pipe, outgoing: _Pipe) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._outgoing.send(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._outgoing.wait_room()

    async def send_eof(self) -> None:
        with self._outgoing.sending:
            await trio.lowlevel.checkpoint()
            if self._incoming.receiver_closed:
                raise trio.ClosedResourceError("this end was closed")
            self._outgoing.end()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        return await self._incoming.receive(max_bytes)

    async def aclose(self) -> None:
        self._outgoing.end()
        self._incoming.discard()
        await trio.lowlevel.checkpoint()


def memory_tcp_pair() -> tuple[MemoryStream, MemoryStream]:
    """Return both ends of a new connection."""
    there, back = _Pipe(), _Pipe()
    return MemoryStream(there, back), MemoryStream(back, there)
