"""The opening handshake's request: what the client asks for (RFC 6455 section 4.1)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, final

import h11

from .._deflate import OFFER
from ._extensions import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def check_headers(fields: Iterable[tuple[str, str]]) -> None:
    """Check all headers that a caller wants to send, each and beside the others.

    Raises:
      ValueError: as :func:`check_header`; or Host is among them twice.
    """
    hosts = 0
    for name, value in fields:
        check_header(name, value)
        hosts += name.lower() == "host"
    if hosts > 1:
        raise ValueError("header Host is given more than once")


def http_request(request: Request) -> h11.Request:
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
    check_headers(request.headers)


def _is_key(key: bytes) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except binascii.Error:
        return False
