"""The closing machine as a model, beside a real connection over a wire in memory.

The model keeps the facts of both sides in a few lines, knows no states, and says what state the
machine must be in. Hypothesis looks for a sequence of events after which the two differ.
"""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
import trio
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from support.frames import CLOSE, TEXT, close, frame

from guarantee.faulty_stream import GARBAGE
from guarantee.model_world import NEVER, World
from trio_ws_dom._wire._closing import TABLE, ClosingEvent, State
from trio_ws_dom._wire._frames import Close

CLOSE_TIMEOUT, CANCELLED_CLOSE_TIMEOUT, TCP_END_TIMEOUT = 10.0, 1.0, 2.0  # seconds


class Model(RuleBasedStateMachine):
    """Facts, and what follows from them."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.now = 0.0
        self.ours: int | None = None  # the Close that we want to send or have sent
        self.left = False  # our Close has reached the peer
        self.busy = False  # our writer waits for the peer to read
        self.taken = False  # our Close was handed to the writer, and cannot be replaced
        self.theirs: int | None = None
        self.failed = False
        self.tcp_ended = False  # by the peer
        self.was_reset = False
        self.reads = True  # whether the peer reads
        self.deadline = NEVER
        self.sent: list[bytes] = []

    def teardown(self) -> None:
        self.world.end()

    # What follows from the facts.

    @property
    def gone(self) -> bool:
        return self.tcp_ended or self.was_reset or self.now >= self.deadline

    def _bound(self, seconds: float) -> None:
        self.deadline = min(self.deadline, self.now + seconds)

    def _settle(self) -> None:
        if self.ours is not None and self.reads and not self.left and not self.gone:
            self.left = True
            if self.theirs is not None:
                self._bound(TCP_END_TIMEOUT)

    def _queue_close(self, code: int) -> None:
        self.ours = code
        self.taken |= not self.reads and not self.busy
        self.busy |= not self.reads

    @property
    def alive(self) -> bool:
        return not self.gone

    @property
    def open(self) -> bool:
        return self.alive and self.ours is None and self.theirs is None and not self.failed

    # What the program does.

    @precondition(lambda self: self.alive)
    @rule(code=st.sampled_from([1000, 1001, 3001]))
    def close(self, code: int) -> None:
        if self.open:
            self._queue_close(code)
            self._bound(CLOSE_TIMEOUT)
        self.world.do(lambda: self.world.connection.close(Close(code)))
        self._settle()

    @precondition(lambda self: self.alive and not self.open)
    @rule()
    def cancel(self) -> None:
        self._bound(CANCELLED_CLOSE_TIMEOUT)
        self.world.do(self.world.cancel)
        self._settle()

    @precondition(lambda self: self.open)
    @rule(data=st.binary(min_size=1, max_size=20))
    def send(self, data: bytes) -> None:
        self.sent.append(data)
        self.busy |= not self.reads
        self.world.do(lambda: self.world.connection.send_binary(data))
        self._settle()

    # What the peer does.

    def _peer_sends(self, data: bytes) -> None:
        async def send() -> None:
            await self.world.peer.send(data)

        self.world.do(send)

    @precondition(lambda self: self.alive and self.theirs is None)
    @rule()
    def message_comes(self) -> None:
        self._peer_sends(frame(TEXT, b"hello"))

    @precondition(lambda self: self.alive and self.theirs is None and not self.failed)
    @rule(code=st.sampled_from([1000, 4321]))
    def close_comes(self, code: int) -> None:
        self.theirs = code
        if self.ours is None:
            self._queue_close(code)
        self._bound(TCP_END_TIMEOUT)
        self._peer_sends(close(code))
        self._settle()

    @precondition(lambda self: self.alive and self.theirs is None and not self.failed)
    @rule()
    def garbage_comes(self) -> None:
        self.failed = True
        if not self.left and not self.taken:
            self._queue_close(1002)
        self._bound(TCP_END_TIMEOUT)
        self._peer_sends(GARBAGE)
        self._settle()

    # a peer that reads no more and ends TCP lets a waiting Close go, which other tests check
    @precondition(lambda self: self.alive and self.reads)
    @rule()
    def tcp_ends(self) -> None:
        self.tcp_ended = True
        self.world.do(self.world.gate.theirs.send_stream.aclose)

    @precondition(lambda self: self.alive)
    @rule()
    def tcp_is_reset(self) -> None:
        self.was_reset = True
        self.world.do(self.world.gate.reset)

    @precondition(lambda self: self.alive and self.reads)
    @rule()
    def peer_stops_reading(self) -> None:
        self.reads = False
        self.world.gate.reading = trio.Event()

    @precondition(lambda self: self.alive and not self.reads)
    @rule()
    def peer_reads_on(self) -> None:
        self.reads = True
        self.busy = False
        self.world.do(self.world.gate.reading.set)
        self._settle()

    @rule(seconds=st.sampled_from([0.1, 0.9, 1.5, 6.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        # the connection adds up its deadline on the clock, not as we do
        self.world.do(lambda: self.world.clock.jump(seconds))

    # What must be the same in both.

    @property
    def expected_state(self) -> State:
        if self.gone:
            return State.CLOSED
        if self.failed:
            return State.FAILING
        if self.theirs is not None:
            return State.COMPLETE if self.left else State.PEER_CLOSED
        if self.ours is not None:
            return State.CLOSE_SENT if self.left else State.CLOSE_QUEUED
        return State.OPEN

    @invariant()
    def same_state(self) -> None:
        near = abs(self.now - self.deadline) < 1e-9
        machine = self.world.connection.machine
        if not near:  # else it is a matter of rounding
            assert machine.state is self.expected_state
            assert self.world.over == self.gone

    @invariant()
    def same_result(self) -> None:
        result = self.world.connection.machine.result
        answered = self.theirs is not None and not self.failed
        unsent = self.world.connection.machine.unsent
        assert result.was_clean == (answered and not unsent)
        assert result.code == (self.theirs if answered else 1006)
        if self.world.over:
            assert bool(unsent) == (len(self._received()) < len(self.sent))

    def _received(self) -> list[bytes]:
        return [got.payload for got in self.world.peer.frames if got.opcode == 2]

    @invariant()
    def same_frames(self) -> None:
        frames = self.world.peer.frames
        closes = [int.from_bytes(got.payload[:2], "big") for got in frames if got.opcode == CLOSE]
        assert closes == ([self.ours] if self.left else [])
        data = self._received()
        dropped = self.theirs is not None or self.failed
        assert data == (self.sent if self.left and not dropped else self.sent[: len(data)])

    @invariant()
    def bounded_and_shrinking(self) -> None:
        deadlines = list(self.world.deadlines)
        assert deadlines == sorted(deadlines, reverse=True)
        if not self.open and self.alive:
            assert deadlines[-1] - self.now == pytest.approx(self.deadline - self.now)
            assert deadlines[-1] - self.now <= CLOSE_TIMEOUT

    @invariant()
    def stream_closed_at_the_end(self) -> None:
        assert bool(self.world.gate.closed) == self.world.over


TestModel = Model.TestCase
TestModel.settings = settings(
    max_examples=150,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_every_state_has_a_way_out() -> None:
    """From every state CLOSED is reached by failing and by TCP's end, which we can force."""
    for state in State:
        while state is not State.CLOSED:
            ways = [
                TABLE.get((state, event)) for event in (ClosingEvent.TCP_ENDS, ClosingEvent.FAILS)
            ]
            (state, *_) = [way for way in ways if way is not None]


def test_no_way_back() -> None:
    order = list(State)
    for (state, _), follows in TABLE.items():
        assert order.index(follows) > order.index(state) or state is follows is State.FAILING
