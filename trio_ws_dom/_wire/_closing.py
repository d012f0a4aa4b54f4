"""The closing machine, which has RFC 6455 section 7 as one table.

The machine keeps facts (what was sent, what was received, what failed, what was not sent) and
derives the result from them: the code, the reason, and whether the close was clean. An illegal
transition is an absent key of the table.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple, final

from ._frames import ABNORMAL_CLOSURE, Close

if TYPE_CHECKING:
    from collections.abc import Callable


class State(Enum):
    """The states of a connection."""

    CONNECTING = auto()
    """The opening handshake has not finished."""
    OPEN = auto()
    CLOSE_QUEUED = auto()
    """Our Close is queued, after everything that was queued before it."""
    CLOSE_SENT = auto()
    """Our Close was sent, the peer's was not received."""
    PEER_CLOSED = auto()
    """The peer's Close was received; ours, or the echo, was not sent."""
    COMPLETE = auto()
    """Both Closes were exchanged; the server should end TCP (section 7.1.1)."""
    FAILING = auto()
    """We fail the connection (section 7.1.7); whatever arrives now is dropped."""
    CLOSED = auto()
    """TCP is gone."""

    if TYPE_CHECKING:

        def __hash__(self) -> int: ...

    else:
        __hash__ = object.__hash__  # by identity: Enum's own is a Python function


class ClosingEvent(Enum):
    """What moves the machine."""

    ESTABLISHED = auto()
    """The server's 101 was good."""
    CLOSE_QUEUED = auto()
    """We start the closing handshake."""
    CLOSE_SENT = auto()
    """Our Close was handed to the transport."""
    CLOSE_RECEIVED = auto()
    FAILS = auto()
    """The peer broke a rule, a limit was passed, or the opening was given up."""
    TCP_ENDS = auto()
    """The transport ended, by whichever side and however."""

    if TYPE_CHECKING:

        def __hash__(self) -> int: ...

    else:
        __hash__ = object.__hash__  # by identity: Enum's own is a Python function


# Compared for each message and each read: looking up an Enum's member takes a tenth of a
# microsecond (CPython 3.11).
CONNECTING: Final = State.CONNECTING
OPEN: Final = State.OPEN
FAILING: Final = State.FAILING

TABLE: Final[dict[tuple[State, ClosingEvent], State]] = {
    (State.CONNECTING, ClosingEvent.ESTABLISHED): State.OPEN,
    (State.CONNECTING, ClosingEvent.FAILS): State.FAILING,
    (State.OPEN, ClosingEvent.CLOSE_QUEUED): State.CLOSE_QUEUED,
    (State.OPEN, ClosingEvent.CLOSE_RECEIVED): State.PEER_CLOSED,
    (State.OPEN, ClosingEvent.FAILS): State.FAILING,
    (State.OPEN, ClosingEvent.TCP_ENDS): State.CLOSED,
    (State.CLOSE_QUEUED, ClosingEvent.CLOSE_SENT): State.CLOSE_SENT,
    (State.CLOSE_QUEUED, ClosingEvent.CLOSE_RECEIVED): State.PEER_CLOSED,
    (State.CLOSE_QUEUED, ClosingEvent.FAILS): State.FAILING,
    (State.CLOSE_QUEUED, ClosingEvent.TCP_ENDS): State.CLOSED,
    (State.CLOSE_SENT, ClosingEvent.CLOSE_RECEIVED): State.COMPLETE,
    (State.CLOSE_SENT, ClosingEvent.FAILS): State.FAILING,
    (State.CLOSE_SENT, ClosingEvent.TCP_ENDS): State.CLOSED,
    (State.PEER_CLOSED, ClosingEvent.CLOSE_SENT): State.COMPLETE,
    (State.PEER_CLOSED, ClosingEvent.TCP_ENDS): State.CLOSED,
    (State.COMPLETE, ClosingEvent.TCP_ENDS): State.CLOSED,
    (State.FAILING, ClosingEvent.CLOSE_SENT): State.FAILING,
    (State.FAILING, ClosingEvent.TCP_ENDS): State.CLOSED,
}

READY_STATE: Final[dict[State, int]] = {
    State.CONNECTING: 0,
    State.OPEN: 1,
    State.CLOSE_QUEUED: 2,
    State.CLOSE_SENT: 2,
    State.PEER_CLOSED: 2,
    State.COMPLETE: 2,
    State.FAILING: 2,
    State.CLOSED: 3,
}
"""What the DOM's readyState says of each
(https://websockets.spec.whatwg.org/#dom-websocket-readystate)."""


class CloseResult(NamedTuple):
    """How a connection ended, as the close event reports it."""

    code: int
    reason: str
    was_clean: bool


@final
class ClosingMachine:
    """The facts about one connection's closing.

    Args:
      on_transition: called with the machine after each transition.

    Attributes:
      state: the current state; only the methods change it.
      began_close: whether our Close was queued before the peer's was received.
      sent: the Close that was sent, if any.
      received: the Close that was received, if any.
      failed: whether we failed the connection (the DOM then fires ``error``).
      cause: the reason of an unclean end, if one is known: a failure, or a lost transport.
      unsent: bytes of queued messages that were dropped, or cut, when the connection ended.
    """

    __slots__ = (
        "_on_transition",
        "began_close",
        "cause",
        "failed",
        "received",
        "sent",
        "state",
        "unsent",
    )

    def __init__(self, on_transition: Callable[[ClosingMachine], object] | None = None) -> None:
        self.state: State = State.CONNECTING
        self.began_close: bool = False
        self.sent: Close | None = None
        self.received: Close | None = None
        self.failed: bool = False
        self.cause: Exception | None = None
        self.unsent: int = 0
        self._on_transition = on_transition

    def can(self, event: ClosingEvent) -> bool:
        """Return whether the event is legal in the current state."""
        return (self.state, event) in TABLE

    def advance(self, event: ClosingEvent) -> None:
        """Move by an event that carries nothing else.

        A KeyError is a mistake of the caller.
        """
        self._move(event)
        if event is ClosingEvent.CLOSE_QUEUED:
            self.began_close = True
        self._notify()

    def close_sent(self, close: Close) -> None:
        """Record that our Close was handed to the transport."""
        self._move(ClosingEvent.CLOSE_SENT)
        self.sent = close
        self._notify()

    def close_received(self, close: Close) -> None:
        """Record the peer's Close."""
        self._move(ClosingEvent.CLOSE_RECEIVED)
        self.received = close
        self._notify()

    def fail(self, cause: Exception) -> None:
        """Fail the connection.

        The first cause is kept.
        """
        self._move(ClosingEvent.FAILS)
        self.failed = True
        self.cause = cause
        self._notify()

    def end(self, cause: Exception | None = None) -> None:
        """Record that the transport ended.

        Args:
          cause: why it ended; dropped if a cause is known already.
        """
        self._move(ClosingEvent.TCP_ENDS)
        if self.cause is None:
            self.cause = cause
        self._notify()

    def _move(self, event: ClosingEvent) -> None:
        self.state = TABLE[self.state, event]

    def _notify(self) -> None:
        if self._on_transition is not None:
            self._on_transition(self)

    @property
    def result(self) -> CloseResult:
        """The code, the reason and the cleanness of the end.

        An end is clean if the peer's Close was received, nothing failed, and everything that was
        queued was sent. Without the peer's Close the code is 1006, which never appears on the wire
        (section 7.1.5).

        # Departs: section 7.1.4 also asks for our own Close to have been sent. A peer that sent its
        Close and hung up did not wait for ours, and browsers call that clean.
        """
        if self.received is None or self.failed:
            return CloseResult(ABNORMAL_CLOSURE, "", was_clean=False)
        return CloseResult(self.received.code, self.received.reason, was_clean=self.unsent == 0)
