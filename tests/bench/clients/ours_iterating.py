"""trio_ws_dom as trio has it, by ``async for``."""

from __future__ import annotations

from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING

from bench.clients.ours import connect, idle, pinging, refused, send
from bench.clients.running import on_trio as run
from bench.work import Work
from trio_ws_dom import WebSocketError, open_websocket

if TYPE_CHECKING:
    from bench.clients.ours import PingTimes

__all__ = ["connect", "consume", "echo", "idle", "pings", "receive", "run", "send"]


async def receive(url: str, work: Work) -> float:
    received = 0
    async with connect(url, work) as ws:
        start = perf_counter()
        async for message in ws:
            received += len(message)
        seconds = perf_counter() - start
    assert received == work.count * work.size
    return seconds


async def consume(url: str) -> bool:
    async with open_websocket(url) as ws:
        with suppress(WebSocketError):
            async for _ in ws:
                pass
    return refused(ws)


async def echo(url: str, work: Work) -> float:
    message, to_send, to_receive = work.distinct[0], work.count, work.count
    async with connect(url, work) as ws:
        start = perf_counter()
        for _ in range(work.in_flight):
            to_send -= 1
            ws.send(message)
        async for answer in ws:
            assert len(answer) == work.size
            to_receive -= 1
            if to_send:
                to_send -= 1
                ws.send(message)
            elif not to_receive:
                break
        return perf_counter() - start


async def pings(url: str, work: Work) -> list[PingTimes]:
    async with pinging(url) as (ws, times):
        async for _ in ws:
            pass
    return times
