"""A stream that traces what goes through it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, final

import trio

from .._trace._tracer import WireTracer
from .._wire._text import without_query
from ._reader import TURN_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._trace._records import TraceDirection, TraceRecord
    from ._settings import Settings

DEFAULT_PAYLOAD_LIMIT: Final = 256
"""Bytes of each payload in a record, unless the trace has a ``payload_limit`` of its own."""

SLICE_SIZE: Final = 1024
"""Bytes parsed at a time. They may be 512 frames, or a MiB: at most about three milliseconds."""


@final
class TracedStream(trio.abc.Stream):
    """A wrapper of another stream that records what goes through it and changes nothing of it.

    Args:
      transport_stream: a connected stream; for ``wss:`` with TLS done.
      settings: the connection's; ``trace`` is set.
      tell: called with each record; raises nothing.
    """

    def __init__(
        self,
        transport_stream: trio.abc.Stream,
        settings: Settings,
        tell: Callable[[TraceRecord], None],
    ) -> None:
        self.transport_stream = transport_stream
        self._tell = tell
        self._dialled = trio.current_time()
        self._ended: set[TraceDirection] = set()
        secrets = getattr(settings.trace, "secrets", False)
        query = settings.address.target[len(without_query(settings.address.target)) :]
        self._tracer = WireTracer(
            connection=settings.number,
            url=settings.address.where + query if secrets else settings.address.where,
            started=time.time(),
            payload_limit=getattr(settings.trace, "payload_limit", DEFAULT_PAYLOAD_LIMIT),
            max_message_size=settings.max_message_size,
            secrets=secrets,
        )

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Record, then send, as the answer may arrive before the call returns."""
        await self._feed("sent", bytes(data))
        try:
            await self.transport_stream.send_all(data)
        except (trio.BrokenResourceError, OSError) as exc:
            self._end("sent", str(exc))
            raise

    async def wait_send_all_might_not_block(self) -> None:
        """Wait as the transport does."""
        await self.transport_stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """Receive, then record."""
        try:
            data = await self.transport_stream.receive_some(max_bytes)
        except (trio.BrokenResourceError, OSError) as exc:
            self._end("received", str(exc))
            raise
        if data:
            await self._feed("received", bytes(data))
        else:
            self._end("received")
        return data

    async def aclose(self) -> None:
        """Record the end, and close the transport."""
        self._flush("received")
        self._end("sent")
        await self.transport_stream.aclose()

    async def _feed(self, direction: TraceDirection, data: bytes) -> None:
        elapsed = self._elapsed()
        turn_ends = time.perf_counter() + TURN_SECONDS
        for start in range(0, len(data), SLICE_SIZE):
            if time.perf_counter() > turn_ends:
                await trio.lowlevel.cancel_shielded_checkpoint()  # what was read is not lost
                turn_ends = time.perf_counter() + TURN_SECONDS
            for record in self._tracer.feed(direction, data[start : start + SLICE_SIZE], elapsed):
                self._tell(record)

    def _flush(self, direction: TraceDirection) -> None:
        if direction not in self._ended:
            for record in self._tracer.flush(direction, self._elapsed()):
                self._tell(record)

    def _end(self, direction: TraceDirection, error: str = "") -> None:
        self._flush(direction)
        if direction not in self._ended:
            self._ended.add(direction)
            self._tell(self._tracer.end(direction, self._elapsed(), error))

    def _elapsed(self) -> float:
        return trio.current_time() - self._dialled
