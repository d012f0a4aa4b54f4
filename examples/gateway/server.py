"""A server with rooms in which people talk, on trio-websocket.

Each room has a place for one bridge. What the rooms know survives a restart, as if it were on disk,
but connections do not.
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
    """One room, which compares what the bridge says here with what was said in the room before.

    Attributes:
      before: the room whose lines the bridge repeats here.
      said: how many lines people have said here.
      posted: how many lines the bridge has said here.
      slowest: the most seconds that a line took from the room before to here.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.before = self
        self.session = Session()
        self.said = 0
        self.posted = 0
        self.slowest = 0.0
        self.on_their_way: deque[tuple[str, float]] = deque()  # people's lines, and when
        self._outbox, _ = trio.open_memory_channel[str](0)  # to the bridge's newest connection
        self._place = trio.CancelScope()  # the newest connection's scope

    def say(self) -> None:
        """Say a line as one of the room's people."""
        self.said += 1
        text = f"{self.name} {self.said}"
        self.on_their_way.append((text, trio.current_time()))
        with suppress(trio.BrokenResourceError, trio.WouldBlock):
            self._outbox.send_nowait(self.session.say(text))

    def post(self, text: str) -> None:
        """Take a line from the bridge, and check that none is missing, doubled or out of order."""
        expected, moment = self.before.on_their_way.popleft()
        if text != expected:
            raise AssertionError(f"expected {expected!r} from the bridge, got {text!r}")
        self.posted += 1
        self.slowest = max(self.slowest, trio.current_time() - moment)

    async def serve(self, ws: WebSocketConnection) -> None:
        """Exchange lines with the bridge on one connection."""
        self._place.cancel()  # an earlier one is dead, though the network has not reported it
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
    """All rooms, and the check of who may enter them.

    Args:
      names: of the rooms.
      patience: seconds for a new client's request, and for a closing handshake.

    Attributes:
      busy: if not 0, new clients are refused with a Retry-After of this many seconds.
      full: whether new clients are accepted and at once closed with 1013.
      clean_closes: how many connections the bridge has closed with 1001.
    """

    def __init__(self, names: list[str], patience: float) -> None:
        self._patience = patience
        self.rooms = [Room(name) for name in names]
        for before, room in zip([self.rooms[-1], *self.rooms], self.rooms, strict=False):
            room.before = before
        self.busy = 0
        self.full = False
        self.clean_closes = 0
        self._up = True
        self._up_again = trio.Event()
        self._listening = trio.CancelScope()
        self._tokens: set[str] = set()
        self._connections: set[trio.CancelScope] = set()
        self._members: set[WebSocketConnection] = set()

    async def log_in(self) -> dict[str, str]:
        """Return headers that are valid for one connection."""
        await trio.lowlevel.checkpoint()
        token = f"Bearer {secrets.token_hex(8)}"
        self._tokens.add(token)
        return {"Authorization": token}

    async def connect(self, nursery: trio.Nursery) -> trio.abc.HalfCloseableStream:
        """Return a connection in memory, or raise OSError while the server is down."""
        await trio.lowlevel.checkpoint()
        if not self._up:
            raise ConnectionRefusedError("the server is down")
        ours, theirs = trio.testing.memory_stream_pair()
        nursery.start_soon(self.serve, theirs)
        return ours

    async def listen(self, nursery: trio.Nursery, *, task_status: trio.TaskStatus[int]) -> None:
        """Listen on a loopback port, which ``start()`` returns, whenever the server is up."""
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
        """Go down for some time, after a Close to everybody or without one."""
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
        """Serve one connection from its first byte to its last."""
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
                pass  # trio-websocket answers a Ping after its own Close, which wsproto refuses
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
            self.clean_closes += ws.closed is not None and ws.closed.code == 1001
