"""A server's end of one connection, frame by frame, without our code."""

from __future__ import annotations

import base64
import hashlib
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple

import trio

from support.frames import CLOSE, frame
from support.patience import patience

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class Frame(NamedTuple):
    """One frame as it came, unmasked."""

    opcode: int
    payload: bytes


class End(ABC):
    """One end of a connection, frame by frame, whose other end is tested.

    What it waits for comes in time, or ``trio.TooSlowError`` is raised.

    Args:
      stream: to the other end.
      patience: seconds that one wait may take, by default those of :func:`patience`.

    Attributes:
      frames: every frame that came, in order.
      ended: how the other side ended TCP: "eof", "reset", or None.
    """

    def __init__(self, stream: trio.abc.Stream, patience: float | None = None) -> None:
        self.stream = stream
        self._patience = patience
        self.frames: list[Frame] = []
        self.ended: str | None = None
        self._buffer = b""

    def _in_time(self) -> AbstractContextManager[trio.CancelScope]:
        return trio.fail_after(patience() if self._patience is None else self._patience)

    async def _receive(self) -> bytes:
        with self._in_time():
            return bytes(await self.stream.receive_some(65536))

    async def _read_head(self, missing: str) -> bytes:
        """Read the other end's part of the handshake, to its last byte."""
        while b"\r\n\r\n" not in self._buffer:
            data = await self._receive()
            assert data, missing
            self._buffer += data
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        return head

    async def send(self, *data: bytes) -> None:
        """Send frames, or any bytes."""
        with self._in_time():
            await self.stream.send_all(b"".join(data))

    async def send_eof(self) -> None:
        """End this side of TCP, and go on reading."""
        assert isinstance(self.stream, trio.abc.HalfCloseableStream)
        await self.stream.send_eof()

    async def next(self) -> Frame | None:
        """Return the next frame, or None when the other side has ended TCP."""
        while (parsed := self._parse()) is None:
            try:
                data = await self._receive()
            except trio.BrokenResourceError:
                self.ended = "reset"
                return None
            if not data:
                self.ended = "eof"
                return None
            self._buffer += data
        self.frames.append(parsed)
        return parsed

    @abstractmethod
    def _parse(self) -> Frame | None:
        """Take a frame from what has come, or return None if it is not complete."""

    async def read_to_close(self) -> Frame | None:
        """Read frames up to the Close, and return None if TCP ended without one."""
        while (got := await self.next()) is not None:
            if got.opcode == CLOSE:
                return got
        return None

    async def read_to_end(self) -> None:
        """Read until the other side has ended TCP, and answer nothing."""
        while await self.next() is not None:
            pass

    @property
    def close_code(self) -> int | None:
        """The code of the received Close, 1005 if it had none, or None without a Close."""
        closes = [got for got in self.frames if got.opcode == CLOSE]
        assert len(closes) < 2, "one Close is all that may be sent"
        if not closes:
            return None
        assert closes[0] is self.frames[-1], "nothing may follow a Close"
        return int.from_bytes(closes[0].payload[:2], "big") or 1005


def switching_protocols(request: bytes, *headers: str) -> bytes:
    """Return the 101 that accepts a request, with further header lines."""
    fields = dict(line.split(": ", 1) for line in request.decode().split("\r\n")[1:])
    key = fields["Sec-WebSocket-Key"].encode()
    digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    lines = (
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}",
        *headers,
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


class Peer(End):
    """The server's end.

    Attributes:
      request: the handshake's bytes, once it was accepted.
    """

    request = b""

    async def read_request(self) -> None:
        """Read the handshake's request, to its last byte."""
        self.request = await self._read_head("the client went away before its request was complete")

    def response(self, *headers: str) -> bytes:
        """Return the correct answer to the request."""
        return switching_protocols(self.request, *headers)

    async def accept(self, *headers: str, then: bytes = b"") -> None:
        """Perform the opening handshake. ``then`` is sent in the same segment as the 101."""
        await self.read_request()
        await self.send(self.response(*headers) + then)

    def _parse(self) -> Frame | None:
        data = self._buffer
        if len(data) < 2:
            return None
        size, start = data[1] & 0x7F, 2
        if size > 125:
            start += 2 if size == 126 else 8
            if len(data) < start:
                return None
            size = int.from_bytes(data[2:start], "big")
        if len(data) < start + 4 + size:
            return None
        assert data[1] & 0x80, "a client masks its frames"
        mask = data[start : start + 4]
        masked = data[start + 4 : start + 4 + size]
        self._buffer = data[start + 4 + size :]
        return Frame(data[0] & 0x0F, bytes(b ^ mask[i % 4] for i, b in enumerate(masked)))

    async def finish(self) -> None:
        """Answer the Close and end TCP, as a good server does."""
        got = await self.read_to_close()
        if got is not None:
            await self.send(frame(CLOSE, got.payload[:2]))
        await self.stream.aclose()

    async def serve(self) -> None:
        """Accept a connection, read until it is closed, and complete the closing handshake."""
        await self.accept()
        await self.finish()
