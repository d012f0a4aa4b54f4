"""The pump of an accepted connection, where its tasks would have to meet in one turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio
from guarantee.model_world import Handler
from support.raw_client import RawClient

from trio_ws_dom._net._settings import Bounds
from trio_ws_dom._server._accepted import AcceptedConnection
from trio_ws_dom._wire._closing import State
from trio_ws_dom._wire._frames import GOING_AWAY, Close
from trio_ws_dom._wire._http._response import Response

if TYPE_CHECKING:
    from trio_websocket import WebSocketRequest

    from .conftest import AcceptHarness

NO_TIME = Bounds(
    max_buffered_amount=None,
    close_timeout=60,
    cancelled_close_timeout=0,
    listener_timeout=0,
    ping_interval=None,
    ping_timeout=None,
)


async def test_ended_before_it_runs(harness: AcceptHarness, clock: object) -> None:
    """A cancellation that leaves no time, before the pump's first turn: no Close is sent."""
    states: list[State] = []

    async def handle(request: WebSocketRequest) -> None:
        response = Response(101, b"", "", "", None, b"")
        accepted = await request.accept()
        connection = AcceptedConnection(accepted, response, NO_TIME, Handler(), "ws://peer.test/")
        connection.close(Close(GOING_AWAY))
        connection.limit_close(trio.current_time())
        await connection.run()
        states.append(connection.machine.state)

    async with harness.connect(handle) as stream:
        client = RawClient(stream)
        await client.call()
        await client.read_to_end()
    assert client.frames == []
    assert states == [State.CLOSED]
