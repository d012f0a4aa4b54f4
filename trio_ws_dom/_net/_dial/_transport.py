"""From a URL's host to a stream on which the server said 101."""

from __future__ import annotations

import base64
import functools
import os
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import trio

from ..._wire._http._handshake import ClientHandshake
from ..._wire._http._request import Request
from ..._wire._http._response import HandshakeFailure
from ._cookies import cookie_fields, store_cookies
from ._ports import check_port
from ._proxy import ProxyError
from ._socks import connect_by_socks
from ._tunnel import open_tunnel

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ..._wire._http._response import Response
    from .._settings import Settings
    from ._proxy import Proxy

ALPN: Final = "http/1.1"
"""The only protocol under which RFC 6455's handshake can be held."""

REFUSAL_BODY_TIMEOUT: Final = 2.0
"""Seconds to wait for the body of an answer other than 101, once its head has come."""

_READ_SIZE: Final = 16 * 1024


async def dial(settings: Settings, proxy: Proxy | None) -> trio.abc.Stream:
    """A connected stream to the server, by a proxy if there is one; for ``wss:`` with TLS done.

    Raises:
      OSError: resolving, connecting or TLS (``ssl.SSLError`` is one) failed.
      ProxyError: a proxy did; it is an OSError, too.
    """
    stream = settings.stream
    if stream is None:
        check_port(settings.port)
        stream = await _connect(settings.host, settings.port, proxy)
    elif _is_tls(stream):
        return stream  # its TLS is the caller's, who gave it
    if not settings.secure:
        return stream
    async with _closed_on_failure(stream):
        context = settings.ssl_context or _default_context()
        return await _start_tls(stream, context, settings.host)


def _is_tls(stream: trio.abc.Stream) -> bool:
    return isinstance(stream, trio.SSLStream)


async def _connect(host: str, port: int, proxy: Proxy | None) -> trio.abc.Stream:
    if proxy is None:
        return await trio.open_tcp_stream(host, port)
    if proxy.scheme.startswith("socks"):
        return await connect_by_socks(proxy, host, port)
    stream = await _reach(proxy)
    async with _closed_on_failure(stream):
        return await open_tunnel(stream, proxy, host, port)


async def _reach(proxy: Proxy) -> trio.abc.Stream:
    """A connected stream to an HTTP proxy; for ``https:`` with TLS, verified as by default."""
    try:
        stream = await trio.open_tcp_stream(proxy.host, proxy.port)
        if proxy.scheme == "http":
            return stream
        async with _closed_on_failure(stream):
            return await _start_tls(stream, _default_context(), proxy.host)
    except (OSError, ValueError) as exc:  # a ValueError is for a name that cannot be one
        raise ProxyError(proxy, str(exc)) from exc


@asynccontextmanager
async def _closed_on_failure(stream: trio.abc.Stream) -> AsyncGenerator[None]:
    try:
        yield
    except BaseException:
        await trio.aclose_forcefully(stream)
        raise


async def _start_tls(
    transport: trio.abc.Stream, context: ssl.SSLContext, host: str
) -> trio.abc.Stream:
    # https_compatible: the WebSocket's own closing handshake tells truncation from an end, so
    # TLS's is not waited for
    stream = trio.SSLStream(transport, context, server_hostname=host, https_compatible=True)
    try:
        await stream.do_handshake()
    except trio.BrokenResourceError as exc:
        # trio wraps what ssl said; the reason (expired, wrong host, self-signed) is in it
        told = exc.__cause__
        if isinstance(told, ssl.SSLError) and not isinstance(told, ssl.SSLEOFError):
            raise told from None
        raise ssl.SSLEOFError(
            ssl.SSL_ERROR_EOF,
            "expected the server's part of the TLS handshake, got the end of the connection,"
            " as from a server that takes none of the TLS versions or ciphers that we offer",
        ) from exc
    selected = stream.selected_alpn_protocol()
    if selected not in (None, ALPN):
        raise ssl.SSLError(
            ssl.SSL_ERROR_SSL, f"expected ALPN {ALPN!r}, got {selected!r} from the server"
        )
    return stream


@functools.cache
def _default_context() -> ssl.SSLContext:
    """Verifies against the system's authorities; shared, as loading them takes milliseconds."""
    context = ssl.create_default_context()
    context.set_alpn_protocols([ALPN])
    return context


async def shake_hands(stream: trio.abc.Stream, settings: Settings) -> Response:
    """Hold the opening handshake (RFC 6455 section 4.1).

    Raises:
      HandshakeFailure: the server's answer was not a good 101.
      trio.BrokenResourceError: the connection was lost.
    """
    handshake = ClientHandshake(
        Request(
            host=settings.authority,
            target=settings.target,
            key=base64.b64encode(os.urandom(16)),
            protocols=settings.protocols,
            headers=settings.headers + cookie_fields(settings.cookies, settings),
            compression=settings.compression,
        )
    )
    await stream.send_all(handshake.request_bytes())
    try:
        response = await _read_response(stream, handshake)
    except HandshakeFailure as exc:
        store_cookies(settings.cookies, settings, exc)
        raise
    store_cookies(settings.cookies, settings, response)
    return response


async def _read_response(stream: trio.abc.Stream, handshake: ClientHandshake) -> Response:
    while handshake.refusal_so_far() is None:
        response = handshake.receive(bytes(await stream.receive_some(_READ_SIZE)))
        if response is not None:
            return response
    with trio.move_on_after(REFUSAL_BODY_TIMEOUT):
        while True:
            handshake.receive(bytes(await stream.receive_some(_READ_SIZE)))
    refusal = handshake.refusal_so_far()
    assert refusal is not None  # the loop ended with it
    raise refusal
