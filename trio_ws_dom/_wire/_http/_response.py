"""Validation of the opening handshake's answer (RFC 6455 section 4.1).

It includes what WHATWG's "establish a WebSocket connection" requires beyond the RFC:
https://websockets.spec.whatwg.org/#concept-websocket-establish
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, final

from .._deflate import NAME, DeflateParameters
from .._text import abbreviate, escape, quote
from ._extensions import ExtensionSyntaxError, parse_extensions

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from email.message import Message

    import h11

    from ._request import Request

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""RFC 6455 section 1.3."""


@final
@dataclass(frozen=True, slots=True)
class Response:
    """A valid 101.

    Attributes:
      status: 101.
      fields: the header fields, in order, with duplicates, as lines, which take a tenth of the
        memory of a Message.
      protocol: the subprotocol in use; empty: none.
      extensions: the Sec-WebSocket-Extensions header; empty: none.
      deflate: permessage-deflate's parameters; None: it is not in use.
      trailing: bytes after the response: the first frames.
    """

    status: int
    fields: bytes = field(repr=False)  # cookies are among them
    protocol: str = field(repr=False)  # tokens are sent as subprotocols
    extensions: str
    deflate: DeflateParameters | None
    trailing: bytes

    @property
    def headers(self) -> Message:
        """The header fields, decoded as latin-1, as a new object each time."""
        return message_of(line.split(b": ", 1) for line in self.fields.splitlines())


class HandshakeFailure(Exception):
    """An answer that is not what RFC 6455 requires.

    Attributes:
      status: the answer's status. 0: it was no HTTP response, or its head was incomplete (as in
        Fetch's network error).
      headers: the answer's headers; without a status, none.
    """

    def __init__(self, message: str, *, status: int = 0, headers: Message | None = None) -> None:
        super().__init__(escape(message))
        self.status = status
        self.headers = message_of(()) if headers is None else headers


def check_switch(
    request: Request, response: h11.InformationalResponse, trailing: bytes
) -> Response:
    """Validate a 101 by RFC 6455 section 4.1."""
    version = response.http_version.decode("ascii")
    if not "1.1" <= version < "2":
        raise _wrong(response, f"expected status 101 by HTTP/1.1, got it by HTTP/{version}")
    upgrade = _only(response, "Upgrade")
    if upgrade is None or upgrade.lower() != "websocket":
        raise _wrong(response, f"expected the header Upgrade: websocket, got {quote(upgrade)}")
    connection = _values(response, "Connection")
    if "upgrade" not in _tokens(connection):
        came = quote(", ".join(connection) if connection else None)
        raise _wrong(response, f"expected the header Connection: upgrade, got {came}")
    expected = _accept_of(request.key)
    accept = _only(response, "Sec-WebSocket-Accept")
    if accept != expected:
        came = quote(accept)
        raise _wrong(response, f"expected the header Sec-WebSocket-Accept: {expected}, got {came}")
    extensions = _values(response, "Sec-WebSocket-Extensions")
    return Response(
        status=response.status_code,
        fields=lines_of(response.headers.raw_items()),
        protocol=_protocol(request, response),
        extensions=", ".join(extensions),  # more than one is refused
        deflate=_deflate(request, response, extensions),
        trailing=trailing,
    )


def _protocol(request: Request, response: h11.InformationalResponse) -> str:
    """Return the subprotocol in use. As in browsers, an answer without one fails if some were
    offered."""
    protocol = _only(response, "Sec-WebSocket-Protocol")
    if protocol in request.protocols:
        return protocol
    came = "none" if protocol is None else "another"  # not shown, as tokens are sent in its place
    if request.protocols:
        raise _wrong(
            response,
            f"expected one of the {len(request.protocols)} subprotocols that were offered, got"
            f" {came} (the attribute headers has the answer's)",
        )
    if protocol is not None:
        raise _wrong(
            response,
            "expected no subprotocol, as none was offered, got one (offer it by the argument"
            " protocols)",
        )
    return ""


def _accept_of(key: bytes) -> str:
    """Return the value that proves that the server read the key (RFC 6455 section 4.2.2)."""
    return base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest()).decode()


def _deflate(
    request: Request, response: h11.InformationalResponse, lines: Sequence[str]
) -> DeflateParameters | None:
    """Return the parameters that the server chose, or None if it chose no compression."""
    if not lines:
        return None
    if not request.compression:
        raise _wrong(response, f"expected no extension, got {quote(', '.join(lines))}")
    try:
        extensions = parse_extensions(lines)
    except ExtensionSyntaxError as exc:
        raise _wrong(response, f"malformed header Sec-WebSocket-Extensions: {exc}") from exc
    for name, _ in extensions:
        if name != NAME:
            raise _wrong(response, f"expected no extension but {NAME}, got {quote(name)}")
    if len(extensions) > 1:
        raise _wrong(response, f"expected {NAME} once, got it {len(extensions)} times")
    try:
        return DeflateParameters.from_response(extensions[0][1])
    except ValueError as exc:
        raise _wrong(response, f"bad answer to our offer of {NAME}: {exc}") from exc


def _wrong(response: h11.InformationalResponse, message: str) -> HandshakeFailure:
    return HandshakeFailure(message, status=101, headers=headers_of(response))


def headers_of(response: h11.Response | h11.InformationalResponse) -> Message:
    return message_of(response.headers.raw_items())


def lines_of(fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return header fields as lines.

    H11 lets no line end into a field.
    """
    return b"\n".join(b"%b: %b" % field for field in fields)


def message_of(fields: Iterable[Sequence[bytes]]) -> Message:
    """Return a Message of names and values, in order and with duplicates."""
    from email.message import Message  # slow to import, and most programs look at no header

    headers = Message()
    for name, value in fields:
        headers[name.decode("ascii")] = value.decode("latin-1")  # adds, replaces nothing
    return headers


def _values(response: h11.InformationalResponse, name: str) -> list[str]:
    lowered = name.lower().encode()
    fields = response.headers.raw_items()
    return [value.decode("latin-1") for key, value in fields if key.lower() == lowered]


def _only(response: h11.InformationalResponse, name: str) -> str | None:
    """Return the value of a header that may occur once, or None."""
    values = _values(response, name)
    if len(values) > 1:
        raise _wrong(response, f"expected the header {name} once, got it {len(values)} times")
    return values[0] if values else None


def _tokens(lines: Iterable[str]) -> set[str]:
    return {token.strip(" \t").lower() for line in lines for token in line.split(",")}


def describe_status(response: h11.Response | h11.InformationalResponse) -> str:
    return f"{response.status_code} {abbreviate(response.reason.decode('latin-1'))}".rstrip()
