"""The reader: from bytes to messages for the owner and frames for the connection, in turns."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias, final

import trio

from .._wire._closing import FAILING, OPEN
from .._wire._errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from .._wire._closing import ClosingMachine
    from .._wire._decoder import Decoder
    from .._wire._frames import Control
    from .._wire._messages import Message
    from ._owner import Owner
    from ._writer import Writer

    Receive: TypeAlias = Callable[[int], Awaitable[bytes | bytearray]]

READ_SIZE: Final = 256 * 1024
"""Bytes read at a time: many small messages for one system call and one turn of the scheduler."""

SLICE: Final = 0.002
"""Seconds of dispatching after which other tasks get a turn."""


def receiver(stream: trio.abc.Stream) -> Receive:
    """How to read from a stream. A plain socket is read without the stream's translation of
    errors, which costs a tenth of the time of a short message."""
    if isinstance(stream, trio.SocketStream):
        return stream.socket.recv
    return stream.receive_some


class Listener(Protocol):
    """Who a reader tells of what is no message."""

    def control_came(self, control: Control) -> None:
        """A control frame."""

    def rule_broken(self, exc: ProtocolError) -> None:
        """By the peer. Nothing that came behind it is looked at."""


@final
class Reader:
    """Reads, and hands over what was read before it reads on: who is slow to take it stops the
    peer.

    Args:
      machine: the connection's; from CLOSING on messages are dropped.
      writer: flushed before this task sleeps or gives way.
      owner: takes the messages.
      listener: is told of all else.

    Attributes:
      decoder: where the bytes go; to be set before :meth:`run`.
    """

    decoder: Decoder

    def __init__(
        self,
        machine: ClosingMachine,
        writer: Writer,
        owner: Owner,
        listener: Listener,
    ) -> None:
        self._machine = machine
        self._writer = writer
        self._owner = owner
        self._listener = listener
        self._wakes: trio.Event | None = None  # the task sleeps on it
        self._turn_ends = 0.0

    async def run(self, receive: Receive) -> None:
        """Until TCP ends, or the connection is failing; raises what ``receive`` raises."""
        while self._machine.state is not FAILING:
            if await self._take():
                if perf_counter() > self._turn_ends:
                    await self._breathe()
                continue
            data = await receive(READ_SIZE)
            self._turn_ends = perf_counter() + SLICE
            if not data:
                break
            self.decoder.feed(bytes(data))

    def resume(self) -> None:
        """The owner may want messages again, or the state has changed: the reader is to look."""
        if self._wakes is not None:
            self._wakes.set()
            self._wakes = None

    async def until_resumed(self) -> None:
        """Sleep until :meth:`resume`."""
        self._writer.flush()
        self._wakes = trio.Event()
        await self._wakes.wait()

    async def _take(self) -> bool:
        """Handle what the decoder has; False if it needs more bytes."""
        try:
            messages, control = self.decoder.take()
        except ProtocolError as exc:
            self._listener.rule_broken(exc)
            self._writer.flush()
            return True
        if messages:
            await self._deliver(messages)
        if control is not None:
            self._writer.held = True
            self._listener.control_came(control)
            self._writer.held = False
            self._writer.flush()
        return not self.decoder.hungry

    async def _deliver(self, messages: Sequence[Message]) -> None:
        """Hand messages over as the owner takes them; from CLOSING on they are dropped
        (https://websockets.spec.whatwg.org/#feedback-from-the-protocol)."""
        index, count = 0, len(messages)
        while index < count and self._machine.state is OPEN:
            if not self._owner._wants_messages:
                await self.until_resumed()
                continue
            self._writer.held = True
            index = self._owner._take_messages(messages, index)
            self._writer.held = False
            if perf_counter() > self._turn_ends:
                await self._breathe()
        self._writer.flush()

    async def _breathe(self) -> None:
        """Give the other tasks a turn, as this one has lasted."""
        self._writer.flush()
        await trio.lowlevel.checkpoint()
        self._turn_ends = perf_counter() + SLICE
