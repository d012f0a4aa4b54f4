"""The chat's server, on trio-websocket.

A URL names a room by its path and a member by its query, as in ``ws://localhost:8081/lobby?ada``.

A line is what a member said, as in ``ada: Hello!``, or news of the room. The news are ``* here:
bob, eve`` to a new member, ``* ada joined`` to all, and ``* ada left (1001)`` with the close code.
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
"""Bytes that may wait for a member. The connection of one that reads more slowly fails."""

MAX_LINE = 1000
NAME = re.compile(r"[\w-]{1,20}")
NAME_REFUSED = 4409

Room = dict[str, WebSocket]


class Chat:
    """All rooms.

    Args:
      report: called with a room, a member's name and the close event, after each member's end.
    """

    def __init__(self, report: Callable[[str, str, CloseEvent], None]) -> None:
        self._report = report
        self._rooms: defaultdict[str, Room] = defaultdict(dict)
        self._stays: set[trio.CancelScope] = set()

    async def handle(self, request: WebSocketRequest) -> None:
        """Serve one member, as a handler for ``serve_websocket``."""
        with trio.CancelScope() as stay:
            self._stays.add(stay)
            # a member that is gone before the answer must not end the server
            with suppress(WebSocketError):
                await self._serve(request)
        self._stays.discard(stay)

    def close_all(self) -> None:
        """Close each member's connection with 1001. Its handler returns when it is closed."""
        for stay in self._stays:
            stay.cancel()

    async def _serve(self, request: WebSocketRequest) -> None:
        path, _, name = (unquote(part) for part in request.path.partition("?"))
        async with accept_websocket(request, max_buffered_amount=BACKLOG, ping_interval=20) as ws:
            # A page cannot see why a request was rejected, but it sees a close code and its reason.
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
    """Send a line to all members, at once, so that all have the same order."""
    for member in room.values():
        member.send(line)
