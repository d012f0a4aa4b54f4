"""An onlooker at one connection: both directions' bytes in, records of what they are out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, final

from .._wire._deflate import NAME, DeflateParameters, Inflater
from .._wire._http._extensions import parse_extensions
from .._wire._http._response_heads import BLANK_LINE, MAX_RESPONSE_HEAD
from ._frame_parser import Frame, FrameView
from ._records import TraceData, TraceEnd, TraceFrame, TraceHead

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._records import Direction, Fields, TraceRecord

_STATUS: Final = re.compile(r"HTTP/\d\.\d (\d{3})\b")


@final
class Observer:
    """What goes over one connection, from the handshake on.

    Args:
      connection, url: the records'.
      started: seconds since the epoch at which ``elapsed`` is 0.
      payload_limit: bytes of each payload that a record has.
      max_message_size: bytes that a received message may have, after inflating; None: no limit.
    """

    def __init__(
        self,
        *,
        connection: int,
        url: str,
        started: float,
        payload_limit: int,
        max_message_size: int | None,
    ) -> None:
        self._connection = connection
        self._url = url
        self._started = started
        self._limit = payload_limit
        self._max_message_size = max_message_size
        self._sides = {"sent": _Side(payload_limit), "received": _Side(payload_limit)}

    def see(self, direction: Direction, data: bytes, elapsed: float) -> Iterator[TraceRecord]:
        """Take bytes of one direction; gives what they complete."""
        for seen in self._sides[direction].see(data):
            if isinstance(seen, Frame):
                yield self._frame(direction, seen, elapsed)
            else:
                start_line, headers = _parse_head(seen)
                self._what_follows(direction, start_line, headers)
                yield TraceHead(
                    **self._stamp(direction, elapsed),
                    size=len(seen),
                    start_line=start_line,
                    headers=headers,
                )

    def rest(self, direction: Direction, elapsed: float) -> Iterator[TraceRecord]:
        """Nothing more goes this way, or nobody looks; gives what is in the middle."""
        side = self._sides[direction]
        if side.frames is not None:
            for frame in side.frames.cut_off():
                yield self._frame(direction, frame, elapsed)
        elif side.data_size:
            payload = bytes(side.data[: self._limit])
            stamp = self._stamp(direction, elapsed)
            yield TraceData(**stamp, size=side.data_size, payload=payload)

    def end(self, direction: Direction, elapsed: float, error: str = "") -> TraceEnd:
        """The direction was ended."""
        return TraceEnd(**self._stamp(direction, elapsed), size=0, error=error)

    def _stamp(self, direction: Direction, elapsed: float) -> Fields:
        return {
            "connection": self._connection,
            "url": self._url,
            "time": self._started + elapsed,
            "elapsed": elapsed,
            "direction": direction,
        }

    def _frame(self, direction: Direction, frame: Frame, elapsed: float) -> TraceFrame:
        fields: dict[str, Any] = frame._asdict()
        return TraceFrame(**self._stamp(direction, elapsed), **fields)

    def _what_follows(
        self, direction: Direction, start_line: str, headers: tuple[tuple[str, str], ...]
    ) -> None:
        """A head was seen: what stands behind it?"""
        if direction == "sent":
            return  # the response decides
        status = _STATUS.match(start_line)
        if status is None or status[1] >= "2":
            self._sides["received"].is_data = True
        elif status[1] == "101":
            ours, theirs = _inflaters(headers)
            self._sides["sent"].frames = self._view(None, ours)
            self._sides["received"].frames = self._view(self._max_message_size, theirs)

    def _view(self, limit: int | None, inflater: Inflater | None) -> FrameView:
        return FrameView(payload_limit=self._limit, max_message_size=limit, inflater=inflater)


@final
class _Side:
    """One direction: heads, then frames or data.

    Attributes:
      frames: what comes is frames.
      is_data: what comes is neither.
      data: the start of what is neither, or of a head that is not complete.
      data_size: bytes of it in all.
    """

    def __init__(self, limit: int) -> None:
        self.frames: FrameView | None = None
        self.is_data = False
        self.data = bytearray()
        self.data_size = 0
        self._limit = limit

    def see(self, data: bytes) -> Iterator[bytes | Frame]:
        """Take some bytes; gives heads and frames. The caller sets, for each head, what follows."""
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
            yield from self.frames.see(data)
        elif self.is_data:
            self.data_size += len(data)
            self.data += data
            del self.data[self._limit :]


def _parse_head(head: bytes) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The start line, and the headers as they stand there, also malformed ones."""
    start_line, *lines = head.decode("latin-1").rstrip("\r\n").split("\n")
    headers: list[tuple[str, str]] = []
    for line in lines:
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    return start_line.rstrip("\r"), tuple(headers)


def _inflaters(headers: tuple[tuple[str, str], ...]) -> tuple[Inflater | None, Inflater | None]:
    """For both directions, what was sent first, if permessage-deflate was agreed on."""
    lines = [value for name, value in headers if name.lower() == "sec-websocket-extensions"]
    try:
        extensions = dict(parse_extensions(lines)) if lines else {}
        agreed = DeflateParameters.from_response(extensions[NAME])
    except (KeyError, ValueError):  # not agreed on, or not so that it could be used
        return None, None
    # an inflater knows of the server's direction only
    swapped = DeflateParameters(server_no_context_takeover=agreed.client_no_context_takeover)
    return Inflater(swapped), Inflater(agreed)
