"""The clients for trio, each used as its own documentation shows."""

from __future__ import annotations

import importlib.metadata
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager


@asynccontextmanager
async def httpx_ws(url: str) -> AsyncGenerator[Any]:
    import httpx
    import httpx_ws

    async with httpx.AsyncClient(trust_env=False) as client:
        connected: AbstractAsyncContextManager[Any] = httpx_ws.aconnect_ws(url, client)
        async with connected as ws:
            yield ws


def trio_websocket(url: str) -> AbstractAsyncContextManager[Any]:
    import trio_websocket

    return trio_websocket.open_websocket_url(url)


def websockets(url: str) -> AbstractAsyncContextManager[Any]:
    import websockets.trio.client

    return websockets.trio.client.connect(url, proxy=None)


def trio_ws_dom(url: str) -> AbstractAsyncContextManager[Any]:
    import trio_ws_dom

    return trio_ws_dom.open_websocket(url)


CONNECT: dict[str, Callable[[str], AbstractAsyncContextManager[Any]]] = {
    "trio-ws-dom": trio_ws_dom,
    "trio-websocket": trio_websocket,
    "websockets": websockets,
    "httpx-ws": httpx_ws,
}
"""Each by the name of its distribution."""


def receive(name: str, ws: Any) -> Awaitable[object]:
    """Return the next message, as the client returns it."""
    method = {"trio-websocket": "get_message", "websockets": "recv"}.get(name, "receive")
    message: Awaitable[object] = getattr(ws, method)()
    return message


def version(name: str) -> str:
    return f"{name} {importlib.metadata.version(name)}"
