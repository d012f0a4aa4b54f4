"""The program: arguments in, exit status out."""

from __future__ import annotations

import logging
import signal
from contextlib import AsyncExitStack
from http.cookiejar import MozillaCookieJar
from typing import TYPE_CHECKING, Final, final

import trio

from .. import (
    DOMException,
    HandshakeError,
    HarRecorder,
    TraceHead,
    WebSocketError,
    open_websocket,
)
from ._arguments import parse
from ._connecting import BadArgument, options_of, url_of
from ._demo import start_demo
from ._display import is_good
from ._session import Session
from ._terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .. import ConnectOptions, TraceRecord
    from ._arguments import Arguments
    from ._display import Display

GOOD: Final = 0
BROKEN: Final = 1
USAGE: Final = 2
NOT_OPENED: Final = 3
SENT_AWAY: Final = 4
SIGNALLED: Final = 128
"""And the signal's number, as shells have it."""

_SHOWN_BODY: Final = 300
"""Characters of a refusal's body that are shown."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; gives its exit status."""
    status = SIGNALLED + signal.SIGINT
    try:
        status = trio.run(_main, parse(arguments))
    except* KeyboardInterrupt:
        pass  # once more, when all was said but the last lines
    return status


async def _main(arguments: Arguments) -> int:
    terminal = Terminal(arguments)
    async with trio.open_nursery() as nursery:
        for sink in (terminal.stdout, terminal.stderr):
            nursery.start_soon(sink.run)
        conversation = _Conversation(arguments, terminal)
        try:
            status = await conversation.run(nursery)
        except BadArgument as exc:
            terminal.stderr.write(f"trio-ws-dom: error: {exc}\n")
            status = USAGE
        await terminal.stdout.flush()
        error = terminal.stdout.error
        if error is not None and not isinstance(error, BrokenPipeError):
            terminal.stderr.write(f"trio-ws-dom: error: stdout: {error}\n")
            status = status or BROKEN
        await terminal.stderr.flush()
        nursery.cancel_scope.cancel()
    return status


@final
class _Conversation:
    """One connection, and what is kept of it."""

    def __init__(self, arguments: Arguments, terminal: Terminal) -> None:
        self._arguments = arguments
        self._terminal = terminal
        self._display = terminal.display
        self._recorder = HarRecorder(secrets=arguments.har_credentials)

    async def run(self, nursery: trio.Nursery) -> int:
        """Have it; gives the exit status.

        Args:
          nursery: for the demo.

        Raises:
          BadArgument: nothing has happened.
        """
        arguments = self._arguments
        options = options_of(arguments)
        if arguments.trace or arguments.har is not None:
            options["trace"] = _Tracer(arguments, self._display, self._recorder)
        if arguments.verbose:
            _show_log(self._display)
        url = await start_demo(nursery) if arguments.url == "demo" else url_of(arguments)
        status = await self._connect(url, options)
        kept = self._save(options)
        return status if kept or status != GOOD else BROKEN

    async def _connect(self, url: str, options: ConnectOptions) -> int:
        session = None
        try:
            async with AsyncExitStack() as stack:
                session = await self._open(stack, url, options)
                await session.run()
        except WebSocketError as exc:  # of the opening: a session raises none
            self._tell_refusal(exc)
            return NOT_OPENED
        except KeyboardInterrupt:
            if session is None:
                self._display.error("interrupted before the connection was open")
                return SIGNALLED + signal.SIGINT
            self._tell_end(session)
            return SIGNALLED + (session.signal or signal.SIGINT)
        return self._tell_end(session)

    async def _open(self, stack: AsyncExitStack, url: str, options: ConnectOptions) -> Session:
        try:
            ws = await stack.enter_async_context(
                open_websocket(url, self._arguments.subprotocol, **options)
            )
        except WebSocketError:
            raise
        except DOMException as exc:
            raise BadArgument(exc.message) from exc
        except ValueError as exc:
            raise BadArgument(exc) from exc
        self._display.opened(ws)
        return Session(ws, self._arguments, self._terminal)

    def _tell_refusal(self, exc: WebSocketError) -> None:
        self._display.error(str(exc))
        if isinstance(exc, HandshakeError) and exc.body:
            body = exc.body.decode(errors="replace").strip()
            self._display.error(body[:_SHOWN_BODY] + ("..." if len(body) > _SHOWN_BODY else ""))

    def _tell_end(self, session: Session) -> int:
        """What became of an open connection; gives the status."""
        ws = session.ws
        event = ws.closeEvent
        assert event is not None  # its scope is left
        if ws.failure is not None:
            self._display.error(str(ws.failure))
        self._display.closed(event)
        if session.failed or not event.wasClean:
            return BROKEN
        return GOOD if is_good(event) or event.code == session.close_code else SENT_AWAY

    def _save(self, options: ConnectOptions) -> bool:
        """Keep what is to be kept; whether that could be done."""
        try:
            if self._arguments.har is not None:
                self._recorder.save(self._arguments.har)
            jar = options.get("cookies")
            if isinstance(jar, MozillaCookieJar):
                jar.save(ignore_discard=True)
        except OSError as exc:
            self._display.error(str(exc))
            return False
        return True


@final
class _Tracer:
    """What ``--trace`` shows and ``--har`` saves."""

    def __init__(self, arguments: Arguments, display: Display, recorder: HarRecorder) -> None:
        self._show = display.trace if arguments.trace else None
        self._record = recorder if arguments.har is not None else None
        self.payload_limit = 256 if self._record is None else recorder.payload_limit
        self.secrets = recorder.secrets

    def __call__(self, record: TraceRecord) -> None:
        if self._record is not None:
            self._record(record)
        if self._show is not None:
            self._show(record.redacted() if isinstance(record, TraceHead) else record)


def _show_log(display: Display) -> None:
    """Show the library's log."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            display.log(record.getMessage())

    logger = logging.getLogger("trio_ws_dom")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(Handler())
