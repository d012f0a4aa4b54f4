"""The door to reconnection: its options, and what the loop is made from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, cast

from .._socket._option_checks import check_names, seconds_of
from .._socket._options import SharedOptions
from ._backoff import Backoff
from ._loop import ReconnectingWebSocket
from ._providers import Sources, kept
from ._transient import is_transient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Unpack

    import trio

    from .._dom._events import CloseEvent
    from .._socket._options import Headers
    from ._backoff import Retry
    from ._providers import Asked, Function

DEFAULT_INITIAL_DELAY: Final = 5.0  # RFC 6455 section 7.2.3
DEFAULT_MAX_DELAY: Final = 60.0
DEFAULT_STABLE_AFTER: Final = DEFAULT_MAX_DELAY  # then one who accepts and drops is spared as well


class ReconnectOptions(SharedOptions, total=False):
    """Options of :func:`reconnecting_websocket`; all optional."""

    headers: Asked[Headers]
    """As :class:`ConnectOptions` has it, or a function that is asked before each try."""

    stream: Function[trio.abc.Stream]
    """A function, sync or async, that dials in our place, within ``open_timeout``; what it gives is
    the socket's own. For ``wss:`` TLS is started on it, unless it is a ``trio.SSLStream``. Default:
    none."""

    is_transient: Callable[[Exception | CloseEvent], bool]
    """Whether to try again after a WebSocketError, after the CloseEvent of a clean end, or after
    what one of the functions raised. Default: :func:`trio_ws_dom.is_transient`."""

    on_retry: Callable[[Retry], object] | None
    """Called with each :class:`Retry` when its delay begins; what it raises comes out. Default:
    None. The logger ``trio_ws_dom`` is told at INFO, in any case."""

    initial_delay: float
    """Seconds, finite: the limit of the first delay; it doubles from try to try. Default: 5."""

    max_delay: float
    """Seconds, finite: the limit that no delay passes; 0: there are none. Default: 60."""

    stable_after: float
    """Seconds, finite, for which a connection must have been open for the delays to start over.
    Default: 60."""


_OWN: Final = ReconnectOptions.__annotations__.keys() - SharedOptions.__annotations__.keys()


def reconnecting_websocket(
    url: Asked[str],
    protocols: Asked[str | Iterable[str]] = (),
    **options: Unpack[ReconnectOptions],
) -> ReconnectingWebSocket:
    """One connection after another, each in a block of its own, until the loop is left::

        async for attempt in reconnecting_websocket("wss://chat.example/room"):
            async with attempt as ws:
                async for message in ws: ...

    Entering an attempt connects, and goes on trying while the failures are transient. Its block is
    the scope of that socket, with all that :func:`open_websocket` promises, also for ``break``,
    ``continue`` and ``return``. A block that ended, whoever closed the socket, is followed by the
    next turn; so is one out of which the unclean end of its own socket came, alone or in a group
    (``WebSocketError``, as ``receive()`` raises it), which the attempt takes. Every other
    exception comes out. What is not transient comes out of ``async with``, or of the loop's next
    turn if the block did not raise it; a clean close then as a WebSocketError with its code.

    The first try is made at once. Before each other there is a random delay between 0 and a limit;
    what a Retry-After asks for comes on top, up to an hour. Between turns nothing is open and no
    task runs, so that the loop may be left, and taken up again, anywhere.

    Args:
      url, protocols: as :func:`open_websocket` takes them, or functions, sync or async, that are
        asked before each try (a fresh token); what they raise is a failure to connect.
      options: see :class:`ReconnectOptions`.

    Raises:
      TypeError, ValueError: for an unknown option, and for a bad one of this layer's; all else is
        checked when an attempt is entered.
    """
    check_names(options, ReconnectOptions)
    return ReconnectingWebSocket(
        _sources(url, protocols, options),
        options.get("is_transient", is_transient),
        options.get("on_retry"),
        _backoff(options),
        _seconds(options, "stable_after", DEFAULT_STABLE_AFTER),
    )


def _sources(
    url: Asked[str], protocols: Asked[str | Iterable[str]], options: ReconnectOptions
) -> Sources:
    stream = options.get("stream")
    if stream is not None and not callable(stream):
        raise TypeError(f"expected stream as a function that dials, got {stream!r}")
    shared = {name: value for name, value in options.items() if name not in _OWN}
    return Sources(
        url=url,
        protocols=kept(protocols),
        headers=kept(options.get("headers", ())),
        stream=stream,
        options=cast("SharedOptions", shared),
    )


def _backoff(options: ReconnectOptions) -> Backoff:
    initial = _seconds(options, "initial_delay", DEFAULT_INITIAL_DELAY)
    return Backoff(initial, _seconds(options, "max_delay", DEFAULT_MAX_DELAY))


def _seconds(options: ReconnectOptions, name: str, default: float) -> float:
    value = seconds_of(options, name, default)
    if math.isinf(value):
        raise ValueError(f"expected {name} as finite seconds, got {value}")
    return value
