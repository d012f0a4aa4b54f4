"""The scripted server, on raw TCP, which sends exactly its script and records what the client did.

It never sleeps in the hope that something has happened by then. A step that depends on the client
reads until the client has done it, or waits for the program's signal.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import socket
import struct
import termios
import zlib
from array import array
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import trio

from .payload_format import SHORT, describe_bytes

if TYPE_CHECKING:
    import ssl

    from .scenario import Script

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
OPCODES = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
TLS_HELLO = b"\x16"
"""The first byte of a TLS connection."""
KEPT_HEADERS = (
    "authorization",
    "connection",
    "cookie",
    "host",
    "origin",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-protocol",
    "sec-websocket-version",
    "upgrade",
)
"""The others (User-Agent, Accept-Language, Cache-Control ...) are sent by browsers only."""


class Gone(Exception):
    """The client ended the connection."""


class Signals:
    """Signals between the program and the server outside of the connection."""

    def __init__(self, say: Callable[[str], Any] | None = None) -> None:
        self._events: dict[str, trio.Event] = {}
        self.say = say or self.set

    def __getitem__(self, name: str) -> trio.Event:
        return self._events.setdefault(name, trio.Event())

    def set(self, name: str) -> None:
        self[name].set()


class Server:
    """The listener of one scenario. ``wire`` is the record, a list of entries for each
    connection."""

    def __init__(
        self, scripts: list[Script], signals: Signals, ssl_context: ssl.SSLContext | None
    ) -> None:
        self._scripts = scripts
        self._ssl_context = ssl_context
        self._signals = signals
        self._done = 0
        self._all_done = trio.Event()
        self.port = 0
        self.closed_port = 0
        self.wire: list[list[Any]] = []
        if not scripts:
            self._all_done.set()

    async def wait_done(self) -> None:
        """Wait until every script has been played to its end."""
        await self._all_done.wait()

    async def _serve(self, stream: trio.SocketStream) -> None:
        number = len(self.wire)
        if number >= len(self._scripts):
            await self._listen_only(stream)
            return
        self.wire.append([])
        connection = Connection(stream, self.wire, self._signals)
        try:
            if self._ssl_context is None or await connection.encrypt(self._ssl_context):
                await connection.play(self._scripts[number])
        finally:
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(stream)
            self._done += 1
            if self._done == len(self._scripts):
                self._all_done.set()

    async def _listen_only(self, stream: trio.SocketStream) -> None:
        """Record a connection that the script does not know, if the client sends something on it.

        Without a script the program closes at once, and how far it gets depends on time. A browser
        sends a second TLS hello, with other parameters, if the first was not understood.
        """
        async with stream:
            data = await stream.receive_some()
            if data and self._scripts and data[:1] != TLS_HELLO:
                self.wire.append([["unexpected", data.partition(b"\r")[0].decode("latin-1")]])


@asynccontextmanager
async def serve(
    scripts: list[Script],
    signals: Signals,
    host: str = "127.0.0.1",
    ssl_context: ssl.SSLContext | None = None,
) -> AsyncGenerator[Server]:
    """Serve one scenario, on its own port."""
    server = Server(scripts, signals, ssl_context)
    (listener,) = await trio.open_tcp_listeners(0, host=host)
    server.port = listener.socket.getsockname()[1]
    with socket.socket() as unheard:
        unheard.bind(
            ("127.0.0.1", 0)
        )  # bound, not listening, so connecting is refused and no other process gets the port
        server.closed_port = unheard.getsockname()[1]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.serve_listeners, server._serve, [listener])
            yield server
            nursery.cancel_scope.cancel()


class Connection:
    """One TCP connection, which plays its script and then reads until the client has gone."""

    def __init__(self, stream: trio.SocketStream, wire: list[list[Any]], signals: Signals) -> None:
        self._socket = stream
        self._stream: trio.abc.Stream = stream
        self._wire = wire
        self._record = wire[-1]
        self._signals = signals
        self._unread = bytearray()
        self._message: tuple[str, bytearray, bool] | None = None
        self._last_close = b""
        self._key = b""
        self._inflater: Any = None
        self._finished = False
        self._pace: tuple[int, float] | None = None  # bytes at a time, and seconds before each

    async def encrypt(self, context: ssl.SSLContext) -> bool:
        """Perform the TLS handshake, and return False if the client breaks it off."""
        encrypted = trio.SSLStream(self._socket, context, server_side=True, https_compatible=True)
        try:
            await encrypted.do_handshake()
        except trio.BrokenResourceError:
            self._record.append(["TLS refused"])
            return False
        self._stream = encrypted
        return True

    async def play(self, script: Script) -> None:
        try:
            for name, *arguments in script:
                await getattr(self, f"_{name}")(*arguments)
            if not self._finished:
                await self._until_end()
        except Gone:
            pass

    # ---- steps

    async def _request(self) -> None:
        while b"\r\n\r\n" not in self._unread:
            if self._unread.startswith(TLS_HELLO):
                self._record.append(["TLS hello"])
                self._unread.clear()
                raise Gone
            await self._more()
        head, _, rest = bytes(self._unread).partition(b"\r\n\r\n")
        self._unread[:] = rest
        line, *lines = head.decode("latin-1").split("\r\n")
        headers: dict[str, str] = {}
        for each in lines:
            name, _, value = each.partition(":")
            name, value = name.strip().lower(), value.strip()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        self._key = headers.get("sec-websocket-key", "").encode()
        self._record.append(
            ["request", line, {k: v for k, v in sorted(headers.items()) if k in KEPT_HEADERS}]
        )

    async def _answer(self, head: str, then: bytes, pieces: int = 0) -> None:
        accept = base64.b64encode(hashlib.sha1(self._key + GUID).digest()).decode()
        if "permessage-deflate" in head:
            self._inflater = zlib.decompressobj(-15)
        filled = head.replace("{accept}", accept).replace("{key}", self._key.decode())
        data = filled.encode("latin-1") + then
        await (self._split(data, pieces) if pieces else self._write(data))

    async def _write(self, data: bytes) -> None:
        with suppress(
            trio.BrokenResourceError
        ):  # the client has gone, but what it did before must still be read
            await self._stream.send_all(data)

    async def _split(self, data: bytes, size: int) -> None:
        """Write in pieces, with pauses that let the client see each one alone, on which nothing
        depends."""
        for start in range(0, len(data), size):
            await self._write(data[start : start + size])
            await trio.sleep(0.002)

    async def _frames(self, count: int) -> None:
        for _ in range(count):
            await self._frame()

    async def _until_close(self) -> None:
        while await self._frame() != "close":
            pass

    async def _backlog(self, size: int) -> None:
        unread = array("i", [0])
        while unread[0] < size:
            await trio.sleep(0.01)
            fcntl.ioctl(self._socket.socket.fileno(), termios.FIONREAD, unread)

    async def _slowly(self, size: int, seconds: float) -> None:
        self._pace = size, seconds
        recorded = len(self._record)
        try:
            await self._until_close()
        except Gone:
            if self._unread or self._message is not None:
                self._record.append(["a message cut"])
            raise
        finally:
            self._record[recorded:] = [
                entry for entry in self._record[recorded:] if entry[0] not in ("text", "unfinished")
            ]

    async def _until_end(self) -> None:
        self._finished = True
        while True:
            await self._frame()

    async def _echo_close(self) -> None:
        body = self._last_close
        await self._write(bytes([0x88, len(body)]) + body)

    async def _end(self) -> None:
        with suppress(trio.BrokenResourceError):
            await self._socket.send_eof()

    async def _hang_up(self) -> None:
        """End TCP without reading. It is not recorded whether the client's request was already
        sent."""
        await self._end()
        with suppress(trio.BrokenResourceError):
            while await self._stream.receive_some():
                pass
        self._record.append(["eof"])
        raise Gone

    async def _reset(self) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await self._socket.aclose()
        self._record.append(["reset by the server"])
        self._finished = True

    async def _count(self) -> None:
        """Record how many connections there are, after enough time to see a client that opens too
        many."""
        await trio.sleep(0.3)
        self._record.append(["connections", len(self._wire)])

    async def _wait(self, name: str) -> None:
        await self._signals[name].wait()

    async def _say(self, name: str) -> None:
        said = self._signals.say(name)
        if said is not None:
            await said

    # ---- reading

    async def _more(self) -> None:
        try:
            if self._pace is not None:
                await trio.sleep(self._pace[1])
            data = await self._stream.receive_some(65536 if self._pace is None else self._pace[0])
        except trio.BrokenResourceError:
            self._record.append(["reset"])
            raise Gone from None
        if not data:
            if self._unread:
                self._record.append(["unfinished", bytes(self._unread[:SHORT]).hex()])
            self._record.append(["eof"])
            raise Gone
        self._unread += data

    async def _exactly(self, count: int) -> bytes:
        while len(self._unread) < count:
            await self._more()
        data = bytes(self._unread[:count])
        del self._unread[:count]
        return data

    async def _frame(self) -> str:
        """Read one message or control frame, record it, and return its kind."""
        while True:
            first, second = await self._exactly(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", await self._exactly(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", await self._exactly(8))
            mask = await self._exactly(4) if second & 0x80 else b""
            payload = await self._exactly(size)
            if mask:
                payload = _unmask(payload, mask)
            else:
                self._record.append(["not masked"])
            kind = OPCODES.get(first & 15, hex(first & 15))
            if first & 8:
                self._control(kind, payload, first >> 4)
                return kind
            if self._data(kind, payload, fin=bool(first & 0x80), rsv=first >> 4 & 7):
                return "data"

    def _control(self, kind: str, payload: bytes, flags: int) -> None:
        if flags != 8:
            self._record.append(["flags", flags])
        if kind != "close":
            self._record.append([kind, payload.hex()])
            return
        self._last_close = payload
        body: list[Any] = (
            [struct.unpack("!H", payload[:2])[0], payload[2:].decode()] if len(payload) > 1 else []
        )
        self._record.append(["close", *body])

    def _data(self, kind: str, payload: bytes, *, fin: bool, rsv: int) -> bool:
        if kind != "continuation":
            self._message = (kind, bytearray(), bool(rsv & 4))
        if self._message is None or (kind == "continuation" and rsv):
            self._record.append(["bad continuation"])
            return True
        kind, whole, compressed = self._message
        whole += payload
        if not fin:
            return False
        self._message = None
        if compressed:
            if self._inflater is None:
                self._record.append(["compressed without leave"])
                return True
            whole = bytearray(self._inflater.decompress(bytes(whole) + b"\0\0\xff\xff"))
        self._record.append([kind, describe_bytes(bytes(whole), as_text=kind == "text")])
        return True


def _unmask(payload: bytes, mask: bytes) -> bytes:
    whole = int.from_bytes(payload, "big")
    key = int.from_bytes((mask * (len(payload) // 4 + 1))[: len(payload)], "big")
    return (whole ^ key).to_bytes(len(payload), "big")


def valid_key(value: str) -> bool:
    """Return whether a key is sixteen bytes in base64 (RFC 6455 section 4.1)."""
    try:
        return len(base64.b64decode(value, validate=True)) == 16
    except binascii.Error:
        return False
