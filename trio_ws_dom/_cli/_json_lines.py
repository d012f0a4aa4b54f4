"""What is shown of a connection, for a machine."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any, final

from .. import TraceData, TraceEnd, TraceFrame, TraceHead
from ._display import Display
from ._text import size_of

if TYPE_CHECKING:
    from .. import CloseEvent, TraceRecord, WebSocket
    from ._output import Sink


@final
class JsonLines(Display):
    """Each event is a line of JSON; docs/command-line.md has the keys."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def opened(self, ws: WebSocket) -> None:
        self._event("open", status=ws.status, protocol=ws.protocol, extensions=ws.extensions)

    def message(self, direction: str, message: str | bytes) -> None:
        self._event(
            "message",
            direction=direction,
            type="text" if isinstance(message, str) else "binary",
            size=size_of(message),
            data=message if isinstance(message, str) else _base64(message),
        )

    def pong(self, seconds: float) -> None:
        self._event("pong", seconds=seconds)

    def told(self, text: str) -> None:
        self._event("info", message=text)

    def error(self, text: str) -> None:
        self._event("error", message=text)

    def closed(self, event: CloseEvent) -> None:
        self._event("close", code=event.code, reason=event.reason, wasClean=event.wasClean)

    def trace(self, record: TraceRecord) -> None:
        name, more = _traced(record)
        self._event(name, record.time, direction=record.direction, size=record.size, **more)

    def log(self, line: str) -> None:
        self._event("log", message=line)

    def _event(self, name: str, at: float | None = None, /, **fields: object) -> None:
        event = {"event": name, "time": time.time() if at is None else at, **fields}
        self._sink.write(json.dumps(event) + "\n")


def _traced(record: TraceRecord) -> tuple[str, dict[str, Any]]:
    """A record's event, and its keys."""
    match record:
        case TraceHead():
            return "head", {"startLine": record.start_line, "headers": record.headers}
        case TraceFrame():
            return "frame", {
                "opcode": record.opcode,
                "name": record.name,
                "fin": record.fin,
                "compressed": record.compressed,
                "length": record.length,
                "payload": _base64(record.payload),
            }
        case TraceData():
            return "data", {"payload": _base64(record.payload)}
        case _:
            assert isinstance(record, TraceEnd)  # there is no other kind
            return "end", {"error": record.error}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
