"""Peers that stall at some point, each way out of a connection, and each entry point to one.

All are over real sockets, except the fake server's. ``cells()`` lists the combinations, of which
``Run`` plays one.
"""

from __future__ import annotations

import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import trio
from support.checked import parts
from support.cli import command, environment
from support.frames import BINARY, close, frame
from support.peer import Peer
from support.raw_client import RawClient, masked, masked_close
from support.tls import client_context
from support.transports import count_tasks
from trio_websocket import serve_websocket

from trio_ws_dom import (
    WebSocket,
    WebSocketError,
    WebSocketStream,
    accept_websocket,
    connect_websocket,
    open_websocket,
    open_websocket_nursery,
    open_websocket_stream,
    reconnecting_websocket,
)
from trio_ws_dom.testing import open_fake_server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    Body = Callable[[Any], Awaitable[None]]

BOUND: Final = 5.0
"""Seconds, more than all bounds of a cell together and less than the default ``close_timeout``."""

COMMAND_BOUND: Final = 60.0
"""The same for the command line, with the time that Python takes to start on a busy machine."""

GONE: Final = (trio.BrokenResourceError, trio.ClosedResourceError, AssertionError, OSError)
"""What a peer may see when the other end goes."""

SHORT: Final[dict[str, Any]] = {"close_timeout": 0.2, "cancelled_close_timeout": 0.1}
LARGE: Final = 16 * 1024 * 1024
"""Bytes that no pair of socket buffers takes."""


class Boom(Exception):
    """The program's own exception."""


@dataclass(frozen=True)
class Cell:
    entry: str
    stall: str
    way: str

    def __str__(self) -> str:
        return f"{self.entry}, {self.stall}, {self.way}"


BEFORE_OPEN: Final = ("tcp", "tls", "response cut", "http proxy", "socks proxy")
AFTER_OPEN: Final = ("silence", "in a frame", "never reads", "close without end")
WAYS: Final = ("cancel", "normal exit", "exception", "timeout", "close()", "second ctrl-c")
WITH_CONNECTING: Final = ("nursery", "constructor")
"""Entry points whose block runs while the socket is CONNECTING."""


def cells() -> Iterator[Cell]:
    """Yield the useful combinations, as a block that was not entered has no way out."""
    for entry in ENTRIES:
        for stall in (*BEFORE_OPEN, *AFTER_OPEN):
            for way in WAYS:
                in_block = stall in AFTER_OPEN or entry in WITH_CONNECTING
                if in_block or way in ("cancel", "timeout", "second ctrl-c"):
                    yield Cell(entry, stall, way)
    for stall, way in product(AFTER_OPEN, WAYS):
        yield Cell("accept_websocket", stall, way)
    for way in WAYS:
        yield Cell("testing", "silence", way)
        if way in ("cancel", "timeout", "second ctrl-c"):
            yield Cell("testing", "no answer", way)
    for stall in (*BEFORE_OPEN, *AFTER_OPEN):
        for way in ("cancel", "normal exit", "timeout", "second ctrl-c"):
            if stall in AFTER_OPEN or way != "normal exit":
                yield Cell("command line", stall, way)


class StallingPeer:
    """One connection's other end, which plays its part up to some point, and stops.

    Attributes:
      stalled: set when it has stopped.
      resumes: set by the test, when it should read what came, up to the end of TCP.
    """

    def __init__(self, stall: str) -> None:
        self._stall = stall
        self.stalled = trio.Event()
        self.resumes = trio.Event()

    async def serve(self, stream: trio.SocketStream) -> None:
        """Play a server, or a proxy."""
        async with stream:
            with suppress(*GONE):
                await self._to_the_stall(Peer(stream))
            self.stalled.set()
            await self._to_the_end(stream)

    async def _to_the_stall(self, peer: Peer) -> None:
        if self._stall == "tcp":
            return
        if self._stall in ("tls", "http proxy", "socks proxy"):
            await peer.stream.receive_some()
        elif self._stall == "response cut":
            await peer.read_request()
            await peer.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: webs")
        else:
            await peer.accept(then=STALLED_AT[self._stall])

    async def call(self, port: int) -> None:
        """Play a client of the server's end."""
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            with suppress(*GONE):
                client = RawClient(stream)
                await client.call(then=STALLED_BY_CLIENT[self._stall])
            self.stalled.set()
            await self._to_the_end(stream)

    async def _to_the_end(self, stream: trio.SocketStream) -> None:
        if self._stall == "never reads":
            await self.resumes.wait()
        with suppress(*GONE):
            while await stream.receive_some():
                pass


STALLED_AT: Final = {
    "silence": b"",
    "in a frame": frame(BINARY, b"x" * 100)[:50],
    "never reads": b"",
    "close without end": close(1000),
}
STALLED_BY_CLIENT: Final = {
    "silence": b"",
    "in a frame": masked(BINARY, b"x" * 100)[:50],
    "never reads": b"",
    "close without end": masked_close(1000),
}


# Entry points. Each runs the body with the socket or the stream, once there is one.


async def by_open_websocket(url: str, options: dict[str, Any], body: Body) -> None:
    async with open_websocket(url, **options) as ws:
        await body(ws)


async def by_stream(url: str, options: dict[str, Any], body: Body) -> None:
    async with open_websocket_stream(url, **options) as stream:
        await body(stream)


async def by_nursery(url: str, options: dict[str, Any], body: Body) -> None:
    async with open_websocket_nursery() as sockets:
        await body(sockets.connect(url, **options))


async def by_connect_websocket(url: str, options: dict[str, Any], body: Body) -> None:
    async with trio.open_nursery() as nursery:
        async with await connect_websocket(nursery, url, **options) as ws:
            await body(ws)


async def by_constructor(url: str, options: dict[str, Any], body: Body) -> None:
    async with trio.open_nursery() as nursery, WebSocket(url, nursery=nursery, **options) as ws:
        await body(ws)


async def by_reconnecting(url: str, options: dict[str, Any], body: Body) -> None:
    async for attempt in reconnecting_websocket(url, is_transient=lambda end: False, **options):
        async with attempt as ws:
            await body(ws)
        break


ENTRIES: Final[dict[str, Callable[[str, dict[str, Any], Body], Awaitable[None]]]] = {
    "open_websocket": by_open_websocket,
    "open_websocket_stream": by_stream,
    "nursery": by_nursery,
    "connect_websocket": by_connect_websocket,
    "constructor": by_constructor,
    "reconnecting_websocket": by_reconnecting,
}


# One run.


class Run:
    """One cell.

    Attributes:
      outcome: what came out of the entry point; None if nothing was raised.
      tasks_left: how many more tasks there were after it than before.
      status: the command line's exit status, negative if a signal killed it.
      errors: what it wrote to stderr.
    """

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.outcome: BaseException | None = None
        self.tasks_left = 0
        self.status = 0
        self.errors = b""
        self._peer = StallingPeer(cell.stall)
        self._scope = trio.CancelScope()
        self._in_entry = False

    async def main(self) -> None:
        """Play it, and wait until the peer has seen the end of TCP."""
        with trio.fail_after(COMMAND_BOUND if self.cell.entry == "command line" else BOUND):
            if self.cell.entry == "accept_websocket":
                await self._serve_websocket()
            elif self.cell.entry == "testing":
                await self._use_fake_server()
            else:
                await self._listen()

    async def _listen(self) -> None:
        async with (
            (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0] as listener,
            trio.open_nursery() as nursery,
        ):

            async def serve() -> None:
                await self._peer.serve(await listener.accept())

            nursery.start_soon(serve)
            port = listener.socket.getsockname()[1]
            if self.cell.entry == "command line":
                await self._run_command(port)
            else:
                nursery.start_soon(self._disturb)
                options = self._options(port)
                entry = ENTRIES[self.cell.entry]
                before = count_tasks()  # those of the harness may end during the test
                await self._enter(partial(entry, options.pop("url"), options, self._body))
                self.tasks_left = count_tasks() - before
            self._peer.resumes.set()
            if not self._peer.stalled.is_set():
                nursery.cancel_scope.cancel()  # its time was over before it connected

    async def _use_fake_server(self) -> None:
        async def answer() -> None:
            request = await server.request()
            if self.cell.stall == "silence":
                (await request.accept()).stall()
            self._peer.stalled.set()

        async with open_fake_server("ws://peer.test") as server, trio.open_nursery() as nursery:
            nursery.start_soon(answer)
            nursery.start_soon(self._disturb)
            before = count_tasks()
            options = {**SHORT, **self._timeouts()}
            await self._enter(partial(by_open_websocket, server.url, options, self._body))
            self.tasks_left = count_tasks() - before

    async def _run_command(self, port: int) -> None:
        options = self._options(port)
        arguments = [options["url"], "--close-timeout=0.2", "--wait=0.05"]
        if "proxy" in options:
            arguments.append(f"--proxy={options['proxy']}")
        if self.cell.way == "timeout":
            before = self.cell.stall in BEFORE_OPEN
            arguments.append("--open-timeout=0.2" if before else "--ping-interval=0.1")
        process = await trio.lowlevel.open_process(
            command(*arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={key: value for key, value in environment().items() if "COVERAGE" not in key},
        )
        assert process.stdin is not None
        assert process.stderr is not None
        if self.cell.way != "timeout":
            await self._peer.stalled.wait()
        match self.cell.way:
            case "cancel":
                process.terminate()
            case "second ctrl-c":
                process.send_signal(signal.SIGINT)
                await trio.sleep(0.05)
                process.send_signal(signal.SIGINT)
            case "normal exit":
                await process.stdin.aclose()
            case _:
                pass
        async with process.stdin, process.stderr:
            self.status = await process.wait()
            self.errors = b"".join([data async for data in process.stderr])

    async def _serve_websocket(self) -> None:
        async def handle(request: Any) -> None:
            before = count_tasks()
            options = {**SHORT, **self._timeouts()}
            with suppress(WebSocketError, Boom):
                async with accept_websocket(request, **options) as ws:
                    await self._body(ws)
            self.tasks_left = count_tasks() - before
            served.set()

        async def serve() -> None:
            async with trio.open_nursery() as nursery:
                server = await nursery.start(serve_websocket, handle, "127.0.0.1", 0, None)
                around.start_soon(self._peer.call, server.port)
                await served.wait()
                nursery.cancel_scope.cancel()

        served = trio.Event()
        async with trio.open_nursery() as around:
            around.start_soon(self._disturb)
            await self._enter(serve)
            self._peer.resumes.set()

    async def _enter(self, entry: Callable[[], Awaitable[None]]) -> None:
        self._in_entry = True
        try:
            with self._scope:
                await entry()
        except BaseException as exc:
            self.outcome = exc
        self._in_entry = False
        with suppress(KeyboardInterrupt):  # the second one may arrive late
            await trio.lowlevel.checkpoint()

    @trio.lowlevel.enable_ki_protection  # so that Ctrl-C reaches the main task
    async def _disturb(self) -> None:
        """Cancel, or press Ctrl-C twice, once the peer has stalled."""
        await self._peer.stalled.wait()
        if self.cell.way == "cancel":
            self._scope.cancel()
        elif self.cell.way == "second ctrl-c":
            for _ in range(2):
                await trio.sleep(0.02)
                if self._in_entry:
                    signal.raise_signal(signal.SIGINT)

    def _options(self, port: int) -> dict[str, Any]:
        scheme = "wss" if self.cell.stall == "tls" else "ws"
        options = {"url": f"{scheme}://127.0.0.1:{port}/", **SHORT, **self._timeouts()}
        if scheme == "wss":
            options["ssl_context"] = client_context()
        if self.cell.stall.endswith("proxy"):
            kind = "http" if self.cell.stall == "http proxy" else "socks5"
            options |= {"url": "ws://far.test/", "proxy": f"{kind}://127.0.0.1:{port}"}
        return options

    def _timeouts(self) -> dict[str, Any]:
        if self.cell.way != "timeout":
            return {}
        if self.cell.stall in (*BEFORE_OPEN, "no answer"):
            return {"open_timeout": 0.2}
        return {"ping_interval": 0.1, "ping_timeout": 0.1}

    async def _body(self, socket: WebSocket | WebSocketStream) -> None:
        await self._peer.stalled.wait()
        if self.cell.stall == "never reads":
            await self._fill(socket)
        if self.cell.way == "exception":
            raise Boom
        if self.cell.way == "close()":
            socket.close()
        if self.cell.way in ("close()", "timeout"):
            await (socket.wait_closed() if isinstance(socket, WebSocket) else socket.closed)
        elif self.cell.way != "normal exit":
            await trio.sleep_forever()

    async def _fill(self, socket: WebSocket | WebSocketStream) -> None:
        if isinstance(socket, WebSocket):
            with suppress(WebSocketError):
                socket.send(bytes(LARGE))
        else:
            with trio.move_on_after(0.05):
                await socket.writable.send(bytes(LARGE))


STATUSES: Final = (0, 1, 3, *(n for s in (2, 15) for n in (128 + s, -s)))
"""Exit statuses of the command line. SIGTERM kills it before it is open, when there is nothing to
close, and a second Ctrl-C kills a Python that is about to exit."""


def expected(cell: Cell, outcome: BaseException | None) -> bool:
    """Return whether what came out of an entry point is what the way out requires."""
    if found := parts(outcome):
        return all(expected(cell, one) for one in found)
    if cell.way == "second ctrl-c" or cell.way == "exception":
        kind = KeyboardInterrupt if cell.way == "second ctrl-c" else Boom
        return isinstance(outcome, kind | WebSocketError | None)
    return outcome is None or isinstance(outcome, WebSocketError)
