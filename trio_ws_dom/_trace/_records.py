"""What a trace tells of a connection: records for a program to keep, and lines for a person."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from typing import Final, Literal, TypedDict, final

from .._wire._frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT
from .._wire._http._response import escaped

Direction = Literal["sent", "received"]


class Fields(TypedDict):
    """What all records of one moment have in common."""

    connection: int
    url: str
    time: float
    elapsed: float
    direction: Direction


_NAMES: Final = {
    CONTINUATION: "continuation",
    TEXT: "text",
    BINARY: "binary",
    CLOSE: "close",
    PING: "ping",
    PONG: "pong",
}
_SECRET: Final = frozenset(("authorization", "cookie", "proxy-authorization", "set-cookie"))
REDACTED: Final = "[redacted]"

_SHOWN_TEXT: Final = 80
"""Characters of a payload that a line shows."""

_SHOWN_BINARY: Final = 24
"""Bytes of a payload that a line shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRecord:
    """Something that went over the wire. As ``str``, what a person reads of it.

    Attributes:
      connection: which connection, by a number that no other of this process has.
      url: where to, without credentials.
      time: seconds since the epoch.
      elapsed: seconds since the connection was dialled, TLS included.
      direction: "sent" (handed to the transport) or "received".
      size: bytes on the wire; of a wss: connection, within TLS.
    """

    connection: int
    url: str
    time: float
    elapsed: float
    direction: Direction
    size: int

    def _line(self, text: str) -> str:
        return f"{self.elapsed:9.3f} {'>' if self.direction == 'sent' else '<'} {text}"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TraceHead(TraceRecord):
    """The head of the handshake's request, or of a response to it.

    Credentials are in ``headers`` alone; ``str`` and ``repr`` do not show them.

    Attributes:
      start_line: such as "HTTP/1.1 101 Switching Protocols".
      headers: names and values, in order.
    """

    start_line: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)

    def redacted(self) -> tuple[tuple[str, str], ...]:
        """The headers, without the values of those that carry credentials."""
        return tuple(
            (name, REDACTED if name.lower() in _SECRET else value) for name, value in self.headers
        )

    def __str__(self) -> str:
        lines = [self._line(escaped(self.start_line))]
        lines += [f"{'':12}{escaped(f'{name}: {value}')}" for name, value in self.redacted()]
        return "\n".join(lines)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TraceFrame(TraceRecord):
    """A frame (RFC 6455 section 5.2).

    Attributes:
      opcode: as on the wire: 0 continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong.
      fin: whether it is its message's last.
      text: whether its message is text.
      compressed: whether its message is compressed (RFC 7692).
      inflated: whether it was inflated for this record. What is broken, and what is behind a
        message larger than ``max_message_size``, is not.
      length: bytes of payload; after inflating, if ``inflated``.
      payload: the payload's start, unmasked and inflated; empty where that could not be.
      complete: False if the connection ended in the middle of it.
    """

    opcode: int
    fin: bool
    text: bool
    compressed: bool
    inflated: bool
    length: int
    payload: bytes
    complete: bool

    @property
    def name(self) -> str:
        """What kind of frame it is, such as "text"."""
        return _NAMES.get(self.opcode, f"opcode {self.opcode}")

    def __str__(self) -> str:
        notes: list[str] = []
        if not self.fin:
            notes.append("to be continued")
        if self.compressed:
            notes.append(f"{self.size} on the wire" if self.inflated else "compressed")
        if not self.complete:
            notes.append("cut off")
        line = f"{self.name:12} {self.length:>8}  {self._preview()}".rstrip()
        return self._line(line + (f"  ({', '.join(notes)})" if notes else ""))

    def _preview(self) -> str:
        if self.opcode == CLOSE and len(self.payload) > 1:
            code = int.from_bytes(self.payload[:2], "big")
            return f"{code} {_start_of_text(self.payload[2:], self.length - 2)}"
        if self.text:
            return _start_of_text(self.payload, self.length)
        return _start_of_binary(self.payload, self.length)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TraceData(TraceRecord):
    """Bytes that are neither a head nor frames: the body of a refusal, or junk.

    Attributes:
      payload: the first of them.
    """

    payload: bytes

    def __str__(self) -> str:
        start = _start_of_text(self.payload, self.size)
        return self._line(f"{'data':12} {self.size:>8}  {start}".rstrip())


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEnd(TraceRecord):
    """The end of a direction. "sent": we ended TCP; "received": the server did, or it was lost.

    Attributes:
      error: what the transport said, if it was lost, else "".
    """

    error: str = ""

    def __str__(self) -> str:
        return self._line(f"end          {escaped(self.error)}".rstrip())


def _start_of_text(payload: bytes, length: int) -> str:
    # a character that the payload's limit cut is not shown
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(payload)
    more = length > len(payload) or len(text) > _SHOWN_TEXT
    return escaped(text[:_SHOWN_TEXT]) + ("..." if more else "")


def _start_of_binary(payload: bytes, length: int) -> str:
    shown = payload[:_SHOWN_BINARY]
    return shown.hex(" ") + (" ..." if length > len(shown) else "")
