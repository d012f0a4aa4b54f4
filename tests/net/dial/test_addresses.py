"""The addresses of a stream's ends, whatever layers are above TCP."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing
from support.tls import client_context

from trio_ws_dom._net._dial._addresses import addresses_of
from trio_ws_dom._net._dial._tunnel import ResumedStream
from trio_ws_dom._net._traced import TracedStream
from trio_ws_dom._socket._options import Arguments

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

Ends = tuple[trio.SocketStream, trio.SocketStream]


@pytest.fixture(params=["127.0.0.1", "::1"])
async def ends(request: pytest.FixtureRequest) -> AsyncIterator[Ends]:
    """Two ends of one connection."""
    listeners = await trio.open_tcp_listeners(0, host=request.param)
    async with (
        listeners[0] as listener,
        await trio.open_tcp_stream(*listener.socket.getsockname()[:2]) as ours,
        await listener.accept() as theirs,
    ):
        yield ours, theirs


def traced(stream: trio.abc.Stream) -> trio.abc.Stream:
    settings = Arguments("ws://peer.test/", (), {"trace": print}).resolve()
    return TracedStream(stream, settings, print)


def tls(stream: trio.abc.Stream) -> trio.abc.Stream:
    return trio.SSLStream(stream, client_context(), server_hostname="peer.test")


def tunnel(stream: trio.abc.Stream) -> trio.abc.Stream:
    return ResumedStream(stream, b"first")


@pytest.mark.parametrize(
    "layers",
    [[], [tls], [tunnel], [tls, tunnel, tls, traced]],
    ids=["TCP", "TLS", "tunnel", "trace, TLS, tunnel, TLS"],
)
async def test_one_ends_local_address_is_the_others_remote_one(
    layers: list[Callable[[trio.abc.Stream], trio.abc.Stream]], ends: Ends
) -> None:
    ours, theirs = ends
    stream: trio.abc.Stream = ours
    for layer in layers:
        stream = layer(stream)
    local, remote = addresses_of(stream)
    assert addresses_of(theirs) == (remote, local)
    assert remote == theirs.socket.getsockname()[:2]


async def test_closed_stream_has_no_addresses(ends: Ends) -> None:
    ours, _ = ends
    await ours.aclose()
    assert addresses_of(ours) == (None, None)


async def test_stream_in_memory_has_no_addresses() -> None:
    memory, _ = trio.testing.memory_stream_pair()
    assert addresses_of(memory) == (None, None)


async def test_unix_socket_has_no_addresses() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        unix = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
        if ours.family == getattr(socket, "AF_UNIX", None):  # Windows makes the pair of TCP
            assert addresses_of(unix) == (None, None)
