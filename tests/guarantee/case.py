"""The description of one run of a sweep, and the record of what happened in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import trio

from trio_ws_dom._net._connection import Connection
from trio_ws_dom._wire._closing import READY_STATE

if TYPE_CHECKING:
    from support.peer import Peer

    from guarantee.faulty_stream import Fault, Wire
    from trio_ws_dom._socket._session import Session

OPEN_TIMEOUT: Final = 60.0
CLOSE_TIMEOUT: Final = 10.0
CANCELLED_CLOSE_TIMEOUT: Final = 1.0
"""Seconds of virtual time. These are the options' defaults, repeated so that bounds can be
checked."""

LISTENER_TIMEOUT: Final = 2.0
"""Seconds of the option ``listener_timeout``; the default is longer."""

CAPACITY: Final = 200
"""Bytes that the network holds, unread by the peer, in the cases that fill it."""

DEAF, SLOW, GREEDY = "queued, reads nothing", "queued, reads slowly", "queued, reads all"
QUEUED: Final = (DEAF, SLOW, GREEDY)
"""Ways to end in which the peer closes while messages are queued, by what it reads then."""

SLEEPY, STUCK = "listener finishes", "listener hangs"
"""Ways to end in which an async listener still runs at the block's end."""

OUTER, INNER, BESIDE, BOTH = "in another", "around another", "beside another", "with both"
PAIRED: Final = (OUTER, INNER, BESIDE, BOTH)
"""Entry points with a second socket, whose peer is silent. It is around this one, within its block,
in the same scope (whose block waits for it at the end), or entered in the block beside it."""

OWN_NURSERY: Final = ("bare", "connect_websocket")
"""Entry points into a nursery of the program's own, which makes groups of exceptions."""

PATIENCE: Final = 5.0
"""Seconds that the program in the block waits for its peer. Without keepalive a silent peer would
hold the block forever, as it should."""

KEEPALIVE: Final = 1.0
"""Seconds from Ping to Ping, and for an answer, in the cases that have it."""

OWN_CODE: Final = 3001
PEER_CODE: Final = 4321


class Boom(Exception):
    """The exception that the block, or a listener, raises."""


class Case(NamedTuple):
    """What is run, and what goes wrong.

    Attributes:
      entry, way: the entry point and the block's end, as keys of ENTRIES and of WAYS.
      cancel: steps at which a scope around it is cancelled, first the inner, then the outer one.
      cancel_again_after: seconds from the first cancellation to the second, of the outer scope.
      interrupt: steps after which Ctrl-C is pressed.
      interrupt_again_after: seconds to the second Ctrl-C.
      press: the number of the call in which Ctrl-C is pressed; with 0 calls are only counted.
      fault: what the wire does.
      drip: bytes that go through the wire at a time.
      breathes: whether the reader's time slice is used up at each look at the clock, or never.
      seed: of the scheduler's choices.
      kept_alive: whether there is keepalive.
      late: seconds from the arrival of what was sent to the return of ``send_all()``.
    """

    entry: str
    way: str
    cancel: tuple[int, ...] = ()
    cancel_again_after: float | None = None
    interrupt: tuple[int, ...] = ()
    interrupt_again_after: float | None = None
    press: int | None = None
    fault: Fault | None = None
    drip: int = 65536
    breathes: bool = False
    seed: int = 0
    kept_alive: bool = False
    late: float = 0

    @property
    def ctrl_c(self) -> bool:
        """Whether Ctrl-C is pressed at all."""
        return bool(self.interrupt or self.press)


@dataclass
class Account:
    """The record of one run. A moment is the step and the virtual time since the start."""

    case: Case
    steps: int = 0
    calls: int = 0  # where Ctrl-C could land, if they are counted
    inside: bool = False  # control is in the entry point
    start: float = 0.0
    trace: list[str] = field(default_factory=list[str])
    events: list[tuple[str, int]] = field(
        default_factory=list[tuple[str, int]]
    )  # type, readyState then
    moments: dict[str, tuple[int, float]] = field(default_factory=dict[str, tuple[int, float]])
    messages: list[tuple[object, int]] = field(
        default_factory=list[tuple[object, int]]
    )  # data, readyState then
    received: list[object] = field(default_factory=list[object])  # by the block's first lines
    begun: int = 0  # calls of an async listener
    finished: int = 0  # of these
    sent: list[bytes] = field(default_factory=list[bytes])  # while OPEN
    boom: Boom = field(default_factory=Boom)
    raised: bool = False  # the block has raised its Boom
    listener_raised: bool = False
    interrupted_later: bool = False  # a Ctrl-C came out after the scope
    outcome: BaseException | None = None
    caught: bool = False  # a cancel scope swallowed its Cancelled
    session: Session | None = None
    others: list[Session] = field(default_factory=list["Session"])  # whose peers are silent
    written_when_closed: int = 0  # bytes, at the peer's Close
    peer: Peer | None = None
    peer_raised: BaseException | None = None
    wire: Wire | None = None
    left_over: list[str] = field(default_factory=list[str])  # tasks
    closed_when_out: int = 0  # how often the stream had been closed
    state_when_out: int = -1
    events_when_out: int = 0
    deadline_grew: bool = False
    hung: str | None = None

    def mark(self, name: str) -> None:
        """Record the first moment of something."""
        self.moments.setdefault(name, (self.steps, trio.current_time() - self.start))

    def step(self, name: str) -> float:
        return self.moments[name][0] if name in self.moments else float("inf")

    def time(self, name: str) -> float:
        return self.moments[name][1] if name in self.moments else float("inf")

    @property
    def connection(self) -> Connection:
        assert self.session is not None
        assert isinstance(self.session.connection, Connection)
        return self.session.connection

    @property
    def ready_state(self) -> int:
        return READY_STATE[self.connection.machine.state]

    def __str__(self) -> str:
        lines = [f"{self.case}", f"outcome {self.outcome!r}, caught {self.caught}, {self.events}"]
        lines += [f"  {name}: step {s}, {t:g} s" for name, (s, t) in self.moments.items()]
        if self.peer is not None:
            lines.append(f"  peer saw {self.peer.frames}, ended {self.peer.ended}")
        if self.session is not None:
            lines.append(f"  {self.session.close_event} {self.session.failure!r}")
        return "\n".join(lines)
