"""A client's protocol without a network, from a server's frames to the client's frames."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

from trio_ws_dom._wire._closing import State
from trio_ws_dom._wire._deflate import DeflateParameters
from trio_ws_dom._wire._errors import ProtocolError
from trio_ws_dom._wire._protocol import Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trio_ws_dom._wire._frames import Control
    from trio_ws_dom._wire._messages import Message

MASK = bytes.fromhex("37fa213d")  # RFC 6455 section 5.7
AGREED = DeflateParameters()


class Sent(NamedTuple):
    """A frame that the client sent, unmasked."""

    opcode: int
    payload: bytes
    fin: bool = True
    rsv: int = 0


class Client:
    """A protocol after the opening handshake."""

    def __init__(
        self, deflate: DeflateParameters | None = None, *, limit: int | None = None
    ) -> None:
        self.protocol = Protocol(lambda: itertools.repeat(MASK))
        self.protocol.establish(deflate, max_message_size=limit)
        self.wire = b""  # all that was sent

    def receive(self, *frames: bytes) -> list[Message | Control]:
        """Take these bytes of the server's, and return what the program receives."""
        self.protocol.receive_data(b"".join(frames))
        items: list[Message | Control] = []
        while not self.protocol.hungry:
            received = self.protocol.next_received()
            items += received if isinstance(received, list) else [received]
        return items

    def sent(self) -> list[Sent]:
        """Write what is queued, and return it."""
        wire = self._write()
        self.wire += wire
        return list(frames_of(wire))

    def _write(self) -> bytes:
        wire, outbox = b"", self.protocol.outbox
        while outbox.fill():
            wire += outbox.head
            self.protocol.data_sent(len(outbox.head))
        return wire

    @property
    def state(self) -> State:
        return self.protocol.machine.state

    @property
    def failure(self) -> int | None:
        """Return the close code for the rule that the server broke."""
        cause = self.protocol.machine.cause
        return cause.code if isinstance(cause, ProtocolError) else None


def frames_of(wire: bytes) -> Iterator[Sent]:
    """Take masked frames apart."""
    while wire:
        first, size = wire[0], wire[1] & 0x7F
        assert wire[1] & 0x80, "a client's frame is masked"
        start = 2 + {126: 2, 127: 8}.get(size, 0)
        if start > 2:
            size = int.from_bytes(wire[2:start], "big")
        mask, masked = wire[start : start + 4], wire[start + 4 : start + 4 + size]
        payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(masked))
        yield Sent(first & 0x0F, payload, bool(first & 0x80), first >> 4 & 7)
        wire = wire[start + 4 + size :]
