"""The clients, one file each.

A client has `receive`, `send` and `echo`, each `async def (url, work) -> seconds`, measured from
when the connection is open until the last message is there; and `run`, which runs one of them.
Each is written as its own documentation writes such a program.
"""

from __future__ import annotations

# Module: (how it is called in the table, the distributions whose versions say what was measured).
CLIENTS: dict[str, tuple[str, list[str]]] = {
    "ours_callbacks": ("trio_ws_dom, onmessage", ["trio-ws-dom"]),
    "ours_iterating": ("trio_ws_dom, async for", ["trio-ws-dom"]),
    "trio_websocket": ("trio-websocket", ["trio-websocket", "wsproto"]),
    "websockets_trio": ("websockets, trio", ["websockets"]),
    "websockets_asyncio": ("websockets, asyncio", ["websockets"]),
    "httpx_ws": ("httpx-ws, trio", ["httpx-ws", "httpx", "wsproto"]),
    "aiohttp": ("aiohttp", ["aiohttp"]),
    "picows": ("picows", ["picows"]),
    "bare": ("bare trio socket", ["trio"]),
}
