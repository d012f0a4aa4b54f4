"""What the tests of streams share."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
import trio
from support.fake_server import stream_and_connection
from support.opened import stream_and_peer
from support.peer import Peer
from support.transports import SocketTransport

from trio_ws_dom import WebSocketStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from support.fake_server import StreamPair

    from trio_ws_dom.testing import FakeServer


@pytest.fixture
def with_peer(nursery: trio.Nursery) -> Callable[..., Awaitable[tuple[WebSocketStream, Peer]]]:
    """Return a function that opens a stream in memory, and returns it and its peer."""
    return partial(stream_and_peer, nursery)


@pytest.fixture
def with_connection(
    server: FakeServer, nursery: trio.Nursery
) -> Callable[..., Awaitable[StreamPair]]:
    """Return a function that opens a stream, and returns it and the fake server's end."""
    return partial(stream_and_connection, server, nursery)


@pytest.fixture
async def sockets() -> AsyncIterator[SocketTransport]:
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    async with listener:
        yield SocketTransport(listener)
