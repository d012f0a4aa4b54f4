"""A server as an ASGI application under hypercorn."""

from __future__ import annotations

import asyncio
from typing import Any

from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.run import worker_serve  # pyright: ignore[reportUnknownVariableType]  # in part
from hypercorn.config import Config
from interop.servers.serving import wait_until_stopped


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await receive()
    await send({"type": "websocket.accept"})
    if scope["path"] == "/close":
        await send({"type": "websocket.close", "code": 3001, "reason": "the server's own"})
    while (event := await receive())["type"] == "websocket.receive":
        reply = {key: event[key] for key in ("text", "bytes") if event.get(key) is not None}
        await send({"type": "websocket.send", **reply})


async def main() -> None:
    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.loglevel = "ERROR"
    sockets = config.create_sockets()
    port = sockets.insecure_sockets[0].getsockname()[1]
    await worker_serve(
        ASGIWrapper(app), config, sockets=sockets, shutdown_trigger=lambda: wait_until_stopped(port)
    )


asyncio.run(main())
