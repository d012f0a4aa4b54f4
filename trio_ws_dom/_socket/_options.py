"""The options of all entry points, typed once and checked in one place."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypedDict, final

import trio

from .._net._settings import Bounds, Settings
from .._version import __version__
from .._wire._http._request import check_header
from ._dial_options import dial_options
from ._errors import clear_locals
from ._option_checks import (
    check_names,
    flag_of,
    header_fields,
    seconds_of,
    size_of,
    text_of,
)
from ._url import parse_protocols, parse_url

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

    from .._net._address import Address
    from .._trace._records import TraceRecord

Headers: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]
"""Header fields, as a mapping or as pairs, in which a name may occur more than once."""

DEFAULT_MAX_MESSAGE_SIZE: Final = 16 * 1024 * 1024
DEFAULT_CLOSE_TIMEOUT: Final = 10.0
DEFAULT_CANCELLED_CLOSE_TIMEOUT: Final = 1.0
DEFAULT_LISTENER_TIMEOUT: Final = 10.0

DEFAULT_ACCEPTED_MAX_BUFFERED_AMOUNT: Final = 16 * 1024 * 1024
"""Bytes queued for one client of a server: as much as the largest message that we receive by
default. A server has many clients, and a client that never reads must not fill its memory."""


class BoundOptions(TypedDict, total=False):
    """The options that hold for either end of a connection."""

    close_timeout: float
    """Seconds for a closing handshake. Default: 10.

    Then the connection is reset."""

    cancelled_close_timeout: float
    """Seconds to close once cancelled. Default: 1.

    They count from the cancellation of the surrounding scope. With 0 no Close is sent: the socket
    is reset at once, as plain trio streams are."""

    listener_timeout: float
    """Seconds for async listeners at the end. Default: 10.

    They count from the end of the block, for all calls of ``async def`` listeners that run then. A
    call that runs longer is cancelled, and reported as a ``trio.TooSlowError``. ``math.inf`` waits
    for ever. Where the nursery is the program's own (the constructor), it waits for them without a
    bound."""

    ping_interval: float | None
    """Seconds between Pings. Default: None, no keepalive.

    They are sent while OPEN, whatever arrives. A browser sends none. With
    :func:`reconnecting_websocket` the default is 20."""

    ping_timeout: float | None
    """Seconds of silence after a Ping. Default: ping_interval.

    A peer that is silent for longer is dead: the connection is failed and reset, with ``error``,
    then ``close`` with 1006. Any byte is an answer. Time does not count while the program holds the
    reading back. None: the peer may be silent for ever."""


class SharedOptions(BoundOptions, total=False):
    """The options that :func:`reconnecting_websocket` takes as every client's entry point does."""

    max_buffered_amount: int | None
    """Bytes queued for sending, at most. Default: None.

    A ``send()`` beyond it is the standard's "flag as full": ``error``, then ``close`` with 1006,
    and ``failure`` has a ``BufferError`` as its ``__cause__``. None: no limit, as in a browser."""

    base_url: str
    """What a relative URL is relative to. Default: none.

    Without it a relative URL is a SyntaxError."""

    origin: str
    """The Origin header. Default: no such header.

    A browser sends that of its page."""

    cookies: CookieJar
    """An http.cookiejar.CookieJar to send and fill. Default: none.

    Its cookies are sent by its rules, and it is filled from the server's answer. A ``Cookie`` in
    ``headers`` wins."""

    ssl_context: ssl.SSLContext
    """For wss:. Default: verifies by the system's authorities.

    The default one offers ALPN http/1.1. One of the program's own is used as it is."""

    server_hostname: str
    """The name that TLS verifies. Default: the URL's host.

    The server's certificate must be for it, and it is sent as SNI."""

    connect_to: tuple[str, int]
    """(host, port) to connect to. Default: the URL's.

    For example ``("127.0.0.1", 8443)``. Through a proxy, this is where the proxy connects to. All
    else stays with the URL: the Host header, cookies, and the name that TLS verifies."""

    local_address: str
    """This machine's IP address. Default: the system's choice.

    Only addresses of its kind (IPv4 or IPv6) are connected to."""

    address_timeout: float
    """Seconds that one address may be silent. Default: 10.

    It is for a host that has several addresses. One that has accepted TCP and then is silent for so
    long is given up, and the next one is tried. It counts to the end of TLS's handshake, and again
    to the first bytes of the answer. The last address has what remains of ``open_timeout``.
    ``math.inf`` stays with the first one that accepts."""

    proxy: str | Literal[True] | None
    """A proxy's URL; None: no proxy. Default: the environment's.

    Its scheme is http, https, socks4, socks4a, socks5 or socks5h, and it has the proxy's
    credentials if that requires some. The default, True, is what the environment and the system say
    (see docs/proxies.md)."""

    proxy_ssl_context: ssl.SSLContext
    """For an https: proxy. Default: as of ssl_context.

    The proxy is verified by it, as the server is by ``ssl_context``."""

    compression: bool
    """Whether to offer permessage-deflate. Default: True.

    See RFC 7692."""

    max_message_size: int | None
    """Bytes of a message, received. Default: 16 MiB.

    They are counted after inflating (text: of UTF-8). A larger message fails the connection with
    1009 before it is held. None: no limit."""

    serialize_connects: bool
    """One connect at a time to a host. Default: True.

    Sockets to one host and port connect one after the other within a trio run, as RFC 6455 section
    4.1 requires."""

    open_timeout: float
    """Seconds until the server's answer. Default: 60.

    They count from dialling to the 101; then the opening fails."""

    trace: Callable[[TraceRecord], object] | None
    """A function that gets what goes over the wire. Default: None.

    ``print`` shows the handshake and each frame. A record has 256 bytes of a payload, or as many as
    the trace's attribute ``payload_limit`` says. It has no secrets of the handshake, unless the
    trace's attribute ``secrets`` is True. An exception of the trace ends the socket as a
    listener's does, and it is not called again."""


class ConnectOptions(SharedOptions, total=False):
    """Options of :func:`open_websocket`, :class:`WebSocket` and other clients.

    All of them are optional.
    """

    headers: Headers
    """More header fields, a mapping or pairs. Default: none.

    They are for the opening handshake. An ``Authorization`` here wins over the URL's credentials.
    Those that the handshake sets itself are a ValueError."""

    stream: trio.abc.Stream
    """A connected stream, instead of dialling. Default: none.

    A ``trio.abc.Stream``, which belongs to the socket from then on. For ``wss:`` TLS is started on
    it, unless it is a ``trio.SSLStream``."""


class AcceptOptions(BoundOptions, total=False):
    """Options of :func:`accept_websocket`.

    All of them are optional.
    """

    headers: Headers
    """More header fields, a mapping or pairs. Default: none.

    They are for the answer. Those that the handshake sets itself are a ValueError."""

    max_buffered_amount: int | None
    """Bytes queued for sending, at most. Default: 16 MiB.

    A ``send()`` beyond it fails the connection: ``error``, then ``close`` with 1006. The default
    keeps a client that does not read from filling the server's memory; ``drain()`` waits before
    that happens. None: no limit."""


_USER_AGENT: Final = f"trio_ws_dom/{__version__}"


@final
class Arguments:
    """What the program gave to connect with.

    It is passed on as one object whose repr shows nothing, as passwords, headers and cookies are
    in it, and tracebacks can show local variables.
    """

    __slots__ = ("options", "protocols", "url")

    def __init__(self, url: str, protocols: str | Iterable[str], options: ConnectOptions) -> None:
        self.url: str = url
        self.protocols: str | Iterable[str] = protocols
        self.options: ConnectOptions = options

    def resolve(self, *, stream_follows: bool = False) -> Settings:
        """Check everything, and return what a connection is made from.

        Args:
          stream_follows: whether the program will give a stream later.

        Raises:
          DOMException: named "SyntaxError", for the URL and the protocols.
          TypeError: for an unknown option, or one of the wrong type.
          ValueError: for one out of range, and for a bad header.
        """
        try:
            return _resolve(self.url, self.protocols, self.options, stream_follows)
        except Exception as exc:
            clear_locals(exc)
            raise


def _resolve(
    url: str, protocols: str | Iterable[str], options: ConnectOptions, stream_follows: bool
) -> Settings:
    check_names(options, ConnectOptions)
    address = parse_url(url, options.get("base_url"))
    return Settings(
        address=address,
        protocols=parse_protocols(protocols),
        headers=_headers(address, options),
        cookies=_cookies(options),
        compression=flag_of(options, "compression", True),
        max_message_size=size_of(options, "max_message_size", DEFAULT_MAX_MESSAGE_SIZE),
        trace=_trace(options),
        **dial_options(address, options, stream_follows=stream_follows),
        bounds=bounds_of(options, max_buffered_amount=None),
    )


def bounds_of(
    options: ConnectOptions | AcceptOptions, *, max_buffered_amount: int | None
) -> Bounds:
    """Check the options of either end, and return them.

    Args:
      max_buffered_amount: the default of that option, which differs between the ends.

    Raises:
      TypeError: for one of the wrong type.
      ValueError: for one out of range.
    """
    ping_interval, ping_timeout = _keepalive(options)
    return _shared_bounds(
        max_buffered_amount=size_of(options, "max_buffered_amount", max_buffered_amount),
        close_timeout=seconds_of(options, "close_timeout", DEFAULT_CLOSE_TIMEOUT),
        cancelled_close_timeout=seconds_of(
            options, "cancelled_close_timeout", DEFAULT_CANCELLED_CLOSE_TIMEOUT
        ),
        listener_timeout=seconds_of(options, "listener_timeout", DEFAULT_LISTENER_TIMEOUT),
        ping_interval=ping_interval,
        ping_timeout=ping_timeout,
    )


# Most programs give all sockets the same options, which then share one object.
_shared_bounds: Final = lru_cache(maxsize=16)(Bounds)


def _keepalive(options: BoundOptions) -> tuple[float | None, float | None]:
    """``ping_interval`` and ``ping_timeout``."""
    interval = timeout = None
    if options.get("ping_interval") is not None:
        interval = seconds_of(options, "ping_interval", 0, zero=False)
    if options.get("ping_timeout", interval) is not None:
        timeout = seconds_of(options, "ping_timeout", interval or 0, zero=False)
    if timeout is not None and "ping_interval" not in options:
        raise ValueError(f"expected ping_interval with ping_timeout={timeout:g}, got none")
    return interval, timeout


def _headers(address: Address, options: ConnectOptions) -> tuple[tuple[str, str], ...]:
    """Return the request's fields.

    The program's own, which win, and what we add.
    """
    fields = header_fields(options.get("headers", ()))
    names = {name.lower() for name, _ in fields}
    origin = text_of(options, "origin") or ""
    check_header("Origin", origin)
    for name, value in (
        ("User-Agent", _USER_AGENT),
        ("Origin", origin),
        ("Authorization", address.authorization),
    ):
        if value and name.lower() not in names:
            fields.append((name, value))
    return tuple(fields)


def _cookies(options: ConnectOptions) -> CookieJar | None:
    jar = options.get("cookies")
    if jar is not None and not hasattr(jar, "add_cookie_header"):  # its module is slow to import
        kind = type(jar).__name__  # and not its value, as cookies are secrets
        raise TypeError(
            f"expected cookies as http.cookiejar.CookieJar, got {kind} (cookies that the program"
            " knows can be sent by headers={'Cookie': 'name=value; name=value'})"
        )
    return jar


def _trace(options: ConnectOptions) -> Callable[[TraceRecord], object] | None:
    trace = options.get("trace")
    given: Any = trace
    if given is not None and (not callable(given) or iscoroutinefunction(given)):
        raise TypeError(f"expected trace as a function that is not async, or None, got {given!r}")
    limit = getattr(given, "payload_limit", 0)
    if not isinstance(limit, int):
        raise TypeError(f"expected the trace's payload_limit as an int of bytes, got {limit!r}")
    secrets = getattr(given, "secrets", False)
    if not isinstance(secrets, bool):
        raise TypeError(f"expected the trace's secrets as True or False, got {secrets!r}")
    return trace
