"""The writer, which takes bytes from the outbox to the network.

A plain socket is written to without waiting, by any task of ours that is about to sleep anyway;
that saves a task switch for most messages. What the socket does not take at once is written by a
task, which is made when it is first needed, so that an idle connection has none. Any other stream
has ``send_all()`` only, so the task always does it.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final, final

import trio

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._wire._protocol import Protocol
    from ._keepalive import Keepalive

MAX_AT_ONCE: Final = 1024 * 1024
"""Bytes written without letting other tasks run: about two milliseconds' work, mostly masking."""


@final
class Writer:
    """Writes what is in a protocol's outbox.

    Args:
      protocol: the connection's.
      on_sent: called when the transport took bytes.
      on_failed: called with the exception when the transport failed.

    Attributes:
      held: if true, :meth:`wake` does nothing; whoever set it calls :meth:`flush` afterwards.
      keepalive: is notified of what is handed over and taken, if there is one.
      progress: how many times the transport took bytes.
      is_sending: whether the task waits for the transport.
    """

    __slots__ = (
        "_has_task",
        "_nursery",
        "_on_failed",
        "_on_sent",
        "_protocol",
        "_socket",
        "_stream",
        "_wakes",
        "held",
        "is_sending",
        "keepalive",
        "progress",
    )

    def __init__(
        self,
        protocol: Protocol,
        on_sent: Callable[[], object],
        on_failed: Callable[[Exception], object],
    ) -> None:
        self.held = False
        self.keepalive: Keepalive | None = None
        self.progress = 0
        self.is_sending = False
        self._protocol = protocol
        self._on_sent = on_sent
        self._on_failed = on_failed
        self._nursery: trio.Nursery | None = None  # between start() and stop()
        self._stream: trio.abc.Stream | None = None
        self._socket: trio.socket.SocketType | None = None  # of a plain TCP stream
        self._has_task = False
        self._wakes: trio.Event | None = None  # the task sleeps on it

    def start(self, stream: trio.abc.Stream, nursery: trio.Nursery) -> None:
        """Begin to write to a stream.

        The task that may be needed runs in ``nursery``.
        """
        self._stream = stream
        self._nursery = nursery
        if isinstance(stream, trio.SocketStream) and sys.platform != "win32":
            self._socket = stream.socket
        if self._protocol.outbox:
            self.wake()

    def stop(self) -> None:
        """Write no more.

        The stream is about to be closed.
        """
        self._nursery = None
        self._socket = None
        self._wakes = None

    def wake(self) -> None:
        """Have the task write what is in the outbox."""
        if self.held:
            return
        if self._wakes is not None:
            self._wakes.set()
            self._wakes = None
        elif not self._has_task and self._nursery is not None:
            self._has_task = True
            self._nursery.start_soon(self._run)

    def flush(self) -> None:
        """Write now what a plain socket takes at once, and leave the rest to the task."""
        if not self.is_sending and self._socket is not None:
            try:
                self._write_at_once(self._socket)
            except Exception as exc:  # out of memory, perhaps: half of a frame may have been sent
                self.stop()
                self._on_failed(exc)
        if self._protocol.outbox:
            self.wake()

    def _write_at_once(self, socket: trio.socket.SocketType) -> OSError | None:
        """Write until all is written, or enough for once, or an error, which is returned."""
        outbox = self._protocol.outbox
        room = MAX_AT_ONCE
        try:
            while room > 0 and outbox.fill():
                self._hand_over()
                # The number is asked for each time: -1 if somebody closed the socket, while a
                # number that was kept might be another file's by now.
                size = os.write(socket.fileno(), outbox.head)
                self._sent(size)
                room -= size
        except OSError as exc:
            return exc
        return None

    @trio.lowlevel.enable_ki_protection
    async def _run(self) -> None:
        """Write until cancelled, or until the transport fails."""
        outbox, stream = self._protocol.outbox, self._stream
        assert stream is not None  # start() was called
        try:
            while True:
                while outbox.fill():
                    if self._socket is not None:
                        await self._write_when_possible(self._socket)
                        continue
                    self.is_sending = True
                    self._hand_over()
                    await stream.send_all(outbox.head)
                    self._sent(len(outbox.head))
                    self.is_sending = False
                self._wakes = trio.Event()
                await self._wakes.wait()
        except Exception as exc:  # as in flush(); and a stream may raise anything
            self.stop()
            self._on_failed(exc)

    async def _write_when_possible(self, socket: trio.socket.SocketType) -> None:
        """Write to a plain socket.

        What it takes is counted before any other task runs.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        error = self._write_at_once(socket)
        if error is None:
            await trio.lowlevel.checkpoint()
        elif isinstance(error, BlockingIOError):
            await trio.lowlevel.wait_writable(socket)
        else:
            raise error

    def _hand_over(self) -> None:
        if self.keepalive is not None:
            self.keepalive.handed_over(ping_waits=self._protocol.outbox.ping_waits)

    def _sent(self, size: int) -> None:
        if self.keepalive is not None:
            self.keepalive.taken(all_of_it=size == len(self._protocol.outbox.head))
        self.progress += 1
        self._protocol.data_sent(size)
        self._on_sent()
