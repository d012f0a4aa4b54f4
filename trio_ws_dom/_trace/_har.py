"""Traces as HAR 1.2 files, with messages in the form of Chromium's network panel.

HAR: http://www.softwareishard.com/blog/har-12-spec/ ; Chromium's own keys begin with ``_``.
"""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final
from urllib.parse import parse_qsl, urlsplit

from .._version import __compiled__, __version__
from .._wire._frames import BINARY, CONTINUATION, TEXT
from ._records import TraceData, TraceEnd, TraceFrame, TraceHead

if TYPE_CHECKING:
    from os import PathLike

    from ._records import TraceRecord

DEFAULT_PAYLOAD_LIMIT: Final = 16 * 1024 * 1024

_START_OF_RESPONSE: Final = re.compile(r"(HTTP/\S+) (\d{3}) ?(.*)")
_UNKNOWN: Final = -1  # as HAR spells it


@final
class HarRecorder:
    """A trace that is saved as a HAR file.

    ``open_websocket(url, trace=recorder)``.

    It takes any number of connections, one after the other or at once, and keeps all of their
    messages in memory.

    Args:
      secrets: whether to keep the query, the subprotocols, cookies, credentials and the values of
        the program's own headers, which are "[redacted]" otherwise. The URL's user and password
        are kept in the Authorization header only.
      payload_limit: bytes of a frame's payload to keep; the rest is cut off.
    """

    def __init__(
        self, *, secrets: bool = False, payload_limit: int = DEFAULT_PAYLOAD_LIMIT
    ) -> None:
        self.secrets = secrets
        self.payload_limit = payload_limit
        self._entries: dict[int, _Entry] = {}

    def __call__(self, record: TraceRecord) -> None:
        """Take a record.

        The socket calls this.
        """
        entry = self._entries.get(record.connection)
        if entry is None:
            entry = self._entries[record.connection] = _Entry(record)
        entry.add(record)

    def to_dict(self) -> dict[str, Any]:
        """Return the HAR so far, as what ``json.dumps()`` takes."""
        return {
            "log": {
                "version": "1.2",
                "creator": {
                    "name": "trio_ws_dom",
                    "version": __version__,
                    "comment": "compiled" if __compiled__ else "pure Python",
                },
                "pages": [],
                "entries": [entry.to_dict() for entry in self._entries.values()],
            }
        }

    def save(self, path: str | PathLike[str]) -> None:
        """Write the HAR so far to a file, which only its owner may read.

        A file that exists is replaced, once the new one is complete. What is no file, such as a
        pipe, is written to.

        Raises:
          OSError: the file cannot be written; one that existed is as it was.
        """
        import json  # slow to import, as other modules are that few need

        text = json.dumps(self.to_dict(), indent=2) + "\n"
        path = Path(path)
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
        else:
            _replace(path.resolve(), text)


@final
class _Entry:
    """One connection."""

    def __init__(self, first: TraceRecord) -> None:
        self._first = first
        self._last = first
        self._request: TraceHead | None = None
        self._response: TraceHead | None = None
        self._body: TraceData | None = None
        self._messages: list[dict[str, Any]] = []
        self._parts: dict[str, list[TraceFrame]] = {"sent": [], "received": []}
        self._error = ""

    def add(self, record: TraceRecord) -> None:
        self._last = record
        if isinstance(record, TraceFrame):
            self._add_frame(record)
        elif isinstance(record, TraceHead):
            if record.direction == "sent":
                self._request = record
            else:
                self._response = record
        elif isinstance(record, TraceData):
            self._body = record
        elif isinstance(record, TraceEnd) and record.error:
            self._error = record.error

    def _add_frame(self, frame: TraceFrame) -> None:
        """Add to the messages, which are whole as in the panel. A Ping between two fragments
        comes before their message."""
        frames = [frame]
        if frame.opcode in (TEXT, BINARY, CONTINUATION):
            parts = self._parts[frame.direction]
            parts.append(frame)
            if not frame.fin and frame.complete:
                return
            frames, self._parts[frame.direction] = parts, []
        payload = b"".join(part.payload for part in frames)
        is_text = frames[0].opcode == TEXT
        self._messages.append(
            {
                "type": "send" if frame.direction == "sent" else "receive",
                "time": frame.time,
                "opcode": frames[0].opcode,
                "data": payload.decode(errors="replace")
                if is_text
                else base64.b64encode(payload).decode(),
            }
        )

    def to_dict(self) -> dict[str, Any]:
        from datetime import UTC, datetime

        first = self._first
        started = datetime.fromtimestamp(first.time, UTC)
        answered = first if self._response is None else self._response
        wait = _milliseconds(first, answered)
        receive = _milliseconds(answered, self._last)
        return {
            "_connectionId": str(first.connection),
            "_initiator": {"type": "other"},
            "_priority": "High",
            "_resourceType": "websocket",
            "_webSocketMessages": list(self._messages),
            "cache": {},
            "connection": str(first.connection),
            "request": self._request_dict(),
            "response": self._response_dict(),
            "startedDateTime": started.isoformat(timespec="milliseconds"),
            "time": wait + receive,
            "timings": {
                "blocked": _UNKNOWN,
                "dns": _UNKNOWN,
                "ssl": _UNKNOWN,
                "connect": _UNKNOWN,
                "send": 0,
                "wait": wait,
                "receive": receive,
            },
        }

    def _request_dict(self) -> dict[str, Any]:
        head = self._request
        method, _, rest = ("GET" if head is None else head.start_line).partition(" ")
        return {
            "method": method,
            "url": self._first.url,
            "httpVersion": rest.rpartition(" ")[2],
            "cookies": [],
            "headers": _headers(head),
            "queryString": [
                {"name": name, "value": value}
                for name, value in parse_qsl(urlsplit(self._first.url).query, True)
            ],
            "headersSize": _UNKNOWN if head is None else head.size,
            "bodySize": 0,
        }

    def _response_dict(self) -> dict[str, Any]:
        head = self._response
        match = None if head is None else _START_OF_RESPONSE.match(head.start_line)
        version, status, text = ("", "0", "") if match is None else match.groups()
        headers = _headers(head)
        body = b"" if self._body is None else self._body.payload
        location = [h["value"] for h in headers if h["name"].lower() == "location"]
        types = [h["value"] for h in headers if h["name"].lower() == "content-type"]
        return {
            "status": int(status),
            "statusText": text,
            "httpVersion": version,
            "cookies": [],
            "headers": headers,
            "content": {
                "size": 0 if self._body is None else self._body.size,
                "mimeType": types[0] if types else "x-unknown",
                "text": body.decode(errors="replace"),
            },
            "redirectURL": location[0] if location else "",
            "headersSize": _UNKNOWN if head is None else head.size,
            "bodySize": 0 if self._body is None else self._body.size,
            "_transferSize": 0 if head is None else head.size,
            "_error": self._error or None,
        }


def _headers(head: TraceHead | None) -> list[dict[str, str]]:
    fields = () if head is None else head.headers
    return [{"name": name, "value": value} for name, value in fields]


def _milliseconds(start: TraceRecord, end: TraceRecord) -> float:
    return round(1000 * (end.elapsed - start.elapsed), 3)


def _replace(path: Path, text: str) -> None:
    """Write a file beside the old one, readable by its owner only, then put it in its place."""
    from tempfile import mkstemp  # slow to import

    descriptor, new = mkstemp(prefix=f".{path.name}.", dir=path.parent)  # its mode is 0600
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(new, path)
    except BaseException:
        os.unlink(new)
        raise
