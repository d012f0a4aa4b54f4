"""Fixtures for a server that is connected to again and again."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
import trio
from support.scripted_server import ScriptedServer

from trio_ws_dom.testing import FakeServer
from trio_ws_dom.testing._connection import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture(params=["memory", "sockets"])
def kind(request: pytest.FixtureRequest) -> str:
    """The transports of connections. The fake server makes those in memory."""
    return str(request.param)


@pytest.fixture
async def scripted(
    kind: str, clock: trio.abc.Clock | None, server: FakeServer, nursery: trio.Nursery
) -> AsyncIterator[ScriptedServer]:
    """A server in virtual time first, then over real sockets. Request ``clock`` beside it."""
    if kind == "memory":
        yield ScriptedServer(server, nursery)
        return
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    host, port = listener.socket.getsockname()[:2]
    real = FakeServer(f"ws://{host}:{port}", nursery)
    play = partial(serve, on_request=real._arrived)
    async with listener:
        nursery.start_soon(trio.serve_listeners, play, [listener])
        yield ScriptedServer(real, nursery)


@pytest.fixture
async def memory(server: FakeServer, nursery: trio.Nursery) -> ScriptedServer:
    """A server in virtual time only. Request ``autojump_clock`` beside it."""
    return ScriptedServer(server, nursery)
