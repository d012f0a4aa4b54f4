"""TLS with a server, or with a proxy."""

from __future__ import annotations

import functools
import ssl
from typing import Final

import trio

ALPN: Final = "http/1.1"
"""The only protocol under which RFC 6455's handshake can be held."""


async def start_tls(
    transport: trio.abc.Stream, context: ssl.SSLContext | None, name: str, scheme: str
) -> trio.SSLStream[trio.abc.Stream]:
    """Hold TLS's handshake on a connected stream, and return the stream above it.

    Args:
      transport: remains the caller's to close if this raises.
      context: None: verify by the system's authorities.
      name: to verify and to send as SNI; without a trailing dot (RFC 6066 section 3).
      scheme: of URLs without TLS, for the error.

    Raises:
      ssl.SSLError: there is no TLS, or it is not good enough.
    """
    # https_compatible: WebSocket's own closing handshake distinguishes truncation from an end, so
    # TLS's is not waited for
    stream = trio.SSLStream(
        transport, context or default_context(), server_hostname=name, https_compatible=True
    )
    try:
        await stream.do_handshake()
    except trio.BrokenResourceError as exc:
        # trio wraps what ssl said; the reason (expired, wrong host, self-signed) is in it
        said = exc.__cause__
        if isinstance(said, ssl.SSLError) and not isinstance(said, ssl.SSLEOFError):
            raise said from None
        raise ssl.SSLEOFError(
            ssl.SSL_ERROR_EOF,
            "expected the other side's part of the TLS handshake, got the end of the connection;"
            f" a server without TLS has {scheme} URLs, and one that accepts none of our TLS"
            " versions or ciphers may end it so, too",
        ) from exc
    selected = stream.selected_alpn_protocol()
    if selected not in (None, ALPN):
        raise ssl.SSLError(
            ssl.SSL_ERROR_SSL, f"expected ALPN {ALPN!r}, got {selected!r} from the server"
        )
    return stream


@functools.cache
def default_context() -> ssl.SSLContext:
    """Return a context that verifies by the system's authorities and offers ALPN http/1.1.

    It is shared, as loading the authorities takes milliseconds.
    """
    context = ssl.create_default_context()
    context.set_alpn_protocols([ALPN])
    return context
