"""A client's end of one connection, frame by frame, without our code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.frames import CLOSE, close, frame
from support.peer import End, Frame

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = b"\x01\x02\x03\x04"


def masked(opcode: int, payload: bytes = b"", *, fin: bool = True) -> bytes:
    """Return one frame as a client sends it."""
    return frame(opcode, payload, fin=fin, mask=MASK)


def masked_close(code: int | None = None, reason: str = "") -> bytes:
    """Return a client's Close frame, without a body if the code is None."""
    return close(code, reason, mask=MASK)


class RawClient(End):
    """The client's end.

    Attributes:
      answer: the handshake's answer, once there was one.
    """

    answer = b""

    async def call(self, target: str = "/", *headers: str, then: bytes = b"") -> None:
        """Perform the opening handshake. ``then`` is sent in the same segment as the request."""
        lines = (
            f"GET {target} HTTP/1.1",
            "Host: server.test",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            *headers,
        )
        await self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + then)
        self.answer = await self._read_head("the server went away before its answer was complete")

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

    async def finish(self) -> None:
        """Answer the Close and wait for the end of TCP, as a good client does."""
        got = await self.read_to_close()
        if got is not None:
            await self.send(masked(CLOSE, got.payload))
        await self.read_to_end()

    @property
    def payloads(self) -> list[bytes]:
        """Return the payloads of the received messages."""
        return [got.payload for got in self.frames if got.opcode != CLOSE]


def headers_of(answer: bytes) -> dict[str, str]:
    """Return the answer's header fields, with names in lower case."""
    lines: Iterable[str] = answer.decode("latin-1").split("\r\n")[1:]
    pairs = (line.split(": ", 1) for line in lines)
    return {name.lower(): value for name, value in pairs}
