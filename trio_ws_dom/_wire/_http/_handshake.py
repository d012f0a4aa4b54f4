"""The client's opening handshake (RFC 6455 section 4.1), over HTTP/1.1 by h11."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, final

from .._text import abbreviate, quote, without_credentials, without_query
from ._request import Request, http_request
from ._response import HandshakeFailure, Response, check_switch, describe_status, headers_of
from ._response_heads import MAX_RESPONSE_HEAD, ResponseHeads

if TYPE_CHECKING:
    from email.message import Message

    import h11

MAX_REFUSAL_WIRE: Final = 64 * 1024
"""Bytes on the wire of a refusal's body, headers of chunks included, that are read."""

MAX_REFUSAL_BODY: Final = 4096
"""Bytes of a refusal's body that are kept: the start of an error page, for a person to read. The
websockets library keeps 1 MiB, browsers show none."""

_PLAIN_TO_TLS: Final = re.compile(rb"\bHTTP\b.{1,40}\b(?:HTTPS|SSL)", re.IGNORECASE)
"""Text in the error pages of nginx, Apache, Go and others about a request without TLS."""


@final
class Refused(HandshakeFailure):
    """An answer with another status than 101.

    Attributes:
      body: its first ``MAX_REFUSAL_BODY`` bytes, as far as they arrived.
      body_complete: whether that is all of it.
    """

    def __init__(
        self, message: str, *, status: int, headers: Message, body: bytes, body_complete: bool
    ) -> None:
        super().__init__(message, status=status, headers=headers)
        self.body = body
        self.body_complete = body_complete


@final
class ClientHandshake:
    """One opening handshake, with bytes out, bytes in, and a result.

    Args:
      tls_scheme: as :class:`ResponseHeads` takes it.
    """

    def __init__(self, request: Request, tls_scheme: str = "") -> None:
        import h11

        self._request = request
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_RESPONSE_HEAD)
        self._request_bytes = self._http.send(http_request(request))
        self._http.send(h11.EndOfMessage())
        self._heads = ResponseHeads(self._http, "101", tls_scheme)
        self._refusal: _Refusal | None = None

    @property
    def hint_at_silence(self) -> str:
        """As of :class:`ResponseHeads`."""
        return self._heads.hint_at_silence

    def request_bytes(self) -> bytes:
        """Return the request as it must be sent."""
        return self._request_bytes

    def receive(self, data: bytes) -> Response | None:
        """Take what the server sent, or ``b""`` when it ended the connection.

        Returns:
          None: more is needed. With a response, or an exception, the handshake is over.

        Raises:
          HandshakeFailure: the server does not agree.
        """
        if self._refusal is not None:
            self._refusal.receive(data, ended=not data)
            return None
        response = self._heads.receive(data)
        if response is None:
            return None
        from h11 import InformationalResponse

        rest = bytes(self._heads.rest)
        if isinstance(response, InformationalResponse):
            return check_switch(self._request, response, rest)
        self._refusal = _Refusal(self._http, response, self._heads.hint)
        self._refusal.receive(rest, ended=False)
        return None

    def refusal_so_far(self) -> Refused | None:
        """Return what has arrived of a refusal whose body is incomplete, or None if there is none.

        It is for a caller that waits no longer.
        """
        return None if self._refusal is None else self._refusal.as_exception(complete=False)


@final
class _Refusal:
    """A final response other than a 101, and the start of its body."""

    def __init__(self, http: h11.Connection, response: h11.Response, hint: str) -> None:
        self._http = http
        self._response = response
        self._hint = hint
        self._body = bytearray()
        self._room = MAX_REFUSAL_WIRE

    def receive(self, data: bytes, *, ended: bool) -> None:
        """Take some of the body, or without data the connection's end.

        Raises:
          Refused: no more will arrive, or is needed.
        """
        data = data[: self._room]
        self._room -= len(data)
        if data or ended:
            self._http.receive_data(data)
        complete = self._read() and len(self._body) <= MAX_REFUSAL_BODY
        if complete or ended or len(self._body) > MAX_REFUSAL_BODY or not self._room:
            raise self.as_exception(complete=complete)

    def as_exception(self, *, complete: bool) -> Refused:
        wants_tls = self._response.status_code == 400 and _PLAIN_TO_TLS.search(self._body)
        return Refused(
            _refusal_message(self._response) + (self._hint if wants_tls else ""),
            status=self._response.status_code,
            headers=headers_of(self._response),
            body=bytes(self._body[:MAX_REFUSAL_BODY]),
            body_complete=complete,
        )

    def _read(self) -> bool:
        """Take the body out of h11, and return whether it is complete."""
        import h11

        try:
            while isinstance(event := self._http.next_event(), h11.Data):
                self._body += event.data
        except h11.RemoteProtocolError as exc:  # the status says more than the body's fault
            raise self.as_exception(complete=False) from exc
        return isinstance(event, h11.EndOfMessage)


def _refusal_message(response: h11.Response) -> str:
    headers = headers_of(response)
    message = f"expected status 101, got {describe_status(response)}"
    location = headers.get("Location")
    if 300 <= response.status_code < 400 and location is not None:
        where = quote(without_credentials(without_query(location)))
        return f"{message}, pointing to {where} (redirects are not followed)"
    if response.status_code == 426:
        wanted = [
            f"{name}: {abbreviate(value)}"
            for name in ("Upgrade", "Sec-WebSocket-Version")
            for value in headers.get_all(name, [])
        ]
        return f"{message} (asking for {', '.join(wanted) or 'nothing'})"
    return message
