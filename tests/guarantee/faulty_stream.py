"""A stream in memory that can fail at any byte, in either direction."""

from __future__ import annotations

import sys
from typing import Final, NamedTuple

import trio
import trio.testing

GARBAGE: Final = b"\xff" * 300
"""Bytes that are wrong wherever they begin, as an opcode, a length (a server does not mask), UTF-8
or HTTP."""

INCOMING: Final = ("stall", "end", "reset", "garbage")
"""What the peer may do after a number of its bytes."""

OUTGOING: Final = ("stuck", "cut")
"""What may happen after a number of our bytes. Either the peer reads no more, or TCP is reset."""


class Fault(NamedTuple):
    """One failure, after ``at`` bytes of its direction."""

    kind: str
    at: int


class _PeersWay(trio.abc.ReceiveStream):
    """The stream that the peer reads from, which makes room in the network."""

    def __init__(self, stream: trio.abc.ReceiveStream, wire: Wire) -> None:
        self._stream = stream
        self._wire = wire

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        if self._wire.pace is not None:
            max_bytes, seconds = self._wire.pace
            await trio.sleep(seconds)
        data = await self._stream.receive_some(max_bytes)
        self._wire.note_read(len(data))
        return data

    async def aclose(self) -> None:
        await self._stream.aclose()


class Wire(trio.abc.Stream):
    """The client's end of a connection.

    Args:
      fault: what goes wrong.
      drip: bytes that go through at a time.
      capacity: bytes that the network holds, unread by the peer.
      late: seconds from the arrival of what was sent to the return of ``send_all()``.

    Attributes:
      full: set when ``send_all()`` has waited for room, or always will.
      over: set when the client has closed the stream, or the peer has reset it.
      pace: bytes that the peer reads at a time, and seconds before each; None if all at once.
      outgoing: every byte that the client has written.
      theirs: the peer's end.
      delivered: every byte that the client has read.
      struck: the fault's kind, once it has happened.
      closed: how often the client has closed it.
    """

    def __init__(
        self,
        fault: Fault | None = None,
        drip: int = 65536,
        *,
        capacity: int = sys.maxsize,
        late: float = 0,
    ) -> None:
        self._ours, theirs = trio.testing.memory_stream_pair()
        self.theirs = trio.StapledStream(theirs.send_stream, _PeersWay(theirs.receive_stream, self))
        self._fault = fault
        self._drip = drip
        self._capacity = capacity
        self._late = late
        self._unread = 0  # bytes
        self._read = trio.Event()  # replaced each time the client waits for room
        self._broken = False
        self.full = trio.Event()
        self.over = trio.Event()
        self.pace: tuple[int, float] | None = None
        self.outgoing = b""
        self.delivered = b""
        self.struck: str | None = None
        self.closed = 0

    @property
    def written(self) -> int:
        return len(self.outgoing)

    def note_read(self, size: int) -> None:
        self._unread -= size
        self._read.set()

    def _check(self) -> None:
        if self.closed:
            raise trio.ClosedResourceError("closed by the client")
        if self._broken:
            raise trio.BrokenResourceError("reset by the peer")

    def _room(self, kinds: tuple[str, ...], done: int) -> int:
        """Return how many bytes may still go through before the fault."""
        if self._fault is None or self._fault.kind not in kinds:
            return self._drip
        return min(self._drip, self._fault.at - done)

    async def _strike(self) -> bytes:
        """Make the fault happen, or have its effect again."""
        assert self._fault is not None
        first, self.struck = self.struck is None, self._fault.kind
        if self.struck == "end":
            return b""
        if self.struck == "garbage" and first:
            self.delivered += GARBAGE
            return GARBAGE
        if self.struck in ("reset", "cut"):
            self._broken = True
            self._end()
        await self.over.wait()
        self._check()
        raise AssertionError("it is over because it was closed, or is broken")

    def _end(self) -> None:
        for event in (self.over, self.full, self._read):
            event.set()
        self._ours.send_stream.close()
        self._ours.receive_stream.close()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        self._check()
        room = self._room(INCOMING, len(self.delivered))
        if room <= 0:
            return await self._strike()
        try:
            data = bytes(await self._ours.receive_some(min(room, max_bytes or room)))
        except trio.ClosedResourceError:
            self._check()
            raise
        self.delivered += data
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        self._check()
        data = bytes(data)
        while data:
            room = self._room(OUTGOING, self.written)
            if room <= 0:
                await self._strike()
            room = min(room, self._capacity - self._unread)
            if room <= 0:
                self.full.set()
                self._read = trio.Event()
                await self._read.wait()
                self._check()
                continue
            self.outgoing += data[:room]
            self._unread += len(data[:room])
            await self._ours.send_all(data[:room])
            data = data[room:]
        if self._late:
            await trio.sleep(self._late)

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        self.closed += 1
        self._end()
        await trio.lowlevel.checkpoint()
