"""Bridge rooms that form a ring, by repeating each room's lines in the next room.

Each room has one long-lived socket. This process is never killed; a bridge that must survive that
would write down what it has heard before it sends the receipt.
"""

from collections.abc import Awaitable, Callable, Mapping
from itertools import cycle
from typing import Unpack

import trio

from trio_ws_dom import ReconnectOptions, WebSocket, reconnecting_websocket

from .session import Session


class Room:
    """One room as the bridge sees it, which takes lines whether it is connected or not.

    Attributes:
      next: the room where this room's lines are repeated.
      connections: how many there were.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = Session()
        self.next = self
        self.connections = 0
        self._ws: WebSocket | None = None

    def say(self, text: str) -> None:
        """Send a line now, or first of all on the next connection."""
        line = self.session.say(text)
        if self._ws is not None:
            self._ws.send(line)  # a closed socket drops it, but the session still has it

    async def talk(self, ws: WebSocket) -> None:
        """Carry lines for as long as this connection lasts.

        An unclean end is raised here. The attempt around it swallows that, and the loop makes the
        next connection.
        """
        self.connections += 1
        for line in self.session.unconfirmed():
            ws.send(line)
        self._ws = ws  # no await since the first line, so no line can be missing
        async for message in ws:
            text, answer = self.session.hear(message)
            if text is not None:
                self.next.say(text)
            if answer is not None:
                ws.send(answer)


class Bridge:
    """A ring of rooms.

    Args:
      urls: of the rooms.
      log_in: returns the headers for one connection, as a token is valid for one only.
      options: further ones for the connections.
    """

    def __init__(
        self,
        urls: list[str],
        log_in: Callable[[], Awaitable[Mapping[str, str]]],
        **options: Unpack[ReconnectOptions],
    ) -> None:
        self.rooms = [Room(url) for url in urls]
        following = cycle(self.rooms)
        next(following)
        for room in self.rooms:
            room.next = next(following)
        self._options: ReconnectOptions = {**options, "headers": log_in}

    async def run(self) -> None:
        """Run until cancelled, then close each room's connection with 1001."""
        async with trio.open_nursery() as nursery:
            for room in self.rooms:
                nursery.start_soon(self._stay, room)

    async def _stay(self, room: Room) -> None:
        async for attempt in reconnecting_websocket(room.url, **self._options):
            async with attempt as ws:
                await room.talk(ws)
