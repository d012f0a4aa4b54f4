"""A server's answers to the opening handshake, and the verdicts on them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from trio_ws_dom._wire._http._handshake import ClientHandshake, Refused
from trio_ws_dom._wire._http._request import Request
from trio_ws_dom._wire._http._response import HandshakeFailure, Response

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455 section 1.3, and its answer
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

REQUEST = Request("example.com", "/chat?x=1", KEY)
ASKING = Request("example.com", "/", KEY, protocols=("chat.v2", "chat"))
PLAIN = Request("example.com", "/", KEY, compression=False)

GOOD = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Accept": ACCEPT,
}
EXTENSIONS = "Sec-WebSocket-Extensions"
PROTOCOL = "Sec-WebSocket-Protocol"


def head(status: str, headers: Iterable[tuple[str, str]] = (), version: str = "1.1") -> bytes:
    """Return a response's head."""
    lines = [f"HTTP/{version} {status}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def switch(*more: tuple[str, str], version: str = "1.1", **changed: str | None) -> bytes:
    """Return a 101. A change to None removes the header, and ``_`` is written for ``-``."""
    changes = {name.replace("_", "-"): value for name, value in changed.items()}
    headers = [(n, v) for n, v in (GOOD | changes).items() if v is not None]
    return head("101 Switching Protocols", [*headers, *more], version)


def padded(size: int) -> bytes:
    """Return a 101 whose head has this many bytes."""
    return switch(("X", "x" * (size - len(switch(("X", ""))))))


def answer(data: bytes, request: Request = REQUEST) -> Response:
    """Return the verdict on this answer, received all at once."""
    handshake = ClientHandshake(request)
    response = handshake.receive(data)
    if response is None:
        response = handshake.receive(b"")
    assert response is not None
    return response


def failure(data: bytes, request: Request = REQUEST) -> HandshakeFailure:
    """Return the failure after this answer and the connection's end."""
    with pytest.raises(HandshakeFailure) as caught:
        answer(data, request)
    return caught.value


def refusal(data: bytes) -> Refused:
    """Return the failure after this answer, which is a refusal."""
    refused = failure(data)
    assert isinstance(refused, Refused)
    return refused
