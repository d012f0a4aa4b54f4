"""trio_ws_dom as in a browser, by ``onmessage``."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import trio

from bench.clients.ours import busy, connect, idle, pinging, refused, send
from bench.clients.running import on_trio as run
from bench.work import Work
from trio_ws_dom import MessageEvent, open_websocket

if TYPE_CHECKING:
    from bench.clients.ours import PingTimes

__all__ = ["busy", "connect", "consume", "echo", "idle", "pings", "receive", "run", "send"]


async def receive(url: str, work: Work) -> float:
    received = 0

    def on_message(event: MessageEvent) -> None:
        nonlocal received
        received += len(event.data)

    async with connect(url, work) as ws:
        ws.binaryType = "arraybuffer"
        for _ in range(work.listeners - 1):
            ws.addEventListener("message", lambda event: None)
        start = perf_counter()
        ws.onmessage = on_message
        await ws.wait_closed()
        seconds = perf_counter() - start
    assert received == work.count * work.size
    return seconds


async def consume(url: str) -> bool:
    async with open_websocket(url) as ws:
        ws.onmessage = lambda event: None
        await ws.wait_closed()
    return refused(ws)


async def echo(url: str, work: Work) -> float:
    message, to_send, to_receive = work.distinct[0], work.count, work.count
    done = trio.Event()

    async with connect(url, work) as ws:

        def on_message(event: MessageEvent) -> None:
            nonlocal to_send, to_receive
            assert len(event.data) == work.size
            to_receive -= 1
            if to_send:
                to_send -= 1
                ws.send(message)
            elif not to_receive:
                done.set()

        ws.binaryType = "arraybuffer"
        ws.onmessage = on_message
        start = perf_counter()
        for _ in range(work.in_flight):
            to_send -= 1
            ws.send(message)
        await done.wait()
        return perf_counter() - start


async def pings(url: str, work: Work) -> list[PingTimes]:
    async with pinging(url) as (ws, times):
        ws.onmessage = lambda event: None
        await ws.wait_closed()
    return times
