"""A server on trio-websocket, whose handler the test writes."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

import pytest
import trio
from support.patience import patience
from support.raw_client import RawClient
from support.transports import PAIRS, EventRecorder, late_pair
from trio_websocket import WebSocketServer, wrap_server_stream

from trio_ws_dom import AcceptOptions, accept_websocket

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from trio_websocket import WebSocketRequest

    from trio_ws_dom import WebSocket

SHORT: AcceptOptions = {"close_timeout": 0.3, "cancelled_close_timeout": 0.1}
"""Seconds, which do not matter in virtual time, and are soon over in real time."""


class AcceptHarness:
    """One connection with both of its ends, and what each of them saw.

    Attributes:
      kind: the transport of the connection, see ``support.transports``.
      scope: around the server's end, for the test to cancel.
      ws, recorder: the server's end.
      client: the client's end.
      raised: what the server's end raised.
      left: when it was left, by trio's clock.
    """

    ws: WebSocket
    recorder: EventRecorder
    client: RawClient

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.scope = trio.CancelScope()
        self.raised: BaseException | None = None
        self.left = 0.0

    @property
    def real(self) -> bool:
        """Whether sockets and time are real."""
        return self.kind == "sockets"

    async def play(
        self,
        block: Callable[[WebSocket], Awaitable[None]],
        part: Callable[[RawClient], Awaitable[object]] = RawClient.finish,
        **options: Unpack[AcceptOptions],
    ) -> None:
        """Run a block at the server's end, and a part at the client's, until both are over."""

        bounds: AcceptOptions = {**SHORT, **options}

        async def handle(request: WebSocketRequest) -> None:
            with self.scope:
                try:
                    async with accept_websocket(request, **bounds) as self.ws:
                        self.recorder = EventRecorder(self.ws)
                        await block(self.ws)
                except Exception as exc:
                    self.raised = exc
            self.left = trio.current_time()

        with trio.fail_after(patience()):
            async with self.connect(handle) as stream:
                self.client = RawClient(stream)
                await self.client.call()
                await part(self.client)
        self.recorder.check()

    @asynccontextmanager
    async def connect(
        self, handle: Callable[[WebSocketRequest], Awaitable[None]], **options: Any
    ) -> AsyncGenerator[trio.abc.Stream]:
        """Connect a client's stream to a handler, for which the end of the block waits."""
        async with trio.open_nursery() as handlers, trio.open_nursery() as listening:
            client: trio.abc.Stream
            if self.real:
                listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
                server = WebSocketServer(handle, listeners, handler_nursery=handlers, **options)
                await listening.start(server.run)
                client = await trio.open_tcp_stream("127.0.0.1", server.port)
            else:
                late = self.kind == "late"  # after the 101
                end, client = late_pair(prompt=1) if late else PAIRS[self.kind]()
                handlers.start_soon(partial(handle_stream, handle, end, **options))
            async with client:
                yield client
            listening.cancel_scope.cancel()

    @property
    def code(self) -> tuple[int, bool]:
        """Return the code of the close event."""
        assert self.ws.closeEvent is not None
        return self.ws.closeEvent.code, self.ws.closeEvent.wasClean


async def handle_stream(
    handle: Callable[[WebSocketRequest], Awaitable[None]], stream: trio.abc.Stream, **options: Any
) -> None:
    """Handle one connection on any stream, as trio-websocket's server does."""
    async with trio.open_nursery() as nursery:
        await handle(await wrap_server_stream(nursery, stream, **options))
        await trio.aclose_forcefully(stream)


@pytest.fixture(params=["memory", "late", "sockets"])
def kind(request: pytest.FixtureRequest) -> str:
    """The transports of connections. trio-websocket takes TLS over a real socket only."""
    return str(request.param)


@pytest.fixture
async def harness(kind: str, clock: object) -> AcceptHarness:
    return AcceptHarness(kind)
