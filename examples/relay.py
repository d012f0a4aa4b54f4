"""A relay between two servers, which receive each other's messages.

Start it with ``python -m examples.relay URL URL``. Nothing piles up in the middle, as a slow reader
at one end slows the writer at the other.
"""

import sys
from contextlib import suppress

import trio

from trio_ws_dom import WebSocketError, WebSocketStream, open_websocket_stream


async def relay(one_url: str, other_url: str) -> None:
    """Carry messages both ways until either server closes, then close the other likewise."""
    async with (
        open_websocket_stream(one_url) as one,
        open_websocket_stream(other_url) as other,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(carry, one, other)
        nursery.start_soon(carry, other, one)


async def carry(source: WebSocketStream, target: WebSocketStream) -> None:
    with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
        async for message in source.readable:
            await target.writable.send(message)  # waits for the target, which slows the source
    try:
        end = await source.closed  # by its server, or by the other task when the target closed
    except WebSocketError:
        target.close()
    else:
        may_be_sent = end.closeCode == 1000 or end.closeCode >= 3000
        target.close(closeCode=end.closeCode if may_be_sent else None, reason=end.reason)
        print(f"{source.url} closed: {end.closeCode} {end.reason}")


if __name__ == "__main__":
    try:
        trio.run(relay, sys.argv[1], sys.argv[2])
    except WebSocketError as error:  # one of them could not be opened
        sys.exit(str(error))
