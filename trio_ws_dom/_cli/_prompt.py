"""A line that is edited by prompt_toolkit, with messages appearing above it.

prompt_toolkit runs on asyncio, so it has a thread with an event loop of its own. One loop serves
all lines, as nothing may be lost that is written between two of them.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, final

import trio
from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app_session, run_in_terminal

from ._input import End
from ._output import FULL, HIGH_WATER

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._output import FileSink


@final
class Prompt:
    """Both an ``Input`` and a ``Sink``.

    Before and after :meth:`run`, what is written goes directly to the terminal. The prompt appears
    when all of that is on the screen: a row that came later would be written over it.

    Args:
      terminal: stdout.
    """

    def __init__(self, terminal: FileSink) -> None:
        self._terminal = terminal
        self._is_running = False
        self._typed, self._lines = trio.open_memory_channel[str | End](math.inf)
        self._rows: deque[str] = deque()  # written, and not on the screen yet
        self._size = 0  # characters of these; changed in trio's thread only
        self._printed = trio.Event()
        self._token: trio.lowlevel.TrioToken
        # Set by the thread, read by trio:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._prompting: asyncio.Task[None]
        self._wakes: asyncio.Event
        # Set by trio, read by the thread:
        self._cancelled = False

    async def next(self) -> str | bytes | End:
        return await self._lines.receive()

    @property
    def is_full(self) -> bool:
        return self._terminal.is_full or self._size >= FULL

    def write(self, text: str | bytes) -> None:
        assert isinstance(text, str)  # rows are
        if not self._is_running:
            self._terminal.write(text)
            return
        self._size += len(text)
        self._rows.append(text)
        if self._loop is not None:  # else the thread finds the row when it starts
            self._call(self._wakes.set)

    async def drain(self) -> None:
        await self._terminal.drain()
        while self._size >= HIGH_WATER:
            await self._printed.wait()

    async def run(self) -> None:
        """Take lines until one is an End, or until cancelled, and restore the terminal."""
        self._token = trio.lowlevel.current_trio_token()
        self._is_running = True
        try:
            await self._terminal.flush()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._cancel_thread)
                await trio.to_thread.run_sync(lambda: asyncio.run(self._run()))
                nursery.cancel_scope.cancel()
        finally:
            self._is_running = False
            self._loop = None
            while self._rows:  # written after the thread looked for the last time
                text = self._rows.popleft()
                self._terminal.write(text)
                self._note_printed(len(text))

    def _note_printed(self, size: int) -> None:
        self._size -= size
        self._printed.set()
        self._printed = trio.Event()

    async def _cancel_thread(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            self._cancelled = True
            if self._loop is not None:
                self._call(self._prompting.cancel)

    def _call(self, function: Callable[[], object]) -> None:
        """Call it in the thread, unless the thread is at its end."""
        assert self._loop is not None  # checked by the callers
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(function)

    # In the thread.

    async def _run(self) -> None:
        self._wakes = asyncio.Event()
        self._prompting = asyncio.create_task(self._prompt())
        self._loop = asyncio.get_running_loop()
        if self._cancelled:
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
        """Print the rows above the line, for as long as there is one."""
        while not self._prompting.done() or self._rows:
            self._wakes.clear()
            if self._rows:
                await run_in_terminal(self._print_rows)
            else:
                await self._wakes.wait()

    def _print_rows(self) -> None:
        output = get_app_session().output
        size = 0
        while self._rows:
            text = self._rows.popleft()
            size += len(text)
            output.write_raw(text)
        output.flush()
        self._token.run_sync_soon(self._note_printed, size)
