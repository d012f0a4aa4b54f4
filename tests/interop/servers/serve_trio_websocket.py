"""A server on trio-websocket."""

from __future__ import annotations

import sys
from functools import partial

import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, serve_websocket

LARGEST = 1 << 24  # bytes


async def handle(request: WebSocketRequest) -> None:
    connection = await request.accept()
    if request.path == "/close":
        await connection.aclose(3001, "the server's own")
        return
    if request.path == "/ping":
        await connection.ping(b"are you there?")
        await connection.send_message("yes")
    try:
        while True:
            await connection.send_message(await connection.get_message())
    except ConnectionClosed:
        pass  # the client has closed


async def main() -> None:
    async with trio.open_nursery() as nursery:
        server = await nursery.start(
            partial(serve_websocket, handle, "127.0.0.1", 0, None, max_message_size=LARGEST)
        )
        print(server.port, flush=True)
        await trio.to_thread.run_sync(sys.stdin.read)
        nursery.cancel_scope.cancel()


trio.run(main)
