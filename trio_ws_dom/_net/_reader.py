"""The reader, which takes bytes from the network to the handler, in turns.

What was read is handled before more is read, so a handler that is slow to take messages stops the
peer. A turn ends after about two milliseconds, whatever the peer sends: then the answers of this
turn are written, all at once, and other tasks run.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, Final, TypeAlias, final

import trio

from .._wire._closing import FAILING, OPEN
from .._wire._frames import Pong
from .._wire._memory import keep_memory

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from .._wire._messages import Message
    from .._wire._protocol import Protocol
    from ._handler import ConnectionHandler
    from ._writer import Writer

    Receive: TypeAlias = Callable[[int], Awaitable[bytes | bytearray]]

READ_SIZE: Final = 512 * 1024
"""Bytes read at a time: many small messages for one system call and one turn of the scheduler."""

TURN_SECONDS: Final = 0.002
"""Seconds of work after which other tasks get a turn."""

STALL_SECONDS: Final = 5.0
"""Seconds, by trio's clock, for which the reading was stopped when the handler is notified."""


def receiver(stream: trio.abc.Stream) -> Receive:
    """Return the function that reads from a stream."""
    if isinstance(stream, trio.SocketStream) and sys.platform != "win32":
        return partial(_read, stream.socket)
    return stream.receive_some


async def _read(socket: trio.socket.SocketType, size: int) -> bytes:
    """Read from a plain socket, once there is something to read.

    trio's own ``recv()`` tries first and waits then. Here there is seldom anything at first, as the
    last read took all there was, and a vain attempt costs a twentieth of
    an echo.
    """
    while True:
        await trio.lowlevel.wait_readable(socket)
        try:
            return os.read(socket.fileno(), size)
        except BlockingIOError:  # somebody else read it
            pass


async def wait_for_room(
    wait_resumed: Callable[[], Awaitable[object]], handler: ConnectionHandler, has_stalled: bool
) -> bool:
    """Wait until the reading may go on, or has stopped for so long that the handler is notified.

    Args:
      wait_resumed: sleeps until the reading may go on.
      has_stalled: what this returned before; if it is true, the handler was notified.

    Returns:
      Whether the reading is still stopped.
    """
    with trio.move_on_after(inf if has_stalled else STALL_SECONDS):
        await wait_resumed()
        return False
    handler.reading_stopped(STALL_SECONDS)
    return True


@final
class Reader:
    """Reads frames, and delivers messages to the handler.

    Args:
      protocol: the connection's.
      writer: flushed before this task sleeps or lets others run.
      handler: takes the messages; from CLOSING on they are dropped.
      on_pong: called with the payload of each Pong.
    """

    __slots__ = (
        "_handler",
        "_has_stalled",
        "_on_pong",
        "_protocol",
        "_turn_ends",
        "_wakes",
        "_writer",
    )

    def __init__(
        self,
        protocol: Protocol,
        writer: Writer,
        handler: ConnectionHandler,
        on_pong: Callable[[bytes], object],
    ) -> None:
        self._protocol = protocol
        self._writer = writer
        self._handler = handler
        self._on_pong = on_pong
        self._wakes: trio.Event | None = None  # the task sleeps on it
        self._turn_ends = 0.0  # by perf_counter()
        self._has_stalled = False  # the handler was notified that the reading has stopped

    async def run(self, receive: Receive) -> bool:
        """Read until the transport ends, a Close was received, or the connection failed.

        Raises whatever ``receive`` raises.

        Returns:
          Whether the transport ended.
        """
        protocol, machine = self._protocol, self._protocol.machine
        keep_memory(READ_SIZE)
        while machine.state is not FAILING and machine.received is None:
            if not protocol.hungry:
                await self._handle_next()
                if perf_counter() > self._turn_ends:
                    await self._let_others_run()
                continue
            self._writer.flush()
            data = await receive(READ_SIZE)
            self._turn_ends = perf_counter() + TURN_SECONDS
            if not data:
                return True
            protocol.receive_data(bytes(data))
            del data  # up to 512 KiB, which an idle socket would keep
        self._writer.flush()
        return False

    def resume(self) -> None:
        """Wake the reader.

        The handler may accept messages again, or the state has changed.
        """
        if self._wakes is not None:
            self._wakes.set()
            self._wakes = None

    async def wait_resumed(self) -> None:
        """Sleep until :meth:`resume` is called."""
        self._writer.flush()
        self._wakes = trio.Event()
        await self._wakes.wait()

    async def _handle_next(self) -> None:
        received = self._protocol.next_received()
        if isinstance(received, list):
            if received:
                await self._deliver(received)
        elif isinstance(received, Pong):
            self._on_pong(received.payload)

    async def _deliver(self, messages: Sequence[Message]) -> None:
        """Deliver messages as the handler accepts them.

        From CLOSING on they are dropped
        (https://websockets.spec.whatwg.org/#feedback-from-the-protocol).
        """
        handler, writer, machine = self._handler, self._writer, self._protocol.machine
        if writer.is_sending:
            # What the peer answers to was taken by the transport: let the writer's task count it
            # before anything that depends on it is dispatched.
            await trio.lowlevel.cancel_shielded_checkpoint()
        index, count = 0, len(messages)
        while index < count and machine.state is OPEN:
            if not handler.accepts_messages:
                self._has_stalled = await wait_for_room(
                    self.wait_resumed, handler, self._has_stalled
                )
                continue
            writer.held = True
            try:
                index = handler.take_messages(messages, index)
            finally:
                writer.held = False
            if handler.must_pause:
                writer.flush()
                await handler.pause()
            if perf_counter() > self._turn_ends:
                await self._let_others_run()

    async def _let_others_run(self) -> None:
        self._writer.flush()
        await trio.lowlevel.checkpoint()
        self._turn_ends = perf_counter() + TURN_SECONDS
