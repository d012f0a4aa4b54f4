"""A client's end of one connection, frame by frame, with nothing of ours in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio
from support.peer import CLOSE, Frame, frame

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = b"\x01\x02\x03\x04"


def masked(opcode: int, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """One frame as a client sends it."""
    plain = frame(opcode, payload, fin=fin)
    head = bytearray(plain[: len(plain) - len(payload)])
    head[1] |= 0x80
    return bytes(head) + MASK + bytes(b ^ MASK[i % 4] for i, b in enumerate(payload))


def close(code: int | None = None, reason: str = "") -> bytes:
    """A Close frame; None: one without a body."""
    return masked(CLOSE, b"" if code is None else code.to_bytes(2, "big") + reason.encode())


class Caller:
    """The client's end.

    Attributes:
      answer: the handshake's answer, once there was one.
      frames: every frame that came, in order.
      ended: how the other side ended TCP: "eof", "reset", or None.
    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self.answer = b""
        self.frames: list[Frame] = []
        self.ended: str | None = None
        self._buffer = b""

    async def call(self, target: str = "/", *headers: str, then: bytes = b"") -> None:
        """Hold the opening handshake; ``then`` goes out in the same segment as the request."""
        lines = (
            f"GET {target} HTTP/1.1",
            "Host: server.test",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            *headers,
        )
        await self.stream.send_all("\r\n".join(lines).encode() + b"\r\n\r\n" + then)
        while b"\r\n\r\n" not in self._buffer:
            data = await self.stream.receive_some()
            assert data, "the server went away before its answer was complete"
            self._buffer += data
        self.answer, _, self._buffer = self._buffer.partition(b"\r\n\r\n")

    async def send(self, *data: bytes) -> None:
        """Send frames, or any bytes."""
        await self.stream.send_all(b"".join(data))

    async def next(self) -> Frame | None:
        """The next frame; None when the other side has ended TCP."""
        while (parsed := self._parse()) is None:
            try:
                data = await self.stream.receive_some()
            except trio.BrokenResourceError:
                self.ended = "reset"
                return None
            if not data:
                self.ended = "eof"
                return None
            self._buffer += data
        self.frames.append(parsed)
        return parsed

    def _parse(self) -> Frame | None:
        data = self._buffer
        if len(data) < 2:
            return None
        size, start = data[1], 2
        assert size < 128, "a server does not mask its frames"
        if size > 125:
            start += 2 if size == 126 else 8
            size = int.from_bytes(data[2:start], "big")
        if len(data) < start + size:
            return None
        self._buffer = data[start + size :]
        return Frame(data[0] & 0x0F, data[start : start + size])

    async def read_to_close(self) -> Frame | None:
        """Read frames up to the Close; None if TCP ended without one."""
        while (got := await self.next()) is not None:
            if got.opcode == CLOSE:
                return got
        return None

    async def read_to_end(self) -> None:
        """Read until the server has ended TCP, and answer nothing."""
        while await self.next() is not None:
            pass

    async def finish(self) -> None:
        """What a good client does at the end: answer the Close, and wait for the end of TCP."""
        got = await self.read_to_close()
        if got is not None:
            await self.send(masked(CLOSE, got.payload))
        await self.read_to_end()

    @property
    def payloads(self) -> list[bytes]:
        """Of the messages that came."""
        return [got.payload for got in self.frames if got.opcode != CLOSE]

    @property
    def close_code(self) -> int | None:
        """The code of the Close that came, 1005 for one without; None if there was none."""
        closes = [got for got in self.frames if got.opcode == CLOSE]
        assert len(closes) < 2, "one Close is all that may be sent"
        if not closes:
            return None
        assert closes[0] is self.frames[-1], "nothing may follow a Close"
        return int.from_bytes(closes[0].payload[:2], "big") or 1005


def headers_of(answer: bytes) -> dict[str, str]:
    """The answer's header fields, their names in lower case."""
    lines: Iterable[str] = answer.decode("latin-1").split("\r\n")[1:]
    pairs = (line.split(": ", 1) for line in lines)
    return {name.lower(): value for name, value in pairs}
