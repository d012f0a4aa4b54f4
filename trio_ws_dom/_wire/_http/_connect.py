"""A tunnel through an HTTP proxy: CONNECT, RFC 9110 section 9.3.6, as h11 speaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

import h11

from .._text import abbreviate
from ._response import HandshakeFailure, describe_status, headers_of
from ._response_heads import ResponseHeads

if TYPE_CHECKING:
    from email.message import Message

_REASONS: Final = ("Proxy-Authenticate", "Proxy-Status", "X-Squid-Error")
"""Headers in which a proxy says what it asks for, or what went wrong: RFC 9110 section 11.7.1, RFC
9209, and what Squid did before there was an RFC."""


@final
class Connect:
    """One CONNECT, with bytes out, bytes in, and a result.

    Args:
      target: host and port of the server, e.g. ``example.com:443`` or ``[::1]:80``. Nothing else
        about the connection that is to be made is the proxy's to know.
      authorization: the Proxy-Authorization header's value; empty: no such header.
      tls_scheme: as :class:`ResponseHeads` takes it.
    """

    def __init__(self, target: str, authorization: str = "", tls_scheme: str = "") -> None:
        self._target = target
        self._http = h11.Connection(h11.CLIENT)  # is given whole heads, which have a limit
        headers = [("Host", target)]
        if authorization:
            headers.append(("Proxy-Authorization", authorization))
        request = h11.Request(method="CONNECT", target=target, headers=headers)
        self._request_bytes = self._http.send(request)
        self._http.send(h11.EndOfMessage())
        self._heads = ResponseHeads(self._http, "2xx", tls_scheme)

    def request_bytes(self) -> bytes:
        """The request, as it is to be sent."""
        return self._request_bytes

    def receive(self, data: bytes) -> bytes | None:
        """Take what the proxy sent; ``b""``: it ended the connection.

        Returns:
          the tunnel's first bytes, mostly none, once there is a tunnel; None: more is needed.

        Raises:
          HandshakeFailure: there is no tunnel; says what was expected, and what came. The body of a
            refusal is not waited for.
        """
        response = self._heads.receive(data)
        if response is None:
            return None
        # any 2xx opens the tunnel, and what is in its Content-Length is to be ignored
        if 200 <= response.status_code < 300:
            return bytes(self._heads.rest)
        headers = headers_of(response)
        raise HandshakeFailure(
            f"expected status 2xx to CONNECT {self._target}, got {describe_status(response)}"
            + _reasons(headers),
            status=response.status_code,
            headers=headers,
        )


def _reasons(headers: Message) -> str:
    given = [(name, headers.get_all(name)) for name in _REASONS]
    lines = [f"{name}: {abbreviate(', '.join(values))}" for name, values in given if values]
    return f" ({', '.join(lines)})" if lines else ""
