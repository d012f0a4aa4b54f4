"""The chat room server, on trio-websocket. A room is a path, a member's name the query string:
ws://localhost:8081/lobby?ada

A line is what a member said, `ada: Hello!`, or news of the room: `* here: bob, eve` to who comes
in, then to all `* ada joined`, and at the end `* ada left (1001)`, with the close code.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import unquote

import trio
from trio_websocket import WebSocketRequest

from trio_ws_dom import CloseEvent, MessageEvent, WebSocket, WebSocketError, accept_websocket

BACKLOG = 64 * 1024
"""Bytes that may wait for a member; the connection of one that reads more slowly is failed."""

MAX_LINE = 1000
NAME = re.compile(r"[\w-]{1,20}")
NAME_REFUSED = 4409

Room = dict[str, WebSocket]


class Chat:
    """All rooms. `report` is called with room and name of each member that left, and its end."""

    def __init__(self, report: Callable[[str, str, CloseEvent], None]) -> None:
        self._report = report
        self._rooms: defaultdict[str, Room] = defaultdict(dict)
        self._stays: set[trio.CancelScope] = set()

    async def handle(self, request: WebSocketRequest) -> None:
        """Serve one member; for `serve_websocket`."""
        with trio.CancelScope() as stay:
            self._stays.add(stay)
            # one who is gone before the answer came must not end the others' server
            with suppress(WebSocketError):
                await self._serve(request)
        self._stays.discard(stay)

    def send_home(self) -> None:
        """Tell all members 1001; each is gone when its handler has returned."""
        for stay in self._stays:
            stay.cancel()

    async def _serve(self, request: WebSocketRequest) -> None:
        path, _, name = (unquote(part) for part in request.path.partition("?"))
        async with accept_websocket(request, max_buffered_amount=BACKLOG, ping_interval=20) as ws:
            # A page cannot see why a request was rejected; it can see a close code and its reason.
            if not NAME.fullmatch(name):
                ws.close(NAME_REFUSED, "A name has 1 to 20 letters, digits, _ and -: …/ROOM?NAME")
            elif name in self._rooms[path]:
                ws.close(NAME_REFUSED, "Somebody here has this name. Please choose another one.")
            else:
                self._join(path, name, ws)
            await ws.wait_closed()

    def _join(self, path: str, name: str, ws: WebSocket) -> None:
        room = self._rooms[path]

        def onmessage(event: MessageEvent) -> None:
            if isinstance(event.data, str):
                say(room, f"{name}: {' '.join(event.data.split())[:MAX_LINE]}")

        def onclose(event: CloseEvent) -> None:
            # This is called once, however the connection ended.
            del room[name]
            if not room:
                del self._rooms[path]
            say(room, f"* {name} left ({event.code})")
            self._report(path, name, event)

        ws.onmessage = onmessage
        ws.onclose = onclose
        if room:
            ws.send(f"* here: {', '.join(room)}")
        room[name] = ws
        say(room, f"* {name} joined")


def say(room: Room, line: str) -> None:
    """Tell all. `send()` never waits, so all hear the same lines in the same order."""
    for member in room.values():
        member.send(line)
