"""What the tests of streams' channels share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import trio
import trio.testing

from support.frames import close
from trio_ws_dom._stream._writable import MAX_QUEUED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from support.peer import Peer
    from trio_ws_dom import WebSocketStream

BIG = b"x" * (MAX_QUEUED + 1)
"""One message of this size fills the queue."""


async def closes_by_peer(peer: Peer, code: int = 4000) -> None:
    """Close as the peer, and end TCP."""
    await peer.send(close(code, "bye"))
    await peer.read_to_close()
    await peer.stream.aclose()


async def is_blocked(nursery: trio.Nursery, function: Callable[[], Awaitable[object]]) -> Any:
    """Start a task that should block, and return a box for its outcome, which is "waits" so far."""
    box: list[Any] = ["waits"]

    async def run() -> None:
        try:
            box[0] = await function()
        except Exception as exc:
            box[0] = exc

    nursery.start_soon(run)
    await trio.testing.wait_all_tasks_blocked()
    assert box == ["waits"]
    return box


def is_closed_error(box: list[Any]) -> bool:
    return isinstance(box[0], trio.ClosedResourceError)


async def close_stream(stream: WebSocketStream) -> None:
    stream.close()


CLOSERS: dict[str, Callable[[Any], Awaitable[object]]] = {
    "stream.close": close_stream,
    "writable.aclose": lambda stream: stream.writable.aclose(),
    "writable.abort": lambda stream: stream.writable.abort(),
    "readable.aclose": lambda stream: stream.readable.aclose(),
    "readable.cancel": lambda stream: stream.readable.cancel(),
}
