"""A server that does what a test says, byte by byte, to a program in another process."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from support.patience import PATIENCE
from support.peer import Peer

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def raw_listener() -> Iterator[tuple[socket.socket, str]]:
    """A listener, and the URL of what is behind it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)
        yield listener, f"ws://127.0.0.1:{listener.getsockname()[1]}/"


@contextmanager
def accept_raw(listener: socket.socket) -> Iterator[socket.socket]:
    """The next connection, with the opening handshake held."""
    connection, _ = listener.accept()
    with connection:
        connection.settimeout(PATIENCE)
        peer = Peer(None)  # type: ignore[arg-type]  # its part without I/O is what is used
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(65536)
        peer.request = request.partition(b"\r\n\r\n")[0]
        connection.sendall(peer.response())
        yield connection
