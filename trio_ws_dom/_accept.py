"""The server's end: what trio-websocket accepts, as a WebSocket in a scope of its own."""

from __future__ import annotations

from email.message import Message
from typing import TYPE_CHECKING, Final, final

import trio
from trio_websocket import ConnectionClosed, Endpoint
from wsproto.utilities import LocalProtocolError

from ._bounds import BoundOptions, bounds_of, check_names
from ._failures import explain
from ._net._accepted import AcceptedConnection
from ._options import Headers, header_fields
from ._scopes import OneSocket
from ._url import Address
from ._websocket import WebSocket
from ._wire._closing import Verdict
from ._wire._frames import ABNORMAL_CLOSURE
from ._wire._response import Response

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractAsyncContextManager
    from typing import Literal, Unpack

    from trio_websocket import WebSocketConnection, WebSocketRequest

ANSWER_TIMEOUT: Final = 2.0
"""Seconds for the answer to leave, cancelled or not: trio-websocket sends a Close behind one that
was cut off. It fits any socket's send buffer, and leaves at once."""

_NO_SOCKET: Final = "ws://localhost"
"""The URL's beginning where the connection is not a socket's, but any stream's."""


class AcceptOptions(BoundOptions, total=False):
    """Options of :func:`accept_websocket`; all optional."""

    headers: Headers
    """More header fields for the answer; those that the handshake sets itself are a ValueError.
    Default: none."""


def accept_websocket(
    request: WebSocketRequest, protocol: str | None = None, **options: Unpack[AcceptOptions]
) -> AbstractAsyncContextManager[WebSocket]:
    """The server's end of one connection: ``async with accept_websocket(request) as ws``.

    To be used in a handler of ``trio_websocket.serve_websocket``, and left before the handler
    returns. The block is entered with the socket OPEN (``open`` is over, as with
    :func:`open_websocket`), messages wait until it looks at them, and however it is left, the
    closing handshake is over then, or was given up within its bounds, as with
    :func:`open_websocket`. What trio-websocket cannot do is in docs/server.md.

    ``ws.url`` is the address that was connected to, with the path asked for; ``headers`` are the
    request's, ``status`` is 101, and the origin of events is the request's Origin header, or "".

    Args:
      request: what the handler was called with.
      protocol: the subprotocol to speak, one of ``request.proposed_subprotocols``; None: none.
      options: see :class:`AcceptOptions`.

    Raises:
      WebSocketError: the client was gone before the answer had left.
      RuntimeError: the request was answered before.
      TypeError, ValueError: for a subprotocol that was not proposed, and for bad options.
      ExceptionGroup: what listeners raised, flat, the body's exception last; otherwise the body's
        own exception comes out as it is.
    """
    if protocol is not None and protocol not in request.proposed_subprotocols:
        proposed = ", ".join(request.proposed_subprotocols) or "none"
        raise ValueError(
            f"expected a subprotocol that the client proposed ({proposed}), got {protocol!r}"
        )
    return _AcceptWebSocket(request, protocol, options)


@final
class _AcceptWebSocket(OneSocket):
    """See :func:`accept_websocket`."""

    def __init__(
        self, request: WebSocketRequest, protocol: str | None, options: AcceptOptions
    ) -> None:
        super().__init__()
        self._request = request
        self._protocol = protocol
        check_names(options, AcceptOptions)
        self._bounds = bounds_of(options)
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
            headers=_message(self._request.headers),
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
    headers = _message(request.headers)
    local, peer = _endpoint(request, "local"), _endpoint(request, "remote")
    base = _NO_SOCKET if local is None else local.url
    target = request.path
    href = base + target if target.startswith("/") else target  # else it is a whole URL, or "*"
    return Address(
        href=href,
        where=href if peer is None else f"{href} from {peer.url.partition('//')[2]}",
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


def _message(headers: Iterable[tuple[bytes, bytes]]) -> Message:
    message = Message()
    for name, value in headers:
        message[name.decode("ascii")] = value.decode("latin-1")
    return message
