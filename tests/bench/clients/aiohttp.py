"""aiohttp, with its C extensions."""

from __future__ import annotations

from contextlib import asynccontextmanager
from importlib.util import find_spec
from time import perf_counter
from typing import TYPE_CHECKING, Any

import aiohttp

from bench.clients.running import on_asyncio as run

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from bench.work import Work

__all__ = ["connect", "echo", "receive", "run", "send"]

assert find_spec("aiohttp._websocket.reader_c"), "without its C extensions it is another client"


@asynccontextmanager
async def connect(url: str, work: Work) -> AsyncGenerator[aiohttp.ClientWebSocketResponse]:
    async with aiohttp.ClientSession() as session:
        bits = 15 if work.compressed else 0
        async with session.ws_connect(url, compress=bits, max_msg_size=0) as ws:
            yield ws


async def receive(url: str, work: Work) -> float:
    received = 0
    async with connect(url, work) as ws:
        start = perf_counter()
        async for message in ws:
            received += len(message.data)
        seconds = perf_counter() - start
    assert received == work.count * work.size
    return seconds


async def send(url: str, work: Work) -> float:
    async with connect(url, work) as ws:
        give: Any = ws.send_str if work.text else ws.send_bytes
        start = perf_counter()
        for message in work.messages:
            await give(message)
        await ws.receive()
        return perf_counter() - start


async def echo(url: str, work: Work) -> float:
    message = work.distinct[0]
    async with connect(url, work) as ws:
        give: Any = ws.send_str if work.text else ws.send_bytes
        start = perf_counter()
        for _ in range(work.in_flight):
            await give(message)
        for _ in range(work.count - work.in_flight):
            assert len((await ws.receive()).data) == work.size
            await give(message)
        for _ in range(work.in_flight):
            assert len((await ws.receive()).data) == work.size
        return perf_counter() - start
