"""httpx-ws on anyio, on trio."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

import httpx
import httpx_ws

from bench.clients.running import on_trio as run

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from bench.work import Work

__all__ = ["connect", "echo", "receive", "run", "send"]


@asynccontextmanager
async def connect(url: str, work: Work) -> AsyncGenerator[httpx_ws.AsyncWebSocketSession]:
    size = 2**25  # bytes of a message; its default is 64 KiB
    async with httpx.AsyncClient(trust_env=False) as client:
        connected: AbstractAsyncContextManager[httpx_ws.AsyncWebSocketSession] = (
            httpx_ws.aconnect_ws(
                url, client, max_message_size_bytes=size, keepalive_ping_interval_seconds=None
            )
        )
        async with connected as ws:
            yield ws


async def receive(url: str, work: Work) -> float:
    received = 0
    async with connect(url, work) as ws:
        take = ws.receive_text if work.text else ws.receive_bytes
        start = perf_counter()
        for _ in range(work.count):
            received += len(await take())
        seconds = perf_counter() - start
    assert received == work.count * work.size
    return seconds


async def send(url: str, work: Work) -> float:
    async with connect(url, work) as ws:
        give: Any = ws.send_text if work.text else ws.send_bytes
        start = perf_counter()
        for message in work.messages:
            await give(message)
        await ws.receive()
        return perf_counter() - start


async def echo(url: str, work: Work) -> float:
    message = work.distinct[0]
    async with connect(url, work) as ws:
        give: Any = ws.send_text if work.text else ws.send_bytes
        take = ws.receive_text if work.text else ws.receive_bytes
        start = perf_counter()
        for _ in range(work.in_flight):
            await give(message)
        for _ in range(work.count - work.in_flight):
            assert len(await take()) == work.size
            await give(message)
        for _ in range(work.in_flight):
            assert len(await take()) == work.size
        return perf_counter() - start
