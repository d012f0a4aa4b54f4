"""Open a socket or a stream over memory, by its bare constructor, with a ``Peer``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trio
import trio.testing

from support.peer import Peer
from trio_ws_dom import WebSocket, WebSocketStream

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.transports import StreamPair

new_pair: Callable[[], StreamPair] = trio.testing.memory_stream_pair
"""Makes the two ends of a connection, ours first. The fixture ``every_stream`` replaces it."""


async def socket_and_peer(
    nursery: trio.Nursery,
    *headers: str,
    pair: StreamPair | None = None,
    then: bytes = b"",
    trace: list[Any] | None = None,
    **options: Any,
) -> tuple[WebSocket, Peer]:
    """Return a socket that is OPEN, and its peer, which does nothing by itself.

    Args:
      nursery: the socket's.
      headers: further lines of the peer's 101.
      pair: the two ends of the connection, by default those that ``new_pair`` makes.
      then: what the peer sends in the same segment as its 101.
      trace: a list for the type of each event, or a message's data.
      options: of the socket.
    """
    ours, theirs = pair or new_pair()
    ws = WebSocket("ws://peer.test/", nursery=nursery, stream=ours, **options)
    if trace is not None:
        for name in ("open", "error", "close"):
            ws.addEventListener(name, lambda event: trace.append(event.type))
        ws.addEventListener("message", lambda event: trace.append(event.data))
    peer = Peer(theirs)
    await peer.accept(*headers, then=then)
    await trio.testing.wait_all_tasks_blocked()
    return ws, peer


async def stream_and_peer(
    nursery: trio.Nursery, *headers: str, pair: StreamPair | None = None, **options: Any
) -> tuple[WebSocketStream, Peer]:
    """Return a stream that is open, and its peer, with the same arguments."""
    ours, theirs = pair or new_pair()
    stream = WebSocketStream("ws://peer.test/", nursery=nursery, stream=ours, **options)
    peer = Peer(theirs)
    await peer.accept(*headers)
    await stream.opened
    return stream, peer
