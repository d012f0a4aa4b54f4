"""Peers that send without end, and the memory that this costs."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Final

import trio

from support.frames import close
from trio_ws_dom._wire._memory import keep_memory

if TYPE_CHECKING:
    from support.transports import SocketTransport

MiB: Final = 1 << 20
KERNEL: Final = 12 * MiB
"""More than loopback's two socket buffers take, however the kernel tunes them."""

MEMORY: Final = 4 * MiB
"""The most that Python objects may cost while a side is stopped, several times the bounds' sum."""


class Flood:
    """A peer that sends ``begins``, then this many bytes as fast as it can, then closes.

    Attributes:
      sent: bytes so far.
      moved: when it last sent some, by trio's clock.
    """

    def __init__(
        self, transport: SocketTransport, data: bytes, size: int, *, begins: bytes = b""
    ) -> None:
        self._transport = transport
        self._data = data
        self._size = size
        self._begins = begins
        self.sent = 0
        self.moved = 0.0

    async def run(self) -> None:
        peer = await self._transport.peer()
        async with peer.stream:
            await peer.accept(then=self._begins)
            try:
                while self.sent < self._size:
                    await peer.send(self._data)
                    self.sent += len(self._data)
                    self.moved = trio.current_time()
                await peer.send(close(1000))
            except trio.BrokenResourceError:
                return
            await peer.read_to_close()

    async def until_stuck(self, seconds: float = 0.3) -> None:
        """Wait until nothing has moved for this long."""
        while self.moved == 0 or trio.current_time() - self.moved < seconds:
            await trio.sleep(0.05)


class Peak:
    """The most memory that Python objects cost within a block."""

    def __enter__(self) -> Peak:
        keep_memory(16 * MiB)  # which makes a block that is never touched
        tracemalloc.start()
        self._before = tracemalloc.get_traced_memory()[0]
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.bytes = tracemalloc.get_traced_memory()[1] - self._before
        tracemalloc.stop()
