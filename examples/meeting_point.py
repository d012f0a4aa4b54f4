"""A server that connects two clients which ask for the same path, on trio-websocket.

Each of the two receives what the other sends. Start it with ``python -m examples.meeting_point
[PORT]``.
"""

import sys
from contextlib import suppress

import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, WebSocketRequest, serve_websocket


class MeetingPoint:
    def __init__(self) -> None:
        self._waiting: dict[str, tuple[WebSocketConnection, trio.Event]] = {}

    async def handle(self, request: WebSocketRequest) -> None:
        """Serve one client, as a handler for ``serve_websocket``."""
        ws = await request.accept()
        first, over = self._waiting.pop(request.path, (None, trio.Event()))
        if first is None or first.closed:
            self._waiting[request.path] = ws, over
            await over.wait()
            return
        async with trio.open_nursery() as nursery:
            nursery.start_soon(carry, first, ws)
            nursery.start_soon(carry, ws, first)
        over.set()


async def carry(source: WebSocketConnection, target: WebSocketConnection) -> None:
    with suppress(ConnectionClosed):
        while True:
            await target.send_message(await source.get_message())
    await target.aclose()


if __name__ == "__main__":
    port = int(sys.argv[1]) if sys.argv[1:] else 8080
    trio.run(serve_websocket, MeetingPoint().handle, "localhost", port, None)
