"""Three codecs with one interface, ours, websockets' and wsproto's."""

from __future__ import annotations

import codecs
import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from websockets.extensions.permessage_deflate import PerMessageDeflate as TheirDeflate
from websockets.frames import Close as TheirClose
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side
from wsproto.extensions import PerMessageDeflate as WsprotoDeflate
from wsproto.frame_protocol import FrameProtocol, ParseFailed
from wsproto.frame_protocol import Opcode as WsprotoOpcode

from trio_ws_dom._wire._decoder import Decoder
from trio_ws_dom._wire._deflate import Inflater
from trio_ws_dom._wire._errors import ProtocolError
from trio_ws_dom._wire._frames import Close, Ping, Pong

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trio_ws_dom._wire._frames import Control
    from trio_ws_dom._wire._messages import Message


class Answer(NamedTuple):
    """A codec's result for a stream."""

    items: list[Message | Control]
    code: int | None = None  # of the failure after them
    message: str = ""


def ours(chunks: Iterable[bytes], inflater: Inflater | None = None) -> Answer:
    """Run our decoder, which must end and may raise only ProtocolError."""
    decoder = Decoder(inflater=inflater)
    items: list[Message | Control] = []
    try:
        for chunk in chunks:
            decoder.feed(chunk)
            for _ in range(len(chunk) + 2):
                messages, control = decoder.take()
                items += messages
                items += [] if control is None else [control]
                if decoder.hungry:
                    break
            else:
                raise AssertionError("take() returns items without end")
    except ProtocolError as exc:
        return Answer(items, exc.code, exc.message)
    return Answer(items)


class Assembly:
    """Join frames to messages, for libraries that leave this to their caller."""

    def __init__(self) -> None:
        self.items: list[Message | Control] = []
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._text = False
        self._parts: list[Any] = []  # all str, or all bytes

    def add(self, frame: Frame) -> None:
        data = bytes(frame.data)
        if frame.opcode is Opcode.PING:
            self.items.append(Ping(data))
        elif frame.opcode is Opcode.PONG:
            self.items.append(Pong(data))
        elif frame.opcode is Opcode.CLOSE:
            close = TheirClose.parse(data)
            self.items.append(Close(int(close.code), close.reason))
        else:
            if frame.opcode is not Opcode.CONT:
                self._text = frame.opcode is Opcode.TEXT
            self._parts.append(self._decoder.decode(data, frame.fin) if self._text else data)
            if frame.fin:
                self.items.append(("" if self._text else b"").join(self._parts))
                self._parts = []


def websockets(side: Side, chunks: Iterable[bytes], deflate: TheirDeflate | None = None) -> Answer:
    """Run websockets' sans-I/O protocol on either side."""
    silent = logging.getLogger("silent")
    silent.disabled = True
    protocol = Protocol(side, max_size=None, logger=silent)
    protocol.extensions = [] if deflate is None else [deflate]
    assembly = Assembly()
    for chunk in chunks:
        if protocol.parser_exc is not None:
            break
        protocol.receive_data(chunk)
        try:
            for event in protocol.events_received():
                assert isinstance(event, Frame)  # all events are frames once it is open
                assembly.add(event)
        except UnicodeDecodeError as exc:
            return Answer(assembly.items, 1007, str(exc))
    if protocol.parser_exc is None:
        return Answer(assembly.items)
    assert protocol.close_sent is not None  # a failure sends a Close
    return Answer(assembly.items, int(protocol.close_sent.code), str(protocol.parser_exc))


def wsproto(client: bool, chunks: Iterable[bytes], deflate: WsprotoDeflate | None = None) -> Answer:
    """Run wsproto's frame protocol on either side."""
    protocol = FrameProtocol(client, [] if deflate is None else [deflate])
    items: list[Message | Control] = []
    parts: list[Any] = []
    try:
        for chunk in chunks:
            protocol.receive_bytes(chunk)
            for frame in protocol.received_frames():
                payload: Any = frame.payload  # of a type that depends on the opcode
                if frame.opcode is WsprotoOpcode.PING:
                    items.append(Ping(bytes(payload)))
                elif frame.opcode is WsprotoOpcode.PONG:
                    items.append(Pong(bytes(payload)))
                elif frame.opcode is WsprotoOpcode.CLOSE:
                    items.append(Close(int(payload[0]), payload[1]))
                else:
                    parts.append(payload)
                    if frame.message_finished:
                        items.append(type(payload)().join(parts))
                        parts = []
            if items and isinstance(items[-1], Close):
                break
    except ParseFailed as exc:
        return Answer(items, int(exc.code), str(exc))
    return Answer(items)
