"""A server on websockets with asyncio."""

from __future__ import annotations

import asyncio

from interop.servers.serving import thirds, wait_until_stopped
from websockets.asyncio.server import ServerConnection, serve


async def handle(connection: ServerConnection) -> None:
    assert connection.request is not None  # set once it is open
    path = connection.request.path
    if path == "/close":
        await connection.close(3001, "the server's own")
    if path == "/ping":
        await (await connection.ping(b"are you there?"))
        await connection.send("yes")
    async for message in connection:
        await connection.send(thirds(message) if path == "/fragments" else message)


async def main() -> None:
    async with serve(handle, "127.0.0.1", 0, max_size=None) as server:
        await wait_until_stopped(next(iter(server.sockets)).getsockname()[1])


asyncio.run(main())
