"""What is shown of a connection: for a person, for a pipe, or for a machine."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, final

from ._text import clock, dump, lines_of, one_line, size_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .. import CloseEvent, TraceRecord, WebSocket
    from ._output import Sink

    Paint = Callable[[str, str], str]

_INDENT: Final = " " * 15
_COLOURS: Final = {"sent": "36", "received": "32", "event": "2", "error": "31"}


class Display(ABC):
    """What is told of a connection, in order.

    Attributes:
      echoes: whether a line that was typed is to be shown as sent.
    """

    echoes = True

    @abstractmethod
    def opened(self, ws: WebSocket) -> None:
        """The socket is OPEN."""

    @abstractmethod
    def message(self, direction: str, message: str | bytes) -> None:
        """One was "sent" or "received"."""

    @abstractmethod
    def pong(self, seconds: float) -> None:
        """A ping of the user's was answered."""

    @abstractmethod
    def told(self, text: str) -> None:
        """Something for a person to know."""

    @abstractmethod
    def error(self, text: str) -> None:
        """Something went wrong."""

    @abstractmethod
    def closed(self, event: CloseEvent) -> None:
        """The socket is CLOSED."""

    @abstractmethod
    def trace(self, record: TraceRecord) -> None:
        """Something went over the wire."""

    @abstractmethod
    def log(self, line: str) -> None:
        """A line of the log."""


def paint(kind: str, text: str) -> str:
    """The text in the colour of its kind."""
    return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m"


def no_paint(kind: str, text: str) -> str:
    return text


class Rows(Display):
    """For a person: time, direction, type, size, and what it is.

    Args:
      sink: the terminal.
      paint: colours.
      before: written before each row, to clear the line.
      echoes: see :class:`Display`.
    """

    def __init__(self, sink: Sink, paint: Paint, before: str = "", *, echoes: bool = True) -> None:
        self.echoes = echoes
        self._sink = sink
        self._paint = paint
        self._before = before

    def opened(self, ws: WebSocket) -> None:
        facts = [f"open, status {ws.status}"]
        if ws.protocol:
            facts.append(f"protocol {one_line(ws.protocol)}")
        if ws.extensions:
            facts.append(one_line(ws.extensions))
        self._row("event", "*", ", ".join(facts))

    def message(self, direction: str, message: str | bytes) -> None:
        text = isinstance(message, str)
        head = f"{'text' if text else 'binary':6} {size_of(message):>8}"
        lines = lines_of(message) if isinstance(message, str) else dump(message)
        if text and len(lines) == 1:
            head, lines = f"{head}  {lines[0]}", []
        self._row(direction, ">" if direction == "sent" else "<", head, lines)

    def pong(self, seconds: float) -> None:
        self.told(f"pong after {1000 * seconds:.1f} ms")

    def told(self, text: str) -> None:
        self._row("event", "*", text)

    def error(self, text: str) -> None:
        self._row("error", "!", one_line(text))

    def closed(self, event: CloseEvent) -> None:
        clean = "" if event.wasClean else ", not clean"
        reason = f" {one_line(event.reason)}" if event.reason else ""
        self._row("event", "*", f"closed, {event.code}{reason}{clean}")

    def trace(self, record: TraceRecord) -> None:
        self._write(self._paint("event", str(record)))

    def log(self, line: str) -> None:
        self._row("event", "*", one_line(line))

    def _row(self, kind: str, sign: str, text: str, more: list[str] | None = None) -> None:
        lines = [f"{clock(time.time())} {sign} {text}".rstrip()]
        lines += [f"{_INDENT}{line}" for line in more or ()]
        self._write("\n".join(self._paint(kind, line) for line in lines))

    def _write(self, text: str) -> None:
        self._sink.write(f"{self._before}{text}\n")


@final
class Plain(Rows):
    """For a pipe: the messages alone; what else is to be told goes to stderr.

    Args:
      messages: stdout.
      rows: stderr.
      binary: messages are written as they are, one behind the other.
      verbose: whether to tell of a good opening and a good end, too.
    """

    def __init__(
        self, messages: Sink, rows: Sink, paint: Paint, *, binary: bool, verbose: bool
    ) -> None:
        super().__init__(rows, paint)
        self._messages = messages
        self._binary = binary
        self._verbose = verbose

    def opened(self, ws: WebSocket) -> None:
        if self._verbose:
            super().opened(ws)

    def message(self, direction: str, message: str | bytes) -> None:
        if direction == "sent":
            return
        if self._binary:
            self._messages.write(message)
        else:
            self._messages.write((message if isinstance(message, str) else message.hex()) + "\n")

    def closed(self, event: CloseEvent) -> None:
        if self._verbose or not is_good(event):
            super().closed(event)


def is_good(event: CloseEvent) -> bool:
    """Whether a connection ended as one does that is no longer needed."""
    return event.wasClean and event.code in (1000, 1001, 1005)
