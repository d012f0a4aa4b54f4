"""A fake server that is connected to again and again, each time with another part to play."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import trio

from trio_ws_dom import reconnecting_websocket
from trio_ws_dom.testing import FakeRequest

if TYPE_CHECKING:
    from trio_ws_dom import ReconnectingWebSocket
    from trio_ws_dom._reconnect._reconnecting import ReconnectOptions
    from trio_ws_dom.testing import FakeConnection, FakeServer


Part = Callable[[FakeRequest], Awaitable[object]]
"""What the server does on one request."""


class Delays(TypedDict):
    """The options of the delays."""

    initial_delay: float
    max_delay: float


AT_ONCE: Delays = {"initial_delay": 0, "max_delay": 0}
"""Options without delays, for tests about something else."""


class ScriptedServer:
    """Play a fake server.

    Attributes:
      server: this one.
      parts: what it does on the next requests, after which it serves well.
      times: when each request came.
    """

    def __init__(self, server: FakeServer, nursery: trio.Nursery) -> None:
        self.server = server
        self.parts: deque[Part] = deque()
        self.times: list[float] = []
        self._nursery = nursery
        nursery.start_soon(self._serve)

    def loop(self, *parts: Part, **options: Unpack[ReconnectOptions]) -> ReconnectingWebSocket:
        """Run a loop over connections, on which the server plays these parts."""
        self.parts += parts
        both: ReconnectOptions = {**AT_ONCE, **options}
        return reconnecting_websocket(self.server.url, **both)

    @property
    def connections(self) -> list[FakeConnection]:
        return self.server.connections

    @property
    def codes(self) -> list[int | None]:
        """Return the code with which the client closed each connection."""
        return [connection.closeCode for connection in self.connections]

    async def _serve(self) -> None:
        while True:
            request = await self.server.request()
            self.times.append(trio.current_time())
            part: Any = self.parts.popleft() if self.parts else staying
            self._nursery.start_soon(part, request)


def greatest(least: float, most: float) -> float:
    """Return the greatest value, instead of ``random.uniform``."""
    return most


# Parts.


async def staying(request: FakeRequest) -> None:
    """Accept, and complete the closing handshake."""
    await request.accept()


async def down(request: FakeRequest) -> None:
    """Hang up."""
    await request.drop()


async def lost(request: FakeRequest) -> None:
    """Accept, and end TCP without a Close."""
    await (await request.accept()).drop()


async def stalling(request: FakeRequest) -> None:
    """Accept, and answer nothing more."""
    (await request.accept()).stall()


def lost_after(seconds: float) -> Part:
    """Accept, and end TCP without a Close this many seconds later."""

    async def part(request: FakeRequest) -> None:
        connection = await request.accept()
        await trio.sleep(seconds)
        await connection.drop()

    return part


def closing(code: int, reason: str = "") -> Part:
    """Accept, and close at once."""

    async def part(request: FakeRequest) -> None:
        await (await request.accept()).close(code, reason)

    return part


def refusing(status: int, *headers: tuple[str, str]) -> Part:
    """Answer with another status than 101."""

    async def part(request: FakeRequest) -> None:
        await request.refuse(status, headers=headers)

    return part
