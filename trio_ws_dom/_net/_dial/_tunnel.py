"""A tunnel through an HTTP proxy, on the connected stream to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

import trio

from ..._wire._http._connect import Connect
from ..._wire._http._response import HandshakeFailure
from ._proxy import ProxyError, host_and_port

if TYPE_CHECKING:
    from ._proxy import Proxy

_READ_SIZE: Final = 16 * 1024

_WANTS_CREDENTIALS: Final = (401, 407)
"""RFC 9110 section 15.5.8 has 407; tinyproxy answers a wrong password with 401."""


async def open_tunnel(
    stream: trio.abc.Stream, proxy: Proxy, host: str, port: int
) -> trio.abc.Stream:
    """Have the proxy connect to a server, whose host and port are all that it gets to know.

    By CONNECT (RFC 9110 section 9.3.6).

    Returns:
      a stream to the server. It is the same one, unless the tunnel's first bytes have come already.

    Raises:
      ProxyError: there is no tunnel. The stream remains the caller's to close.
    """
    tls_scheme = "https:" if proxy.scheme == "http" else ""
    connect = Connect(host_and_port(host, port), proxy.authorization, tls_scheme)
    try:
        await stream.send_all(connect.request_bytes())
        while (first := connect.receive(bytes(await stream.receive_some(_READ_SIZE)))) is None:
            pass
    except HandshakeFailure as exc:
        status = exc.status or None
        raise ProxyError(
            proxy, str(exc), status, exc.headers, wants_credentials=status in _WANTS_CREDENTIALS
        ) from exc
    except trio.BrokenResourceError as exc:
        lost = str(exc.__cause__ or exc) or type(exc).__name__
        message = f"expected an answer to CONNECT, got the loss of the connection ({lost})"
        raise ProxyError(proxy, message) from exc
    return ResumedStream(stream, first) if first else stream


@final
class ResumedStream(trio.abc.Stream):
    """A stream of which some bytes were read already, which come first.

    Attributes:
      transport_stream: the stream that the other bytes come from, and that sends.
    """

    def __init__(self, transport_stream: trio.abc.Stream, first: bytes) -> None:
        self.transport_stream = transport_stream
        self._first = first

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self.transport_stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self.transport_stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        if not self._first:
            return await self.transport_stream.receive_some(max_bytes)
        await trio.lowlevel.checkpoint()
        size = len(self._first) if max_bytes is None else max_bytes
        data, self._first = self._first[:size], self._first[size:]
        return data

    async def aclose(self) -> None:
        await self.transport_stream.aclose()
