"""Scenarios, which are data that is written once and executed by a browser's page and by Python.

Two scripts make a scenario, the program's (the calls of ``WebSocket``) and the server's (the bytes
that it sends). Both are plain lists, so that they can be generated, shrunk and printed. This module
has a small function for every operation of both. ``page.js`` and ``python_program.py`` execute the
program's, and ``server.py`` the server's.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

Op = list[Any]
"""One operation of a program, as its name and its arguments. It is JSON, so that it can be passed
to a page."""

Step = tuple[Any, ...]
"""One step of a server's script, as its name and its arguments."""

Script = list[Step]

URL = "ws://127.0.0.1:{port}/"
"""``{port}`` is the server's port, ``{closed}`` one that refuses connections, ``{page}`` the
page's."""


@dataclass(frozen=True)
class Scenario:
    name: str
    program: list[Op]
    server: list[Script] = field(default_factory=list[Script])
    """One script for each TCP connection, in the order of their arrival."""
    covers: tuple[str, ...] = ()
    """The names of the clauses (`clauses.py`) that it shows."""
    after: list[Op] = field(default_factory=list[Op])
    """Operations for after every socket is closed and the server's scripts have ended."""
    base: str = "http://127.0.0.1:{port}/page/index.html?q#f"
    """The base URL for relative URLs, which is the document's or the option ``base_url``."""
    host: str = "127.0.0.1"
    """The address on which the server listens."""
    tls: str = ""
    """How the server speaks TLS. "" is not at all, "trusted" is with a certificate of a known
    authority, "unknown" with one of an unknown authority."""
    departs: tuple[str, ...] = ()
    """The names of the deliberate departures (``departures.py``) that it shows."""


# ---- the program's operations


def new(
    url: str = URL,
    protocols: str | list[str] | None = None,
    *,
    name: str = "ws",
    handlers: bool = True,
    **on: list[Op],
) -> Op:
    """Construct a socket.

    Unless ``handlers`` is false, it has all four on* handlers, which trace and then do
    ``on[type]``.
    """
    return ["new", name, url, protocols, on if handlers else None]


def slot(type: str, label: str | None, ops: list[Op] | None = None, *, name: str = "ws") -> Op:
    """Set ``on<type>`` to a function that traces ``label`` and then does ``ops``.

    If ``label`` is None, set it to null.
    """
    return ["slot", name, type, label, ops or []]


def add(
    type: str, label: str | None, ops: list[Op] | None = None, *, name: str = "ws", **options: Any
) -> Op:
    """Call addEventListener.

    With ``object=True`` the listener is an object with handleEvent. ``signal`` is a controller's
    name.
    """
    return ["add", name, type, label, ops or [], options]


def remove(type: str, label: str | None, *, name: str = "ws", **options: Any) -> Op:
    return ["remove", name, type, label, options]


def send(payload: Any, *, name: str = "ws") -> Op:
    return ["send", name, payload]


def close(code: float | None = None, reason: str | None = None, *, name: str = "ws") -> Op:
    return ["close", name, code, reason]


def get(*, name: str = "ws") -> Op:
    """Trace every attribute of the socket."""
    return ["get", name]


def put(attribute: str, value: Any, *, name: str = "ws") -> Op:
    """Assign to an attribute, then trace its value."""
    return ["put", name, attribute, value]


def when(data: str, ops: list[Op]) -> Op:
    """Do ``ops`` inside a message handler, if the message is this text."""
    return ["when", data, ops]


def dispatch(cls: str, type: str, *, name: str = "ws", kept: str | None = None, **init: Any) -> Op:
    """Call dispatchEvent with an event that is made here.

    If ``kept``, it is kept under this name and used again the next time.
    """
    return ["dispatch", name, cls, type, init, kept]


def tell(signal: str) -> Op:
    """Release a server that is in ``wait(signal)``."""
    return ["tell", signal]


def heard(signal: str, ops: list[Op]) -> Op:
    """Do ``ops`` when the server reaches ``say(signal)``."""
    return ["heard", signal, ops]


def pause(signal: str | None = None) -> Op:
    """Make this listener an async function, which awaits here.

    It waits for its next turn, or for the server's ``say(signal)``.
    """
    return ["pause", signal]


def text(value: str, repeat: int = 1) -> dict[str, Any]:
    return {"text": value, "repeat": repeat}


def binary(kind: str, data: bytes, repeat: int = 1, **more: Any) -> dict[str, Any]:
    """Make binary data. ``kind`` is "ArrayBuffer", "Blob", or the name of a view."""
    return {"kind": kind, "hex": data.hex(), "repeat": repeat, **more}


# ---- the server's operations

REQUEST: Step = ("request",)
UNTIL_CLOSE: Step = ("until_close",)
UNTIL_END: Step = ("until_end",)
ECHO_CLOSE: Step = ("echo_close",)
END: Step = ("end",)
"""End TCP in order (FIN), and still read what comes."""
RESET: Step = ("reset",)
HANG_UP: Step = ("hang_up",)

GOODBYE: Script = [UNTIL_CLOSE, ECHO_CLOSE, END]
"""The client closes, and the server answers and ends TCP, as in RFC 6455 section 7.1.1."""

OPENING = (
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
    "Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n"
)


def answer(*headers: str, then: bytes = b"", opening: str = OPENING) -> Step:
    """Answer the handshake, with the bytes that follow it in the same write.

    ``{accept}`` and ``{key}`` are filled in.
    """
    return ("answer", opening + "".join(f"{h}\r\n" for h in headers) + "\r\n", then)


ACCEPT = [REQUEST, answer()]


def say(signal: str) -> Step:
    return ("say", signal)


def wait(signal: str) -> Step:
    return ("wait", signal)


COUNT: Step = ("count",)
"""Record how many connections the server has had so far."""


def frames(count: int) -> Step:
    """Read that many messages or control frames."""
    return ("frames", count)


def slowly(size: int, seconds: float) -> Step:
    """Read up to the Close, this many bytes at intervals of this many seconds.

    How many messages arrive depends on the network, so only one that is cut is recorded.
    """
    return ("slowly", size, seconds)


def backlog(size: int) -> Step:
    """Read nothing, and wait until this many bytes have arrived."""
    return ("backlog", size)


def write(*parts: bytes) -> Step:
    """Write once, so that all of it can arrive in one packet."""
    return ("write", b"".join(parts))


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv: int = 0,
    mask: bytes = b"",
    length: int | None = None,
    size: int = 0,
) -> bytes:
    """Make a frame, also a wrong one.

    ``size`` is the width of the length in bytes (0, 2 or 8; by default the smallest that fits).
    """
    n = len(payload) if length is None else length
    if not size and n > 125:
        size = 2 if n < 1 << 16 else 8
    first = bytes([fin << 7 | rsv << 4 | opcode])
    masked = 0x80 if mask else 0
    extended = {0: b"", 2: struct.pack("!H", n & 0xFFFF), 8: struct.pack("!Q", n)}[size]
    marker = {0: n, 2: 126, 8: 127}[size]
    if mask:
        payload = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    return first + bytes([masked | marker]) + extended + mask + payload


def text_frame(value: str | bytes, **how: Any) -> bytes:
    return frame(1, value.encode() if isinstance(value, str) else value, **how)


def binary_frame(value: bytes, **how: Any) -> bytes:
    return frame(2, value, **how)


def close_frame(code: int | None = None, reason: str | bytes = b"", **how: Any) -> bytes:
    reason = reason.encode() if isinstance(reason, str) else reason
    return frame(8, b"" if code is None else struct.pack("!H", code) + reason, **how)


def ping_frame(payload: bytes = b"", **how: Any) -> bytes:
    return frame(9, payload, **how)


def pong_frame(payload: bytes = b"", **how: Any) -> bytes:
    return frame(10, payload, **how)
