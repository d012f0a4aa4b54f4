"""The addresses of the two ends of a connection."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, TypeAlias, cast

import trio

from .._traced import TracedStream
from ._tunnel import ResumedStream

if TYPE_CHECKING:
    from collections.abc import Callable

    _Layer: TypeAlias = "trio.SSLStream[trio.abc.Stream] | TracedStream | ResumedStream"

HostAndPort: TypeAlias = tuple[str, int]


def addresses_of(stream: trio.abc.Stream) -> tuple[HostAndPort | None, HostAndPort | None]:
    """Return the local and the remote address of the TCP connection that a stream is made of.

    Through a proxy, the remote one is the proxy's. Each is None if the stream is not of TCP, and
    after it was closed; the remote one also after TCP has ended.
    """
    sock = socket_of(stream)
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return None, None
    return _address(sock.getsockname), _address(sock.getpeername)


def socket_of(stream: trio.abc.Stream) -> trio.socket.SocketType | None:
    """Return the socket below layers of TLS, tunnels and traces.

    Returns None if there is none.
    """
    while isinstance(stream, trio.SSLStream | TracedStream | ResumedStream):
        stream = cast("_Layer", stream).transport_stream
    return stream.socket if isinstance(stream, trio.SocketStream) else None


def _address(ask: Callable[[], HostAndPort]) -> HostAndPort | None:
    try:
        return ask()[:2]  # of IPv6, more follows
    except OSError:  # it is closed, or TCP is gone
        return None
