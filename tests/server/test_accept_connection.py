"""The connection of an accepted socket, in cases where its tasks would meet in one turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio
import trio.testing
from guarantee.model_world import Handler
from support.raw_client import RawClient

from trio_ws_dom._net._settings import Bounds
from trio_ws_dom._server._accepted import AcceptedConnection
from trio_ws_dom._wire._closing import State
from trio_ws_dom._wire._frames import GOING_AWAY, Close
from trio_ws_dom._wire._http._response import Response

from .conftest import handle_stream

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


async def closing_without_time(request: WebSocketRequest) -> AcceptedConnection:
    """Return a connection that is cancelled before it runs, and has no time left."""
    response = Response(101, b"", "", "", None, b"")
    accepted = await request.accept()
    connection = AcceptedConnection(accepted, response, NO_TIME, Handler(), "ws://peer.test/")
    connection.close(Close(GOING_AWAY))
    connection.limit_close(trio.current_time())
    return connection


async def test_no_close_is_sent_after_a_cancellation_that_leaves_no_time(
    harness: AcceptHarness, clock: object
) -> None:
    states: list[State] = []

    async def handle(request: WebSocketRequest) -> None:
        connection = await closing_without_time(request)
        await connection.run()
        states.append(connection.machine.state)

    async with harness.connect(handle) as stream:
        client = RawClient(stream)
        await client.call()
        await client.read_to_end()
    assert client.frames == []
    assert states == [State.CLOSED]


async def test_nothing_can_be_started_while_the_stream_is_being_closed(
    nursery: trio.Nursery, autojump_clock: object
) -> None:
    end, theirs = trio.testing.memory_stream_pair()
    close_hook = end.send_stream.close_hook
    assert close_hook is not None  # it ends the other stream
    states: list[State] = []  # in which it was tried

    async def handle(request: WebSocketRequest) -> None:
        connection = await closing_without_time(request)

        def try_to_start() -> None:
            connection.start_soon(trio.sleep_forever)
            states.append(connection.machine.state)
            close_hook()

        end.send_stream.close_hook = try_to_start
        await connection.run()

    nursery.start_soon(handle_stream, handle, end)
    client = RawClient(theirs)
    await client.call()
    await client.read_to_end()
    assert states[0] is State.CLOSE_QUEUED
