"""A stream in memory that can go wrong at any byte, in either direction."""

from __future__ import annotations

from typing import Final, NamedTuple

import trio
import trio.testing

GARBAGE: Final = b"\xff" * 300
"""Wrong wherever it begins: an opcode, a length (a server does not mask), UTF-8, or HTTP."""

INCOMING: Final = ("stall", "end", "reset", "garbage")
"""What the peer may do behind so many of its bytes."""

OUTGOING: Final = ("stuck", "cut")
"""What may happen behind so many of our bytes: the peer reads no more, or TCP is reset."""


class Fault(NamedTuple):
    """One thing that goes wrong, behind ``at`` bytes of its direction."""

    kind: str
    at: int


class Wire(trio.abc.Stream):
    """The client's end of a connection.

    Attributes:
      theirs: the peer's end.
      delivered: every byte that the client has read.
      struck: the fault's kind, once it has happened.
      closed: how often the client has closed it.
    """

    def __init__(self, fault: Fault | None = None, drip: int = 65536) -> None:
        self._ours, self.theirs = trio.testing.memory_stream_pair()
        self._fault = fault
        self._drip = drip  # bytes that go through at a time
        self._over = trio.Event()  # closed, or broken
        self._broken = False
        self._written = 0
        self.delivered = b""
        self.struck: str | None = None
        self.closed = 0

    @property
    def written(self) -> int:
        return self._written

    def _check(self) -> None:
        if self.closed:
            raise trio.ClosedResourceError("closed by the client")
        if self._broken:
            raise trio.BrokenResourceError("reset by the peer")

    def _room(self, kinds: tuple[str, ...], done: int) -> int:
        """Bytes that may still go through before the fault."""
        if self._fault is None or self._fault.kind not in kinds:
            return self._drip
        return min(self._drip, self._fault.at - done)

    async def _strike(self) -> bytes:
        """The fault happens, or has happened."""
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
        await self._over.wait()
        self._check()
        raise AssertionError("it is over because it was closed, or is broken")

    def _end(self) -> None:
        self._over.set()
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
            room = self._room(OUTGOING, self._written)
            if room <= 0:
                await self._strike()
            self._written += len(data[:room])
            await self._ours.send_all(data[:room])
            data = data[room:]

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def aclose(self) -> None:
        self.closed += 1
        self._end()
        await trio.lowlevel.checkpoint()
