"""The bridge: rooms in a ring, and what is said in one is said again in the next.

One long-lived socket for each room. This process itself is not killed; a bridge that must survive
even that would write down what it has heard before it gives the receipt.
"""

from collections.abc import Awaitable, Callable, Mapping
from itertools import cycle
from typing import Unpack

import trio

from trio_ws_dom import ReconnectOptions, WebSocket, reconnecting_websocket

from .session import Session


class Room:
    """One room, as the bridge sees it. It may be talked to at any time, connected or not.

    Attributes:
      next: where what is heard here is said again.
      connections: how many there were.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = Session()
        self.next = self
        self.connections = 0
        self._ws: WebSocket | None = None

    def say(self, text: str) -> None:
        """Now, or first thing on the next connection."""
        line = self.session.say(text)
        if self._ws is not None:
            self._ws.send(line)  # one that is closed drops it, and the session still has it

    async def talk(self, ws: WebSocket) -> None:
        """For as long as this connection lasts. An unclean end is raised here, and taken by the
        attempt around; then comes the next connection."""
        self.connections += 1
        for line in self.session.unconfirmed():
            ws.send(line)
        self._ws = ws  # there was no await since the first line: nothing was said in between
        async for message in ws:
            text, answer = self.session.hear(message)
            if text is not None:
                self.next.say(text)
            if answer is not None:
                ws.send(answer)


class Bridge:
    """Rooms in a ring.

    Args:
      urls: of the rooms.
      log_in: gives the headers for one connection, as a token is good for one only.
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
        """Until it is cancelled; then each room is said goodbye to, with 1001."""
        async with trio.open_nursery() as nursery:
            for room in self.rooms:
                nursery.start_soon(self._stay, room)

    async def _stay(self, room: Room) -> None:
        async for attempt in reconnecting_websocket(room.url, **self._options):
            async with attempt as ws:
                await room.talk(ws)
