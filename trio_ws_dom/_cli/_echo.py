"""The server of ``trio-ws-dom echo``, which sends each message back."""

from __future__ import annotations

import itertools
import re
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Final, final
from urllib.parse import unquote

import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, wrap_server_stream

from .. import WebSocketError, accept_websocket
from ._conversation import SIGNALS
from ._exit_status import BROKEN, SIGNALLED
from ._output import FileSink
from ._terminal import choose_paint
from ._text import escape, file_error, wall_clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._arguments import EchoArguments

MAX_MESSAGE_SIZE: Final = 16 * 1024 * 1024
"""Bytes of a message, as a client has it by default."""

MAX_REASON: Final = 123
"""Bytes of a Close's reason (RFC 6455 section 5.5)."""

_HANDSHAKE_TIMEOUT: Final = 10.0
"""Seconds for a client to send its request."""

_REFUSE: Final = re.compile(r"/refuse/([45]\d\d)", re.ASCII)
_CLOSE: Final = re.compile(r"/close/(1000|[34]\d{3})/?(.*)", re.ASCII | re.DOTALL)


async def run_echo(arguments: EchoArguments) -> int:
    """Listen and serve until a signal comes, and return the exit status."""
    stdout, stderr = FileSink(sys.stdout), FileSink(sys.stderr)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stdout.run)
        nursery.start_soon(stderr.run)
        try:
            listeners = await trio.open_tcp_listeners(arguments.port, host=arguments.host)
        except OSError as exc:
            where = f"{arguments.host}, port {arguments.port}"
            hint = "; --port 0 takes a free one" if arguments.port else ""
            stderr.write(f"trio-ws-dom echo: error: {escape(file_error(where, exc))}{hint}\n")
            status = BROKEN
        else:
            stdout.write(f"{_url_of(listeners[0])}\n")
            status = SIGNALLED + await EchoServer(row_writer(stderr)).run(listeners)
        await stdout.flush()
        await stderr.flush()
        nursery.cancel_scope.cancel()
    return status


def row_writer(sink: FileSink) -> Callable[[str], None]:
    """Return a function that writes a row, or drops it while the sink is full."""
    paint = choose_paint(sink)

    def show(text: str) -> None:
        if not sink.is_full:
            row = f"{wall_clock(time.time())} * {escape(text)}"
            sink.write(f"{paint('event', row)}\n")

    return show


def _url_of(listener: trio.SocketListener) -> str:
    """Return the URL to connect to, by the name that people know their own machine by."""
    host, port, *_ = listener.socket.getsockname()
    if host in ("127.0.0.1", "0.0.0.0", "::"):
        host = "localhost"
    return f"ws://[{host}]:{port}" if ":" in host else f"ws://{host}:{port}"


@final
class EchoServer:
    """A server that sends messages back, or does what the path of a client's URL asks for.

    A client that does not read is not read from either: at most one message waits for it.

    Args:
      show: is called with a line for each client that comes or leaves.
    """

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._numbers = itertools.count(1)
        self._handlers: set[trio.CancelScope] = set()

    async def run(self, listeners: list[trio.SocketListener]) -> int:
        """Serve until a signal comes, close with 1001, and return the signal's number."""
        async with trio.open_nursery() as handlers:
            async with trio.open_nursery() as listening:
                with trio.open_signal_receiver(*SIGNALS) as signals:
                    serve = partial(trio.serve_listeners, self._serve, listeners)
                    listening.start_soon(partial(serve, handler_nursery=handlers))
                    number = await anext(signals)
                listening.cancel_scope.cancel()
            for scope in self._handlers:  # trio-websocket's readers go on, to hear the answers
                scope.cancel()
        return number

    async def _serve(self, stream: trio.SocketStream) -> None:
        handler = trio.CancelScope()
        self._handlers.add(handler)
        try:
            async with trio.open_nursery() as reader:
                with handler:
                    with trio.fail_after(_HANDSHAKE_TIMEOUT):
                        request = await wrap_server_stream(
                            reader, stream, max_message_size=MAX_MESSAGE_SIZE
                        )
                    await self._answer(request)
                reader.cancel_scope.cancel()
        except* (ConnectionClosed, trio.TooSlowError):
            pass  # the client was gone before it was answered, or sent no request
        except* Exception as exc:  # trio-websocket's reader raises anything, for some requests
            self._show(f"a connection failed: {exc.exceptions[0]!r}")
        self._handlers.discard(handler)

    async def _answer(self, request: WebSocketRequest) -> None:
        """Do what the path asks for.

        Raises:
          ConnectionClosed: the client has gone already.
        """
        name = f"client {next(self._numbers)}"
        path = unquote(request.path.partition("?")[0])  # without the query, which may be a secret
        refuse, close = _REFUSE.fullmatch(path), _CLOSE.fullmatch(path)
        if refuse is not None:
            await self._refuse(request, name, int(refuse[1]), "as the path asks for")
        elif close is not None and len(close[2].encode()) <= MAX_REASON:
            await self._converse(request, name, path, (int(close[1]), close[2]))
        elif path.startswith(("/close/", "/refuse/")):
            expected = "expected /close/CODE/REASON or /refuse/STATUS as --help describes them"
            await self._refuse(request, name, 400, expected)
        elif path == "/drop":
            await request.accept()
            self._show(f"{name} dropped")
        else:
            await self._converse(request, name, path, None)

    async def _refuse(self, request: WebSocketRequest, name: str, status: int, why: str) -> None:
        await request.reject(status, body=f"Refused: {why}.\n".encode())
        self._show(f"{name} refused with {status}")

    async def _converse(
        self, request: WebSocketRequest, name: str, path: str, close: tuple[int, str] | None
    ) -> None:
        """Send each message back until the client has left."""
        ws = None
        protocol = next(iter(request.proposed_subprotocols), None)
        try:
            async with accept_websocket(request, protocol, max_buffered_amount=None) as ws:
                self._show(f"{name} open, {path}")
                if close is not None:
                    ws.close(*close)
                async for message in ws:
                    ws.send(message)
                    await ws.drain()
        except WebSocketError:
            pass  # the row says how it ended
        finally:
            if ws is not None and ws.closeEvent is not None:
                end = ws.closeEvent
                self._show(
                    f"{name} closed, {end.code} {end.reason}".rstrip()
                    + ("" if end.wasClean else ", not clean")
                )
