"""Connect to a server, have a conversation, and show how it ended."""

from __future__ import annotations

import logging
import re
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final, final

import trio

from .. import DOMException, HandshakeError, HarRecorder, WebSocketError, open_websocket
from ._bad_argument import BadArgument
from ._connect_options import complete_url, connect_options
from ._conversation import Conversation
from ._display import is_good
from ._exit_status import BROKEN, GOOD, NOT_OPENED, SENT_AWAY, SIGNALLED, USAGE
from ._terminal import Terminal
from ._text import escape, file_error

if TYPE_CHECKING:
    from .. import ConnectOptions, TraceRecord
    from ._arguments import Arguments
    from ._display import Display

_TRACED_PAYLOAD: Final = 256
"""Bytes of a payload that --trace gets."""


async def run_client(arguments: Arguments) -> int:
    """Run the client and return the exit status."""
    terminal = Terminal(arguments)
    async with trio.open_nursery() as nursery:
        for sink in (terminal.stdout, terminal.stderr):
            nursery.start_soon(sink.run)
        try:
            status = await _Client(arguments, terminal).run(nursery)
        except BadArgument as exc:
            terminal.stderr.write(f"trio-ws-dom: error: {escape(str(exc))}\n")
            status = USAGE
        await terminal.stdout.flush()
        error = terminal.stdout.error
        if error is not None and not isinstance(error, BrokenPipeError):
            terminal.stderr.write(f"trio-ws-dom: error: stdout: {error.strerror}\n")
            status = status or BROKEN
        await terminal.stderr.flush()
        nursery.cancel_scope.cancel()
    return status


@final
class _Client:
    """One connection, and what is saved of it."""

    def __init__(self, arguments: Arguments, terminal: Terminal) -> None:
        self._arguments = arguments
        self._terminal = terminal
        self._display = terminal.display
        self._recorder = HarRecorder(secrets=arguments.show_secrets)

    async def run(self, nursery: trio.Nursery) -> int:
        """Connect, converse, and return the exit status.

        Args:
          nursery: for the demo's server.

        Raises:
          BadArgument: nothing has happened yet.
        """
        arguments = self._arguments
        url = "" if arguments.url == "demo" else complete_url(arguments.url)
        options = connect_options(arguments)
        if arguments.trace or arguments.har is not None:
            options["trace"] = _Tracer(arguments, self._display, self._recorder)
        if arguments.url == "demo":
            from ._demo import start_demo  # trio-websocket is slow to import

            url = await start_demo(nursery)
        if arguments.verbose:  # from here on, as nobody wants to know about the demo's bot
            _show_log(self._display)
        status = await self._connect(url, options)
        saved = self._save(options)
        return status if saved or status != GOOD else BROKEN

    async def _connect(self, url: str, options: ConnectOptions) -> int:
        conversation = None
        try:
            async with AsyncExitStack() as stack:
                conversation = await self._open(stack, url, options)
                await conversation.run()
        except WebSocketError as exc:  # of the opening: a conversation raises none
            self._show_refusal(exc)
            return NOT_OPENED
        except OSError as exc:  # of the Unix socket
            assert self._arguments.unix_socket is not None
            self._display.error(file_error(self._arguments.unix_socket, exc))
            return NOT_OPENED
        except KeyboardInterrupt:
            if conversation is None:
                self._display.error("interrupted before the connection was open")
                return SIGNALLED + signal.SIGINT
            self._show_end(conversation)
            return SIGNALLED + (conversation.signal or signal.SIGINT)
        return self._show_end(conversation)

    async def _open(self, stack: AsyncExitStack, url: str, options: ConnectOptions) -> Conversation:
        if self._arguments.unix_socket is not None:
            stream = await trio.open_unix_socket(self._arguments.unix_socket)
            stack.push_async_callback(trio.aclose_forcefully, stream)  # the URL may be wrong
            options["stream"] = stream
        try:
            ws = await stack.enter_async_context(
                open_websocket(url, self._arguments.subprotocol, **options)
            )
        except WebSocketError:
            raise
        except DOMException as exc:
            raise BadArgument(_in_our_words(exc.message)) from exc
        except ValueError as exc:
            raise BadArgument(exc) from exc
        self._display.opened(ws)
        return Conversation(ws, self._arguments, self._terminal)

    def _show_refusal(self, exc: WebSocketError) -> None:
        self._display.error(str(exc))
        if isinstance(exc, HandshakeError) and exc.body:
            self._display.refused(exc.body)

    def _show_end(self, conversation: Conversation) -> int:
        """Show how an open connection ended, and return the exit status."""
        ws = conversation.ws
        event = ws.closeEvent
        assert event is not None  # its scope has exited
        if ws.failure is not None:
            self._display.error(str(ws.failure))
        self._display.closed(event)
        if conversation.failed or not event.wasClean:
            return BROKEN
        is_asked = event.code == conversation.close_code
        return GOOD if is_good(event) or is_asked else SENT_AWAY

    def _save(self, options: ConnectOptions) -> bool:
        """Save what the arguments ask for, and return whether that worked."""
        saved = True
        har, path, jar = self._arguments.har, self._arguments.cookie_jar, options.get("cookies")
        if har is not None:
            try:
                self._recorder.save(har)
            except OSError as exc:
                self._display.error(f"--har {file_error(har, exc)}")
                saved = False
        if path is not None and jar is not None:
            from ._cookie_file import save_cookies

            try:
                missing = save_cookies(jar, path)
            except OSError as exc:
                self._display.error(f"--cookie-jar {file_error(path, exc)}")
                saved = False
            else:
                if missing:
                    self._display.note(
                        f"{missing} of the cookies cannot be saved: the file's format has no way"
                        " to write a tab"
                    )
        return saved


@final
class _Tracer:
    """The option ``trace``, which shows records and keeps them for a HAR file."""

    def __init__(self, arguments: Arguments, display: Display, recorder: HarRecorder) -> None:
        self.secrets = arguments.show_secrets
        self._show = display.trace if arguments.trace else None
        self._record = recorder if arguments.har is not None else None
        self.payload_limit = _TRACED_PAYLOAD if self._record is None else recorder.payload_limit

    def __call__(self, record: TraceRecord) -> None:
        if self._record is not None:
            self._record(record)
        if self._show is not None:
            self._show(record)


def _in_our_words(message: str) -> str:
    """Replace the library's name for an argument by one that a user of the command line knows."""
    return re.sub(r"protocols\[(\d+)\]", lambda found: f"subprotocol {int(found[1]) + 1}", message)


def _show_log(display: Display) -> None:
    """Have the library's log shown from now on."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            display.log(record.getMessage())

    logger = logging.getLogger("trio_ws_dom")
    logger.setLevel(logging.DEBUG)
    logger.addHandler(Handler())
