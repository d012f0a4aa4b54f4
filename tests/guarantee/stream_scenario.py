"""The same scenarios by open_websocket_stream, in which all messages go through its channels."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import trio

from guarantee.case import DEAF, GREEDY, OWN_CODE, PATIENCE, SLOW, Account
from trio_ws_dom import WebSocket, WebSocketError, WebSocketStream, open_websocket_stream

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def write(account: Account, stream: WebSocketStream, data: str) -> None:
    account.sent.append(data.encode())
    try:
        await stream.writable.send(data)
    except BaseException:
        account.sent.pop()  # a call that raised has queued nothing
        raise


async def talk(account: Account, stream: WebSocketStream) -> None:
    await write(account, stream, "one")
    account.received.append(await stream.readable.receive())
    await write(account, stream, "two")
    account.received.append(await stream.readable.receive())


async def read_on(account: Account, stream: WebSocketStream) -> None:
    with suppress(WebSocketError):
        async for message in stream.readable:
            account.messages.append((message, WebSocket.OPEN))


async def leave(account: Account, stream: WebSocketStream) -> None:
    """Leave the block at its end."""


async def raise_boom(account: Account, stream: WebSocketStream) -> None:
    account.raised = True
    raise account.boom


async def close_and_read(account: Account, stream: WebSocketStream) -> None:
    account.mark("said")
    stream.close(closeCode=OWN_CODE, reason="bye")
    await read_on(account, stream)


async def abort(account: Account, stream: WebSocketStream) -> None:
    account.mark("said")
    await stream.writable.abort(WebSocketError("mine", closeCode=OWN_CODE, reason="bye"))


async def wait_for_peer(account: Account, stream: WebSocketStream) -> None:
    with trio.move_on_after(PATIENCE):
        await read_on(account, stream)
    account.mark("said")
    stream.close(closeCode=OWN_CODE)


async def queue_much(account: Account, stream: WebSocketStream) -> None:
    with suppress(WebSocketError, trio.BrokenResourceError):
        for number in range(8):
            await write(account, stream, str(number) * 60)
    await wait_for_peer(account, stream)


STREAM_WAYS: Final[dict[str, Callable[[Account, WebSocketStream], Awaitable[None]]]] = {
    "leave": leave,
    "raise": raise_boom,
    "close": close_and_read,
    "aclose": abort,
    "peer closes": wait_for_peer,
    DEAF: queue_much,
    SLOW: queue_much,
    GREEDY: queue_much,
}
"""The ways in which the block ends, after its first messages. No listeners could raise here."""


async def through_stream(account: Account, options: dict[str, Any]) -> None:
    async with open_websocket_stream("ws://peer.test/", **options) as stream:
        account.mark("entered")
        try:
            with trio.move_on_after(PATIENCE), suppress(WebSocketError, trio.EndOfChannel):
                await talk(account, stream)
            await STREAM_WAYS[account.case.way](account, stream)
        finally:
            await say_last_words(account, stream)


async def say_last_words(account: Account, stream: WebSocketStream) -> None:
    errors = WebSocketError, trio.ClosedResourceError
    try:
        with trio.CancelScope(shield=True), suppress(*errors):
            await write(account, stream, "last words")
    finally:
        account.mark("left")
