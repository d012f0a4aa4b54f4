"""trio-websocket."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import trio_websocket

from bench.clients.running import on_trio as run

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from bench.work import Work

__all__ = ["connect", "echo", "receive", "run", "send"]


def connect(
    url: str, work: Work
) -> AbstractAsyncContextManager[trio_websocket.WebSocketConnection]:
    return trio_websocket.open_websocket_url(url, max_message_size=2**25)


async def receive(url: str, work: Work) -> float:
    received = 0
    async with connect(url, work) as ws:
        start = perf_counter()
        try:
            while True:
                received += len(await ws.get_message())
        except trio_websocket.ConnectionClosed:
            seconds = perf_counter() - start
    assert received == work.count * work.size
    return seconds


async def send(url: str, work: Work) -> float:
    async with connect(url, work) as ws:
        start = perf_counter()
        for message in work.messages:
            await ws.send_message(message)
        await ws.get_message()
        return perf_counter() - start


async def echo(url: str, work: Work) -> float:
    message = work.distinct[0]
    async with connect(url, work) as ws:
        start = perf_counter()
        for _ in range(work.in_flight):
            await ws.send_message(message)
        for _ in range(work.count - work.in_flight):
            assert len(await ws.get_message()) == work.size
            await ws.send_message(message)
        for _ in range(work.in_flight):
            assert len(await ws.get_message()) == work.size
        return perf_counter() - start
