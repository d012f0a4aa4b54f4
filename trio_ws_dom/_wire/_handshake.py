"""The client's opening handshake: RFC 6455 section 4.1, over HTTP/1.1 as h11 speaks it.

What WHATWG's "establish a WebSocket connection" asks for, and this finds, is checked here, too:
https://websockets.spec.whatwg.org/#concept-websocket-establish
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from email.message import Message
from typing import TYPE_CHECKING, Final, final

import h11
from wsproto.utilities import generate_accept_token

from ._deflate import NAME, OFFER, DeflateParameters
from ._extensions import TOKEN, ExtensionSyntaxError, parse_extensions

if TYPE_CHECKING:
    from collections.abc import Iterable

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
"""Bytes that are awaited, unless a line ends before, to show what came in place of HTTP."""

_TEXT_SHOWN: Final = 200
"""Characters of the peer's that a message shows of any one thing."""

_HTTP: Final = b"HTTP/"
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")  # h11's idea of where a head ends
_VISIBLE: Final = re.compile(r"[!-~]+")
_CONTROL_CHARACTER: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

_OWN_HEADERS: Final = frozenset({"upgrade", "connection", "content-length", "transfer-encoding"})
_OWN_PREFIX: Final = "sec-websocket-"


@final
@dataclass(frozen=True, slots=True)
class Request:
    """What the handshake asks a server for.

    Attributes:
      host: the Host header's value, e.g. ``example.com:8080`` or ``[::1]:80``.
      target: path and query in ASCII, e.g. ``/chat?x=1``.
      key: base64 of 16 random bytes (RFC 6455 section 4.1).
      protocols: subprotocols, most wanted first.
      headers: all others, in order. ``Host`` replaces ours.
      compression: whether to offer permessage-deflate.
    """

    host: str
    target: str
    key: bytes
    protocols: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    compression: bool = True


@final
@dataclass(frozen=True, slots=True)
class Response:
    """The server agreed.

    Attributes:
      status: 101.
      headers: all there were, in order, with duplicates, decoded as latin-1.
      protocol: the subprotocol in use; empty: none.
      extensions: the Sec-WebSocket-Extensions header; empty: none.
      deflate: permessage-deflate's parameters; None: it is not in use.
      trailing: bytes behind the response: the first frames.
    """

    status: int
    headers: Message
    protocol: str
    extensions: str
    deflate: DeflateParameters | None
    trailing: bytes


class HandshakeFailure(Exception):
    """The server's answer is not what RFC 6455 asks for.

    Attributes:
      status: what the server answered; 0: it was no HTTP response, or not all of its head came
        (as Fetch's network error has it).
      headers: the answer's; without a status, none.
    """

    def __init__(self, message: str, *, status: int = 0, headers: Message | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = Message() if headers is None else headers


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


def check_header(name: str, value: str) -> None:
    """Check a header that a caller wants to send.

    Raises:
      ValueError: it cannot be sent, or is the handshake's own. The message does not show the
        value, which may be a secret.
    """
    if not TOKEN.fullmatch(name):
        raise ValueError(f"header name {name!r} is not a token (RFC 9110 section 5.1)")
    lowered = name.lower()
    if lowered in _OWN_HEADERS or lowered.startswith(_OWN_PREFIX):
        raise ValueError(f"header {name} is set by the handshake itself")
    bad = _CONTROL_CHARACTER.search(value)
    if bad is not None:
        raise ValueError(f"header {name} has the character {bad[0]!r} at position {bad.start()}")
    if value != value.strip(" \t"):
        raise ValueError(f"header {name} has whitespace around its value")
    if value and max(value) > "\xff":
        raise ValueError(f"header {name} has a character that is not in latin-1")


@final
class ClientHandshake:
    """One opening handshake: bytes out, bytes in, and a verdict.

    Raises:
      ValueError: the request cannot be sent; says why.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_RESPONSE_HEAD)
        self._request_bytes = self._http.send(_http_request(request))
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
                return _check_switch(self._request, response, bytes(self._head))
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
        _check_start(self._head, ended=ended)
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
            raise HandshakeFailure(f"malformed HTTP response: {_shown(str(exc))}") from exc
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
                f" got one more: {_status(response)}"
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
            headers=_headers(self._response),
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


def _http_request(request: Request) -> h11.Request:
    """The request by RFC 6455 section 4.1.

    Raises:
      ValueError: it cannot be sent.
    """
    _check_request(request)
    headers = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", request.key.decode("ascii")),
        ("Sec-WebSocket-Version", "13"),
    ]
    if request.protocols:
        headers.append(("Sec-WebSocket-Protocol", ", ".join(request.protocols)))
    if request.compression:
        headers.append(("Sec-WebSocket-Extensions", OFFER))
    headers += request.headers
    if not any(name.lower() == "host" for name, _ in request.headers):
        headers.append(("Host", request.host))  # h11 writes it first in any case
    return h11.Request(
        method="GET",
        target=request.target,
        headers=[(name.encode("ascii"), value.encode("latin-1")) for name, value in headers],
    )


def _check_request(request: Request) -> None:
    for part, text in (("host", request.host), ("target", request.target)):
        if not _VISIBLE.fullmatch(text):
            raise ValueError(f"the {part} {text!r} is not made of visible ASCII characters alone")
    if not _is_key(request.key):
        raise ValueError("the key is not the base64 of 16 bytes")
    for protocol in request.protocols:
        if not TOKEN.fullmatch(protocol):
            raise ValueError(
                f"the subprotocol {protocol!r} is not a token (RFC 9110 section 5.6.2)"
            )
    for name, value in request.headers:
        check_header(name, value)
    if [name.lower() for name, _ in request.headers].count("host") > 1:
        raise ValueError("header Host is given more than once")


def _is_key(key: bytes) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        return False


def _check_start(head: bytearray, *, ended: bool) -> None:
    """Junk is found by its first bytes, and need not hold a blank line to be seen."""
    end = head.find(b"\n", 0, _JUNK_SHOWN) + 1 or _JUNK_SHOWN
    if (ended or len(head) >= end) and not head.startswith(_HTTP[: len(head)]):
        raise HandshakeFailure(f"expected an HTTP response, got {bytes(head[:end])!r}")


def _check_switch(
    request: Request, response: h11.InformationalResponse, trailing: bytes
) -> Response:
    """A 101: is it what RFC 6455 section 4.1 asks a client to validate?"""
    headers = _headers(response)
    version = response.http_version.decode("ascii")
    if not "1.1" <= version < "2":
        raise _wrong(headers, f"expected status 101 by HTTP/1.1, got it by HTTP/{version}")
    upgrade = _only(headers, "Upgrade")
    if upgrade is None or upgrade.lower() != "websocket":
        raise _wrong(headers, f"expected the header Upgrade: websocket, got {_got(upgrade)}")
    connection = headers.get_all("Connection", [])
    if "upgrade" not in _tokens(connection):
        got = _got(", ".join(connection) if connection else None)
        raise _wrong(headers, f"expected the header Connection: upgrade, got {got}")
    expected = generate_accept_token(request.key).decode("ascii")
    accept = _only(headers, "Sec-WebSocket-Accept")
    if accept != expected:
        got = _got(accept)
        raise _wrong(headers, f"expected the header Sec-WebSocket-Accept: {expected}, got {got}")
    return Response(
        status=response.status_code,
        headers=headers,
        protocol=_protocol(request, headers),
        extensions=", ".join(headers.get_all("Sec-WebSocket-Extensions", [])),
        deflate=_deflate(request, headers),
        trailing=trailing,
    )


def _protocol(request: Request, headers: Message) -> str:
    """The subprotocol in use. A browser that asked for some takes no answer without one."""
    protocol = _only(headers, "Sec-WebSocket-Protocol")
    if protocol in request.protocols:
        return protocol
    if request.protocols:
        wanted = ", ".join(request.protocols)
        raise _wrong(headers, f"expected one of the subprotocols {wanted}, got {_got(protocol)}")
    if protocol is not None:
        raise _wrong(headers, f"expected no subprotocol, got {_got(protocol)}")
    return ""


def _deflate(request: Request, headers: Message) -> DeflateParameters | None:
    """What the server made of our offer; None: nothing."""
    lines = headers.get_all("Sec-WebSocket-Extensions")
    if lines is None:
        return None
    if not request.compression:
        raise _wrong(headers, f"expected no extension, got {_got(', '.join(lines))}")
    try:
        extensions = parse_extensions(lines)
    except ExtensionSyntaxError as exc:
        raise _wrong(headers, f"malformed header Sec-WebSocket-Extensions: {exc}") from exc
    for name, _ in extensions:
        if name != NAME:
            raise _wrong(headers, f"expected no extension but {NAME}, got {_got(name)}")
    if len(extensions) > 1:
        raise _wrong(headers, f"expected {NAME} once, got it {len(extensions)} times")
    try:
        return DeflateParameters.from_response(extensions[0][1])
    except ValueError as exc:
        raise _wrong(headers, f"bad answer to our offer of {NAME}: {exc}") from exc


def _wrong(headers: Message, message: str) -> HandshakeFailure:
    return HandshakeFailure(message, status=101, headers=headers)


def _headers(response: h11.Response | h11.InformationalResponse) -> Message:
    headers = Message()
    for name, value in response.headers.raw_items():
        headers[name.decode("ascii")] = value.decode("latin-1")  # adds, replaces nothing
    return headers


def _only(headers: Message, name: str) -> str | None:
    """The value of a header that may occur once."""
    values = headers.get_all(name, [])
    if len(values) > 1:
        raise _wrong(headers, f"expected the header {name} once, got it {len(values)} times")
    return values[0] if values else None


def _tokens(lines: Iterable[str]) -> set[str]:
    return {token.strip(" \t").lower() for line in lines for token in line.split(",")}


def _refusal_message(response: h11.Response) -> str:
    headers = _headers(response)
    message = f"expected status 101, got {_status(response)}"
    location = headers.get("Location")
    if 300 <= response.status_code < 400 and location is not None:
        return f"{message}, pointing to {_got(location)} (redirects are not followed)"
    if response.status_code == 426:
        wanted = [
            f"{name}: {_shown(value)}"
            for name in ("Upgrade", "Sec-WebSocket-Version")
            for value in headers.get_all(name, [])
        ]
        return f"{message} (asking for {', '.join(wanted) or 'nothing'})"
    return message


def _status(response: h11.Response | h11.InformationalResponse) -> str:
    return f"{response.status_code} {_shown(response.reason.decode('latin-1'))}".rstrip()


def _got(value: str | None) -> str:
    return "none" if value is None else f"'{_shown(value)}'"


def _shown(text: str) -> str:
    """The peer's text, fit for a message: short, and without control characters."""
    text = text if len(text) <= _TEXT_SHOWN else f"{text[:_TEXT_SHOWN]}..."
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
