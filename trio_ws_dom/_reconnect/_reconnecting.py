"""The function ``reconnecting_websocket``, its options, and what it makes the loop from."""

from __future__ import annotations

import math
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from .._socket._errors import clear_locals
from .._socket._option_checks import check_names, seconds_of
from .._socket._options import SharedOptions
from ._backoff import Backoff
from ._loop import ReconnectingWebSocket
from ._providers import Providers, reusable
from ._transient import is_transient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Unpack

    import trio

    from .._dom._events import CloseEvent
    from .._socket._options import Headers
    from ._backoff import Retry
    from ._providers import Provider, ValueOrProvider

F = TypeVar("F")

DEFAULT_INITIAL_DELAY: Final = 5.0  # RFC 6455 section 7.2.3
DEFAULT_MAX_DELAY: Final = 60.0
DEFAULT_STABLE_AFTER: Final = DEFAULT_MAX_DELAY  # spares a server that accepts and drops, too

DEFAULT_PING_INTERVAL: Final = 20.0
"""Seconds: a loop that waits for ever on a dead connection would never reconnect. ``websockets``
has this default too. It is shorter than the idle timeouts that are common on the way (30 to 60 s).
"""


class ReconnectOptions(SharedOptions, total=False):
    """Options of :func:`reconnecting_websocket`, all optional.

    Here keepalive is on by default: ``ping_interval`` is 20 seconds, and None turns it off.
    """

    headers: ValueOrProvider[Headers]
    """More header fields, or a function of them. Default: none.

    As :class:`ConnectOptions` has it, or a function that is called before each try."""

    stream: Provider[trio.abc.Stream]
    """A function that dials instead of us. Default: none.

    It is sync or async, and has ``open_timeout``; the socket owns what it returns. For ``wss:`` TLS
    is started on it, unless it is a ``trio.SSLStream``."""

    is_transient: Callable[[Exception | CloseEvent], bool | float]
    """The rule for another try. Default: trio_ws_dom.is_transient.

    It is called, once, with a WebSocketError, with the CloseEvent of a clean end, or with what one
    of the functions raised. It returns True for a try after the usual delay, False for none, or a
    number of seconds: 0 for a try at once, 30.0 for one in 30 seconds, with nothing added. The
    default is :func:`trio_ws_dom.is_transient`."""

    on_retry: Callable[[Retry], object] | None
    """A function that gets each Retry. Default: None.

    It is called with a :class:`Retry` when its delay begins; what it raises comes out. The logger
    ``trio_ws_dom`` reports each at INFO in any case."""

    initial_delay: float
    """Seconds of the first delay, at most. Default: 5.

    They are finite. The limit doubles from try to try. With 0 the first try is made at once, and
    the second limit is 1 second."""

    max_delay: float
    """Seconds of any delay, at most. Default: 60.

    They are finite. With 0 there are no delays."""

    stable_after: float
    """Seconds OPEN until the delays begin again. Default: 60.

    They are finite."""


_OWN: Final = ReconnectOptions.__annotations__.keys() - SharedOptions.__annotations__.keys()


def reconnecting_websocket(
    url: ValueOrProvider[str],
    protocols: ValueOrProvider[str | Iterable[str]] = (),
    **options: Unpack[ReconnectOptions],
) -> ReconnectingWebSocket:
    """Make one connection after another, each in a block of its own::

        async for attempt in reconnecting_websocket("wss://chat.example/room"):
            async with attempt as ws:
                async for message in ws: ...

    Entering an attempt connects, and tries again while the failures are
    transient. Its block is the scope of that socket, with all that
    :func:`open_websocket` promises, also for ``break``, ``continue`` and
    ``return``. After a block that ended, whoever closed the socket, comes the
    next turn; also after one that raised the unclean end of its own socket,
    alone or in a group (``WebSocketError``, as ``receive()`` raises it), which
    the attempt swallows. Every other exception comes out. An end that is not
    transient comes out of ``async with``, or of the loop's next turn if the
    block did not raise it; a clean close then as a WebSocketError with its
    code.

    The first try is made at once. Before each other there is a random delay
    between 0 and a limit; what a Retry-After asks for is added, up to an hour.
    Between turns nothing is open and no task runs, so that the loop may be
    left, and taken up again, anywhere.

    Args:
      url: as :func:`open_websocket` takes it, or a function, sync or async,
        that is called before each try (for a fresh token); what it raises is a
        failure to connect.
      protocols: the same.
      options: :class:`ReconnectOptions` says more of each. Keepalive is on.

    Options:
      open_timeout: seconds until the server's answer. Default: 60.
      close_timeout: seconds for a closing handshake. Default: 10.
      cancelled_close_timeout: seconds to close once cancelled. Default: 1.
      listener_timeout: seconds for async listeners at the end. Default: 10.
      ping_interval: seconds between Pings. Default: 20.
      ping_timeout: seconds of silence after a Ping. Default: ping_interval.
      max_message_size: bytes of a message, received. Default: 16 MiB.
      max_buffered_amount: bytes queued for sending, at most. Default: None.
      compression: whether to offer permessage-deflate. Default: True.
      base_url: what a relative URL is relative to. Default: none.
      origin: the Origin header. Default: no such header.
      headers: more header fields, or a function of them. Default: none.
      cookies: an http.cookiejar.CookieJar to send and fill. Default: none.
      ssl_context: for wss:. Default: verifies by the system's authorities.
      server_hostname: the name that TLS verifies. Default: the URL's host.
      connect_to: (host, port) to connect to. Default: the URL's.
      local_address: this machine's IP address. Default: the system's choice.
      address_timeout: seconds that one address may be silent. Default: 10.
      proxy: a proxy's URL; None: no proxy. Default: the environment's.
      proxy_ssl_context: for an https: proxy. Default: as of ssl_context.
      stream: a function that dials instead of us. Default: none.
      serialize_connects: one connect at a time to a host. Default: True.
      trace: a function that gets what goes over the wire. Default: None.
      is_transient: the rule for another try. Default: trio_ws_dom.is_transient.
      on_retry: a function that gets each Retry. Default: None.
      initial_delay: seconds of the first delay, at most. Default: 5.
      max_delay: seconds of any delay, at most. Default: 60.
      stable_after: seconds OPEN until the delays begin again. Default: 60.

    Raises:
      TypeError, ValueError: for an unknown option, and for a bad one of this
        layer's; all else is checked when an attempt is entered.
    """
    try:
        return _make_loop(url, protocols, options)
    except Exception as exc:
        clear_locals(exc)
        del url, protocols, options  # secrets are in them, and tracebacks can show local variables
        raise


def _make_loop(
    url: ValueOrProvider[str],
    protocols: ValueOrProvider[str | Iterable[str]],
    options: ReconnectOptions,
) -> ReconnectingWebSocket:
    check_names(options, ReconnectOptions)
    on_retry = options.get("on_retry")
    return ReconnectingWebSocket(
        _providers(url, protocols, options),
        _sync_function("is_transient", options.get("is_transient", is_transient)),
        None if on_retry is None else _sync_function("on_retry", on_retry),
        _backoff(options),
    )


def _sync_function(name: str, function: F) -> F:
    given: Any = function
    if not callable(given) or iscoroutinefunction(given):
        raise TypeError(f"expected {name} as a function that is not async, got {given!r}")
    return function


def _providers(
    url: ValueOrProvider[str],
    protocols: ValueOrProvider[str | Iterable[str]],
    options: ReconnectOptions,
) -> Providers:
    stream = options.get("stream")
    if stream is not None and not callable(stream):
        raise TypeError(f"expected stream as a function that dials, got {stream!r}")
    shared = {name: value for name, value in options.items() if name not in _OWN}
    shared.setdefault("ping_interval", DEFAULT_PING_INTERVAL)
    return Providers(
        url=url,
        protocols=reusable(protocols),
        headers=reusable(options.get("headers", ())),
        stream=stream,
        options=cast("SharedOptions", shared),
    )


def _backoff(options: ReconnectOptions) -> Backoff:
    return Backoff(
        _seconds(options, "initial_delay", DEFAULT_INITIAL_DELAY),
        _seconds(options, "max_delay", DEFAULT_MAX_DELAY),
        _seconds(options, "stable_after", DEFAULT_STABLE_AFTER),
    )


def _seconds(options: ReconnectOptions, name: str, default: float) -> float:
    value = seconds_of(options, name, default)
    if math.isinf(value):
        raise ValueError(f"expected {name} as finite seconds, got {value}")
    return value
