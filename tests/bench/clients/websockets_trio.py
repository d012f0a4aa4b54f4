"""websockets' client for trio."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from websockets.exceptions import ConnectionClosed
from websockets.trio import client

from bench.clients.running import on_trio as run

if TYPE_CHECKING:
    from bench.work import Work

__all__ = ["connect", "consume", "echo", "receive", "run", "send"]


def connect(url: str, work: Work) -> client.connect:
    compression = "deflate" if work.compressed else None
    return client.connect(
        url, compression=compression, max_size=None, ping_interval=None, proxy=None
    )


async def receive(url: str, work: Work) -> float:
    received = 0
    async with connect(url, work) as ws:
        start = perf_counter()
        async for message in ws:
            received += len(message)
        seconds = perf_counter() - start
    assert received == work.count * work.size
    return seconds


async def send(url: str, work: Work) -> float:
    async with connect(url, work) as ws:
        start = perf_counter()
        for message in work.messages:
            await ws.send(message)
        await ws.recv()
        return perf_counter() - start


async def consume(url: str) -> bool:
    options: dict[str, Any] = {"max_size": 16 << 20, "ping_interval": None, "close_timeout": 0.1}
    async with client.connect(url, proxy=None, **options) as ws:
        try:
            async for _ in ws:
                pass
        except ConnectionClosed as exc:
            return exc.sent is not None
    return False


async def echo(url: str, work: Work) -> float:
    message = work.distinct[0]
    async with connect(url, work) as ws:
        start = perf_counter()
        for _ in range(work.in_flight):
            await ws.send(message)
        for _ in range(work.count - work.in_flight):
            assert len(await ws.recv()) == work.size
            await ws.send(message)
        for _ in range(work.in_flight):
            assert len(await ws.recv()) == work.size
        return perf_counter() - start
