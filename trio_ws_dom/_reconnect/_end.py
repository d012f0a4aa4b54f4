"""The end of one connection, what the log says of it, and which exceptions report it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast, final

import trio

from .._dom._errors import WebSocketError
from .._dom._events import CloseEvent
from .._net._log import describe_cause
from .._socket._websocket import session_of

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


def end_of(ws: WebSocket) -> End:
    """Return the end of a socket that is CLOSED."""
    close_event = ws.closeEvent
    assert close_event is not None  # there is one after every scope
    session = session_of(ws)
    return End(ws.failure or close_event, session.address.where, session.closed_by_program)


def own_part(
    raised: BaseException | None, ws: WebSocket
) -> tuple[BaseException | None, BaseException | None]:
    """Split what a block raised into what reports the end of this socket, and the rest."""
    session = session_of(ws)
    if isinstance(raised, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", raised)
        return group.split(lambda exc: session.is_own_end(exc))
    return (raised, None) if session.is_own_end(raised) else (None, raised)


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
