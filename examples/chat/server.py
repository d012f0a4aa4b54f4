"""The chat room server, on trio-websocket. A room is a path, a member's name the query string:
ws://localhost:8080/lobby?ada
"""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote

import trio
from trio_websocket import CloseReason, ConnectionClosed, WebSocketConnection, WebSocketRequest

BACKLOG = 100
"""Lines that a member may be behind; with one more it is shown the door."""


@dataclass
class Member:
    outbox: trio.MemorySendChannel[str]
    stay: trio.CancelScope


Room = dict[str, Member]


class Chat:
    """All rooms. `report` is told the room and name of each who left, and how it was closed."""

    def __init__(self, report: Callable[[str, str, CloseReason | None], None]) -> None:
        self._report = report
        self._rooms: defaultdict[str, Room] = defaultdict(dict)

    async def handle(self, request: WebSocketRequest) -> None:
        """Serve one member; for `serve_websocket`."""
        path, _, name = (unquote(part) for part in request.path.partition("?"))
        if not name or name in self._rooms.get(path, ()):
            await request.reject(409, body=b"expected ?NAME, and one that nobody here has")
            return
        room = self._rooms[path]
        outbox, lines = trio.open_memory_channel[str](BACKLOG)
        member = room[name] = Member(outbox, trio.CancelScope())
        # Before the 101: whoever is let in has been announced to all who are there.
        say(room, f"* {name} joined")
        ws = None
        try:
            with member.stay, outbox, lines:
                ws = await request.accept()
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(deliver, lines, ws)
                    with suppress(ConnectionClosed):
                        while True:
                            say(room, f"{name}: {await ws.get_message()!s}")
                    nursery.cancel_scope.cancel()
        finally:
            del room[name]
            say(room, f"* {name} left")
            if not room:
                del self._rooms[path]
            self._report(path, name, None if ws is None else ws.closed)


def say(room: Room, line: str) -> None:
    """Tell all. This never waits, so all hear the same lines in the same order."""
    for member in room.values():
        try:
            member.outbox.send_nowait(line)
        except trio.WouldBlock:
            member.stay.cancel()


async def deliver(lines: trio.MemoryReceiveChannel[str], ws: WebSocketConnection) -> None:
    with suppress(ConnectionClosed):
        async for line in lines:
            await ws.send_message(line)
