"""trio_ws_dom as two channels, by a WebSocketStream, whose writer waits until each message is
sent."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from bench.clients.running import on_trio as run
from trio_ws_dom import WebSocketError, WebSocketStream, open_websocket_stream

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from bench.work import Work

__all__ = ["connect", "consume", "echo", "receive", "run", "send"]


def connect(url: str, work: Work) -> AbstractAsyncContextManager[WebSocketStream]:
    return open_websocket_stream(url, compression=work.compressed, serialize_connects=False)


async def receive(url: str, work: Work) -> float:
    received = 0
    async with connect(url, work) as stream:
        start = perf_counter()
        async for message in stream.readable:
            received += len(message)
        seconds = perf_counter() - start
    assert received == work.count * work.size
    return seconds


async def send(url: str, work: Work) -> float:
    async with connect(url, work) as stream:
        start = perf_counter()
        for message in work.messages:
            await stream.writable.send(message)
        await stream.readable.receive()
        return perf_counter() - start


async def consume(url: str) -> bool:
    async with open_websocket_stream(url) as stream:
        try:
            async for _ in stream.readable:
                pass
        except WebSocketError as exc:
            return "ended TCP without a Close frame" not in str(exc)
    return False


async def echo(url: str, work: Work) -> float:
    message = work.distinct[0]
    async with connect(url, work) as stream:
        take, give = stream.readable.receive, stream.writable.send
        start = perf_counter()
        for _ in range(work.in_flight):
            await give(message)
        for _ in range(work.count - work.in_flight):
            assert len(await take()) == work.size
            await give(message)
        for _ in range(work.in_flight):
            assert len(await take()) == work.size
        return perf_counter() - start
