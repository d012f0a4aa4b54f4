"""The scenarios of the sweeps: what the program does in a door's block, and what its peer does."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import trio
from support.frames import CLOSE, PING, PONG, TEXT, close, frame
from support.peer import Peer

from guarantee.case import OWN_CODE, PATIENCE, PEER_CODE, Account
from guarantee.stream_scenario import STREAM_WAYS, through_stream
from trio_ws_dom import WebSocket, WebSocketError, open_websocket, open_websocket_nursery

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CONTINUATION: Final = 0


async def wait_open(ws: WebSocket) -> None:
    with trio.move_on_after(PATIENCE):
        await ws.when("open", "close").receive()


def send(account: Account, ws: WebSocket, data: str) -> None:
    if ws.readyState == WebSocket.OPEN:
        account.sent.append(data.encode())
    ws.send(data)


async def talk(account: Account, ws: WebSocket, receive: Callable[[], Awaitable[Any]]) -> None:
    send(account, ws, "one")
    assert await receive() == "hello"
    send(account, ws, "two")
    await ws.drain()
    assert await receive() == "world"


async def read_on(account: Account, ws: WebSocket) -> None:
    async for message in ws:
        account.messages.append((message, WebSocket.OPEN))


async def leave(account: Account, ws: WebSocket) -> None:
    """The block's end is all."""


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


WAYS: Final[dict[str, Callable[[Account, WebSocket], Awaitable[None]]]] = {
    "leave": leave,
    "raise": raise_boom,
    "close": close_and_read,
    "aclose": aclose,
    "peer closes": wait_for_peer,
    "listener raises": listener_raises,
}
"""How the block ends, once it has talked."""


async def block(
    account: Account, ws: WebSocket, receive: Callable[[], Awaitable[Any]] | None = None
) -> None:
    account.mark("entered")
    if account.case.way != "leave":  # there the inbox is on its own
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
        account.mark("left")


async def _open_websocket(account: Account, options: dict[str, Any]) -> None:
    async with open_websocket("ws://peer.test/", **options) as ws:
        await block(account, ws)


async def _nursery(account: Account, options: dict[str, Any]) -> None:
    async with open_websocket_nursery() as sockets:
        ws = sockets.connect("ws://peer.test/", **options)
        await wait_open(ws)
        await block(account, ws)


async def _bare(account: Account, options: dict[str, Any]) -> None:
    async with trio.open_nursery() as nursery:
        ws = WebSocket("ws://peer.test/", nursery=nursery, **options)
        events = ws.when("message")  # messages come at once, as in a browser

        async def receive() -> object:
            return (await events.receive()).data

        await wait_open(ws)
        await block(account, ws, receive)
        account.mark("said")
        ws.close(OWN_CODE)  # or its nursery would wait for the peer, as it should


DOORS: Final[dict[str, Callable[[Account, dict[str, Any]], Awaitable[None]]]] = {
    "open_websocket": _open_websocket,
    "open_websocket_nursery": _nursery,
    "bare": _bare,
    "open_websocket_stream": through_stream,
}


SCENARIOS: Final = [
    (door, way)
    for door in DOORS
    for way in (STREAM_WAYS if door == "open_websocket_stream" else WAYS)
]
"""Doors, and ways to leave them."""


async def play_peer(account: Account, peer: Peer, way: str) -> None:
    """A good server; its second message comes in fragments, with a Ping between them."""
    answers = {
        b"one": [frame(TEXT, b"wor", fin=False), frame(PING, b"?"), frame(CONTINUATION, b"ld")],
        b"more": [frame(TEXT, b"again")],
    }
    await peer.accept(then=frame(TEXT, b"hello"))
    closing = False
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
