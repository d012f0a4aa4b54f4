"""The scenarios of the sweeps, with what the program does in its block and what its peer does."""

from __future__ import annotations

from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any, Final

import trio
from support.frames import CLOSE, PING, PONG, TEXT, close, frame
from support.peer import Peer

from guarantee.case import (
    DEAF,
    GREEDY,
    LISTENER_TIMEOUT,
    OWN_CODE,
    PAIRED,
    PATIENCE,
    PEER_CODE,
    QUEUED,
    SLEEPY,
    SLOW,
    STUCK,
    Account,
)
from guarantee.stream_scenario import STREAM_WAYS, through_stream
from trio_ws_dom import (
    WebSocket,
    WebSocketError,
    connect_websocket,
    open_websocket,
    open_websocket_nursery,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CONTINUATION: Final = 0

MESSAGE_SIZE: Final = 60
"""Bytes of each message of a queue."""

PACE: Final = (40, 0.05)
"""Bytes that a slow peer reads at a time, and seconds before each."""

USUAL: Final = ("leave", "raise", "close", "aclose", "peer closes", "listener raises")
ONLY_RECEIVE: Final = ("leave", SLEEPY, STUCK)


async def wait_open(ws: WebSocket) -> None:
    with trio.move_on_after(PATIENCE):
        await ws.when("open", "close").receive()


def send(account: Account, ws: WebSocket, data: str) -> None:
    if ws.readyState == WebSocket.OPEN:
        account.sent.append(data.encode())
    ws.send(data)


async def talk(account: Account, ws: WebSocket, receive: Callable[[], Awaitable[Any]]) -> None:
    send(account, ws, "one")
    account.received.append(await receive())
    send(account, ws, "two")
    await ws.drain()
    account.received.append(await receive())


async def read_on(account: Account, ws: WebSocket) -> None:
    async for message in ws:
        account.messages.append((message, WebSocket.OPEN))


async def leave(account: Account, ws: WebSocket) -> None:
    """Leave the block at its end."""


async def raise_boom(account: Account, ws: WebSocket) -> None:
    account.raised = True
    raise account.boom


async def close_and_read(account: Account, ws: WebSocket) -> None:
    account.mark("said")
    ws.close(OWN_CODE, "bye")
    with suppress(WebSocketError):
        await read_on(account, ws)


async def aclose(account: Account, ws: WebSocket) -> None:
    account.mark("said")
    await ws.aclose(OWN_CODE, "bye")


async def wait_for_peer(account: Account, ws: WebSocket) -> None:
    with trio.move_on_after(PATIENCE), suppress(WebSocketError):
        await read_on(account, ws)
    account.mark("said")
    ws.close(OWN_CODE)


async def listener_raises(account: Account, ws: WebSocket) -> None:
    def listener(event: object) -> None:
        account.listener_raised = True
        account.mark("listener raised")
        raise account.boom

    ws.addEventListener("message", listener)
    if ws.readyState == WebSocket.OPEN:
        send(account, ws, "more")
    with trio.move_on_after(PATIENCE):
        await trio.sleep_forever()
    account.mark("said")
    ws.close(OWN_CODE)


async def queue_much(account: Account, ws: WebSocket) -> None:
    if ws.readyState != WebSocket.CONNECTING:
        for number in range(8):
            send(account, ws, str(number) * MESSAGE_SIZE)
    await wait_for_peer(account, ws)


async def _listen(account: Account, ws: WebSocket, seconds: float) -> None:
    """End the block while an async listener runs, which takes this many seconds."""

    async def listener(event: object) -> None:
        account.begun += 1
        began.set()
        await trio.sleep(seconds)
        account.finished += 1

    began = trio.Event()
    ws.addEventListener("message", listener)
    if ws.readyState == WebSocket.OPEN:
        send(account, ws, "more")
        with trio.move_on_after(PATIENCE):
            await began.wait()


async def listener_finishes(account: Account, ws: WebSocket) -> None:
    await _listen(account, ws, LISTENER_TIMEOUT / 2)


async def listener_hangs(account: Account, ws: WebSocket) -> None:
    await _listen(account, ws, inf)


WAYS: Final[dict[str, Callable[[Account, WebSocket], Awaitable[None]]]] = {
    "leave": leave,
    "raise": raise_boom,
    "close": close_and_read,
    "aclose": aclose,
    "peer closes": wait_for_peer,
    "listener raises": listener_raises,
    DEAF: queue_much,
    SLOW: queue_much,
    GREEDY: queue_much,
    SLEEPY: listener_finishes,
    STUCK: listener_hangs,
}
"""The ways in which the block ends, after its first messages."""


async def block(
    account: Account, ws: WebSocket, receive: Callable[[], Awaitable[Any]] | None = None
) -> None:
    try:
        await talk_and_end(account, ws, receive)
    finally:
        account.mark("left")


async def talk_and_end(
    account: Account, ws: WebSocket, receive: Callable[[], Awaitable[Any]] | None = None
) -> None:
    account.mark("entered")
    if account.case.way not in ONLY_RECEIVE:  # those are about the inbox alone
        ws.addEventListener(
            "message", lambda event: account.messages.append((event.data, ws.readyState))
        )
    try:
        if ws.readyState == WebSocket.OPEN:
            with trio.move_on_after(PATIENCE), suppress(WebSocketError, trio.EndOfChannel):
                await talk(account, ws, receive or ws.receive)
        await WAYS[account.case.way](account, ws)
    finally:
        if ws.readyState == WebSocket.OPEN:
            send(account, ws, "last words")


async def _open_websocket(account: Account, options: dict[str, Any]) -> None:
    async with open_websocket("ws://peer.test/", **options) as ws:
        await block(account, ws)


async def _nursery(account: Account, options: dict[str, Any]) -> None:
    async with open_websocket_nursery() as sockets:
        ws = sockets.connect("ws://peer.test/", **options)
        await wait_open(ws)
        await block(account, ws)


async def _connect(account: Account, options: dict[str, Any]) -> None:
    async with trio.open_nursery() as nursery:
        ws = await connect_websocket(nursery, "ws://peer.test/", **options)
        await block(account, ws)
        account.mark("said")
        ws.close(OWN_CODE)  # otherwise its nursery waits for the peer, as it should


async def _bare(account: Account, options: dict[str, Any]) -> None:
    async with trio.open_nursery() as nursery:
        ws = WebSocket("ws://peer.test/", nursery=nursery, **options)
        events = ws.when("message")  # messages are dispatched at once, as in a browser

        async def receive() -> object:
            return (await events.receive()).data

        await wait_open(ws)
        await block(account, ws, receive)
        account.mark("said")
        ws.close(OWN_CODE)  # otherwise its nursery waits for the peer, as it should


ENTRIES: Final[dict[str, Callable[[Account, dict[str, Any]], Awaitable[None]]]] = {
    "open_websocket": _open_websocket,
    "open_websocket_nursery": _nursery,
    "connect_websocket": _connect,
    "bare": _bare,
    "open_websocket_stream": through_stream,
}


WEBSOCKETS: Final = ("open_websocket", "open_websocket_nursery", "bare")

SCENARIOS: Final = [
    *((entry, way) for entry in WEBSOCKETS for way in USUAL),
    *(("open_websocket_stream", way) for way in STREAM_WAYS if way in USUAL),
]
"""Entry points, and ways to end the block."""

FURTHER_SCENARIOS: Final = [
    *(("connect_websocket", way) for way in ("leave", "raise", "peer closes", "listener raises")),
    *(
        (entry, way)
        for entry in ("open_websocket", "bare", "open_websocket_stream")
        for way in QUEUED
    ),
    *((entry, way) for entry in PAIRED for way in ("leave", "raise", "peer closes")),
    *((entry, SLEEPY) for entry in WEBSOCKETS),
    *((entry, STUCK) for entry in WEBSOCKETS[:2]),  # a nursery of the program's own has no bound
]
"""The further ones, of which the plain run of the tests takes samples."""


async def play_peer(account: Account, peer: Peer) -> None:
    """Play a good server, whose second message comes in fragments with a Ping between them."""
    answers = {
        b"one": [frame(TEXT, b"wor", fin=False), frame(PING, b"?"), frame(CONTINUATION, b"ld")],
        b"more": [frame(TEXT, b"again")],
    }
    way, closing = account.case.way, False
    await peer.accept(then=frame(TEXT, b"hello"))
    while (got := await peer.next()) is not None:
        if got.opcode == CLOSE:
            account.mark("close seen")
            if not closing:
                await peer.send(frame(TEXT, b"late"), frame(CLOSE, got.payload[:2]))
            return
        if got.opcode == PING:
            await peer.send(frame(PONG, got.payload))
        await peer.send(*answers.get(got.payload, ()))
        if way == "peer closes" and got.payload == b"one":
            await peer.send(close(PEER_CODE, "enough"))
            closing = True
        if way in QUEUED and len(got.payload) == MESSAGE_SIZE and not closing:
            closing = True
            assert account.wire is not None
            await account.wire.full.wait()
            await peer.send(close(PEER_CODE, "enough"))
            if way == DEAF:
                await account.wire.over.wait()
                return
            account.wire.pace = PACE if way == SLOW else None
