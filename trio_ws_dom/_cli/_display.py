"""Show what happens on a connection, to a person or in a pipe."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, final

from ._text import escape, hex_dump, message_lines, payload_size, wall_clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from .. import CloseEvent, TraceRecord, WebSocket
    from ._output import Sink

    Paint = Callable[[str, str], str]

_INDENT: Final = " " * 4
"""Of the lines of a message; a hex dump then fits into 80 columns."""
_COLOURS: Final = {"sent": "36", "received": "32", "event": "2", "error": "31"}

_SHOWN_BODY: Final = 300
"""Characters of a refusal's body that are shown."""


class Display(ABC):
    """The events of a connection, in order.

    Args:
      sink: where lines of trace and log are written. While it is full they are dropped, and
        counted.

    Attributes:
      echoes: whether each line of input must be shown as sent.
      shows_secrets: whether the subprotocol is shown, which may be one.
    """

    echoes = True
    shows_secrets = False

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._dropped = 0

    @abstractmethod
    def opened(self, ws: WebSocket) -> None:
        """The socket is OPEN."""

    @abstractmethod
    def sent(self, message: str | bytes) -> None:
        """A message was sent."""

    @abstractmethod
    def received(self, message: str | bytes) -> None:
        """A message was received."""

    @abstractmethod
    def pong(self, seconds: float) -> None:
        """A Ping of the user's was answered after this time."""

    @abstractmethod
    def note(self, text: str) -> None:
        """There is something to know."""

    @abstractmethod
    def error(self, text: str) -> None:
        """Something went wrong."""

    @abstractmethod
    def closed(self, event: CloseEvent) -> None:
        """The socket is CLOSED."""

    def refused(self, body: bytes) -> None:
        """The server refused the handshake with this body."""
        text = body.decode(errors="replace").strip()
        self.error(text[:_SHOWN_BODY] + ("..." if len(text) > _SHOWN_BODY else ""))

    def trace(self, record: TraceRecord) -> None:
        """Something went over the wire."""
        if self._has_room():
            self._show_trace(record)

    def log(self, line: str) -> None:
        """The library's log has a new line."""
        if self._has_room():
            self._show_log(line)

    @abstractmethod
    def _show_trace(self, record: TraceRecord) -> None:
        """Write a record."""

    @abstractmethod
    def _show_log(self, line: str) -> None:
        """Write a line of the log."""

    @abstractmethod
    def _show_dropped(self, count: int) -> None:
        """So many lines of trace and log were dropped."""

    def _subprotocol(self, ws: WebSocket) -> str:
        return ws.protocol if self.shows_secrets or not ws.protocol else "[redacted]"

    def _has_room(self) -> bool:
        if self._sink.is_full:
            self._dropped += 1
            return False
        self._report_dropped()
        return True

    def _report_dropped(self) -> None:
        if self._dropped:
            self._show_dropped(self._dropped)
            self._dropped = 0


def paint(kind: str, text: str) -> str:
    """Return the text in the colour of its kind."""
    return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m"


def no_paint(kind: str, text: str) -> str:
    return text


class Rows(Display):
    """Rows for a person, with the time, a sign for the direction, and what happened.

    Args:
      sink: the terminal.
      paint: adds colours.
      before: written before each row, to clear the line.
      echoes: see :class:`Display`.
    """

    def __init__(self, sink: Sink, paint: Paint, before: str = "", *, echoes: bool = True) -> None:
        super().__init__(sink)
        self.echoes = echoes
        self._paint = paint
        self._before = before

    def opened(self, ws: WebSocket) -> None:
        facts = [f"open, status {ws.status}"]
        if ws.protocol:
            facts.append(f"subprotocol {escape(self._subprotocol(ws))}")
        if ws.extensions:
            facts.append(escape(ws.extensions))
        self._row("event", "*", ", ".join(facts))

    def sent(self, message: str | bytes) -> None:
        self._message("sent", ">", message)

    def received(self, message: str | bytes) -> None:
        self._message("received", "<", message)

    def pong(self, seconds: float) -> None:
        self.note(f"pong after {1000 * seconds:.1f} ms")

    def note(self, text: str) -> None:
        self._row("event", "*", text)

    def error(self, text: str) -> None:
        self._row("error", "!", escape(text))

    def refused(self, body: bytes) -> None:
        first, *more = message_lines(body.decode(errors="replace").strip(), _SHOWN_BODY)
        self._row("error", "!", first, more)

    def closed(self, event: CloseEvent) -> None:
        self._report_dropped()
        clean = "" if event.wasClean else ", not clean"
        reason = f" {escape(event.reason)}" if event.reason else ""
        self._row("event", "*", f"closed, {event.code}{reason}{clean}")

    def _show_trace(self, record: TraceRecord) -> None:
        self._write(self._paint("event", str(record)))

    def _show_log(self, line: str) -> None:
        self._row("event", "*", escape(line))

    def _show_dropped(self, count: int) -> None:
        self._row(
            "error",
            "!",
            f"{count:,} lines of trace and log are missing: they were not read in time",
        )

    def _message(self, kind: str, sign: str, message: str | bytes) -> None:
        if isinstance(message, str):
            head, lines = "text  ", message_lines(message)
        else:
            head, lines = "binary", hex_dump(message)
        head = f"{head} {payload_size(message):>8}"
        if isinstance(message, str) and len(lines) == 1:
            head, lines = f"{head}  {lines[0]}", []
        self._row(kind, sign, head, lines)

    def _row(self, kind: str, sign: str, text: str, more: list[str] | None = None) -> None:
        lines = [f"{wall_clock(time.time())} {sign} {text}".rstrip()]
        lines += [f"{_INDENT}{line}" for line in more or ()]
        self._write("\n".join(self._paint(kind, line) for line in lines))

    def _write(self, text: str) -> None:
        self._sink.write(f"{self._before}{text}\n")


@final
class PipeRows(Rows):
    """Received messages for a pipe at stdout, and rows about everything else for stderr.

    Args:
      messages: stdout.
      rows: stderr.
      binary: whether messages are written as they are, without anything between them.
      verbose: whether a good opening and a good end have rows, too.
    """

    def __init__(
        self, messages: Sink, rows: Sink, paint: Paint, *, binary: bool, verbose: bool
    ) -> None:
        super().__init__(rows, paint, echoes=False)
        self._messages = messages
        self._binary = binary
        self._verbose = verbose

    def opened(self, ws: WebSocket) -> None:
        if self._verbose:
            super().opened(ws)

    def sent(self, message: str | bytes) -> None:
        """Do nothing, as stdout has received messages only."""

    def received(self, message: str | bytes) -> None:
        if self._binary:
            self._messages.write(message)
        else:
            self._messages.write((message if isinstance(message, str) else message.hex()) + "\n")

    def closed(self, event: CloseEvent) -> None:
        self._report_dropped()
        if self._verbose or not is_good(event):
            super().closed(event)


def is_good(event: CloseEvent) -> bool:
    """Return whether the end is that of a connection which has done its work."""
    return event.wasClean and event.code in (1000, 1001, 1005)
