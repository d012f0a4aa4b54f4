"""The pump of an accepted connection, where its tasks would have to meet in one turn."""

from __future__ import annotations

from functools import partial

import trio
from trio_websocket import WebSocketRequest, serve_websocket

from trio_ws_dom._net._accepted import AcceptedConnection
from trio_ws_dom._net._settings import Bounds
from trio_ws_dom._wire._closing import State
from trio_ws_dom._wire._frames import GOING_AWAY, Close
from trio_ws_dom._wire._response import Response

NO_TIME = Bounds(
    max_buffered_amount=None,
    close_timeout=60,
    cancelled_close_timeout=0,
    ping_interval=None,
    ping_timeout=None,
)

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: here.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Owner:
    """Takes what comes."""

    _wants_messages = True

    def _connection_opened(self, response: object) -> None: ...

    def _take_messages(self, messages: object, index: int) -> int:
        raise AssertionError("there are no messages")

    def _bytes_left(self) -> None: ...

    def _traced(self, record: object) -> None: ...


async def test_ended_before_it_runs(nursery: trio.Nursery) -> None:
    """A cancellation that leaves no time, before the pump's first turn: no Close is sent."""
    over, states = trio.Event(), list[State]()

    async def handle(request: WebSocketRequest) -> None:
        response = Response(101, b"", "", "", None, b"")
        connection = AcceptedConnection(await request.accept(), response, NO_TIME, Owner())
        connection.close(Close(GOING_AWAY))
        connection.hurry()
        await connection.run()
        states.append(connection.machine.state)
        over.set()

    server = await nursery.start(partial(serve_websocket, handle, "127.0.0.1", 0, None))
    with trio.fail_after(60):
        async with await trio.open_tcp_stream("127.0.0.1", server.port) as stream:
            await stream.send_all(REQUEST)
            answer = b"".join([data async for data in stream])
        await over.wait()
    assert answer.endswith(b"\r\n\r\n")
    assert states == [State.CLOSED]
