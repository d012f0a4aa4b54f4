"""Choose input, output and display by what stdin, stdout and stderr are."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, final

from ._display import PipeRows, Rows, no_paint, paint
from ._input import FileInput, NoInput
from ._json_lines import JsonLines
from ._output import FileSink

if TYPE_CHECKING:
    from ._arguments import Arguments
    from ._display import Display, Paint
    from ._input import Input
    from ._output import Sink

_CLEAR_LINE = "\r\x1b[K"


@final
class Terminal:
    """Where messages come from and go to.

    Attributes:
      stdin: all of it, for an argument that wants it whole.
      stdout, stderr: their ``run()`` must run as long as anything is written.
      input: the messages to send.
      typed: whether a person types them.
      display: shows the conversation.
    """

    def __init__(self, arguments: Arguments) -> None:
        self.stdin = FileInput(sys.stdin, binary=arguments.binary)
        self.stdout, self.stderr = FileSink(sys.stdout), FileSink(sys.stderr)
        at_terminal = sys.stdin is not None and sys.stdin.isatty()
        self.typed = at_terminal and not (arguments.one_shot or arguments.binary)
        self.input: Input = NoInput() if arguments.one_shot else self.stdin
        self._sinks: list[Sink] = [self.stdout, self.stderr]
        self.display = self._choose_display(arguments)
        self.display.shows_secrets = arguments.show_secrets

    async def drain(self) -> None:
        """Wait until little is queued to be written.

        Raises:
          OSError: nothing can be written any more.
        """
        for sink in self._sinks:
            await sink.drain()

    def _choose_display(self, arguments: Arguments) -> Display:
        if arguments.json:
            return JsonLines(self.stdout)
        if not self.stdout.is_terminal:
            return PipeRows(
                self.stdout,
                self.stderr,
                choose_paint(self.stderr, plain=arguments.plain),
                binary=arguments.binary,
                verbose=arguments.verbose,
            )
        colours = choose_paint(self.stdout, plain=arguments.plain)
        if not self.typed:
            return Rows(self.stdout, colours)
        if not arguments.plain and _knows_sequences(self.stdout):
            try:
                from ._prompt import Prompt
            except ImportError:
                pass  # the extra is not installed
            else:
                prompt = Prompt(self.stdout)
                self.input, self._sinks = prompt, [prompt]
                return Rows(prompt, colours)
        before = _CLEAR_LINE if _knows_sequences(self.stdout) else ""
        return Rows(self.stdout, colours, before, echoes=False)


def choose_paint(sink: FileSink, *, plain: bool = False) -> Paint:
    """Return ``paint``, or ``no_paint`` where colours are not wanted (https://no-color.org)."""
    has_colours = _knows_sequences(sink) and not plain and not os.environ.get("NO_COLOR")
    return paint if has_colours else no_paint


def _knows_sequences(sink: FileSink) -> bool:
    """Return whether it is a terminal that understands ANSI's escape sequences."""
    env = os.environ
    is_modern = env.get("TERM") != "dumb" and (os.name != "nt" or "WT_SESSION" in env)
    return sink.is_terminal and is_modern
