"""How a request of trio-websocket becomes a WebSocket in a scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

import trio
from trio_websocket import ConnectionClosed, Endpoint
from wsproto.utilities import LocalProtocolError

from .._net._address import Address
from .._socket._errors import explain
from .._socket._nursery import adopt
from .._socket._open_websocket import OneSocketScope
from .._socket._option_checks import check_names, header_fields
from .._socket._options import (
    DEFAULT_ACCEPTED_MAX_BUFFERED_AMOUNT,
    AcceptOptions,
    bounds_of,
)
from .._socket._session import Session
from .._socket._websocket import WebSocket, session_of, socket_over
from .._wire._closing import CloseResult
from .._wire._frames import ABNORMAL_CLOSURE
from .._wire._http._response import Response, lines_of, message_of
from .._wire._text import without_query
from ._accepted import AcceptedConnection

if TYPE_CHECKING:
    from typing import Literal

    from trio_websocket import WebSocketConnection, WebSocketRequest

    from .._net._dial._addresses import HostAndPort
    from .._net._settings import Bounds
    from .._socket._nursery import WebSocketNursery

ANSWER_TIMEOUT: Final = 2.0
"""Seconds for sending the answer, cancelled or not: trio-websocket sends a Close after an answer
that was cut off. It fits any socket's send buffer, and is sent at once."""

_NO_SOCKET: Final = "ws://localhost"
"""How the URL begins if the connection is not a socket, but any stream."""


def open_accepted(
    request: WebSocketRequest, protocol: str | None, options: AcceptOptions
) -> OneSocketScope:
    """Return the scope of :func:`accept_websocket`.

    Raises:
      TypeError, ValueError: for bad options.
    """
    bounds = accepted_bounds(options)
    answer = _Answer(protocol, header_fields(options.get("headers", ())))
    response = Response(
        status=101,
        fields=lines_of(request.headers),
        protocol=protocol or "",
        extensions="",
        deflate=None,
        trailing=b"",
    )

    async def begin(scope: WebSocketNursery) -> WebSocket:
        address = _address(request)
        accepted = await _accept(request, answer, address.where)

        def make_session(ws: WebSocket) -> Session:
            session = Session(ws, address, bounds, holds=True)
            session.connection = AcceptedConnection(
                accepted, response, bounds, session, address.where, _addresses(request)
            )
            return session

        ws = socket_over(make_session)
        adopt(scope, session_of(ws))
        return ws

    return OneSocketScope(begin)


def accepted_bounds(options: AcceptOptions) -> Bounds:
    """Return the checked options of the server's end.

    Raises:
      TypeError, ValueError: for bad options.
    """
    check_names(options, AcceptOptions)
    return bounds_of(options, max_buffered_amount=DEFAULT_ACCEPTED_MAX_BUFFERED_AMOUNT)


@final
class _Answer:
    """The answer to a handshake, as trio-websocket takes it.

    It is one object whose repr shows nothing, as tracebacks can show local variables.
    """

    __slots__ = ("headers", "protocol")

    def __init__(self, protocol: str | None, fields: list[tuple[str, str]]) -> None:
        self.protocol = protocol
        self.headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in fields]


async def _accept(request: WebSocketRequest, answer: _Answer, where: str) -> WebSocketConnection:
    error: Exception
    try:
        with trio.fail_after(ANSWER_TIMEOUT, shield=True):
            return await request.accept(subprotocol=answer.protocol, extra_headers=answer.headers)
    except LocalProtocolError:
        error = RuntimeError(f"{where}: expected a request that was not answered yet")
    except (ConnectionClosed, trio.TooSlowError):
        gone = ConnectionAbortedError("the client was gone before it was accepted")
        error = explain(where, gone, CloseResult(ABNORMAL_CLOSURE, "", was_clean=False))
    raise error  # outside of the handlers: what they caught can quote the answer


def _address(request: WebSocketRequest) -> Address:
    """Return the request's address, as far as trio-websocket shows it, not by the Host header."""
    headers = message_of(request.headers)
    local, peer = _endpoint(request, "local"), _endpoint(request, "remote")
    base = _NO_SOCKET if local is None else local.url
    target = request.path
    href = base + target if target.startswith("/") else target  # else it is a whole URL, or "*"
    where = without_query(href)
    if peer is not None:
        where = f"{where} from {peer.url.partition('//')[2]}"
    return Address(
        href=href,
        where=where,
        label=f"WebSocket {where}",
        origin=headers.get("Origin", ""),
        secure=local is not None and local.is_ssl,
        host="localhost" if local is None else str(local.address),
        port=0 if local is None else local.port,
        authority=base.partition("//")[2],
        target=target,
        authorization="",
    )


def _addresses(request: WebSocketRequest) -> tuple[HostAndPort | None, HostAndPort | None]:
    local, remote = _endpoint(request, "local"), _endpoint(request, "remote")
    return (
        None if local is None else (str(local.address), local.port),
        None if remote is None else (str(remote.address), remote.port),
    )


def _endpoint(request: WebSocketRequest, end: Literal["local", "remote"]) -> Endpoint | None:
    """Return one end of TCP, or None for any other stream, and for one that is lost already."""
    try:
        endpoint = request.local if end == "local" else request.remote
    except OSError:
        return None
    return endpoint if isinstance(endpoint, Endpoint) else None
