"""A bare trio socket that moves the same bytes, to show the cost of trio and of framing in Python.

It masks and frames each message, and parses each one, but checks nothing that a WebSocket must
check.
"""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from functools import partial
from time import perf_counter, process_time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import trio

from bench.clients.running import on_trio as run
from bench.clients.running import side_by_side
from bench.clients.transports import dial
from bench.frames import CLOSE_OPCODE, header, xor
from bench.work import Work, burst

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

__all__ = ["busy", "connect", "echo", "receive", "run", "send"]

READ_BYTES = 256 * 1024
LONG = 64 * 1024
"""Bytes of a message from which on a copy costs more than a memoryview does."""
CLOSE_FRAME = header(CLOSE_OPCODE, 2, masked=True) + bytes(4) + b"\x03\xe8"


class Bare:
    """An open connection. ``take`` returns what has arrived, ``frame`` makes what to send."""

    def __init__(self, stream: trio.SocketStream, rest: bytes, work: Work) -> None:
        self.stream = stream
        self.buffer = rest
        self.needed = 2  # bytes of the next frame, as far as they are known
        self.work = work
        self.head = header(work.opcode, work.size, masked=True)
        self.closed = False

    def frame(self, message: str | bytes) -> bytes:
        payload = message.encode() if isinstance(message, str) else message
        mask = os.urandom(4)
        return self.head + mask + xor(payload, mask)

    async def take(self) -> list[str | bytes]:
        """Return all complete messages, at least one, or none at the end."""
        messages: list[str | bytes] = []
        while not messages and not self.closed:
            self.parse(messages)
            if not messages and not self.closed:
                await self.read()
        return messages

    async def read(self) -> None:
        """Read to the end of a frame, and join a long one's parts once."""
        parts, available = [self.buffer], len(self.buffer)
        while available < self.needed:
            data = await self.stream.receive_some(READ_BYTES)
            assert data, "the server left without a Close"
            parts.append(data)
            available += len(data)
        self.buffer = b"".join(parts)

    def parse(self, messages: list[str | bytes]) -> None:
        buffer, position, text = self.buffer, 0, self.work.text
        available, self.needed = len(buffer), 2
        while position + 2 <= available:
            start, size = position + 2, buffer[position + 1]
            if size > 125:
                extended = 2 if size == 126 else 8
                start += extended
                if start > available:
                    self.needed = start - position
                    break
                size = int.from_bytes(buffer[start - extended : start], "big")
            end = start + size
            if end > available:
                self.needed = end - position
                break
            if buffer[position] & 0x0F == CLOSE_OPCODE:
                self.closed = True
            elif size < LONG:
                payload = buffer[start:end]
                messages.append(payload.decode() if text else payload)
            else:
                view = memoryview(buffer)[start:end]
                messages.append(str(view, "utf-8") if text else bytes(view))
            position = end
        self.buffer = buffer[position:]


@asynccontextmanager
async def connect(url: str, work: Work) -> AsyncGenerator[Bare]:
    parts = urlsplit(url)
    request = (
        f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    async with await dial(url) as stream:
        await stream.send_all(request.encode())
        response = b""
        while b"\r\n\r\n" not in response:
            response += await stream.receive_some()
        yield Bare(stream, response.partition(b"\r\n\r\n")[2], work)
        await stream.send_all(CLOSE_FRAME)
        await stream.send_eof()


async def receive(url: str, work: Work) -> float:
    received = 0
    async with connect(url, work) as bare:
        start = perf_counter()
        while messages := await bare.take():
            for message in messages:
                received += len(message)
        seconds = perf_counter() - start
    assert received == work.count * work.size
    return seconds


async def send(url: str, work: Work) -> float:
    message, left, several = work.distinct[0], work.count, burst(work)
    async with connect(url, work) as bare:
        start = perf_counter()
        while left:
            now = min(left, several)
            await bare.stream.send_all(b"".join([bare.frame(message) for _ in range(now)]))
            left -= now
        await bare.take()
        return perf_counter() - start


async def echo(url: str, work: Work) -> float:
    message, to_send, to_receive = work.distinct[0], work.count - work.in_flight, work.count
    async with connect(url, work) as bare:
        start = perf_counter()
        frames = [bare.frame(message) for _ in range(work.in_flight)]
        await bare.stream.send_all(b"".join(frames))
        while to_receive:
            answers = await bare.take()
            assert all(len(answer) == work.size for answer in answers)
            to_receive -= len(answers)
            now = min(len(answers), to_send)
            to_send -= now
            if now:
                await bare.stream.send_all(b"".join([bare.frame(message) for _ in range(now)]))
        return perf_counter() - start


async def busy(url: str, work: Work) -> float:
    """Run a task for each socket."""
    message, unfinished, seconds = work.distinct[0], work.sockets, 0.0
    go, done = trio.Event(), trio.Event()

    async def one(task_status: trio.TaskStatus[None]) -> None:
        nonlocal unfinished, seconds
        async with connect(url, work) as bare:
            task_status.started()
            await go.wait()
            for _ in range(work.share.count):
                await bare.stream.send_all(bare.frame(message))
                await bare.take()
            unfinished -= 1
            if not unfinished:
                seconds = process_time() - start
                done.set()
            await done.wait()  # closing is not measured

    async with trio.open_nursery() as nursery:
        await side_by_side(work.sockets, partial(nursery.start, one))
        start = process_time()
        go.set()
    return seconds
