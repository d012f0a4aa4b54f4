"""The end of a stream: gracefully where it can be, forcefully where not, always closed."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import Final, cast

import trio

from ._dial._tunnel import ResumedStream
from ._traced import TracedStream

SHUT_TIMEOUT: Final = 2.0
"""Seconds for a stream's own farewell, where it has one; plain TCP and our TLS have none."""


def end_sending(stream: trio.abc.Stream) -> None:
    """Half-close plain TCP, behind what was sent; TLS cannot be."""
    while isinstance(stream, TracedStream | ResumedStream):
        stream = stream.transport_stream
    if isinstance(stream, trio.SocketStream):
        with suppress(OSError):  # it is broken already
            stream.socket.shutdown(socket.SHUT_WR)


async def shut(stream: trio.abc.Stream) -> None:
    """Close a stream that has done its work, also when called under cancellation."""
    if isinstance(stream, trio.SocketStream):
        stream.socket.close()  # what its aclose() does, which is a checkpoint as well
        return
    with trio.move_on_after(SHUT_TIMEOUT, shield=True), suppress(Exception):
        await stream.aclose()


async def reset(stream: trio.abc.Stream) -> None:
    """Close a stream at once and tell the peer so: what the kernel still holds is discarded."""
    transport = stream
    while isinstance(transport, trio.SSLStream | ResumedStream | TracedStream):
        layer = cast("trio.SSLStream[trio.abc.Stream] | ResumedStream | TracedStream", transport)
        transport = layer.transport_stream
    if isinstance(transport, trio.SocketStream):
        with suppress(OSError):
            # linger for zero seconds: close(2) then sends a reset in place of what is unsent
            transport.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # trio.aclose_forcefully() lets a cancellation from around us through
    with trio.CancelScope(shield=True) as now, suppress(Exception):
        now.cancel()
        await stream.aclose()
