"""A server on aiohttp."""

from __future__ import annotations

import asyncio

from aiohttp import WSMsgType, web
from interop.servers.serving import wait_until_stopped


async def handle(request: web.Request) -> web.WebSocketResponse:
    connection = web.WebSocketResponse(max_msg_size=0)
    await connection.prepare(request)
    if request.path == "/close":
        await connection.close(code=3001, message=b"the server's own")
    async for message in connection:
        if message.type is WSMsgType.TEXT:
            await connection.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await connection.send_bytes(message.data)
    return connection


async def main() -> None:
    app = web.Application()
    app.router.add_get("/{path}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await wait_until_stopped(runner.addresses[0][1])
    await runner.cleanup()


asyncio.run(main())
