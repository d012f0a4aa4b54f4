"""The records of a trace, for a program to keep, and as lines for a person to read."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, TypedDict, final

from .._wire._frames import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT
from .._wire._text import escape, without_query
from ._redaction import redact_request, redact_request_line, redact_response

TraceDirection: TypeAlias = Literal["sent", "received"]
"""Whether this end or the peer wrote what a record shows."""


class Stamp(TypedDict):
    """What all records of one moment have in common."""

    connection: int
    url: str
    time: float
    elapsed: float
    direction: TraceDirection


_NAMES: Final = {
    CONTINUATION: "continuation",
    TEXT: "text",
    BINARY: "binary",
    CLOSE: "close",
    PING: "ping",
    PONG: "pong",
}

_SHOWN_TEXT: Final = 80
"""Characters of a payload that a line shows."""

_SHOWN_BINARY: Final = 24
"""Bytes of a payload that a line shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceRecord:
    """Something that went over the wire. Its ``str`` is a line for a person to read.

    Attributes:
      connection: the number of the connection, unique in this process.
      url: the URL without credentials, and without its query unless the trace asks for secrets.
      time: seconds since the epoch.
      elapsed: seconds since the connection was dialled, TLS included.
      direction: "sent" (handed to the transport) or "received".
      size: bytes on the wire; of a wss: connection, within TLS.
    """

    connection: int
    url: str
    time: float
    elapsed: float
    direction: TraceDirection
    size: int

    def _line(self, text: str) -> str:
        return f"{self.elapsed:9.3f} {'>' if self.direction == 'sent' else '<'} {text}"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TraceHead(TraceRecord):
    """The head of the handshake's request, or of a response to it.

    Where a secret would be, it has "[redacted]", unless the trace has an attribute ``secrets`` that
    is True: in the query, the subprotocols, cookies, credentials, and in every header of the
    program's own but ``Origin`` and its like.

    Attributes:
      start_line: such as "HTTP/1.1 101 Switching Protocols".
      headers: names and values, in order.
    """

    start_line: str
    headers: tuple[tuple[str, str], ...]

    def redacted(self) -> TraceHead:
        """Return the same record without secrets."""
        if self.direction == "sent":
            line, headers = redact_request_line(self.start_line), redact_request(self.headers)
        else:
            line, headers = self.start_line, redact_response(self.headers)
        return replace(self, url=without_query(self.url), start_line=line, headers=headers)

    def __str__(self) -> str:
        lines = [self._line(escape(self.start_line))]
        lines += [f"{'':12}{escape(f'{name}: {value}')}" for name, value in self.headers]
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
      inflated: whether it was inflated for this record. Broken data is not, nor is anything after
        a message larger than ``max_message_size``.
      length: bytes of payload; after inflating, if ``inflated``.
      payload: the payload's start, unmasked and inflated; empty where that was not possible.
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
        """The kind of frame, such as "text"."""
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
    """Bytes that are neither a head nor frames.

    The body of a refusal, or another protocol's.

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
    """The end of a direction. "sent".

    We ended TCP; "received": the server did, or it was lost.

    Attributes:
      error: the transport's error, if the connection was lost, else "".
    """

    error: str = ""

    def __str__(self) -> str:
        return self._line(f"end          {escape(self.error)}".rstrip())


def _start_of_text(payload: bytes, length: int) -> str:
    # a character that the limit of the payload cuts in two is not shown
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(payload)
    more = length > len(payload) or len(text) > _SHOWN_TEXT
    return escape(text[:_SHOWN_TEXT]) + ("..." if more else "")


def _start_of_binary(payload: bytes, length: int) -> str:
    shown = payload[:_SHOWN_BINARY]
    return shown.hex(" ") + (" ..." if length > len(shown) else "")
