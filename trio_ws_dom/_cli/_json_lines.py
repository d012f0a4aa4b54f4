"""Write what happens on a connection as lines of JSON, for programs."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any, final

from .. import TraceData, TraceEnd, TraceFrame, TraceHead
from ._display import Display
from ._text import payload_size

if TYPE_CHECKING:
    from .. import CloseEvent, TraceRecord, WebSocket


@final
class JsonLines(Display):
    """Events as lines of JSON, whose keys docs/command-line.md lists."""

    def opened(self, ws: WebSocket) -> None:
        protocol = self._subprotocol(ws)
        self._event("open", status=ws.status, protocol=protocol, extensions=ws.extensions)

    def sent(self, message: str | bytes) -> None:
        self._message("sent", message)

    def received(self, message: str | bytes) -> None:
        self._message("received", message)

    def pong(self, seconds: float) -> None:
        self._event("pong", seconds=seconds)

    def note(self, text: str) -> None:
        self._event("info", message=text)

    def error(self, text: str) -> None:
        self._event("error", message=text)

    def closed(self, event: CloseEvent) -> None:
        self._report_dropped()
        self._event("close", code=event.code, reason=event.reason, wasClean=event.wasClean)

    def _show_trace(self, record: TraceRecord) -> None:
        name, more = _trace_fields(record)
        self._event(name, record.time, direction=record.direction, size=record.size, **more)

    def _show_log(self, line: str) -> None:
        self._event("log", message=line)

    def _show_dropped(self, count: int) -> None:
        self._event("dropped", lines=count)

    def _message(self, direction: str, message: str | bytes) -> None:
        is_text = isinstance(message, str)
        self._event(
            "message",
            direction=direction,
            type="text" if is_text else "binary",
            size=payload_size(message),
            data=message if isinstance(message, str) else _base64(message),
        )

    def _event(self, name: str, at: float | None = None, /, **fields: object) -> None:
        event = {"event": name, "time": time.time() if at is None else at, **fields}
        self._sink.write(json.dumps(event) + "\n")


def _trace_fields(record: TraceRecord) -> tuple[str, dict[str, Any]]:
    """Return the name of a record's event, and its keys."""
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
