"""What the tests of streams share."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support import fake_server
from support.peer import Peer
from support.transports import SocketTransport

from trio_ws_dom import WebSocketStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from support.fake_server import StreamPair

    from trio_ws_dom.testing import FakeServer

    Accepted = Callable[..., Awaitable[tuple[WebSocketStream, Peer]]]


@pytest.fixture
def accepted(nursery: trio.Nursery) -> Accepted:
    """Make a stream by the bare constructor, opened, and its peer.

    In memory; with ``lockstep`` a write waits until the peer reads, else it never waits.
    """

    async def accepted(
        *headers: str, lockstep: bool = False, **options: Any
    ) -> tuple[WebSocketStream, Peer]:
        pair = trio.testing.lockstep_stream_pair if lockstep else trio.testing.memory_stream_pair
        ours, theirs = pair()
        stream = WebSocketStream("ws://peer.test/", nursery=nursery, stream=ours, **options)
        peer = Peer(theirs)
        await peer.accept(*headers)
        await stream.opened
        return stream, peer

    return accepted


@pytest.fixture
def opened(server: FakeServer, nursery: trio.Nursery) -> Callable[..., Awaitable[StreamPair]]:
    """Likewise, and the fake server's end."""
    return partial(fake_server.accepted_stream, server, nursery)


@pytest.fixture
async def sockets() -> AsyncIterator[SocketTransport]:
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    async with listener:
        yield SocketTransport(listener)
