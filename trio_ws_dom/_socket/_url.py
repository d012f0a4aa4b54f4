"""URLs and subprotocols, as the constructor's algorithm wants them.

https://websockets.spec.whatwg.org/#dom-websocket-websocket
"""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote_to_bytes

from ada_url import URL

from .._dom._errors import DOMException
from .._dom._webidl import usv_string
from .._wire._http._extensions import TOKEN
from .._wire._text import without_query

if TYPE_CHECKING:
    from collections.abc import Iterable

_SCHEMES: Final = {"http:": "ws:", "https:": "wss:"}
_DEFAULT_PORTS: Final = {"ws:": 80, "wss:": 443}


class Address(NamedTuple):
    """A parsed WebSocket URL.

    Attributes:
      href: the whole, serialized, credentials included, as the ``url`` attribute shows it.
      where: the same without credentials and query, for messages and logs.
      label: of the socket's task.
      origin: of the URL, as ``MessageEvent.origin`` shows it.
      host: to resolve; an address without brackets.
      authority: the Host header's value.
      authorization: the Authorization header's value for the URL's credentials, or "".
    """

    href: str
    where: str
    label: str
    origin: str
    secure: bool
    host: str
    port: int
    authority: str
    target: str
    authorization: str


def parse_url(url: str, base: str | None) -> Address:
    """The URL, as a browser reads it.

    Raises:
      DOMException: named "SyntaxError".
    """
    given = str(url), None if base is None else str(base)
    has_credentials = any("@" in part for part in given if part is not None)
    return (_parse.__wrapped__ if has_credentials else _parse)(*given)  # secrets are not kept


@lru_cache(maxsize=64)  # it takes a twenty-fifth of the time of a connection
def _parse(url: str, base: str | None) -> Address:
    try:
        parsed = URL(usv_string(url), None if base is None else usv_string(base))
    except ValueError:
        relative = "" if base is None else f" (relative to {base!r})"
        raise _syntax_error(f"expected a valid URL, got {url!r}{relative}") from None
    scheme = _SCHEMES.get(parsed.protocol)
    if scheme is not None:
        parsed.protocol = scheme
    if parsed.protocol not in _DEFAULT_PORTS:
        raise _syntax_error(
            f"expected the scheme ws, wss, http or https, got {parsed.protocol[:-1]!r} in {url!r}"
        )
    if "#" in parsed.href:
        raise _syntax_error(f"expected a URL without a fragment, got {url!r}")
    return _address(parsed)


def _address(parsed: URL) -> Address:
    href = parsed.href
    authorization = ""
    if parsed.username or parsed.password:
        user, password = unquote_to_bytes(parsed.username), unquote_to_bytes(parsed.password)
        authorization = "Basic " + base64.b64encode(user + b":" + password).decode()
        parsed.username = parsed.password = ""
    where = without_query(parsed.href)
    origin = f"{parsed.protocol}//{parsed.host}"
    return Address(
        href=href,
        where=where,
        label=f"WebSocket {where}",
        origin=origin,
        secure=parsed.protocol == "wss:",
        host=parsed.hostname.strip("[]"),
        port=int(parsed.port or _DEFAULT_PORTS[parsed.protocol]),
        authority=parsed.host,
        target=parsed.href.removeprefix(origin),  # with a "?" that has nothing behind it
        authorization=authorization,
    )


def parse_protocols(protocols: str | Iterable[object]) -> tuple[str, ...]:
    """The subprotocols to offer, in order of preference.

    Raises:
      DOMException: named "SyntaxError".
    """
    offered: dict[str, str] = {}
    for protocol in (protocols,) if isinstance(protocols, str) else protocols:
        if not isinstance(protocol, str):
            raise TypeError(f"expected subprotocols as str, got {protocol!r}")
        if not TOKEN.fullmatch(protocol):
            raise _syntax_error(f"expected a token as subprotocol, got {protocol!r}")
        # without regard to case: web-platform-tests ask for it, and Chromium does it
        if protocol.lower() in offered:
            raise _syntax_error(f"expected each subprotocol once, got {protocol!r} twice")
        offered[protocol.lower()] = protocol
    return tuple(offered.values())


def _syntax_error(message: str) -> DOMException:
    return DOMException(message, "SyntaxError")
