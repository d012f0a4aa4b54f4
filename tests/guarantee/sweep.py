"""Run one scenario again and again, with one or two things gone wrong, each time somewhere else.

A run is deterministic, by memory streams, virtual time, and a scheduler whose choices come from a
seed. So the n-th step of two runs is the same step, until something different is done at it; and
"cancel at step n" for every n is a cancellation at every checkpoint, of every task, in the order
that follows from the seed.
"""

from __future__ import annotations

import itertools
import signal
import sys
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import trio
import trio.testing
from support.checked import parts
from support.peer import Peer

from guarantee.case import (
    CANCELLED_CLOSE_TIMEOUT,
    CAPACITY,
    CLOSE_TIMEOUT,
    KEEPALIVE,
    LISTENER_TIMEOUT,
    OPEN_TIMEOUT,
    PAIRED,
    QUEUED,
    Account,
    Case,
)
from guarantee.faulty_stream import Wire
from guarantee.interrupt_at_call import pressing
from guarantee.pairs import PAIRS, SILENT_URL, silent_peer
from guarantee.scenario import ENTRIES, play_peer
from trio_ws_dom._net import _reader
from trio_ws_dom._socket import _session
from trio_ws_dom._socket._session import Session
from trio_ws_dom._wire._closing import State

if TYPE_CHECKING:
    from collections.abc import Generator


HOPELESS: Final = 500.0
"""Seconds after which a run counts as hanging, and is torn down."""

MANY_STEPS: Final = 50_000
"""Steps after which a run counts as spinning."""


class _Steps(trio.abc.Instrument):
    """Count the scheduler's steps, and do between two of them what the case asks for."""

    def __init__(self, account: Account, scopes: tuple[trio.CancelScope, ...]) -> None:
        self._account = account
        self._scopes = scopes
        self._deadline = float("inf")
        self.first = trio.Event()  # the first cancellation or Ctrl-C has come

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        account = self._account
        account.trace.append(task.name)
        self._observe(account)
        self._inject(account)
        account.steps += 1
        if account.steps == MANY_STEPS:
            rescue(account, "it spins", self._scopes)

    def _inject(self, account: Account) -> None:
        case = account.case
        for index, step in enumerate(case.cancel):
            if step == account.steps:
                account.mark(("cancel", "cancel again")[index])
                self._scopes[index].cancel()
                self.first.set()
        if account.steps in case.interrupt:
            account.mark("interrupt" if "interrupt" not in account.moments else "interrupt again")
            self.first.set()
            signal.raise_signal(signal.SIGINT)

    def _observe(self, account: Account) -> None:
        if account.session is None:
            return
        machine = account.connection.machine
        if machine.received is not None and "close came" not in account.moments:
            account.mark("close came")
            assert account.wire is not None
            account.written_when_closed = account.wire.written
        if machine.state is State.CLOSED:
            account.mark("ended")
        if machine.failed:
            account.mark("failed")
        deadline = account.connection._deadline.moment
        account.deadline_grew |= deadline > self._deadline
        self._deadline = deadline


def rescue(account: Account, why: str, scopes: tuple[trio.CancelScope, ...]) -> None:
    """Tear down a run that would not end, so that the sweep can report it and go on."""
    account.hung = why
    for scope in scopes:
        scope.cancel()
    for session in (account.session, *account.others):
        if session is not None:
            session.closed.set()
            session.gone.set()
            session.connection._deadline.expire()


class _Run:
    def __init__(self, case: Case) -> None:
        self.account = Account(case)
        self._scopes = trio.CancelScope(), trio.CancelScope()
        self.steps = _Steps(self.account, self._scopes)

    def note(self, session: Session, event: Any) -> None:
        """Record an event that is dispatched."""
        if session is self.account.session and event.type != "message":
            self.account.events.append((event.type, self.account.ready_state))
            self.account.mark(event.type)

    async def main(self) -> None:
        account = self.account
        account.start = trio.current_time()
        case = account.case
        account.wire = Wire(
            case.fault,
            case.drip,
            capacity=CAPACITY if case.way in QUEUED else sys.maxsize,
            late=case.late,
        )
        account.peer = Peer(account.wire.theirs)
        ours, theirs = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._peer)
            nursery.start_soon(self._timers)
            if case.entry in PAIRED:
                nursery.start_soon(silent_peer, theirs)
            before = all_tasks()
            try:
                await self._play(account.wire, ours)
            except BaseException as exc:
                account.outcome = exc
            account.mark("out")
            self._look_around(before)
            with trio.move_on_after(HOPELESS, shield=True):
                await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()

    async def _play(self, wire: Wire, silent: trio.abc.Stream) -> None:
        account = self.account
        options: dict[str, Any] = {
            "stream": wire,
            "open_timeout": OPEN_TIMEOUT,
            "close_timeout": CLOSE_TIMEOUT,
            "cancelled_close_timeout": CANCELLED_CLOSE_TIMEOUT,
            "listener_timeout": LISTENER_TIMEOUT,
            "ping_interval": KEEPALIVE if account.case.kept_alive else None,
        }
        inner, outer = self._scopes
        try:
            with outer, inner:
                account.inside = True
                if account.case.entry in PAIRED:
                    await PAIRS[account.case.entry](account, options, silent)
                else:
                    await ENTRIES[account.case.entry](account, options)
        finally:
            account.inside = False
            account.caught = inner.cancelled_caught or outer.cancelled_caught

    async def _peer(self) -> None:
        account = self.account
        assert account.peer is not None
        try:
            await play_peer(account, account.peer)
        except (trio.BrokenResourceError, AssertionError) as exc:
            account.peer_raised = exc
        # read what a client that ends still sends, and how it ends
        with suppress(trio.ClosedResourceError, trio.BrokenResourceError):
            await account.peer.send_eof()
            if account.peer.request:  # otherwise there are no frames
                await account.peer.read_to_end()

    @trio.lowlevel.enable_ki_protection  # the Ctrl-C is for the program, not for this task
    async def _timers(self) -> None:
        account, case = self.account, self.account.case
        again = case.cancel_again_after or case.interrupt_again_after
        if again is not None:
            with trio.move_on_after(HOPELESS):
                await self.steps.first.wait()
                await trio.sleep(again)
                if "out" in account.moments:
                    return
                if case.cancel_again_after is not None:
                    account.mark("cancel again")
                    self._scopes[1].cancel()
                else:
                    account.mark("interrupt again")
                    signal.raise_signal(signal.SIGINT)
        await trio.sleep(HOPELESS)
        rescue(account, "it hangs", self._scopes)

    def _look_around(self, before: dict[trio.lowlevel.Task, str]) -> None:
        """Record what exists at the moment when control is out of the scope."""
        account = self.account
        account.left_over = [name for task, name in all_tasks().items() if task not in before]
        account.events_when_out = len(account.events)
        assert account.wire is not None
        account.closed_when_out = account.wire.closed
        if account.session is not None:
            account.state_when_out = account.ready_state
        account.left_over += [f"{other!r}" for other in account.others if not other.closed.is_set()]


def all_tasks() -> dict[trio.lowlevel.Task, str]:
    """Return every task of the trio run, with its name."""
    waiting = [trio.lowlevel.current_root_task()]
    found: dict[trio.lowlevel.Task, str] = {}
    while waiting:
        task = waiting.pop()
        assert task is not None
        found[task] = task.name
        for nursery in task.child_nurseries:
            waiting += nursery.child_tasks
    return found


@contextmanager
def deterministic(run: _Run) -> Generator[None]:
    """Fix everything that would make two runs differ."""
    case = run.account.case
    # trio shuffles the tasks that are ready with its own random generator, on purpose. It sorts
    # them first only for Hypothesis, which needs the same order again.
    trio._core._run._r.seed(case.seed)
    start, dispatch = Session.start, Session._dispatch

    @trio.lowlevel.enable_ki_protection
    def noted_start(session: Any, nursery: trio.Nursery, *callbacks: Any) -> None:
        if session.address.where.startswith(SILENT_URL):
            run.account.others.append(session)
        else:
            run.account.session = session
        if case.way in QUEUED:  # each frame is a batch; at the server's end wsproto has none
            protocol = getattr(session.connection, "protocol", None)
            if protocol is not None:
                protocol.outbox.batch = 1
        start(session, nursery, *callbacks)

    @trio.lowlevel.enable_ki_protection
    async def noted_dispatch(session: Any, event: Any) -> None:
        run.note(session, event)  # no listener, as Ctrl-C may land where one is called
        await dispatch(session, event)

    # the reader's time slices are in real time, so here none is ever used up, or each is
    clock = itertools.count().__next__ if case.breathes else lambda: 0.0
    with (
        patch.object(trio._core._run, "_ALLOW_DETERMINISTIC_SCHEDULING", True),
        patch.object(_reader, "perf_counter", clock),
        patch.object(Session, "start", noted_start),
        patch.object(Session, "_dispatch", noted_dispatch),
        patch.object(_session, "perf_counter", clock),
    ):
        yield


COUNTS: Final[Counter[tuple[str, str]]] = Counter()
"""How many runs there were, by the names of the sweep and the entry point, for the end of the
tests."""


def only_interrupts(exc: BaseException) -> bool:
    """Return whether this is a KeyboardInterrupt, or a group of nothing else."""
    if found := parts(exc):
        return all(map(only_interrupts, found))
    return isinstance(exc, KeyboardInterrupt)


def run(case: Case, name: str | None = None) -> Account:
    """Run one case to its end. ``name`` is the sweep that it counts for."""
    this = _Run(case)
    clock = trio.testing.MockClock(autojump_threshold=0)
    with deterministic(this), pressing(this.account):
        try:
            trio.run(this.main, clock=clock, instruments=[this.steps])
        except BaseException as exc:
            if not only_interrupts(exc):  # a Ctrl-C after the scope has no one to catch it
                raise
            this.account.interrupted_later = True
    if name is not None:
        COUNTS[name, case.entry] += 1
    return this.account
