"""What a program is doing when SIGINT comes, by entry point and phase of a connection's life."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import trio

from trio_ws_dom import (
    WebSocket,
    WebSocketError,
    WebSocketStream,
    open_websocket,
    open_websocket_nursery,
    open_websocket_stream,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

OPTIONS: Final[dict[str, Any]] = {"close_timeout": math.inf, "cancelled_close_timeout": 0.5}
"""Seconds by the child's steady clock. Only Ctrl-C ends a silent close."""

Phase: TypeAlias = "Callable[[Any], Awaitable[None]]"
Entry: TypeAlias = "Callable[[str, Phase], Awaitable[None]]"


class Plan(NamedTuple):
    """The server, the program's part, and the Close that may be seen.

    Attributes:
      manner: of the server, see ``guarantee.signal_storm.server``.
      play: the block of an entry point, or of one after the other.
      codes: of the Close, where the socket was open and the server reads.
      again: whether the program opens one connection after the other.
    """

    manner: str
    play: Phase
    codes: frozenset[int] = frozenset((1001,))
    again: bool = False


# The entry points.


async def through_open_websocket(url: str, play: Phase) -> None:
    async with open_websocket(url, **OPTIONS) as ws:
        await play(ws)


async def through_nursery(url: str, play: Phase) -> None:
    async with open_websocket_nursery() as sockets:
        ws = sockets.connect(url, **OPTIONS)
        await until_open(ws)
        await play(ws)


async def through_constructor(url: str, play: Phase) -> None:
    async with trio.open_nursery() as nursery:
        ws = WebSocket(url, nursery=nursery, **OPTIONS)
        await until_open(ws)
        await play(ws)
        ws.close(1000)  # otherwise its nursery waits for the server, as it should


async def through_stream(url: str, play: Phase) -> None:
    async with open_websocket_stream(url, **OPTIONS) as stream:
        await play(stream)


async def through_stream_constructor(url: str, play: Phase) -> None:
    async with trio.open_nursery() as nursery:
        stream = WebSocketStream(url, nursery=nursery, **OPTIONS)
        await stream.opened
        await play(stream)
        stream.close()


async def until_open(ws: WebSocket) -> None:
    if ws.readyState == WebSocket.CONNECTING:
        with ws.when("open", "close") as events:
            await events.receive()


# The phases of a WebSocket.


def count(event: object) -> None:
    """Count an event, quickly."""


async def idle(_: object) -> None:
    await trio.sleep_forever()


async def leave(_: object) -> None:
    """Leave the block at its end."""


async def receive(ws: WebSocket) -> None:
    with suppress(WebSocketError):
        async for _ in ws:
            pass


async def listen(ws: WebSocket) -> None:
    ws.onmessage = count
    await trio.sleep_forever()


async def listen_in_every_way(ws: WebSocket) -> None:
    ws.onmessage = count
    ws.addEventListener("message", lambda event: None)
    with ws.when("message") as events:
        async for _ in events:
            pass


async def listen_in_tasks(ws: WebSocket) -> None:
    async def listener(event: object) -> None:
        await trio.lowlevel.checkpoint()

    ws.onmessage = listener
    await trio.sleep_forever()


async def send(ws: WebSocket) -> None:
    ws.onmessage = None
    while True:
        ws.send("x" * 100)
        await ws.drain(below=64 * 1024)


async def send_much(ws: WebSocket) -> None:
    while True:
        ws.send(b"x" * 1_000_000)
        await ws.drain()


async def call(ws: WebSocket) -> None:
    """Make synchronous calls one after the other, with few checkpoints."""
    while ws.readyState == WebSocket.OPEN:
        for _ in range(50):
            ws.send("x")
            ws.addEventListener("message", count)
            ws.onmessage = count
            with ws.when("message"):
                ws.binaryType = "arraybuffer"
            ws.removeEventListener("message", count)
            ws.onmessage = None
        await ws.drain()


async def close(ws: WebSocket) -> None:
    ws.close(3001)
    await ws.wait_closed()


async def aclose(ws: WebSocket) -> None:
    await ws.aclose(3001)


PHASES: Final[dict[str, Plan]] = {
    "mute server": Plan("mute", idle),
    "slow handshake": Plan("slow", idle),
    "idle": Plan("good", idle),
    "receive": Plan("good", receive),
    "flood, async for": Plan("flood", receive),
    "flood, a listener": Plan("flood", listen),
    "flood, listeners": Plan("flood", listen_in_every_way),
    "flood, async listeners": Plan("flood", listen_in_tasks),
    "send": Plan("good", send),
    "send to one that does not read": Plan("stuck", send_much, frozenset()),
    "call": Plan("good", call),
    "leave": Plan("silent", leave, frozenset((1000, 1001))),
    "close": Plan("silent", close, frozenset((3001, 1001))),
    "aclose": Plan("silent", aclose, frozenset((3001, 1001))),
    "leave a flood": Plan("flood", leave, frozenset((1000, 1001))),
    "open and leave": Plan("good", leave, frozenset((1000, 1001)), again=True),
}


# The phases of a WebSocketStream.


async def stream_receive(stream: WebSocketStream) -> None:
    with suppress(WebSocketError):
        async for _ in stream.readable:
            pass


async def stream_send(stream: WebSocketStream) -> None:
    while True:
        await stream.writable.send("x" * 1000)


async def stream_fragments(stream: WebSocketStream) -> None:
    async def fragments() -> AsyncIterator[str]:
        while True:
            yield "x" * 1000

    await stream.writable.send_fragments(fragments())


async def stream_aclose(stream: WebSocketStream) -> None:
    await stream.writable.aclose()


STREAM_PHASES: Final[dict[str, Plan]] = {
    "mute server": Plan("mute", idle),
    "slow handshake": Plan("slow", idle),
    "idle": Plan("good", idle),
    "receive": Plan("good", stream_receive),
    "flood, async for": Plan("flood", stream_receive),
    "send": Plan("good", stream_send),
    "send fragments": Plan("good", stream_fragments),
    "send to one that does not read": Plan("stuck", stream_send, frozenset()),
    "leave": Plan("silent", leave, frozenset((1000, 1001, 1005))),
    "aclose": Plan("silent", stream_aclose, frozenset((1000, 1001))),
    "open and leave": Plan("good", leave, frozenset((1000, 1001, 1005)), again=True),
}

ENTRIES: Final[dict[str, tuple[Entry, dict[str, Plan]]]] = {
    "open_websocket": (through_open_websocket, PHASES),
    "open_websocket_nursery": (through_nursery, PHASES),
    "WebSocket": (through_constructor, PHASES),
    "open_websocket_stream": (through_stream, STREAM_PHASES),
    "WebSocketStream": (through_stream_constructor, STREAM_PHASES),
}

BARE: Final = ("WebSocket", "WebSocketStream")
"""Entry points into the program's nursery, whose groups contain what comes out."""
