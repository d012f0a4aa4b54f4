"""picows, with callbacks, written in Cython."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from time import perf_counter
from typing import TYPE_CHECKING

from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect  # pyright: ignore[reportUnknownVariableType]  # its types are partial

from bench.clients.running import on_asyncio as run
from bench.work import Work, burst

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from contextlib import AbstractAsyncContextManager

__all__ = ["connect", "echo", "receive", "run", "send"]


class Listener(WSListener):
    """The common part of all kinds of work, which is the end and waiting until writing is
    possible."""

    def __init__(self, work: Work) -> None:
        self.type = WSMsgType.TEXT if work.text else WSMsgType.BINARY
        # picows takes bytes for text, too, so whoever has a str must encode it for each message
        self.message = work.distinct[0]
        self.text = work.text
        self.size = work.size
        self.done = asyncio.Event()
        self.writable = asyncio.Event()
        self.writable.set()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def encoded(self) -> bytes:
        return self.message.encode() if isinstance(self.message, str) else self.message


class Receiver(Listener):
    received = 0

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            self.done.set()
        elif self.text:
            self.received += len(frame.get_payload_as_utf8_text())
        else:
            self.received += len(frame.get_payload_as_bytes())


class Sender(Listener):
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        self.done.set()


class Echoer(Listener):
    to_send = to_receive = 0

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        payload = frame.get_payload_as_utf8_text() if self.text else frame.get_payload_as_bytes()
        assert len(payload) == self.size
        self.to_receive -= 1
        if self.to_send:
            self.to_send -= 1
            transport.send(self.type, self.encoded())
        elif not self.to_receive:
            self.done.set()


@asynccontextmanager
async def connected(listener: Listener, url: str) -> AsyncGenerator[WSTransport]:
    transport, _ = await ws_connect(lambda: listener, url, max_frame_size=2**25)
    try:
        yield transport
    finally:
        transport.send_close()
        transport.disconnect()
        await transport.wait_disconnected()


def connect(url: str, work: Work) -> AbstractAsyncContextManager[WSTransport]:
    return connected(Listener(work), url)


async def receive(url: str, work: Work) -> float:
    listener = Receiver(work)
    async with connected(listener, url):
        start = perf_counter()
        await listener.done.wait()
        seconds = perf_counter() - start
    assert listener.received == work.count * work.size
    return seconds


async def send(url: str, work: Work) -> float:
    listener, left = Sender(work), work.count
    async with connected(listener, url) as transport:
        start = perf_counter()
        while left:
            now = min(left, burst(work))
            for _ in range(now):
                transport.send(listener.type, listener.encoded())
            left -= now
            await listener.writable.wait()
        await listener.done.wait()
        return perf_counter() - start


async def echo(url: str, work: Work) -> float:
    listener = Echoer(work)
    listener.to_send, listener.to_receive = work.count - work.in_flight, work.count
    async with connected(listener, url) as transport:
        start = perf_counter()
        for _ in range(work.in_flight):
            transport.send(listener.type, listener.encoded())
        await listener.done.wait()
        return perf_counter() - start
