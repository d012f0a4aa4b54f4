"""The closing machine: RFC 6455 section 7 as one table.

It keeps facts (what was sent, what came, what went wrong) and derives the verdict from them: the
code, the reason, and whether the close was clean. An illegal move is an absent key.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple, final

from ._frames import ABNORMAL_CLOSURE, Close

if TYPE_CHECKING:
    from collections.abc import Callable


class State(Enum):
    """Where a connection stands."""

    CONNECTING = auto()
    """The opening handshake is not over."""
    OPEN = auto()
    CLOSE_QUEUED = auto()
    """Our Close stands behind what was queued before it."""
    CLOSE_SENT = auto()
    """Our Close has left; the peer's has not come."""
    PEER_CLOSED = auto()
    """The peer's Close came; ours, or its echo, has not left."""
    COMPLETE = auto()
    """Both Closes are exchanged; the server is to end TCP (section 7.1.1)."""
    FAILING = auto()
    """We fail the connection (section 7.1.7); what still comes is dropped."""
    CLOSED = auto()
    """TCP is gone."""

    __hash__ = object.__hash__  # by identity: Enum's own is a Python function


class Event(Enum):
    """What moves it."""

    ESTABLISHED = auto()
    """The server's 101 was good."""
    CLOSE_QUEUES = auto()
    """We start the closing handshake."""
    CLOSE_LEAVES = auto()
    """Our Close was handed to the transport."""
    CLOSE_COMES = auto()
    FAILS = auto()
    """A rule was broken, a limit passed, or opening given up."""
    TCP_ENDS = auto()
    """By either side, however."""

    __hash__ = object.__hash__


# What is looked at for each message, and each read: an Enum's attribute takes a tenth of a
# microsecond (CPython 3.11).
CONNECTING: Final = State.CONNECTING
OPEN: Final = State.OPEN
FAILING: Final = State.FAILING

TABLE: Final[dict[tuple[State, Event], State]] = {
    (State.CONNECTING, Event.ESTABLISHED): State.OPEN,
    (State.CONNECTING, Event.FAILS): State.FAILING,
    (State.OPEN, Event.CLOSE_QUEUES): State.CLOSE_QUEUED,
    (State.OPEN, Event.CLOSE_COMES): State.PEER_CLOSED,
    (State.OPEN, Event.FAILS): State.FAILING,
    (State.OPEN, Event.TCP_ENDS): State.CLOSED,
    (State.CLOSE_QUEUED, Event.CLOSE_LEAVES): State.CLOSE_SENT,
    (State.CLOSE_QUEUED, Event.CLOSE_COMES): State.PEER_CLOSED,
    (State.CLOSE_QUEUED, Event.FAILS): State.FAILING,
    (State.CLOSE_QUEUED, Event.TCP_ENDS): State.CLOSED,
    (State.CLOSE_SENT, Event.CLOSE_COMES): State.COMPLETE,
    (State.CLOSE_SENT, Event.FAILS): State.FAILING,
    (State.CLOSE_SENT, Event.TCP_ENDS): State.CLOSED,
    (State.PEER_CLOSED, Event.CLOSE_LEAVES): State.COMPLETE,
    (State.PEER_CLOSED, Event.TCP_ENDS): State.CLOSED,
    (State.COMPLETE, Event.TCP_ENDS): State.CLOSED,
    (State.FAILING, Event.CLOSE_LEAVES): State.FAILING,
    (State.FAILING, Event.TCP_ENDS): State.CLOSED,
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
"""What the DOM's readyState says of each (https://websockets.spec.whatwg.org/#dom-websocket-readystate)."""


class Verdict(NamedTuple):
    """How a connection ended, as the close event tells it."""

    code: int
    reason: str
    was_clean: bool


@final
class ClosingMachine:
    """One connection's facts about its closing.

    Attributes:
      state: where it stands; moved by the methods alone.
      sent: the Close that has left, if any.
      received: the Close that came, if any.
      failed: whether the connection was failed by us (the DOM then fires ``error``).
      cause: what is behind an unclean end, if anything is known: a failure, or a lost transport.
      on_move: called behind each move, with this; for whoever looks on.
    """

    on_move: Callable[[ClosingMachine], None] | None = None

    def __init__(self) -> None:
        self.state = State.CONNECTING
        self.sent: Close | None = None
        self.received: Close | None = None
        self.failed = False
        self.cause: Exception | None = None

    def can(self, event: Event) -> bool:
        """Whether the event has a meaning where the connection stands."""
        return (self.state, event) in TABLE

    def advance(self, event: Event) -> None:
        """Move; a KeyError is an error in the caller."""
        self._move(event)
        self._tell()

    def close_left(self, close: Close) -> None:
        """Our Close was handed to the transport."""
        self._move(Event.CLOSE_LEAVES)
        self.sent = close
        self._tell()

    def close_came(self, close: Close) -> None:
        """The peer's Close was read."""
        self._move(Event.CLOSE_COMES)
        self.received = close
        self._tell()

    def fail(self, cause: Exception) -> None:
        """Fail the connection; the first cause is kept."""
        self._move(Event.FAILS)
        self.failed = True
        self.cause = cause
        self._tell()

    def end(self, cause: Exception | None = None) -> None:
        """TCP is gone, and why, if that says more than what is known already."""
        self._move(Event.TCP_ENDS)
        if self.cause is None:
            self.cause = cause
        self._tell()

    def _move(self, event: Event) -> None:
        self.state = TABLE[self.state, event]

    def _tell(self) -> None:
        if self.on_move is not None:
            self.on_move(self)

    @property
    def verdict(self) -> Verdict:
        """Clean if the peer's Close came and nothing was failed; else 1006, which never stands on
        the wire (section 7.1.5). Departs: section 7.1.4 also asks for our own Close to have left.
        A peer that sent its Close and hung up did not wait for ours, and browsers call it clean."""
        if self.received is None or self.failed:
            return Verdict(ABNORMAL_CLOSURE, "", was_clean=False)
        return Verdict(self.received.code, self.received.reason, was_clean=True)
