"""A chat room with a bot, on this machine, to try things out in."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final, final

import trio
from trio_websocket import ConnectionClosed, serve_websocket

from .. import open_websocket

if TYPE_CHECKING:
    from trio_websocket import WebSocketConnection, WebSocketRequest

    from .. import MessageEvent, WebSocket

_BOT: Final = "bot"
_HELLO: Final = (
    'Hello! Say "time", "json", "bytes", or anything. "bye" ends the chat, "boom" breaks it.'
)


async def start_demo(nursery: trio.Nursery) -> str:
    """Start the room and its bot in this nursery, and return a guest's URL."""
    server = await nursery.start(partial(serve_websocket, _Room().handle, "127.0.0.1", 0, None))
    url = f"ws://127.0.0.1:{server.port}"
    await nursery.start(_run_bot, f"{url}/{_BOT}")
    return f"{url}/you"


@final
class _Room:
    """Each member hears what the others say. A member's name is the path of its URL."""

    def __init__(self) -> None:
        self._members: dict[str, WebSocketConnection] = {}

    async def handle(self, request: WebSocketRequest) -> None:
        name = request.path.strip("/")
        member = self._members[name] = await request.accept()
        try:
            await self._tell_others(name, f"* {name} joined")
            while True:
                said = await member.get_message()
                if said == "bye":
                    await member.aclose(1000, "it was nice to meet you")
                elif said == "boom":
                    await member.aclose(1011, "something broke")
                else:
                    line = said if isinstance(said, bytes) else f"{name}: {said}"
                    await self._tell_others(name, line)
        except ConnectionClosed:
            del self._members[name]
        await self._tell_others(name, f"* {name} left")

    async def _tell_others(self, speaker: str, message: str | bytes) -> None:
        for name, member in list(self._members.items()):
            if name != speaker:
                with suppress(ConnectionClosed):  # its own task notices, too
                    await member.send_message(message)


async def _run_bot(url: str, task_status: trio.TaskStatus[None]) -> None:
    async with open_websocket(url) as ws:
        ws.onmessage = partial(_answer, ws)
        task_status.started()
        await ws.wait_closed()


def _answer(ws: WebSocket, event: MessageEvent) -> None:
    """Answer a message, as a listener in a page of JavaScript does."""
    match event.data:
        case "* you joined":
            ws.send(_HELLO)
        case "you: time":
            ws.send(f"It is {datetime.now():%H:%M}.")
        case "you: json":
            ws.send(
                json.dumps(
                    {"time": datetime.now().isoformat(), "members": ["bot", "you"]}, indent=2
                )
            )
        case "you: bytes":
            ws.send(bytes(range(40)))
        case str(text) if text.startswith("you: "):
            ws.send(f"You said {len(text) - 5} characters.")
        case _:
            pass  # "* you left", and bytes
