"""A server that a test plays, byte by byte, for a program in another process."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from support.patience import PATIENCE
from support.peer import switching_protocols

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def raw_listener() -> Generator[tuple[socket.socket, str]]:
    """Yield a listener, and the URL of its server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        yield listener, f"ws://127.0.0.1:{listener.getsockname()[1]}/"


@contextmanager
def accept_raw(listener: socket.socket) -> Generator[socket.socket]:
    """Accept the next connection, and perform the opening handshake."""
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(PATIENCE)
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(65536)
        connection.sendall(switching_protocols(request.partition(b"\r\n\r\n")[0]))
        yield connection
