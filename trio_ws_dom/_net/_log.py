"""The life of each connection, as the logger ``trio_ws_dom`` tells it at DEBUG.

A few lines for a connection, none for a message, and nothing of what messages say. A URL is shown
without credentials, and without its query, where tokens stand.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, final

from .._wire._closing import State
from .._wire._errors import ProtocolError
from .._wire._http._response import HandshakeFailure

if TYPE_CHECKING:
    from .._wire._closing import ClosingMachine
    from .._wire._frames import Close
    from .._wire._http._response import Response

LOGGER: Final = logging.getLogger("trio_ws_dom")


@final
class Log:
    """One connection's lines.

    Args:
      number: the connection's.
      where: its URL.
    """

    __slots__ = ("_number", "_where")

    def __init__(self, number: int, where: str) -> None:
        self._number = number
        self._where = where

    def dialled(self) -> None:
        """There is a transport."""
        self._say("dialled")

    def answered(self, response: Response) -> None:
        """The server agreed."""
        self._say(
            "answered: status %d, protocol %r, extensions %r",
            response.status,
            response.protocol,
            response.extensions,
        )

    def moved(self, machine: ClosingMachine) -> None:
        """The connection stands where it has not stood before."""
        if not LOGGER.isEnabledFor(logging.DEBUG):
            return
        match machine.state:
            case State.CLOSE_QUEUED:
                self._say("closing: a Close is queued")
            case State.CLOSE_SENT:
                self._say("closing: sent %s", _close(machine.sent))
            case State.PEER_CLOSED:
                self._say("closing: received %s", _close(machine.received))
            case State.COMPLETE:
                self._say("closing: Closes are exchanged")
            case State.FAILING:
                self._say("failing: %s", told(machine.cause))
            case State.CLOSED:
                self._say("closed: %s", _verdict(machine))
            case state:
                self._say(state.name.lower())

    def _say(self, message: str, *args: object) -> None:
        LOGGER.debug("#%d %s: " + message, self._number, self._where.partition("?")[0], *args)


def _close(close: Close | None) -> str:
    assert close is not None  # it moved the machine
    return f"{close.code} {close.reason!r}"


def _verdict(machine: ClosingMachine) -> str:
    code, reason, was_clean = machine.verdict
    if was_clean:
        return f"{code} {reason!r}, clean"
    return f"{code}, not clean: {told(machine.cause)}"


def told(cause: Exception | None) -> str:
    """The kind of it, and what it says, unless that quotes the server, and so perhaps a message."""
    name = type(cause).__name__
    if isinstance(cause, ProtocolError):
        return f"{name}, to be answered with {cause.code}"
    if isinstance(cause, HandshakeFailure) and cause.status:
        return f"{name}, status {cause.status}"
    return f"{name}: {cause}"
