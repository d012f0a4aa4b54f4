"""What the three ways of using trio_ws_dom share: connecting, and sending in bursts."""

from __future__ import annotations

from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING

import trio

from bench.clients.running import resident
from bench.work import Work, burst
from trio_ws_dom import WebSocket, open_websocket, open_websocket_nursery

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager


def connect(url: str, work: Work) -> AbstractAsyncContextManager[WebSocket]:
    # the peers do not wait for each other's turn (RFC 6455 section 4.1) either
    return open_websocket(url, compression=work.compressed, serialize_connects=False)


async def send(url: str, work: Work) -> float:
    messages, several = work.messages, burst(work)
    async with connect(url, work) as ws:
        start = perf_counter()
        while some := list(islice(messages, several)):
            for message in some:
                ws.send(message)
            await ws.drain(several * work.size)
        await ws.receive()
        return perf_counter() - start


async def idle(url: str, work: Work) -> float:
    async with open_websocket_nursery() as sockets:

        async def opened(count: int) -> None:
            for _ in range(count):
                ws = sockets.connect(url, serialize_connects=False)
                done = trio.Event()
                ws.addEventListener("open", lambda event, done=done: done.set(), once=True)
                await done.wait()

        await opened(work.sockets // 10)
        before = resident()
        await opened(work.sockets)
        return (resident() - before) / work.sockets
