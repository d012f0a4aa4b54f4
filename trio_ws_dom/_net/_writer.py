"""The writer: the outbox's way to the network, from whichever task is at hand."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final, Protocol, final

import trio

from .._wire._outbox import Outbox

if TYPE_CHECKING:
    from .._wire._frames import Close


MAX_AT_ONCE: Final = 1024 * 1024
"""Bytes written without giving way: about two milliseconds' work, most of which is masking."""


class Sender(Protocol):
    """Who a writer tells of what it did."""

    def bytes_sent(self, close: Close | None) -> None:
        """Bytes have left, and the Close if it was among them."""

    def sending_failed(self, exc: Exception) -> None:
        """The transport is broken."""


@final
class Writer:
    """Writes what is in the outbox.

    A task does it that is made when first needed, so that an idle socket has none. A task of ours
    that is about to sleep anyway calls :meth:`flush` and saves the switch.

    Args:
      sender: is told what became of it.

    Attributes:
      outbox: what waits to be written.
      held: whether what is queued now will be flushed by the one who queues it.
    """

    def __init__(self, sender: Sender) -> None:
        self.outbox = Outbox()
        self.held = False
        self._sender = sender
        self._nursery: trio.Nursery | None = None
        self._stream: trio.abc.Stream
        self._fd: int | None = None  # of a plain socket, which can be written to without waiting
        self._has_task = False
        self._writing = False  # the task is in the middle of the outbox's head
        self._wakes: trio.Event | None = None  # the task sleeps on it

    def start(self, stream: trio.abc.Stream, nursery: trio.Nursery) -> None:
        """There is a stream to write to."""
        self._stream = stream
        self._nursery = nursery
        if isinstance(stream, trio.SocketStream) and sys.platform != "win32":
            self._fd = stream.socket.fileno()
        if self.outbox:
            self.wake()

    def stop(self) -> None:
        """The stream is about to be closed, and its descriptor may soon be another's."""
        self._nursery = None
        self._fd = None
        self._wakes = None

    def wake(self) -> None:
        """There is something in the outbox."""
        if self.held:
            return
        if self._wakes is not None:
            self._wakes.set()
            self._wakes = None
        elif not self._has_task and self._nursery is not None:
            self._has_task = True
            self._nursery.start_soon(self._run)

    def flush(self) -> None:
        """Write now what the socket takes at once; the rest is the task's."""
        if not self._writing:
            try:
                self._write_at_once()
            except Exception as exc:  # out of memory, perhaps: half of a frame may have left
                self.stop()
                self._sender.sending_failed(exc)
        if self.outbox:
            self.wake()

    def _write_at_once(self) -> None:
        if self._fd is None:
            return
        room = MAX_AT_ONCE
        try:
            while room > 0 and self.outbox.fill():
                size = os.write(self._fd, self.outbox.head)
                self._sent(size)
                room -= size
        except OSError:
            pass  # full, or broken: then the task meets the same error

    @trio.lowlevel.enable_ki_protection
    async def _run(self) -> None:
        try:
            while True:
                self._writing = True
                while self.outbox.fill():
                    await self._stream.send_all(self.outbox.head)
                    self._sent(len(self.outbox.head))
                    self._write_at_once()  # a block is seldom all that fits
                self._writing = False
                self._wakes = trio.Event()
                await self._wakes.wait()
        except Exception as exc:  # as in flush(), and a stream may be of any make
            self._sender.sending_failed(exc)

    def _sent(self, size: int) -> None:
        self._sender.bytes_sent(self.outbox.sent(size))
