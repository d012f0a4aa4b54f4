"""The opening handshake's request (RFC 6455 section 4.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, final

from .._deflate import OFFER
from ._extensions import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterable

    import h11

_CONTROL_CHARACTER: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

_OWN_HEADERS: Final = frozenset({"upgrade", "connection", "content-length", "transfer-encoding"})

_OWN_PREFIX: Final = "sec-websocket-"


@final
@dataclass(frozen=True, slots=True)
class Request:
    """What the handshake asks a server for.

    Everything was checked before, where the program gave it: :func:`check_headers` for the headers,
    the URL's parser for host and target. What could hold a secret is not in ``repr``.

    Attributes:
      host: the Host header's value, e.g. ``example.com:8080`` or ``[::1]:80``.
      target: path and query in ASCII, e.g. ``/chat?x=1``.
      key: base64 of 16 random bytes (RFC 6455 section 4.1).
      protocols: subprotocols, most wanted first.
      headers: all others, in order. ``Host`` replaces ours.
      compression: whether to offer permessage-deflate.
    """

    host: str
    target: str = field(repr=False)
    key: bytes
    protocols: tuple[str, ...] = field(default=(), repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    compression: bool = True


def check_header(name: str, value: str) -> None:
    """Check a header that the program wants to send.

    Raises:
      ValueError: it cannot be sent, or is the handshake's own. The message shows neither the value
        nor a malformed name, as either may be a secret.
    """
    if not TOKEN.fullmatch(name):
        raise ValueError(f"expected a header's name as a token (RFC 9110), got {_flaw(name)}")
    lowered = name.lower()
    if lowered in _OWN_HEADERS or lowered.startswith(_OWN_PREFIX):
        raise ValueError(f"expected no header {name}, which the handshake sets itself, got one")
    expected = f"expected a value of latin-1 text for the header {name}, got"
    bad = _CONTROL_CHARACTER.search(value)
    if bad is not None:
        raise ValueError(f"{expected} the character {bad[0]!r} at position {bad.start()}")
    if value != value.strip(" \t"):
        raise ValueError(f"{expected} space around it: strip it")
    if value and max(value) > "\xff":
        raise ValueError(f"{expected} another character: encode it, by percents for example")


def _flaw(name: str) -> str:
    match = TOKEN.match(name)
    end = 0 if match is None else match.end()
    return f"the character {name[end]!r} at position {end}" if name else "an empty one"


def check_headers(fields: Iterable[tuple[str, str]]) -> None:
    """Check all headers that the program wants to send, each and beside the others.

    Raises:
      ValueError: as :func:`check_header`; or Host is among them twice.
    """
    hosts = 0
    for name, value in fields:
        check_header(name, value)
        hosts += name.lower() == "host"
    if hosts > 1:
        raise ValueError(f"expected the header Host once, got it {hosts} times")


def http_request(request: Request) -> h11.Request:
    """Return the request by RFC 6455 section 4.1."""
    import h11

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
