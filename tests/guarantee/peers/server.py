"""A server that records, on a thread and plain sockets, with none of the clients' code."""

from __future__ import annotations

import base64
import hashlib
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass

ANSWER_AFTER = 0.3  # seconds, long enough to see whether a client waits

CLOSE = 8


@dataclass
class Record:
    """What the server saw. Times are ``time.monotonic()``."""

    close_code: int | None = None
    awaited: bool | None = None  # whether the client waited for the answer
    ended: str | None = None  # "FIN" or "reset"
    ended_at: float | None = None


class Server:
    """Serve one connection in a given manner.

    Args:
      manner: "good" (answers the Close, ends TCP), "silent" (never answers), "floods" (sends as
        fast as TCP takes it until the Close comes, then answers), "closes first" (with 4321), or
        "mute" (does not even answer the handshake).
    """

    def __init__(self, manner: str) -> None:
        self.record = Record()
        self._manner = manner
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        sock, _ = self._listener.accept()
        with sock:
            try:
                self._talk(sock)
                self.record.ended = "FIN"
            except OSError:
                self.record.ended = "reset"
            self.record.ended_at = time.monotonic()

    def _talk(self, sock: socket.socket) -> None:
        request = b""
        while b"\r\n\r\n" not in request:
            request += self._read(sock)
        if self._manner != "mute":
            sock.sendall(_response(request))
        if self._manner == "closes first":
            time.sleep(0.1)
            sock.sendall(bytes((0x80 | CLOSE, 2)) + struct.pack("!H", 4321))
        if not self._read_to_close(sock):
            return
        if self._manner == "closes first":
            self.record.awaited = True
            sock.shutdown(socket.SHUT_WR)
        elif self._manner != "silent":
            self._answer(sock)
        while sock.recv(65536):
            pass

    def _read(self, sock: socket.socket) -> bytes:
        data = sock.recv(65536)
        if not data:
            raise ConnectionResetError("ended in the handshake")
        return data

    def _read_to_close(self, sock: socket.socket) -> bool:
        """Flood if that is our manner. Return False if TCP ended without a Close."""
        data = b""
        flood = memoryview((b"\x81\x7e" + struct.pack("!H", 1000) + b"x" * 1000) * 60)
        at = 0
        sock.setblocking(False)
        floods = self._manner == "floods"
        while True:
            readable, writable, _ = select.select([sock], [sock] if floods else [], [])
            if readable:
                got = sock.recv(65536)
                data += got
                self.record.close_code = _close_in(data)
                if self.record.close_code is not None or not got:
                    break
            if writable:
                at = (at + sock.send(flood[at:])) % len(flood)
        sock.setblocking(True)
        if got and floods and at % 1004:
            frame = at // 1004 * 1004
            sock.sendall(flood[at : frame + 1004])  # the rest of the frame
        return bool(got)

    def _answer(self, sock: socket.socket) -> None:
        self.record.awaited = not select.select([sock], [], [], ANSWER_AFTER)[0]
        sock.sendall(bytes((0x80 | CLOSE, 2)) + struct.pack("!H", self.record.close_code or 1000))
        sock.shutdown(socket.SHUT_WR)


def _response(request: bytes) -> bytes:
    lines = request.decode("latin-1").lower().split("\r\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("sec-websocket-key:"))
    key = request.decode("latin-1").split("\r\n")[start].partition(":")[2].strip()
    digest = hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
    )


def _close_in(data: bytes) -> int | None:
    """Return the code of the Close among a client's frames, which are all short here."""
    while len(data) >= 6 and len(data) >= 6 + (data[1] & 0x7F):
        size = data[1] & 0x7F
        payload = bytes(b ^ data[2 + i % 4] for i, b in enumerate(data[6 : 6 + size]))
        if data[0] & 0x0F == CLOSE:
            return int.from_bytes(payload[:2], "big") or 1005
        data = data[6 + size :]
    return None
