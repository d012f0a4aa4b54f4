"""One conversation: what is typed is sent, what comes is shown, until one side has had enough."""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final, final

import trio

from .. import WebSocketError
from ._commands import run_command
from ._input import End

if TYPE_CHECKING:
    from .. import WebSocket
    from ._arguments import Arguments
    from ._terminal import Terminal

_ENOUGH: Final = 1024 * 1024
"""Bytes queued for the server from which on no more input is read."""

_SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


@final
class Session:
    """What goes on while a socket is OPEN.

    Args:
      ws: the socket.
      arguments: what is to be sent at once, and how long to wait in the end.
      terminal: where what is to be sent then comes from. If a person types it, lines that begin
        with / are commands, and its end is the conversation's.

    Attributes:
      signal: with which the user has ended it, or 0.
      failed: a file could not be read.
      close_code: with which the user has closed it, if so.
    """

    def __init__(self, ws: WebSocket, arguments: Arguments, terminal: Terminal) -> None:
        self.ws = ws
        self.display = terminal.display
        self.signal = 0
        self.failed = False
        self.close_code: int | None = None
        self._arguments = arguments
        self._input = terminal.input
        self._typed = terminal.typed
        self._sinks = terminal.sinks
        self._nursery: trio.Nursery
        self._quiet = trio.CancelScope()

    async def run(self) -> None:
        """Until the input or the connection has ended.

        Raises:
          KeyboardInterrupt: the user has ended it; ``signal`` says how.
        """
        async with trio.open_nursery() as self._nursery:
            self._nursery.start_soon(self._input.run)
            self._nursery.start_soon(self._watch_signals)
            self._nursery.start_soon(self._receive)
            try:
                await self._send()
            except WebSocketError:  # pragma: no cover  # which task sees the end first is a race
                await trio.sleep_forever()  # what had come before is still to be shown
            self._nursery.cancel_scope.cancel()
        if self.signal:
            raise KeyboardInterrupt

    async def send_file(self, path: str) -> None:
        """Send a file as a binary message; if it cannot be read, say so."""
        try:
            data = await (await trio.Path(path).expanduser()).read_bytes()
        except OSError as exc:
            self.display.error(str(exc))
            self.failed = not self._typed
        else:
            await self._send_one(data, echo=True)

    def ping(self) -> None:
        """Show how long a Ping takes, when it is back."""
        self._nursery.start_soon(self._ping)

    async def _ping(self) -> None:
        with suppress(WebSocketError):  # the close event tells
            self.display.pong(await self.ws.ping())

    async def _watch_signals(self) -> None:
        with trio.open_signal_receiver(*_SIGNALS) as signals:
            async for number in signals:
                self._end(number)

    def _end(self, number: int) -> None:
        self.signal = number
        self._nursery.cancel_scope.cancel()

    async def _receive(self) -> None:
        # by a WebSocketError: the close event tells; by an OSError: nobody reads what we write,
        # which is an end like that of the input
        with suppress(WebSocketError, OSError):
            async for message in self.ws:
                self._quiet.deadline = trio.current_time() + self._arguments.wait
                self.display.message("received", message)
                for sink in self._sinks:
                    await sink.drain()
        self._nursery.cancel_scope.cancel()

    async def _send(self) -> None:
        for text in self._arguments.message:
            await self._send_one(text)
        for path in self._arguments.send_file:
            await self.send_file(path)
        while True:
            message = await self._input.next()
            if message is End.INTERRUPT:
                self._end(signal.SIGINT)
            elif message is End.EOF:
                break
            elif self._typed and isinstance(message, str) and message.startswith("/"):
                await self._typed_slash(message)
            else:
                await self._send_one(message)
        if not self._typed:
            with self._quiet:
                self._quiet.deadline = trio.current_time() + self._arguments.wait
                await trio.sleep_forever()

    async def _typed_slash(self, line: str) -> None:
        if line.startswith("//"):
            await self._send_one(line[1:])
        else:
            await run_command(line, self)

    async def _send_one(self, message: str | bytes, *, echo: bool = False) -> None:
        self.ws.send(message)
        if echo or self.display.echoes:
            self.display.message("sent", message)
        await self.ws.drain(below=_ENOUGH)
