"""A server in this process, reached by its URL."""

# pyright: reportPrivateUsage=false
# (as in _connection.py)

from __future__ import annotations

import errno
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, final

import trio

from .._dom._context import require_trio_run
from .._net._dial._fake_network import Endpoint, Interceptor, interceptors
from .._socket._url import parse_url
from ._connection import connection_of, go_away, serve
from ._stream import memory_tcp_pair

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ._connection import FakeConnection, FakeRequest, Headers

GOODBYE_TIMEOUT: Final = 1.0
"""Seconds that clients get at the server's end to answer its Close. Ours answer at once."""


@final
class FakeServer:
    """A server that a test plays, connection by connection.

    :func:`open_fake_server` opens it.

    Attributes:
      url: of the server's root, for ``open_websocket`` and the like; any path may be added.
      is_up: set it to False, and connecting fails with ConnectionRefusedError; connections that
        exist remain.
      requests: every request that came, in order, answered or not.
    """

    def __init__(self, url: str, nursery: trio.Nursery) -> None:
        self.url = url
        self.is_up: bool = True
        self.requests: list[FakeRequest] = []
        self._nursery = nursery
        self._waiting: deque[FakeRequest] = deque()  # those that request() did not return
        self._arrivals = trio.lowlevel.ParkingLot()

    @property
    def connections(self) -> list[FakeConnection]:
        """Every connection that was accepted, in the order of the requests."""
        made = map(connection_of, self.requests)
        return [connection for connection in made if connection is not None]

    async def request(self) -> FakeRequest:
        """Wait for the next opening handshake, whose client then waits for an answer."""
        await trio.lowlevel.checkpoint_if_cancelled()
        while not self._waiting:
            await self._arrivals.park()
        await trio.lowlevel.cancel_shielded_checkpoint()
        return self._waiting.popleft()

    async def accept(self, *, protocol: str | None = None, headers: Headers = ()) -> FakeConnection:
        """Wait for the next opening handshake, and accept it as :meth:`FakeRequest.accept` does."""
        request = await self.request()
        return await request.accept(protocol=protocol, headers=headers)

    async def refuse(self, status: int, *, headers: Headers = (), body: bytes = b"") -> FakeRequest:
        """Wait for the next opening handshake, and refuse it as :meth:`FakeRequest.refuse` does."""
        request = await self.request()
        await request.refuse(status, headers=headers, body=body)
        return request

    def _connect(self) -> trio.abc.Stream:
        if not self.is_up:
            words = f"connection refused (the fake server {self.url} is not up)"
            raise ConnectionRefusedError(errno.ECONNREFUSED, words)
        theirs, ours = memory_tcp_pair()
        self._nursery.start_soon(serve, ours, self._arrived)
        return theirs

    def _arrived(self, request: FakeRequest) -> None:
        self.requests.append(request)
        self._waiting.append(request)
        self._arrivals.unpark()

    async def _go_away(self) -> None:
        """Close every connection with 1001, also if cancelled, and end what remains.

        It lasts :data:`GOODBYE_TIMEOUT` at most.
        """
        self.is_up = False
        with trio.move_on_after(GOODBYE_TIMEOUT, shield=True):
            async with trio.open_nursery() as nursery:
                for connection in self.connections:
                    nursery.start_soon(go_away, connection)
        self._nursery.cancel_scope.cancel()


@asynccontextmanager
async def open_fake_server(url: str, *, only: bool = False) -> AsyncGenerator[FakeServer]:
    """Open a server that answers at a URL's scheme, host and port, within this trio run.

    Sockets connect to it instead of the network, by whichever function, so that the program under
    test need not know of it: no names are resolved, no proxy is used, and for ``wss:`` no TLS is
    spoken. Time may be virtual (pytest-trio's ``autojump_clock``). The way to the server has
    buffers of 64 KiB in each direction.

    At the block's end, however it is left, each connection that is open is closed with 1001, so
    that a program that loops over messages ends cleanly. It gets a second to answer; then its TCP
    ends, as that of requests without an answer does at once. The block's exception comes out as it
    is.

    Args:
      url: such as ``wss://chat.example``; a path does not matter.
      only: whether addresses that have no fake server are refused, with a ValueError as
        ``__cause__``, which is not transient. Otherwise they are dialled by the network, and a
        failure to open has a note that lists the fake servers.

    Raises:
      DOMException: "SyntaxError", for a bad URL.
      RuntimeError: there is a fake server at this address already, or no trio run in this thread.
    """
    require_trio_run("open_fake_server()")
    address = parse_url(url, None)
    endpoint = Endpoint(address.secure, address.host, address.port)
    endpoints = interceptors.get({})
    if endpoint in endpoints:
        raise RuntimeError(f"expected one fake server at {address.origin}, got a second one")
    raised: BaseException | None = None
    async with trio.open_nursery() as nursery:
        server = FakeServer(address.origin, await nursery.start(_serve))
        interceptors.set({**endpoints, endpoint: Interceptor(server._connect, only)})
        try:
            yield server
        except BaseException as exc:  # the block's comes out as it is, in no group
            raised = exc
        await server._go_away()
        interceptors.set({p: c for p, c in interceptors.get().items() if p != endpoint})
    if raised is not None:
        raise raised


async def _serve(task_status: trio.TaskStatus[trio.Nursery]) -> None:
    """Keep a nursery for connections, which a cancellation of the block does not reach."""
    with trio.CancelScope(shield=True):
        async with trio.open_nursery() as nursery:
            task_status.started(nursery)
            await trio.sleep_forever()
