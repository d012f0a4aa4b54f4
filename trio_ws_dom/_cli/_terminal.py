"""stdin, stdout and stderr, and what suits them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, final

from ._display import Plain, Rows, no_paint, paint
from ._input import FileInput, NoInput
from ._json_lines import JsonLines
from ._output import FileSink

if TYPE_CHECKING:
    from ._arguments import Arguments
    from ._display import Display
    from ._input import Input
    from ._output import Sink

_CLEAR_LINE = "\r\x1b[K"


@final
class Terminal:
    """Where messages come from and go to.

    Attributes:
      stdout, stderr: to be run.
      input: what is to be sent.
      typed: whether a person types it.
      display: what shows the conversation.
      sinks: where that writes.
    """

    def __init__(self, arguments: Arguments) -> None:
        self.stdout, self.stderr = FileSink(sys.stdout), FileSink(sys.stderr)
        at_terminal = sys.stdin is not None and sys.stdin.isatty()
        self.typed = at_terminal and not (arguments.one_shot or arguments.binary)
        self.input: Input = (
            NoInput() if arguments.one_shot else FileInput(sys.stdin, binary=arguments.binary)
        )
        self.sinks: list[Sink] = [self.stdout, self.stderr]
        self.display = self._choose(arguments)

    def _choose(self, arguments: Arguments) -> Display:
        if arguments.json:
            return JsonLines(self.stdout)
        if not self.stdout.is_terminal:
            colours = paint if _has_colours(self.stderr, arguments) else no_paint
            return Plain(
                self.stdout,
                self.stderr,
                colours,
                binary=arguments.binary,
                verbose=arguments.verbose,
            )
        colours = paint if _has_colours(self.stdout, arguments) else no_paint
        if not self.typed:
            return Rows(self.stdout, colours)
        if not arguments.plain and _obeys(self.stdout):
            try:
                from ._prompt import Prompt
            except ImportError:
                pass  # the extra is not installed
            else:
                prompt = Prompt(self.stdout)
                self.input, self.sinks = prompt, [prompt]
                return Rows(prompt, colours)
        before = _CLEAR_LINE if _obeys(self.stdout) else ""
        return Rows(self.stdout, colours, before, echoes=False)


def _obeys(sink: FileSink) -> bool:
    """Whether it is a terminal that understands ANSI's sequences."""
    env = os.environ
    is_modern = env.get("TERM") != "dumb" and (os.name != "nt" or "WT_SESSION" in env)
    return sink.is_terminal and is_modern


def _has_colours(sink: FileSink, arguments: Arguments) -> bool:
    """See https://no-color.org."""
    return _obeys(sink) and not arguments.plain and not os.environ.get("NO_COLOR")
