"""The client's opening handshake: RFC 6455 section 4.1, over HTTP/1.1 as h11 speaks it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, final

import h11

from ._request import Request, http_request
from ._response import HandshakeFailure, Response, check_switch, got, headers_of, shown, status_of

if TYPE_CHECKING:
    from email.message import Message

MAX_RESPONSE_HEAD: Final = 64 * 1024
"""Bytes of status line and headers, and bytes on the wire of a refusal's body.

http.client allows 64 KiB for each line, Node.js 16 KiB for the head, Chromium 256 KiB.
"""

MAX_RESPONSE_HEADERS: Final = 128
"""Header lines. The websockets library's limit; http.client's is 100."""

MAX_INFORMATIONAL: Final = 5
"""Responses with a status of 1xx before the answer. Go's net/http had this limit."""

MAX_REFUSAL_BODY: Final = 4096
"""Bytes of a refusal's body that are kept: an error page's start, to be read by a person. The
websockets library keeps 1 MiB; browsers show none."""

_JUNK_SHOWN: Final = 32
"""Bytes that a message shows of what came in place of HTTP, unless a line ends before."""

_HTTP: Final = b"HTTP/"

_BLANK_LINE: Final = re.compile(rb"\n\r?\n")  # h11's idea of where a head ends


@final
class Refused(HandshakeFailure):
    """The server answered with another status than 101.

    Attributes:
      body: its first ``MAX_REFUSAL_BODY`` bytes, as far as they came.
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
    """One opening handshake: bytes out, bytes in, and a verdict.

    Raises:
      ValueError: the request cannot be sent; says why.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_RESPONSE_HEAD)
        self._request_bytes = self._http.send(http_request(request))
        self._http.send(h11.EndOfMessage())
        self._head = bytearray()  # of the next response, and what came behind it
        self._searched = 0  # bytes of it in which no blank line begins
        self._received = 0
        self._informational = 0
        self._refusal: _Refusal | None = None

    def request_bytes(self) -> bytes:
        """The request, as it is to be sent."""
        return self._request_bytes

    def receive(self, data: bytes) -> Response | None:
        """Take what the server sent; ``b""``: it ended the connection.

        Returns:
          None: more is needed. With a response, or an exception, the handshake is over.

        Raises:
          HandshakeFailure: the server does not agree; says what was expected, and what came.
        """
        ended = not data
        self._received += len(data)
        if self._refusal is not None:
            self._refusal.receive(data, ended=ended)
            return None
        self._head += data
        while (head := self._next_head(ended=ended)) is not None:
            response = self._parse(head)
            if isinstance(response, h11.Response):
                self._refusal = _Refusal(self._http, response)
                self._refusal.receive(bytes(self._head), ended=False)
                return None
            if response.status_code == 101:
                return check_switch(self._request, response, bytes(self._head))
            self._skip(response)
        return None

    def refusal_so_far(self) -> Refused | None:
        """What there is of a refusal whose body is not complete; None: there is no refusal yet.

        For a caller who will wait no longer.
        """
        return None if self._refusal is None else self._refusal.as_exception(complete=False)

    def _next_head(self, *, ended: bool) -> bytes | None:
        """The next status line and headers, once they are whole.

        They are cut out here, rather than by h11, so that limits and errors do not depend on how
        the bytes were chunked.
        """
        _check_start(self._head)
        blank_line = _BLANK_LINE.search(self._head, self._searched)
        end = len(self._head) if blank_line is None else blank_line.end()
        if end > MAX_RESPONSE_HEAD:
            raise HandshakeFailure(
                f"expected a response with at most {MAX_RESPONSE_HEAD} bytes of headers, got more"
            )
        if blank_line is None:
            if ended:
                raise HandshakeFailure(
                    "expected an HTTP response, got the end of the connection after"
                    f" {self._received} bytes"
                )
            self._searched = max(0, end - 2)
            return None
        head = bytes(self._head[:end])
        del self._head[:end]
        self._searched = 0
        return head

    def _parse(self, head: bytes) -> h11.Response | h11.InformationalResponse:
        self._http.receive_data(head)
        try:
            response = self._http.next_event()
        except h11.RemoteProtocolError as exc:
            raise HandshakeFailure(f"malformed HTTP response: {shown(str(exc))}") from exc
        # h11 was given one whole head
        assert isinstance(response, h11.Response | h11.InformationalResponse)
        count = len(response.headers)
        if count > MAX_RESPONSE_HEADERS:
            raise HandshakeFailure(
                f"expected a response with at most {MAX_RESPONSE_HEADERS} headers, got {count}"
            )
        return response

    def _skip(self, response: h11.InformationalResponse) -> None:
        """Any number of 1xx may precede the answer (RFC 9110 section 15.2), within reason."""
        self._informational += 1
        if self._informational > MAX_INFORMATIONAL:
            raise HandshakeFailure(
                f"expected status 101 after at most {MAX_INFORMATIONAL} others of 1xx,"
                f" got one more: {status_of(response)}"
            )


@final
class _Refusal:
    """A final response that is not 101, and the start of its body."""

    def __init__(self, http: h11.Connection, response: h11.Response) -> None:
        self._http = http
        self._response = response
        self._body = bytearray()
        self._room = MAX_RESPONSE_HEAD  # bytes on the wire, so also of chunks' headers

    def receive(self, data: bytes, *, ended: bool) -> None:
        """Take some of the body, or, with no data, the connection's end.

        Raises:
          Refused: no more will come, or is wanted.
        """
        data = data[: self._room]
        self._room -= len(data)
        if data or ended:
            self._http.receive_data(data)
        complete = self._read() and len(self._body) <= MAX_REFUSAL_BODY
        if complete or ended or len(self._body) > MAX_REFUSAL_BODY or not self._room:
            raise self.as_exception(complete=complete)

    def as_exception(self, *, complete: bool) -> Refused:
        return Refused(
            _refusal_message(self._response),
            status=self._response.status_code,
            headers=headers_of(self._response),
            body=bytes(self._body[:MAX_REFUSAL_BODY]),
            body_complete=complete,
        )

    def _read(self) -> bool:
        """Take the body out of h11; whether it is complete."""
        try:
            while isinstance(event := self._http.next_event(), h11.Data):
                self._body += event.data
        except h11.RemoteProtocolError as exc:  # the status says more than the body's fault
            raise self.as_exception(complete=False) from exc
        return isinstance(event, h11.EndOfMessage)


def _check_start(head: bytearray) -> None:
    """Junk is found by the first byte of it; the message shows what has come with that."""
    if not head.startswith(_HTTP[: len(head)]):
        end = head.find(b"\n", 0, _JUNK_SHOWN) + 1 or _JUNK_SHOWN
        raise HandshakeFailure(f"expected an HTTP response, got {bytes(head[:end])!r}")


def _refusal_message(response: h11.Response) -> str:
    headers = headers_of(response)
    message = f"expected status 101, got {status_of(response)}"
    location = headers.get("Location")
    if 300 <= response.status_code < 400 and location is not None:
        return f"{message}, pointing to {got(location)} (redirects are not followed)"
    if response.status_code == 426:
        wanted = [
            f"{name}: {shown(value)}"
            for name in ("Upgrade", "Sec-WebSocket-Version")
            for value in headers.get_all(name, [])
        ]
        return f"{message} (asking for {', '.join(wanted) or 'nothing'})"
    return message
