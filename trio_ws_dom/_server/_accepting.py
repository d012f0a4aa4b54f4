"""accept_websocket's work: a request of trio-websocket's becomes a WebSocket in a scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

import trio
from trio_websocket import ConnectionClosed, Endpoint
from wsproto.utilities import LocalProtocolError

from .._net._settings import Bounds
from .._socket._errors import explain
from .._socket._open_websocket import OneSocket
from .._socket._option_checks import check_names, header_fields
from .._socket._options import (
    DEFAULT_ACCEPTED_MAX_BUFFERED_AMOUNT,
    AcceptOptions,
    bounds_of,
)
from .._socket._url import Address
from .._socket._websocket import WebSocket
from .._wire._closing import Verdict
from .._wire._frames import ABNORMAL_CLOSURE
from .._wire._http._response import Response, lines_of, message_of
from .._wire._text import without_query
from ._accepted import AcceptedConnection

if TYPE_CHECKING:
    from typing import Literal

    from trio_websocket import WebSocketConnection, WebSocketRequest

ANSWER_TIMEOUT: Final = 2.0
"""Seconds for the answer to leave, cancelled or not: trio-websocket sends a Close behind one that
was cut off. It fits any socket's send buffer, and leaves at once."""

_NO_SOCKET: Final = "ws://localhost"
"""The URL's beginning where the connection is not a socket's, but any stream's."""


@final
class AcceptWebSocket(OneSocket):
    """See :func:`accept_websocket`."""

    def __init__(
        self, request: WebSocketRequest, protocol: str | None, options: AcceptOptions
    ) -> None:
        super().__init__()
        self._request = request
        self._protocol = protocol
        check_names(options, AcceptOptions)
        self._bounds = Bounds(
            **bounds_of(options, max_buffered_amount=DEFAULT_ACCEPTED_MAX_BUFFERED_AMOUNT)
        )
        self._fields = header_fields(options.get("headers", ()))

    async def _begin(self) -> WebSocket:
        address = _address(self._request)
        accepted = await self._accept(address.where)
        ws = WebSocket.__new__(WebSocket)
        ws._address, ws._settings = address, self._bounds
        ws._connection = AcceptedConnection(accepted, self._response(), self._bounds, ws)
        self._scope._adopt(ws)
        await ws._opened.wait()
        return ws

    def _response(self) -> Response:
        """What ``ws.status`` and its like are to say."""
        return Response(
            status=101,
            fields=lines_of(self._request.headers),
            protocol=self._protocol or "",
            extensions="",
            deflate=None,
            trailing=b"",
        )

    async def _accept(self, where: str) -> WebSocketConnection:
        headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in self._fields]
        try:
            with trio.fail_after(ANSWER_TIMEOUT, shield=True):
                return await self._request.accept(subprotocol=self._protocol, extra_headers=headers)
        except LocalProtocolError as exc:
            raise RuntimeError(f"{where}: expected a request that was not answered yet") from exc
        except (ConnectionClosed, trio.TooSlowError):
            gone = ConnectionAbortedError("the client was gone before it was accepted")
            raise explain(where, gone, Verdict(ABNORMAL_CLOSURE, "", was_clean=False)) from gone


def _address(request: WebSocketRequest) -> Address:
    """The request's, as far as trio-websocket shows it: not by the Host header."""
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


def _endpoint(request: WebSocketRequest, end: Literal["local", "remote"]) -> Endpoint | None:
    """One end of a TCP connection; None of any other stream, and of one that is lost already."""
    try:
        endpoint = request.local if end == "local" else request.remote
    except OSError:
        return None
    return endpoint if isinstance(endpoint, Endpoint) else None
