"""The two ends of a connection to the fake server."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import trio
import trio.testing

from trio_ws_dom import WebSocket, WebSocketStream
from trio_ws_dom.testing import FakeConnection

if TYPE_CHECKING:
    from trio_ws_dom.testing import FakeServer

Pair = tuple[WebSocket, FakeConnection]
StreamPair = tuple[WebSocketStream, FakeConnection]
Accepted = Callable[..., Awaitable[Pair]]
"""The fixture of that name: takes a socket's options, and opens one."""


async def socket_and_connection(server: FakeServer, nursery: trio.Nursery, **options: Any) -> Pair:
    """Return a socket by the bare constructor, OPEN, and the server's end."""
    ws = WebSocket(server.url, nursery=nursery, **options)
    connection = await server.accept()
    await trio.testing.wait_all_tasks_blocked()
    return ws, connection


async def stream_and_connection(
    server: FakeServer, nursery: trio.Nursery, **options: Any
) -> StreamPair:
    """Return a stream by the bare constructor, opened, and the server's end."""
    stream = WebSocketStream(server.url, nursery=nursery, **options)
    connection = await server.accept()
    await stream.opened
    return stream, connection


async def say(connection: FakeConnection, *messages: str | bytes) -> None:
    """Send several messages, and let them arrive."""
    for message in messages:
        await connection.send(message)
    await trio.testing.wait_all_tasks_blocked()


async def begin(ws: WebSocket) -> None:
    """Begin the inbox, while it is empty."""
    with trio.CancelScope() as scope:
        scope.cancel()
        await ws.receive()
    assert scope.cancelled_caught
