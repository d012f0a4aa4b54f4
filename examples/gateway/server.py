"""The server: rooms in which people talk, each with one place for a bridge. On trio-websocket.

What the rooms know outlives a restart, as if it were on disk. Connections do not.
"""

import secrets
from collections import deque
from contextlib import suppress

import trio
import trio.testing
from trio_websocket import (
    ConnectionClosed,
    WebSocketConnection,
    WebSocketRequest,
    wrap_server_stream,
)
from wsproto.utilities import LocalProtocolError

from .session import Session


class Room:
    """One room. It holds what the bridge says here against what was said in the room before.

    Attributes:
      before: the room whose people are heard here, by way of the bridge.
      said: how many lines people have said here.
      posted: how many lines the bridge has.
      slowest: the longest way of a line from the room before to here, in seconds.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.before = self
        self.session = Session()
        self.said = 0
        self.posted = 0
        self.slowest = 0.0
        self.on_their_way: deque[tuple[str, float]] = deque()  # what people said, and when
        self._outbox, _ = trio.open_memory_channel[str](0)  # to the bridge's newest connection
        self._place = trio.CancelScope()  # of that

    def say(self) -> None:
        """Somebody says something."""
        self.said += 1
        text = f"{self.name} {self.said}"
        self.on_their_way.append((text, trio.current_time()))
        with suppress(trio.BrokenResourceError, trio.WouldBlock):
            self._outbox.send_nowait(self.session.say(text))

    def post(self, text: str) -> None:
        """The bridge says something: nothing may be missing, doubled, or out of order."""
        expected, moment = self.before.on_their_way.popleft()
        if text != expected:
            raise AssertionError(f"expected {expected!r} from the bridge, got {text!r}")
        self.posted += 1
        self.slowest = max(self.slowest, trio.current_time() - moment)

    async def serve(self, ws: WebSocketConnection) -> None:
        """Talk with the bridge, on this connection."""
        self._place.cancel()  # one that is there is dead, though the network has not reported it
        self._outbox, lines = trio.open_memory_channel[str](float("inf"))
        for line in self.session.unconfirmed():
            self._outbox.send_nowait(line)
        with trio.CancelScope() as self._place, lines:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._tell, ws, lines)
                with suppress(ConnectionClosed):
                    while True:
                        text, answer = self.session.hear(await ws.get_message())
                        if text is not None:
                            self.post(text)
                        if answer is not None:
                            await ws.send_message(answer)
                nursery.cancel_scope.cancel()

    async def _tell(self, ws: WebSocketConnection, lines: trio.MemoryReceiveChannel[str]) -> None:
        with suppress(ConnectionClosed):
            async for line in lines:
                await ws.send_message(line)


class Server:
    """All rooms, and who may enter them.

    Args:
      names: of the rooms.
      patience: seconds for a newcomer's request, and for a goodbye.

    Attributes:
      busy: newcomers get a Retry-After of so many seconds; 0: they are welcome.
      full: newcomers are let in, and shown out again.
      goodbyes: how many connections the bridge has left with 1001.
    """

    def __init__(self, names: list[str], patience: float) -> None:
        self._patience = patience
        self.rooms = [Room(name) for name in names]
        for before, room in zip([self.rooms[-1], *self.rooms], self.rooms, strict=False):
            room.before = before
        self.busy = 0
        self.full = False
        self.goodbyes = 0
        self._up = True
        self._up_again = trio.Event()
        self._listening = trio.CancelScope()
        self._tokens: set[str] = set()
        self._connections: set[trio.CancelScope] = set()
        self._members: set[WebSocketConnection] = set()

    async def log_in(self) -> dict[str, str]:
        """Headers that are good for one connection."""
        await trio.lowlevel.checkpoint()
        token = f"Bearer {secrets.token_hex(8)}"
        self._tokens.add(token)
        return {"Authorization": token}

    async def connect(self, nursery: trio.Nursery) -> trio.abc.HalfCloseableStream:
        """A connection in memory; an OSError while the server is down."""
        await trio.lowlevel.checkpoint()
        if not self._up:
            raise ConnectionRefusedError("the server is down")
        ours, theirs = trio.testing.memory_stream_pair()
        nursery.start_soon(self.serve, theirs)
        return ours

    async def listen(self, nursery: trio.Nursery, *, task_status: trio.TaskStatus[int]) -> None:
        """On a port of loopback, which it tells, whenever the server is up."""
        port = 0
        while True:
            (listener,) = await trio.open_tcp_listeners(port, host="127.0.0.1")
            if not port:
                port = listener.socket.getsockname()[1]
                task_status.started(port)
            with trio.CancelScope() as self._listening:
                await trio.serve_listeners(self.serve, [listener], handler_nursery=nursery)
            await self._up_again.wait()

    async def restart(self, seconds: float, code: int | None) -> None:
        """Be gone for some time; with a Close to everybody first, or without a word."""
        self._up, self._up_again = False, trio.Event()
        self._listening.cancel()
        if code is not None:
            with trio.move_on_after(self._patience):
                async with trio.open_nursery() as nursery:
                    for ws in self._members:
                        nursery.start_soon(ws.aclose, code)
        for connection in self._connections:
            connection.cancel()
        await trio.sleep(seconds)
        self._up = True
        self._up_again.set()

    async def serve(self, stream: trio.abc.Stream) -> None:
        """One connection, from its first byte to its last."""
        with trio.CancelScope() as connection:
            self._connections.add(connection)
            try:
                async with trio.open_nursery() as nursery:
                    with trio.move_on_after(self._patience) as waiting:
                        request = await wrap_server_stream(nursery, stream)
                        waiting.deadline = float("inf")
                        await self._answer(request)
                    nursery.cancel_scope.cancel()
            except* LocalProtocolError:
                pass  # trio-websocket answers a Ping after its own Close; wsproto refuses to
            finally:
                self._connections.remove(connection)
                await trio.aclose_forcefully(stream)

    async def _answer(self, request: WebSocketRequest) -> None:
        token = dict(request.headers).get(b"authorization", b"").decode()
        if self.busy:
            wait = b"%d" % self.busy
            await request.reject(429, extra_headers=[(b"Retry-After", wait)])
        elif token not in self._tokens:
            await request.reject(401)
        else:
            self._tokens.remove(token)
            await self._welcome(await request.accept(), request.path.removeprefix("/"))

    async def _welcome(self, ws: WebSocketConnection, name: str) -> None:
        self._members.add(ws)
        try:
            if self.full:
                await ws.aclose(1013, "full")
            else:
                (room,) = (room for room in self.rooms if room.name == name)
                await room.serve(ws)
        finally:
            self._members.remove(ws)
            self.goodbyes += ws.closed is not None and ws.closed.code == 1001
