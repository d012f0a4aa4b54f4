"""A server in this process, reached by its URL."""

from __future__ import annotations

import errno
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, final

import trio
import trio.testing

from .._net._dial._fake_network import Endpoint, interceptors
from .._socket._url import parse_url
from ._connection import FakeConnection, FakeRequest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable


@final
class FakeServer:
    """A server that a test plays, connection by connection; from :func:`open_fake_server`.

    Attributes:
      url: of the server's root, for ``open_websocket`` and the like; any path may be added.
      is_up: set to False, connecting fails with ConnectionRefusedError; connections that there are
        stay.
      requests: every request that came, in order, answered or not.
    """

    def __init__(self, url: str, nursery: trio.Nursery) -> None:
        self.url = url
        self.is_up = True
        self.requests: list[FakeRequest] = []
        self._nursery = nursery
        self._waiting: deque[FakeRequest] = deque()
        self._arrivals = trio.lowlevel.ParkingLot()

    @property
    def connections(self) -> list[FakeConnection]:
        """Every connection that was accepted, in the order of the requests."""
        made = (request._connection for request in self.requests)
        return [connection for connection in made if connection is not None]

    async def request(self) -> FakeRequest:
        """Wait for the next opening handshake; the client waits for its answer meanwhile."""
        await trio.lowlevel.checkpoint_if_cancelled()
        while not self._waiting:
            await self._arrivals.park()
        await trio.lowlevel.cancel_shielded_checkpoint()
        return self._waiting.popleft()

    async def accept(
        self, *, protocol: str | None = None, headers: Iterable[tuple[str, str]] = ()
    ) -> FakeConnection:
        """Wait for the next opening handshake, and answer 101; as :meth:`FakeRequest.accept`."""
        request = await self.request()
        return await request.accept(protocol=protocol, headers=headers)

    async def refuse(
        self, status: int, *, headers: Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> FakeRequest:
        """Wait for the next opening handshake, and refuse it; as :meth:`FakeRequest.refuse`."""
        request = await self.request()
        await request.refuse(status, headers=headers, body=body)
        return request

    def _connect(self) -> trio.abc.Stream:
        if not self.is_up:
            words = f"connection refused (the fake server {self.url} is not up)"
            raise ConnectionRefusedError(errno.ECONNREFUSED, words)
        theirs, ours = trio.testing.memory_stream_pair()
        self._nursery.start_soon(FakeRequest._read, ours, self._arrived)
        return theirs

    def _arrived(self, request: FakeRequest) -> None:
        self.requests.append(request)
        self._waiting.append(request)
        self._arrivals.unpark()


@asynccontextmanager
async def open_fake_server(url: str) -> AsyncGenerator[FakeServer]:
    """A server that answers at a URL's scheme, host and port, within this trio run.

    Sockets connect to it in place of the network, by whichever door, so that the program under
    test need not know of it: no names are resolved, no proxy is used, and for ``wss:`` no TLS is
    spoken. Other addresses are as ever. Time may be virtual (pytest-trio's ``autojump_clock``).
    What a client sends is taken at once and without bounds: a peer that does not read cannot be
    played, one that does not answer can (:meth:`FakeConnection.stall`).

    At the block's end the server is gone: connections that are still there lose their TCP. The
    block's exception comes out as it is.

    Args:
      url: such as ``wss://chat.example``; a path does not matter.

    Raises:
      DOMException: "SyntaxError", for a bad URL.
      RuntimeError: there is a fake server at this address already.
    """
    address = parse_url(url, None)
    endpoint = Endpoint(address.secure, address.host, address.port)
    endpoints = interceptors.get({})
    if endpoint in endpoints:
        raise RuntimeError(f"expected one fake server at {address.origin}, got a second one")
    raised: BaseException | None = None
    async with trio.open_nursery() as nursery:
        server = FakeServer(address.origin, nursery)
        interceptors.set({**endpoints, endpoint: server._connect})
        try:
            yield server
        except BaseException as exc:  # the block's comes out as it is, in no group
            raised = exc
        interceptors.set({p: c for p, c in interceptors.get().items() if p != endpoint})
        nursery.cancel_scope.cancel()
    if raised is not None:
        raise raised
