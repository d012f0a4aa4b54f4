"""The end of one connection, what the log says of it, and which exceptions report it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, cast, final

import trio

from .._dom._errors import WebSocketError
from .._dom._events import CloseEvent
from .._net._log import describe_cause

if TYPE_CHECKING:
    from .._socket._websocket import WebSocket


@final
@dataclass(slots=True)
class End:
    """How one connection, or one try to connect, ended.

    Attributes:
      cause: the CloseEvent of a clean end, else the exception.
      where: the URL without credentials and query; "" if the URL was not known yet.
      own_close: whether the program began the close.
      time: when it ended, by trio's clock.
      verdict: what the program's rule returned for it; None: the rule was not asked.
    """

    cause: Exception | CloseEvent
    where: str
    own_close: bool = False
    time: float = field(default_factory=trio.current_time)
    verdict: bool | float | None = None


class _Internals(NamedTuple):
    """What the loop reads of a closed socket beside its public attributes.

    Attributes:
      where: the URL without credentials and query.
      error_cause: the ``__cause__`` of what ``drain()`` and ``ping()`` raise after the end.
      own_close: whether a Close of the program left which is not the echo of the peer's.
    """

    where: str
    error_cause: Exception | None
    own_close: bool


def _internals(ws: WebSocket) -> _Internals:
    """Read them; the only place of the loop that touches private attributes of a socket."""
    machine = ws._connection.machine
    sent = machine.sent
    # an echo is the very object that was received
    own_close = sent is not None and sent is not machine.received and not machine.failed
    return _Internals(ws._address.where, ws._end, own_close)


def end_of(ws: WebSocket, *, was_open: bool) -> End:
    """Return the end of a socket that is CLOSED.

    Args:
      was_open: whether it was OPEN when the program left its block, which closed it then.
    """
    close_event = ws.closeEvent
    assert close_event is not None  # there is one after every scope
    where, _, own_close = _internals(ws)
    return End(ws.failure or close_event, where, was_open or own_close)


def own_part(
    raised: BaseException | None, ws: WebSocket
) -> tuple[BaseException | None, BaseException | None]:
    """Split what a block raised into what reports the end of this socket, and the rest."""
    if isinstance(raised, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", raised)
        return group.split(lambda exc: _reports_end_of(exc, ws))
    return (raised, None) if _reports_end_of(raised, ws) else (None, raised)


def _reports_end_of(exc: BaseException | None, ws: WebSocket) -> bool:
    """Whether an exception reports this socket's end.

    Each call that raises makes a new exception, so causes are compared. What ``receive()`` raises
    shares the cause of ``failure``. What ``drain()`` and ``ping()`` raise has the end itself as its
    cause, also a clean one.
    """
    if not isinstance(exc, WebSocketError) or exc.__cause__ is None:
        return False
    cause = exc.__cause__
    if ws.failure is not None and cause is ws.failure.__cause__:
        return True
    return cause is _internals(ws).error_cause


def describe_end(end: End) -> str:
    """Say how it ended, for the log at INFO.

    Of what a function of the program raised it has the type only, as the text may contain secrets.
    """
    if isinstance(end.cause, CloseEvent):
        closer = "us" if end.own_close else "the server"
        return f"closed with {end.cause.code} {end.cause.reason!r}, by {closer}"
    after = ", after we had begun to close" if end.own_close else ""
    return _describe_failure(end.cause) + after


def _describe_failure(failure: Exception) -> str:
    if isinstance(failure, WebSocketError) and isinstance(failure.__cause__, Exception):
        return describe_cause(failure.__cause__)
    return type(failure).__name__
