"""The nice terminal, by prompt_toolkit: a line that is edited while messages come above it."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Final, final

import trio
from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app_session, run_in_terminal

from ._input import End

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._output import Sink

_ENOUGH: Final = 1000
"""Rows that wait for the terminal from which on no more messages are received."""


@final
class Prompt:
    """Input and output at once, as ``Input`` and ``Sink`` have them.

    prompt_toolkit runs on asyncio, so it has a thread, and that has one loop for all lines: what
    is written between two of them must not be lost. Before and after :meth:`run`, what is written
    goes to the terminal as it is.

    Args:
      terminal: stdout.
    """

    def __init__(self, terminal: Sink) -> None:
        self._terminal = terminal
        self._typed, self._lines = trio.open_memory_channel[str | End](math.inf)
        self._written: deque[str] = deque()
        self._printed = trio.Event()
        self._token: trio.lowlevel.TrioToken
        # of the thread; set by it, looked at from outside
        self._loop: asyncio.AbstractEventLoop | None = None
        self._prompting: asyncio.Task[None]
        self._wakes: asyncio.Event
        self._leaving = False

    async def next(self) -> str | bytes | End:
        return await self._lines.receive()

    def write(self, text: str | bytes) -> None:
        assert isinstance(text, str)  # rows are
        if self._loop is None:
            self._terminal.write(text)
        else:
            self._written.append(text)
            self._call(self._wakes.set)

    async def drain(self) -> None:
        await self._terminal.drain()
        while len(self._written) > _ENOUGH:
            await self._printed.wait()

    async def run(self) -> None:
        """Take lines until one is an End, or cancelled; then the terminal is as it was."""
        self._token = trio.lowlevel.current_trio_token()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._leave_when_cancelled)
                await trio.to_thread.run_sync(lambda: asyncio.run(self._run()))
                nursery.cancel_scope.cancel()
        finally:
            self._loop = None
            for text in self._written:  # behind the last look of the thread's
                self._terminal.write(text)
            self._written.clear()

    def _tell_printed(self) -> None:
        self._printed.set()
        self._printed = trio.Event()

    async def _leave_when_cancelled(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            self._leaving = True
            if self._loop is not None:
                self._call(self._prompting.cancel)

    def _call(self, function: Callable[[], object]) -> None:
        """Call it in the thread, unless that is at its end."""
        assert self._loop is not None  # the callers have looked
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(function)

    # In the thread.

    async def _run(self) -> None:
        self._wakes = asyncio.Event()
        self._prompting = asyncio.create_task(self._prompt())
        self._loop = asyncio.get_running_loop()
        if self._leaving:
            self._prompting.cancel()
        printing = asyncio.create_task(self._print())
        await asyncio.wait([self._prompting])
        self._wakes.set()
        await printing
        if not self._prompting.cancelled():
            self._prompting.result()

    async def _prompt(self) -> None:
        session: PromptSession[str] = PromptSession(erase_when_done=True)
        line: str | End = ""
        while not isinstance(line, End):
            try:
                line = await session.prompt_async("> ", set_exception_handler=False)
            except EOFError:
                line = End.EOF
            except KeyboardInterrupt:
                line = End.INTERRUPT
            self._token.run_sync_soon(self._typed.send_nowait, line)

    async def _print(self) -> None:
        """Write what there is above the line, until that is no more."""
        while not self._prompting.done() or self._written:
            self._wakes.clear()
            if self._written:
                await run_in_terminal(self._write_all)
                self._token.run_sync_soon(self._tell_printed)
            else:
                await self._wakes.wait()

    def _write_all(self) -> None:
        output = get_app_session().output
        while self._written:
            output.write_raw(self._written.popleft())
        output.flush()
