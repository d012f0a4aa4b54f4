"""The end of a stream, graceful where that is possible, else forceful."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import Final, cast

import trio

from ._dial._tunnel import ResumedStream
from ._traced import TracedStream

CLOSE_STREAM_TIMEOUT: Final = 2.0
"""Seconds for the ``aclose()`` of a stream that has a farewell of its own; plain TCP and our TLS
have none."""


SEND_EOF_TIMEOUT: Final = 0.5
"""Seconds for the ``send_eof()`` of a stream that is not of TCP. Meanwhile nothing is read."""


async def send_eof(stream: trio.abc.Stream) -> None:
    """End our side of the stream, where it allows that.

    What was sent before it still arrives.

    Under TLS, too, if it is ours: it is made with ``https_compatible``, that is without a farewell,
    as the WebSocket's closing handshake has already shown that nothing was truncated.
    """
    transport = stream
    while isinstance(transport, trio.SSLStream | ResumedStream | TracedStream):
        layer = cast("trio.SSLStream[trio.abc.Stream] | ResumedStream | TracedStream", transport)
        transport = layer.transport_stream
    if isinstance(transport, trio.SocketStream):
        with suppress(OSError):  # it is broken already
            transport.socket.shutdown(socket.SHUT_WR)
    elif isinstance(transport, trio.abc.HalfCloseableStream):
        with trio.move_on_after(SEND_EOF_TIMEOUT), suppress(Exception):  # likewise
            await transport.send_eof()


async def close_stream(stream: trio.abc.Stream, deadline: float) -> None:
    """Close a stream that has done its work, also when called under cancellation.

    Args:
      deadline: when a farewell of the stream's own is cut off at the latest, by trio's clock.
    """
    if isinstance(stream, trio.SocketStream):
        stream.socket.close()  # what its aclose() does, which is a checkpoint as well
        return
    deadline = min(deadline, trio.current_time() + CLOSE_STREAM_TIMEOUT)
    with trio.CancelScope(deadline=deadline, shield=True), suppress(Exception):
        await stream.aclose()


async def reset_stream(stream: trio.abc.Stream) -> None:
    """Close a stream at once and tell the peer so.

    What the kernel still holds is discarded.
    """
    transport = stream
    while isinstance(transport, trio.SSLStream | ResumedStream | TracedStream):
        layer = cast("trio.SSLStream[trio.abc.Stream] | ResumedStream | TracedStream", transport)
        transport = layer.transport_stream
    if isinstance(transport, trio.SocketStream):
        with suppress(OSError):
            # linger for zero seconds: close(2) then sends a reset instead of what was not sent
            transport.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # trio.aclose_forcefully() would let a cancellation from outside through
    with trio.CancelScope(shield=True) as now, suppress(Exception):
        now.cancel()
        await stream.aclose()
