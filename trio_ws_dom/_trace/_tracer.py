"""A tracer of one connection, which parses the bytes of both directions into records."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, final

from .._wire._deflate import NAME, DeflateParameters, Inflater
from .._wire._http._extensions import parse_extensions
from .._wire._http._response_heads import BLANK_LINE, MAX_RESPONSE_HEAD
from ._frame_parser import FrameParser
from ._records import TraceData, TraceEnd, TraceFrame, TraceHead

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._records import Stamp, TraceDirection, TraceRecord

_STATUS: Final = re.compile(r"HTTP/\d\.\d (\d{3})\b")


@final
class WireTracer:
    """The records of one connection, from the handshake on.

    Args:
      connection, url: the records'.
      started: seconds since the epoch at which ``elapsed`` is 0.
      payload_limit: bytes of each payload that a record has.
      max_message_size: bytes that a received message may have, after inflating; None: no limit.
      secrets: whether heads have credentials, cookies, queries and the like.
    """

    def __init__(
        self,
        *,
        connection: int,
        url: str,
        started: float,
        payload_limit: int,
        max_message_size: int | None,
        secrets: bool,
    ) -> None:
        self._connection = connection
        self._url = url
        self._started = started
        self._limit = payload_limit
        self._max_message_size = max_message_size
        self._secrets = secrets
        self._sides = {"sent": _Side(payload_limit), "received": _Side(payload_limit)}

    def feed(self, direction: TraceDirection, data: bytes, elapsed: float) -> Iterator[TraceRecord]:
        """Take bytes of one direction, and yield the records of what they complete."""
        stamp = self._stamp(direction, elapsed)
        for found in self._sides[direction].feed(data, stamp):
            if isinstance(found, TraceFrame):
                yield found
            else:
                start_line, headers = _parse_head(found)
                self._expect(direction, start_line, headers)
                head = TraceHead(**stamp, size=len(found), start_line=start_line, headers=headers)
                yield head if self._secrets else head.redacted()

    def flush(self, direction: TraceDirection, elapsed: float) -> Iterator[TraceRecord]:
        """Yield the record of what is incomplete, if anything is, as nothing more follows."""
        stamp = self._stamp(direction, elapsed)
        side = self._sides[direction]
        if side.frames is not None:
            yield from side.frames.flush_incomplete(stamp)
        elif side.data_size:
            payload = bytes(side.data[: self._limit])
            yield TraceData(**stamp, size=side.data_size, payload=payload)

    def end(self, direction: TraceDirection, elapsed: float, error: str = "") -> TraceEnd:
        """Return the record of a direction's end."""
        return TraceEnd(**self._stamp(direction, elapsed), size=0, error=error)

    def _stamp(self, direction: TraceDirection, elapsed: float) -> Stamp:
        return {
            "connection": self._connection,
            "url": self._url,
            "time": self._started + elapsed,
            "elapsed": elapsed,
            "direction": direction,
        }

    def _expect(
        self, direction: TraceDirection, start_line: str, headers: tuple[tuple[str, str], ...]
    ) -> None:
        """Decide by a head what follows it."""
        if direction == "sent":
            return  # the response decides
        status = _STATUS.match(start_line)
        if status is None or status[1] >= "2":
            self._sides["received"].is_data = True
        elif status[1] == "101":
            ours, theirs = _inflaters(headers)
            self._sides["sent"].frames = self._parser(None, ours)
            self._sides["received"].frames = self._parser(self._max_message_size, theirs)

    def _parser(self, limit: int | None, inflater: Inflater | None) -> FrameParser:
        return FrameParser(payload_limit=self._limit, max_message_size=limit, inflater=inflater)


@final
class _Side:
    """One direction.

    Heads, then frames or data.

    Attributes:
      frames: the parser, if frames follow.
      is_data: neither heads nor frames follow.
      data: the start of what is neither, or of a head that is incomplete.
      data_size: bytes of it in all.
    """

    def __init__(self, limit: int) -> None:
        self.frames: FrameParser | None = None
        self.is_data = False
        self.data = bytearray()
        self.data_size = 0
        self._limit = limit

    def feed(self, data: bytes, stamp: Stamp) -> Iterator[bytes | TraceFrame]:
        """Take some bytes, and yield heads and frames. For each head the caller sets what follows
        before it takes the next item."""
        while data and self.frames is None and not self.is_data:
            searched = max(0, len(self.data) - 2)
            self.data += data
            blank_line = BLANK_LINE.search(self.data, searched)
            if blank_line is None:
                data = b""
                self.data_size = len(self.data)
                self.is_data = self.data_size > MAX_RESPONSE_HEAD  # no head is longer
            else:
                head = bytes(self.data[: blank_line.end()])
                data = bytes(self.data[blank_line.end() :])
                self.data.clear()
                self.data_size = 0
                yield head
        if self.frames is not None:
            yield from self.frames.feed(data, stamp)
        elif self.is_data:
            self.data_size += len(data)
            self.data += data
            del self.data[self._limit :]


def _parse_head(head: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the start line, and the headers as they are written, also malformed ones."""
    start_line, *lines = head.decode("latin-1").rstrip("\r\n").split("\n")
    headers: list[tuple[str, str]] = []
    for line in lines:
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    return start_line.rstrip("\r"), tuple(headers)


def _inflaters(headers: tuple[tuple[str, str], ...]) -> tuple[Inflater | None, Inflater | None]:
    """Return an inflater for what we send and one for what we receive, if deflate is agreed on."""
    lines = [value for name, value in headers if name.lower() == "sec-websocket-extensions"]
    try:
        extensions = dict(parse_extensions(lines)) if lines else {}
        agreed = DeflateParameters.from_response(extensions[NAME])
    except (KeyError, ValueError):  # not agreed on, or not in a usable form
        return None, None
    # an inflater reads the server's direction only, so for ours the parameters are swapped
    swapped = DeflateParameters(server_no_context_takeover=agreed.client_no_context_takeover)
    return Inflater(swapped), Inflater(agreed)
