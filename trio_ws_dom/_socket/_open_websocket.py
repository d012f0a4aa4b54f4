"""Entry points for one socket, in a block or in a nursery of the program's own."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, final

import trio

from .._dom._context import require_trio_run
from .._wire._frames import GOING_AWAY, Close
from ._close_wait import is_interrupt, wait_closed_shielded
from ._nursery import WebSocketNursery, connect_in
from ._options import Arguments
from ._websocket import WebSocket, check_nursery, dial, session_of, socket_over

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from types import TracebackType
    from typing import Unpack

    from ._options import ConnectOptions
    from ._session import Session


async def wait_open(session: Session) -> None:
    """Wait until a session is OPEN.

    Raises:
      WebSocketError: it could not be opened.
    """
    await session.opened.wait()
    if session.response is None:
        assert session.failure is not None  # it was closed without having been open
        raise session.failure


@final
class OneSocketScope(AbstractAsyncContextManager[WebSocket]):
    """A scope with one socket in it, which is OPEN when the block is entered.

    Args:
      begin: makes the socket in the scope; what it raises is raised by ``async with``. It has
        returned before the socket opens, so that a traceback of a failure, with its locals, does
        not show the options.
    """

    def __init__(self, begin: Callable[[WebSocketNursery], Awaitable[WebSocket]]) -> None:
        self._scope = WebSocketNursery()
        self._begin = begin

    @trio.lowlevel.enable_ki_protection
    async def __aenter__(self) -> WebSocket:
        await self._scope.__aenter__()
        try:
            ws = await self._begin(self._scope)
            await wait_open(session_of(ws))
        except BaseException as exc:
            await self._scope.__aexit__(type(exc), exc, exc.__traceback__)
            raise
        return ws

    @trio.lowlevel.enable_ki_protection
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        return await self._scope.__aexit__(exc_type, exc, traceback)


def open_websocket(
    url: str, protocols: str | Iterable[str] = (), **options: Unpack[ConnectOptions]
) -> AbstractAsyncContextManager[WebSocket]:
    """Open one connection for one block.

    ``async with open_websocket(url) as ws``.

    The block is entered once the socket is OPEN. Messages are held, up to 1,024
    of them or 256 KiB, until the program first consumes some (by a ``message``
    listener, or by receiving); then the held ones come first. However the block
    is left, the closing handshake is over then, or was given up within its
    bounds: 1000 at the block's end, 1001 after an exception and under
    cancellation, for at most ``close_timeout`` seconds and at most
    ``cancelled_close_timeout`` from the cancellation on.

    Args:
      url: absolute, or relative to the option ``base_url``; http(s) means
        ws(s).
      protocols: subprotocols to ask for, one or several, the preferred one
        first.
      options: :class:`ConnectOptions` says more of each.

    Options:
      open_timeout: seconds until the server's answer. Default: 60.
      close_timeout: seconds for a closing handshake. Default: 10.
      cancelled_close_timeout: seconds to close once cancelled. Default: 1.
      listener_timeout: seconds for async listeners at the end. Default: 10.
      ping_interval: seconds between Pings. Default: None, no keepalive.
      ping_timeout: seconds of silence after a Ping. Default: ping_interval.
      max_message_size: bytes of a message, received. Default: 16 MiB.
      max_buffered_amount: bytes queued for sending, at most. Default: None.
      compression: whether to offer permessage-deflate. Default: True.
      base_url: what a relative URL is relative to. Default: none.
      origin: the Origin header. Default: no such header.
      headers: more header fields, a mapping or pairs. Default: none.
      cookies: an http.cookiejar.CookieJar to send and fill. Default: none.
      ssl_context: for wss:. Default: verifies by the system's authorities.
      server_hostname: the name that TLS verifies. Default: the URL's host.
      connect_to: (host, port) to connect to. Default: the URL's.
      local_address: this machine's IP address. Default: the system's choice.
      address_timeout: seconds that one address may be silent. Default: 10.
      proxy: a proxy's URL; None: no proxy. Default: the environment's.
      proxy_ssl_context: for an https: proxy. Default: as of ssl_context.
      stream: a connected stream, instead of dialling. Default: none.
      serialize_connects: one connect at a time to a host. Default: True.
      trace: a function that gets what goes over the wire. Default: None.

    Raises:
      WebSocketError: it could not be opened; ``__cause__`` is the true cause.
      HandshakeError: a WebSocketError, where the server answered; it has
        status, headers and body.
      DOMException, TypeError, ValueError: as :class:`WebSocket` raises them.
      RuntimeError: there is no trio run in this thread.
      ExceptionGroup: what listeners raised, flat, the body's exception last;
        otherwise the body's own exception is raised as it is. A
        ``trio.TooSlowError`` in it is an async listener that was cancelled
        after ``listener_timeout``.
    """
    arguments = Arguments(url, protocols, options)

    async def begin(scope: WebSocketNursery) -> WebSocket:
        return connect_in(scope, arguments)

    return OneSocketScope(begin)


def _start_in(nursery: trio.Nursery, arguments: Arguments) -> WebSocket:
    ws = socket_over(lambda ws: dial(ws, arguments, holds=True))
    session_of(ws).start(nursery)
    return ws


@trio.lowlevel.enable_ki_protection
async def connect_websocket(
    nursery: trio.Nursery,
    url: str,
    protocols: str | Iterable[str] = (),
    **options: Unpack[ConnectOptions],
) -> WebSocket:
    """Open one connection in a nursery of the program's own.

    The socket that it returns is OPEN. This is for objects that own their
    socket. Messages are held until the program first consumes some, as with
    :func:`open_websocket`. The nursery waits for the socket as for any task, so
    something must close it; a nursery that is cancelled closes it with 1001.
    Async listeners are tasks of the nursery, without a bound.

    Cancelled, the connection is given up, and nothing of it is left.

    Args:
      nursery: where the socket lives.
      url: absolute, or relative to the option ``base_url``; http(s) means
        ws(s).
      protocols: subprotocols to ask for, one or several, the preferred one
        first.
      options: :class:`ConnectOptions` says more of each.

    Options:
      open_timeout: seconds until the server's answer. Default: 60.
      close_timeout: seconds for a closing handshake. Default: 10.
      cancelled_close_timeout: seconds to close once cancelled. Default: 1.
      listener_timeout: seconds for async listeners at the end. Default: 10.
      ping_interval: seconds between Pings. Default: None, no keepalive.
      ping_timeout: seconds of silence after a Ping. Default: ping_interval.
      max_message_size: bytes of a message, received. Default: 16 MiB.
      max_buffered_amount: bytes queued for sending, at most. Default: None.
      compression: whether to offer permessage-deflate. Default: True.
      base_url: what a relative URL is relative to. Default: none.
      origin: the Origin header. Default: no such header.
      headers: more header fields, a mapping or pairs. Default: none.
      cookies: an http.cookiejar.CookieJar to send and fill. Default: none.
      ssl_context: for wss:. Default: verifies by the system's authorities.
      server_hostname: the name that TLS verifies. Default: the URL's host.
      connect_to: (host, port) to connect to. Default: the URL's.
      local_address: this machine's IP address. Default: the system's choice.
      address_timeout: seconds that one address may be silent. Default: 10.
      proxy: a proxy's URL; None: no proxy. Default: the environment's.
      proxy_ssl_context: for an https: proxy. Default: as of ssl_context.
      stream: a connected stream, instead of dialling. Default: none.
      serialize_connects: one connect at a time to a host. Default: True.
      trace: a function that gets what goes over the wire. Default: None.

    Raises:
      WebSocketError: it could not be opened; ``__cause__`` is the true cause.
      HandshakeError: a WebSocketError, where the server answered; it has
        status, headers and body.
      DOMException, TypeError, ValueError, RuntimeError: as :class:`WebSocket`
        raises them.
    """
    arguments = Arguments(url, protocols, options)
    del url, protocols, options
    require_trio_run("connect_websocket()")
    check_nursery(nursery)
    ws = _start_in(nursery, arguments)
    session = session_of(ws)
    try:
        await wait_open(session)
    except BaseException as exc:
        session.leave(Close(GOING_AWAY))
        session.limit_close(trio.current_time())
        pending = await wait_closed_shielded(
            [session.gone], [session], interrupted=is_interrupt(exc)
        )
        await trio.lowlevel.cancel_shielded_checkpoint()  # its watcher ends in the same turn
        if isinstance(pending, KeyboardInterrupt):
            raise pending from None
        raise
    return ws
