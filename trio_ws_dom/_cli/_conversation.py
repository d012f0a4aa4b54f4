"""Send the input and show what the server sends, until one side ends the conversation."""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final, final

import trio

from .. import WebSocketError
from ._commands import run_command
from ._input import End
from ._text import file_error

if TYPE_CHECKING:
    from .. import WebSocket
    from ._arguments import Arguments, Outgoing
    from ._terminal import Terminal

_HIGH_WATER: Final = 1024 * 1024
"""Bytes queued for the server from which on no more input is read."""

SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""Those that end the program after the closing handshake."""


@final
class Conversation:
    """What happens while a socket is OPEN.

    Args:
      ws: the socket.
      arguments: what to send first, and how long to wait at the end.
      terminal: where the rest of what is sent comes from. If a person types it, lines that begin
        with / are commands, and the end of the input ends the conversation.

    Attributes:
      signal: the number of the signal by which the user ended it, or 0.
      failed: whether something could not be read or sent.
      close_code: the code of the user's /close, or None.
    """

    def __init__(self, ws: WebSocket, arguments: Arguments, terminal: Terminal) -> None:
        self.ws = ws
        self.display = terminal.display
        self.signal = 0
        self.failed = False
        self.close_code: int | None = None
        self._arguments = arguments
        self._terminal = terminal
        self._nursery: trio.Nursery
        self._quiet = trio.CancelScope()  # its deadline is the end of --wait

    async def run(self) -> None:
        """Return when the input or the connection has ended.

        Raises:
          KeyboardInterrupt: the user has ended it; ``signal`` says how.
        """
        async with trio.open_nursery() as self._nursery:
            self._nursery.start_soon(self._terminal.input.run)
            self._nursery.start_soon(self._watch_signals)
            self._nursery.start_soon(self._receive)
            try:
                await self._send_input()
            except OSError:
                pass  # nobody reads what we write; `_receive` would notice at the next message only
            except WebSocketError:  # pragma: no cover  # which task sees the end first is a race
                await trio.sleep_forever()  # until `_receive` has shown what came before the end
            self._nursery.cancel_scope.cancel()
        if self.signal:
            raise KeyboardInterrupt

    async def send(self, outgoing: Outgoing) -> None:
        """Send a message of the arguments or of a command, or show why it cannot be read."""
        name = "stdin" if self._is_stdin(outgoing) else outgoing.value
        try:
            message = await self._load(outgoing)
        except OSError as exc:
            self._show_failure(file_error(name, exc))
        except UnicodeDecodeError as exc:
            self._show_failure(
                f"{name}: expected UTF-8, got other bytes at offset {exc.start};"
                f" {'/' if self._terminal.typed else '--'}send-file sends it as binary"
            )
        else:
            await self._send_message(message, shows=True)

    def ping(self, data: bytes) -> None:
        """Send a Ping, and show the round trip when its Pong has come."""
        self._nursery.start_soon(self._ping, data)

    async def _load(self, outgoing: Outgoing) -> str | bytes:
        if outgoing.kind == "text":
            return outgoing.value
        if self._is_stdin(outgoing):
            data = await self._terminal.stdin.read_all()
        else:
            data = await (await trio.Path(outgoing.value).expanduser()).read_bytes()
        return data.decode() if outgoing.kind == "text file" else data

    def _is_stdin(self, outgoing: Outgoing) -> bool:
        return outgoing.value == "-" and not self._terminal.typed

    def _show_failure(self, text: str) -> None:
        self.display.error(text)
        self.failed = not self._terminal.typed

    async def _ping(self, data: bytes) -> None:
        with suppress(WebSocketError):  # the close event is shown
            self.display.pong(await self.ws.ping(data))

    async def _watch_signals(self) -> None:
        with trio.open_signal_receiver(*SIGNALS) as signals:
            async for number in signals:
                self._end(number)

    def _end(self, number: int) -> None:
        self.signal = number
        self._nursery.cancel_scope.cancel()

    async def _receive(self) -> None:
        # A WebSocketError: the close event is shown. An OSError: nobody reads what we write, which
        # ends the conversation as the end of the input does.
        with suppress(WebSocketError, OSError):
            async for message in self.ws:
                self._quiet.deadline = trio.current_time() + self._arguments.wait
                self.display.received(message)
                await self._terminal.drain()
        self._nursery.cancel_scope.cancel()

    async def _send_input(self) -> None:
        for outgoing in self._arguments.outgoing:
            await self.send(outgoing)
        while True:
            message = await self._next_input()
            if message is End.INTERRUPT:
                self._end(signal.SIGINT)
            elif message is End.EOF:
                break
            elif self._terminal.typed and isinstance(message, str) and message.startswith("/"):
                await self._run_line(message)
            else:
                await self._send_message(message, shows=self.display.echoes)
        if not self._terminal.typed:
            with self._quiet:
                self._quiet.deadline = trio.current_time() + self._arguments.wait
                await trio.sleep_forever()

    async def _next_input(self) -> str | bytes | End:
        try:
            return await self._terminal.input.next()
        except OSError as exc:
            self.display.error(file_error("stdin", exc))
            self.failed = True
            return End.EOF

    async def _run_line(self, line: str) -> None:
        if line.startswith("//"):
            await self._send_message(line[1:], shows=self.display.echoes)
        else:
            await run_command(line, self)

    async def _send_message(self, message: str | bytes, *, shows: bool) -> None:
        self.ws.send(message)
        if shows:
            self.display.sent(message)
            if self.display.echoes:
                await self._terminal.drain()
        await self.ws.drain(below=_HIGH_WATER)
