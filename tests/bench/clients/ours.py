"""The common part of the three ways of using trio_ws_dom, which connect, send in bursts and
ping."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import islice
from time import perf_counter, process_time
from typing import TYPE_CHECKING, NamedTuple

import trio

from bench.clients.running import resident, side_by_side
from bench.clients.transports import Dripping, Watched, dial
from bench.work import Work, burst
from trio_ws_dom import Event, WebSocket, WebSocketError, open_websocket, open_websocket_nursery

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from contextlib import AbstractAsyncContextManager

    from trio_ws_dom import MessageEvent, WebSocketNursery


def connect(url: str, work: Work) -> AbstractAsyncContextManager[WebSocket]:
    if work.read:
        return connect_dripping(url, work)
    # the peers do not take turns (RFC 6455 section 4.1), either
    return open_websocket(url, compression=work.compressed, serialize_connects=False)


@asynccontextmanager
async def connect_dripping(url: str, work: Work) -> AsyncGenerator[WebSocket]:
    stream = Dripping(await dial(url), work.read)
    async with open_websocket(url, compression=work.compressed, stream=stream) as ws:
        yield ws


def refused(ws: WebSocket) -> bool:
    """Return whether the connection ended otherwise than by the server's end of TCP."""
    return "ended TCP without a Close frame" not in str(ws.failure)


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
        await opened(sockets, url, work.sockets // 10)
        before = resident()
        await opened(sockets, url, work.sockets)
        return (resident() - before) / work.sockets


def tell(done: trio.Event, event: Event) -> None:
    done.set()


async def opened(sockets: WebSocketNursery, url: str, count: int) -> list[WebSocket]:
    """Return this many new sockets, which are OPEN."""
    found: list[WebSocket] = []
    for _ in range(count):
        ws = sockets.connect(url, serialize_connects=False)
        done = trio.Event()
        ws.addEventListener("open", partial(tell, done), once=True)
        await done.wait()
        found.append(ws)
    return found


async def busy(url: str, work: Work) -> float:
    message, unfinished, done = work.distinct[0], work.sockets, trio.Event()

    def answering(ws: WebSocket) -> Callable[[MessageEvent], None]:
        to_send = work.share.count - 1

        def on_message(event: MessageEvent) -> None:
            nonlocal to_send, unfinished
            if to_send:
                to_send -= 1
                ws.send(message)
                return
            unfinished -= 1
            if not unfinished:
                done.set()

        return on_message

    async with open_websocket_nursery() as sockets:
        every: list[WebSocket] = []

        async def one_more() -> None:
            every.extend(await opened(sockets, url, 1))

        await side_by_side(work.sockets, one_more)
        for ws in every:
            ws.onmessage = answering(ws)
        start = process_time()
        for ws in every:
            ws.send(message)
        await done.wait()
        return process_time() - start


class PingTimes(NamedTuple):
    """The times of one ``ping()``."""

    round_trip: float  # seconds
    inside: float  # of these, from when its Pong was read until the task went on
    ahead: int  # bytes that were read during that, most of them sent before the Pong


@asynccontextmanager
async def pinging(url: str) -> AsyncGenerator[tuple[WebSocket, list[PingTimes]]]:
    """Yield a socket on which a task pings without pause until it is closed."""
    times: list[PingTimes] = []
    stream = await dial(url)
    watched = stream.socket = Watched(stream.socket)  # type: ignore[assignment]  # used like one

    async def ping(ws: WebSocket) -> None:
        with suppress(WebSocketError):  # closed before the answer
            while True:
                start, before = perf_counter(), watched.read
                await ws.ping()
                end = perf_counter()
                inside = end - watched.pong_read_at
                times.append(PingTimes(end - start, inside, watched.read - before))

    async with trio.open_nursery() as nursery:
        async with open_websocket(url, compression=False, stream=stream) as ws:
            nursery.start_soon(ping, ws)
            yield ws, times
