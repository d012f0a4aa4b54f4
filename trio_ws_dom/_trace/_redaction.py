"""What a trace leaves out of a handshake, unless it asks for secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .._wire._http._extensions import TOKEN
from .._wire._text import without_credentials, without_query

if TYPE_CHECKING:
    from collections.abc import Iterable

REDACTED: Final = "[redacted]"

_HARMLESS_IN_REQUESTS: Final = frozenset(
    (
        "accept",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "connection",
        "host",
        "origin",
        "pragma",
        "sec-websocket-extensions",
        "sec-websocket-key",
        "sec-websocket-version",
        "upgrade",
        "user-agent",
    )
)
"""All others may carry a token: X-Api-Key and its like have no common name."""

_SECRET_IN_RESPONSES: Final = frozenset(
    (
        "authentication-info",
        "proxy-authentication-info",
        "sec-websocket-protocol",  # it repeats one of ours
        "set-cookie",
        "set-cookie2",
    )
)

_QUERY: Final = re.compile(r"\?\S*")


def redact_request_line(line: str) -> str:
    """Return a request's first line with its query replaced."""
    return _QUERY.sub(f"?{REDACTED}", line, count=1)


def redact_request(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return a request's headers without the values of those that may hold a secret."""
    return tuple(
        (name, value if name.lower() in _HARMLESS_IN_REQUESTS else REDACTED)
        for name, value in headers
    )


def redact_response(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return a response's headers without cookies, subprotocol, and secrets of Location's URL."""
    return tuple(_redact_in_response(name, value) for name, value in headers)


def _redact_in_response(name: str, value: str) -> tuple[str, str]:
    if not TOKEN.fullmatch(name):  # a malformed or folded line, which may be a part of a cookie
        return REDACTED, REDACTED
    if name.lower() in _SECRET_IN_RESPONSES:
        return name, REDACTED
    if name.lower() == "location":
        where = without_query(value)
        query = f"?{REDACTED}" if where != value else ""
        return name, without_credentials(where, f"{REDACTED}@") + query
    return name, value
