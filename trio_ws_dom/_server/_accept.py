"""The server's end, as a WebSocket in a scope of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._socket._errors import clear_locals

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from typing import Unpack

    from trio_websocket import WebSocketRequest

    from .._socket._options import AcceptOptions
    from .._socket._websocket import WebSocket


def accept_websocket(
    request: WebSocketRequest, protocol: str | None = None, **options: Unpack[AcceptOptions]
) -> AbstractAsyncContextManager[WebSocket]:
    """Open the server's end of one connection.

    ``async with accept_websocket(request) as ws``.

    Use it in a handler of ``trio_websocket.serve_websocket``, and leave it
    before the handler returns. The block is entered with the socket OPEN
    (``open`` was dispatched, as with :func:`open_websocket`). Messages are held
    until the program first consumes some. However the block is left, the
    closing handshake is over then, or was given up within its bounds, as with
    :func:`open_websocket`. What trio-websocket cannot do is in docs/server.md.

    ``ws.url`` is the address that was connected to, with the path asked for;
    ``headers`` are the request's, ``status`` is 101, and the origin of events
    is the request's Origin header, or "".

    Args:
      request: what the handler was called with.
      protocol: the subprotocol to speak, one of
        ``request.proposed_subprotocols``; None: none.
      options: :class:`AcceptOptions` says more of each.

    Options:
      close_timeout: seconds for a closing handshake. Default: 10.
      cancelled_close_timeout: seconds to close once cancelled. Default: 1.
      listener_timeout: seconds for async listeners at the end. Default: 10.
      ping_interval: seconds between Pings. Default: None, no keepalive.
      ping_timeout: seconds of silence after a Ping. Default: ping_interval.
      max_buffered_amount: bytes queued for sending, at most. Default: 16 MiB.
      headers: more header fields, a mapping or pairs. Default: none.

    Raises:
      WebSocketError: the client was gone before the answer had left. Out of the
        handler it would end the whole ``serve_websocket``, as any exception
        does.
      RuntimeError: the request was answered before.
      TypeError, ValueError: for a subprotocol that was not proposed, and for
        bad options.
      ExceptionGroup: what listeners raised, flat, the body's exception last;
        otherwise the body's own exception comes out as it is.
    """
    proposed = len(request.proposed_subprotocols)
    try:
        if protocol is not None and protocol not in request.proposed_subprotocols:
            raise ValueError(
                f"expected one of the {proposed} subprotocols that the client proposed, got another"
                " (request.proposed_subprotocols has them)"
            )
        # a client need not load trio-websocket, which takes a quarter of the import's time
        from ._accepting import open_accepted

        return open_accepted(request, protocol, options)
    except Exception as exc:
        clear_locals(exc)
        del protocol, options  # secrets are in them, and tracebacks can show local variables
        raise
