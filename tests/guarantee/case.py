"""What a run of a sweep is told to do, and its account of what became of it."""

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
"""Seconds of virtual time; the options' defaults, said here so that the bounds can be checked."""

PATIENCE: Final = 5.0
"""Seconds that the program in the block waits for its peer; without it a silent peer holds it
forever, as it should, where there is no keepalive."""

KEEPALIVE: Final = 1.0
"""Seconds from Ping to Ping, and for an answer, in the cases that have it."""

OWN_CODE: Final = 3001
PEER_CODE: Final = 4321


class Boom(Exception):
    """What the block, or a listener, raises."""


class Case(NamedTuple):
    """What is run, and what goes wrong.

    Attributes:
      door, way: keys of DOORS and of WAYS.
      cancel: steps at which a scope around the door is cancelled: the inner, then the outer one.
      cancel_again_after: seconds from the first cancellation to the second, of the outer scope.
      interrupt: steps behind which Ctrl-C is pressed.
      interrupt_again_after: seconds to the second Ctrl-C.
      press: the call, of those that are counted, in which Ctrl-C is pressed; 0: they are counted.
      fault: what the wire does.
      drip: bytes that go through the wire at a time.
      breathes: whether every look at the clock finds the slice used up; else none does.
      seed: of the scheduler's choices.
      kept_alive: whether there is keepalive.
    """

    door: str
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

    @property
    def ctrl_c(self) -> bool:
        """Whether it is pressed at all."""
        return bool(self.interrupt or self.press)


@dataclass
class Account:
    """What one run came to. Moments are pairs: the step, and the virtual time since the start."""

    case: Case
    steps: int = 0
    calls: int = 0  # where Ctrl-C could have landed, if they were counted
    inside: bool = False  # control is in the door
    start: float = 0.0
    trace: list[str] = field(default_factory=list)
    events: list[tuple[str, int]] = field(default_factory=list)  # type, readyState then
    moments: dict[str, tuple[int, float]] = field(default_factory=dict)
    messages: list[tuple[object, int]] = field(default_factory=list)  # data, readyState then
    sent: list[bytes] = field(default_factory=list)  # while OPEN
    boom: Boom = field(default_factory=Boom)
    raised: bool = False  # the block has raised its Boom
    listener_raised: bool = False
    interrupted_later: bool = False  # a Ctrl-C came out behind the scope
    outcome: BaseException | None = None
    caught: bool = False  # a cancel scope swallowed its Cancelled
    session: Session | None = None
    peer: Peer | None = None
    peer_raised: BaseException | None = None
    wire: Wire | None = None
    left_over: list[str] = field(default_factory=list)  # tasks
    closed_when_out: int = 0  # how often the stream had been closed
    state_when_out: int = -1
    events_when_out: int = 0
    deadline_grew: bool = False
    hung: str | None = None

    def mark(self, name: str) -> None:
        """Note the moment of something, the first time."""
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
