"""The life of each connection, in the logger ``trio_ws_dom`` at DEBUG.

A few lines for a connection, none for a message. No line has a payload, credentials, a query, a
subprotocol or what a server sent instead of HTTP.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, final

from .._wire._closing import State
from .._wire._errors import ProtocolError
from .._wire._http._response import HandshakeFailure
from .._wire._text import escape
from ._dial._causes import describe
from ._dial._proxy import ProxyError

if TYPE_CHECKING:
    from .._wire._closing import ClosingMachine
    from .._wire._frames import Close
    from .._wire._http._response import Response

LOGGER: Final = logging.getLogger("trio_ws_dom")


@final
class Log:
    """The log of one connection.

    Args:
      number: the connection's.
      where: its URL, without credentials and query.
    """

    __slots__ = ("_number", "_where")

    def __init__(self, number: int, where: str) -> None:
        self._number = number
        self._where = where

    def dialled(self) -> None:
        """Log that there is a transport."""
        self._log("dialled")

    def answered(self, response: Response) -> None:
        """Log that the server agreed."""
        self._log(
            "answered: status %d, %s subprotocol, extensions %r",
            response.status,
            "a" if response.protocol else "no",
            response.extensions,
        )

    def moved(self, machine: ClosingMachine) -> None:
        """Log the state that the connection has moved to."""
        if not LOGGER.isEnabledFor(logging.DEBUG):
            return
        match machine.state:
            case State.CLOSE_QUEUED:
                self._log("closing: a Close is queued")
            case State.CLOSE_SENT:
                self._log("closing: sent %s", _describe_close(machine.sent))
            case State.PEER_CLOSED:
                self._log("closing: received %s", _describe_close(machine.received))
            case State.COMPLETE:
                self._log("closing: Closes are exchanged")
            case State.FAILING:
                self._log("failing: %s", describe_cause(machine.cause))
            case State.CLOSED:
                self._log("closed: %s", _describe_end(machine))
            case state:
                self._log(state.name.lower())

    def _log(self, message: str, *args: object) -> None:
        LOGGER.debug("#%d %s: " + message, self._number, self._where, *args)


def _describe_close(close: Close | None) -> str:
    assert close is not None  # it moved the machine
    return f"{close.code} {close.reason!r}"


def _describe_end(machine: ClosingMachine) -> str:
    code, reason, was_clean = machine.result
    if was_clean:
        return f"{code} {reason!r}, clean"
    return f"{code}, not clean: {describe_cause(machine.cause)}"


def describe_cause(cause: Exception | None) -> str:
    """Return the kind of a cause and its message, unless the message quotes the peer."""
    name = type(cause).__name__
    match cause:
        case ProtocolError():
            return f"{name}, answered with {cause.code}"
        case HandshakeFailure():
            return f"{name}, status {cause.status}" if cause.status else f"{name}, no HTTP response"
        case ProxyError(status=int()):
            return f"{name}, status {cause.status}"
        case ProxyError(__cause__=HandshakeFailure()):
            return f"{name}, no HTTP response"
        case ProxyError(__cause__=Exception() as inner):
            return f"{name}: {escape(describe(inner))}"
        case None:
            return "no cause is known"
        case _:
            return f"{name}: {escape(describe(cause))}"
