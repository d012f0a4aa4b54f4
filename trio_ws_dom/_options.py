"""The options that every door takes: one set, typed once, checked in one place."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypedDict, cast

from ._net._settings import Settings
from ._url import parse_protocols, parse_url
from ._version import __version__
from ._wire._request import check_header

if TYPE_CHECKING:
    import ssl
    from http.cookiejar import CookieJar

    import trio

    from ._url import Address

Headers = Mapping[str, str] | Iterable[tuple[str, str]]
"""Header fields: a mapping, or pairs where a name may stand more than once."""

DEFAULT_MAX_MESSAGE_SIZE: Final = 16 * 1024 * 1024
DEFAULT_OPEN_TIMEOUT: Final = 60.0
DEFAULT_CLOSE_TIMEOUT: Final = 10.0
DEFAULT_CANCELLED_CLOSE_TIMEOUT: Final = 1.0


class ConnectOptions(TypedDict, total=False):
    """Options of :func:`open_websocket`, :class:`WebSocket` and the other doors; all optional."""

    base_url: str
    """What a relative URL is relative to. Default: none, a relative URL is a SyntaxError."""

    origin: str
    """The Origin header, as a browser sends its page's. Default: no such header."""

    headers: Headers
    """More header fields for the opening handshake. An ``Authorization`` here wins over the URL's
    credentials; those that the handshake sets itself are a ValueError. Default: none."""

    cookies: CookieJar
    """Sent by its rules, and filled from the server's answer; a ``Cookie`` in ``headers`` wins.
    Default: none."""

    ssl_context: ssl.SSLContext
    """For ``wss:``. Default: verifies the server by the system's authorities, offers ALPN
    http/1.1. One of your own is used as it is."""

    compression: bool
    """Whether to offer permessage-deflate (RFC 7692). Default: True."""

    max_message_size: int | None
    """Bytes that a message received may have, after inflating (text: of UTF-8); a larger one fails
    the connection with 1009 before it is held. Default: 16 MiB. None: no limit."""

    max_buffered_amount: int | None
    """Bytes that may be queued for sending; a ``send()`` beyond it is the standard's "flag as
    full": ``error``, then ``close`` with 1006. Default: None, no limit, as in a browser."""

    stream: trio.abc.Stream
    """A connected stream to use in place of dialling; it is the socket's own from then on. For
    ``wss:`` TLS is started on it, unless it is a ``trio.SSLStream``. Default: none."""

    serialize_connects: bool
    """Whether sockets to one host and port connect one after the other within a trio run, as RFC
    6455 section 4.1 asks. Default: True."""

    open_timeout: float
    """Seconds from dialling to the server's 101; then the opening fails. Default: 60."""

    close_timeout: float
    """Seconds for a closing handshake; then the connection is reset. Default: 10."""

    cancelled_close_timeout: float
    """Seconds for a closing handshake once the surrounding scope is cancelled. Default: 1. With 0
    there is no goodbye: a cancelled socket is reset at once, as plain trio streams are."""


_KNOWN: Final = frozenset(ConnectOptions.__annotations__)
_USER_AGENT: Final = f"trio_ws_dom/{__version__}"


def resolve(
    url: str, protocols: str | Iterable[str], options: ConnectOptions
) -> tuple[Address, Settings]:
    """Check everything that a caller gave.

    Raises:
      DOMException: named "SyntaxError", for the URL and the protocols.
      TypeError: for an unknown option, or one of the wrong type.
      ValueError: for one out of range, and for a bad header.
    """
    unknown = options.keys() - _KNOWN
    if unknown:
        raise TypeError(f"expected options among {sorted(_KNOWN)}, got {sorted(unknown)}")
    address = parse_url(url, options.get("base_url"))
    settings = Settings(
        where=address.where,
        host=address.host,
        port=address.port,
        secure=address.secure,
        authority=address.authority,
        target=address.target,
        protocols=parse_protocols(protocols),
        headers=_headers(address, options),
        cookies=options.get("cookies"),
        ssl_context=options.get("ssl_context"),
        stream=options.get("stream"),
        compression=options.get("compression", True),
        max_message_size=_size(options, "max_message_size", DEFAULT_MAX_MESSAGE_SIZE),
        max_buffered_amount=_size(options, "max_buffered_amount", None),
        serialize_connects=options.get("serialize_connects", True),
        open_timeout=_seconds(options, "open_timeout", DEFAULT_OPEN_TIMEOUT),
        close_timeout=_seconds(options, "close_timeout", DEFAULT_CLOSE_TIMEOUT),
        cancelled_close_timeout=_seconds(
            options, "cancelled_close_timeout", DEFAULT_CANCELLED_CLOSE_TIMEOUT
        ),
    )
    return address, settings


def _headers(address: Address, options: ConnectOptions) -> tuple[tuple[str, str], ...]:
    """The request's own fields; an explicit one wins over what we would add."""
    given = options.get("headers", ())
    if isinstance(given, Mapping):
        given = cast("Mapping[str, str]", given).items()
    fields = list(given)
    names = {name.lower() for name, _ in fields}
    for name, value in (
        ("User-Agent", _USER_AGENT),
        ("Origin", options.get("origin", "")),
        ("Authorization", address.authorization),
    ):
        if value and name.lower() not in names:
            fields.append((name, value))
    for name, value in fields:
        check_header(name, value)
    return tuple(fields)


def _size(options: ConnectOptions, name: str, default: int | None) -> int | None:
    value: Any = options.get(name, default)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise TypeError(f"expected {name} as an int of bytes, or None, got {value!r}")
    if value is not None and value < 0:
        raise ValueError(f"expected {name} of 0 bytes or more, got {value}")
    return value


def _seconds(options: ConnectOptions, name: str, default: float) -> float:
    value: Any = options.get(name, default)
    if not isinstance(value, int | float):
        raise TypeError(f"expected {name} as a number of seconds, got {value!r}")
    if math.isnan(value) or value < 0:
        raise ValueError(f"expected {name} of 0 seconds or more, got {value}")
    return value
