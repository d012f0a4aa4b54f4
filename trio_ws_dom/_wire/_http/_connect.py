"""A tunnel through an HTTP proxy, by CONNECT (RFC 9110 section 9.3.6) and h11."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from .._text import abbreviate
from ._response import HandshakeFailure, describe_status, headers_of
from ._response_heads import ResponseHeads

if TYPE_CHECKING:
    from email.message import Message

_REASONS: Final = ("Proxy-Authenticate", "Proxy-Status", "X-Squid-Error")
"""Headers in which a proxy says what it requires or what went wrong (RFC 9110 section 11.7.1, RFC
9209, and what Squid did before there was an RFC)."""


@final
class Connect:
    """One CONNECT, with bytes out, bytes in, and a result.

    Args:
      target: host and port of the server, e.g. ``example.com:443`` or ``[::1]:80``. The proxy gets
        to know nothing else about the connection.
      authorization: the Proxy-Authorization header's value. Empty: no such header.
      tls_scheme: as :class:`ResponseHeads` takes it.
    """

    def __init__(self, target: str, authorization: str = "", tls_scheme: str = "") -> None:
        import h11

        self._target = target
        self._http = h11.Connection(h11.CLIENT)  # gets whole heads only, which have a limit
        headers = [("Host", target)]
        if authorization:
            headers.append(("Proxy-Authorization", authorization))
        request = h11.Request(method="CONNECT", target=target, headers=headers)
        self._request_bytes = self._http.send(request)
        self._http.send(h11.EndOfMessage())
        self._heads = ResponseHeads(self._http, "2xx", tls_scheme)

    def request_bytes(self) -> bytes:
        """Return the request as it must be sent."""
        return self._request_bytes

    def receive(self, data: bytes) -> bytes | None:
        """Take what the proxy sent, or ``b""`` when it ended the connection.

        Returns:
          the tunnel's first bytes, mostly none, once there is a tunnel. None: more is needed.

        Raises:
          HandshakeFailure: there is no tunnel. It does not wait for the body of a refusal.
        """
        response = self._heads.receive(data)
        if response is None:
            return None
        # any 2xx opens the tunnel, and its Content-Length must be ignored
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
