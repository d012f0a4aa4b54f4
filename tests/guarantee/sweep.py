"""One scenario, run again and again, with one thing (or two) gone wrong at a place of its own.

A run is deterministic: memory streams, virtual time, and a scheduler whose choices come from a
seed. So the n-th step of two runs is the same step, until something different is done at it; and
"cancel at step n" for every n is a cancellation at every checkpoint, of every task, in the order
that the seed gives them.
"""

from __future__ import annotations

import itertools
import signal
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from unittest.mock import patch

import trio
import trio.testing
from support.peer import CLOSE, PING, TEXT, Peer, close, frame

from guarantee.wire import Fault, Wire
from trio_ws_dom import WebSocket, WebSocketError, open_websocket, open_websocket_nursery
from trio_ws_dom._dispatcher import Dispatcher
from trio_ws_dom._net import _connection

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from trio_ws_dom._net._connection import Connection

OPEN_TIMEOUT: Final = 60.0
CLOSE_TIMEOUT: Final = 10.0
CANCELLED_CLOSE_TIMEOUT: Final = 1.0
"""Seconds of virtual time; the options' defaults, said here so that the bounds can be checked."""

PATIENCE: Final = 5.0
"""Seconds that the program in the block waits for its peer; without it a silent peer holds it
forever, as it should: there is no keepalive."""

HOPELESS: Final = 500.0
"""Seconds after which a run is taken to hang, and is torn down."""

MANY_STEPS: Final = 50_000
"""Steps after which a run is taken to spin."""

OWN_CODE: Final = 3001
PEER_CODE: Final = 4321

CONTINUATION: Final = 0


class Boom(Exception):
    """What the block, or a listener, raises."""


class Case(NamedTuple):
    """What is run, and what goes wrong.

    Attributes:
      door, way: keys of DOORS and of WAYS.
      cancel: steps at which a scope around the door is cancelled: the inner, then the outer one.
      cancel_again_after: seconds from the first cancellation to the second, of the outer scope.
      interrupt: steps at which Ctrl-C is pressed.
      interrupt_again_after: seconds to the second Ctrl-C.
      fault: what the wire does.
      drip: bytes that go through the wire at a time.
      breathes: whether every look at the clock finds the slice used up; else none does.
      seed: of the scheduler's choices.
    """

    door: str
    way: str
    cancel: tuple[int, ...] = ()
    cancel_again_after: float | None = None
    interrupt: tuple[int, ...] = ()
    interrupt_again_after: float | None = None
    fault: Fault | None = None
    drip: int = 65536
    breathes: bool = False
    seed: int = 0


@dataclass
class Account:
    """What one run came to. Moments are pairs: the step, and the virtual time since the start."""

    case: Case
    steps: int = 0
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
    ws: WebSocket | None = None
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
        assert self.ws is not None
        return self.ws._connection

    def __str__(self) -> str:
        lines = [f"{self.case}", f"outcome {self.outcome!r}, caught {self.caught}, {self.events}"]
        lines += [f"  {name}: step {s}, {t:g} s" for name, (s, t) in self.moments.items()]
        if self.peer is not None:
            lines.append(f"  peer saw {self.peer.frames}, ended {self.peer.ended}")
        if self.ws is not None:
            lines.append(f"  {self.ws.closeEvent} {self.ws.failure!r}")
        return "\n".join(lines)


class _Steps(trio.abc.Instrument):
    """Counts the scheduler's steps, and does between two of them what the case asks for."""

    def __init__(self, account: Account, scopes: tuple[trio.CancelScope, ...]) -> None:
        self._account = account
        self._scopes = scopes
        self._deadline = float("inf")
        self.first = trio.Event()  # the first cancellation, or Ctrl-C, has come

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
        if account.ws is None:
            return
        machine = account.connection.machine
        if machine.received is not None:
            account.mark("close came")
        if machine.failed:
            account.mark("failed")
        deadline = account.connection._scope.deadline
        account.deadline_grew |= deadline > self._deadline
        self._deadline = deadline


def rescue(account: Account, why: str, scopes: tuple[trio.CancelScope, ...]) -> None:
    """Tear down a run that would not end, so that the sweep can tell of it and go on."""
    account.hung = why
    for scope in scopes:
        scope.cancel()
    if account.ws is not None:
        account.ws._closed.set()
        account.ws._gone.set()
        account.connection._scope.cancel()


# What the program does in the block, and what its peer does.


async def wait_open(ws: WebSocket) -> None:
    with trio.move_on_after(PATIENCE):
        await ws.when("open", "close").receive()


def send(account: Account, ws: WebSocket, data: str) -> None:
    if ws.readyState == WebSocket.OPEN:
        account.sent.append(data.encode())
    ws.send(data)


async def talk(account: Account, ws: WebSocket, receive: Callable[[], Awaitable[Any]]) -> None:
    send(account, ws, "one")
    assert await receive() == "hello"
    send(account, ws, "two")
    await ws.drain()
    assert await receive() == "world"


async def read_on(account: Account, ws: WebSocket) -> None:
    async for message in ws:
        account.messages.append((message, WebSocket.OPEN))


async def leave(account: Account, ws: WebSocket) -> None:
    """The block's end is all."""


async def raise_boom(account: Account, ws: WebSocket) -> None:
    account.raised = True
    raise account.boom


async def close_and_read(account: Account, ws: WebSocket) -> None:
    account.mark("said")
    ws.close(OWN_CODE, "bye")
    with suppress(WebSocketError):
        await read_on(account, ws)


async def aclose(account: Account, ws: WebSocket) -> None:
    account.mark("said")
    await ws.aclose(OWN_CODE, "bye")


async def wait_for_peer(account: Account, ws: WebSocket) -> None:
    with trio.move_on_after(PATIENCE), suppress(WebSocketError):
        await read_on(account, ws)
    account.mark("said")
    ws.close(OWN_CODE)


async def listener_raises(account: Account, ws: WebSocket) -> None:
    def listener(event: object) -> None:
        account.listener_raised = True
        account.mark("listener raised")
        raise account.boom

    ws.addEventListener("message", listener)
    if ws.readyState == WebSocket.OPEN:
        send(account, ws, "more")
    with trio.move_on_after(PATIENCE):
        await trio.sleep_forever()
    account.mark("said")
    ws.close(OWN_CODE)


WAYS: Final[dict[str, Callable[[Account, WebSocket], Awaitable[None]]]] = {
    "leave": leave,
    "raise": raise_boom,
    "close": close_and_read,
    "aclose": aclose,
    "peer closes": wait_for_peer,
    "listener raises": listener_raises,
}
"""How the block ends, once it has talked."""


async def block(
    account: Account, ws: WebSocket, receive: Callable[[], Awaitable[Any]] | None = None
) -> None:
    account.mark("entered")
    if account.case.way != "leave":  # there the inbox is on its own
        ws.addEventListener(
            "message", lambda event: account.messages.append((event.data, ws.readyState))
        )
    try:
        if ws.readyState == WebSocket.OPEN:
            with trio.move_on_after(PATIENCE), suppress(WebSocketError, trio.EndOfChannel):
                await talk(account, ws, receive or ws.receive)
        await WAYS[account.case.way](account, ws)
    finally:
        if ws.readyState == WebSocket.OPEN:
            send(account, ws, "last words")
        account.mark("left")


async def _open_websocket(account: Account, options: dict[str, Any]) -> None:
    async with open_websocket("ws://peer.test/", **options) as ws:
        await block(account, ws)


async def _nursery(account: Account, options: dict[str, Any]) -> None:
    async with open_websocket_nursery() as sockets:
        ws = sockets.connect("ws://peer.test/", **options)
        await wait_open(ws)
        await block(account, ws)


async def _bare(account: Account, options: dict[str, Any]) -> None:
    async with trio.open_nursery() as nursery:
        ws = WebSocket("ws://peer.test/", nursery=nursery, **options)
        events = ws.when("message")  # messages come at once, as in a browser

        async def receive() -> object:
            return (await events.receive()).data

        await wait_open(ws)
        await block(account, ws, receive)
        account.mark("said")
        ws.close(OWN_CODE)  # or its nursery would wait for the peer, as it should


DOORS: Final[dict[str, Callable[[Account, dict[str, Any]], Awaitable[None]]]] = {
    "open_websocket": _open_websocket,
    "open_websocket_nursery": _nursery,
    "bare": _bare,
}


async def play_peer(account: Account, peer: Peer, way: str) -> None:
    """A good server; its second message comes in fragments, with a Ping between them."""
    answers = {
        b"one": [frame(TEXT, b"wor", fin=False), frame(PING, b"?"), frame(CONTINUATION, b"ld")],
        b"more": [frame(TEXT, b"again")],
    }
    await peer.accept(then=frame(TEXT, b"hello"))
    closing = False
    while (got := await peer.next()) is not None:
        if got.opcode == CLOSE:
            account.mark("close seen")
            if not closing:
                await peer.send(frame(TEXT, b"late"), frame(CLOSE, got.payload[:2]))
            return
        await peer.send(*answers.get(got.payload, ()))
        if way == "peer closes" and got.payload == b"one":
            await peer.send(close(PEER_CODE, "enough"))
            closing = True


# The run.


class _Run:
    def __init__(self, case: Case) -> None:
        self.account = Account(case)
        self._scopes = trio.CancelScope(), trio.CancelScope()
        self.steps = _Steps(self.account, self._scopes)

    def watch(self, ws: WebSocket) -> None:
        """Called when the socket is made: before a program could look at it."""
        account = self.account
        account.ws = ws

        def note(event: Any) -> None:
            account.events.append((event.type, ws.readyState))
            account.mark(event.type)

        for name in ("open", "error", "close"):
            ws.addEventListener(name, note)

    async def main(self) -> None:
        account = self.account
        account.start = trio.current_time()
        account.wire = Wire(account.case.fault, account.case.drip)
        account.peer = Peer(account.wire.theirs)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._peer)
            nursery.start_soon(self._timers)
            before = all_tasks()
            try:
                await self._play(account.wire)
            except BaseException as exc:
                account.outcome = exc
            account.mark("out")
            self._look_around(before)
            with trio.move_on_after(HOPELESS, shield=True):
                await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()

    async def _play(self, wire: Wire) -> None:
        account = self.account
        options = {
            "stream": wire,
            "open_timeout": OPEN_TIMEOUT,
            "close_timeout": CLOSE_TIMEOUT,
            "cancelled_close_timeout": CANCELLED_CLOSE_TIMEOUT,
        }
        inner, outer = self._scopes
        try:
            with outer, inner:
                await DOORS[account.case.door](account, options)
        finally:
            account.caught = inner.cancelled_caught or outer.cancelled_caught

    async def _peer(self) -> None:
        account = self.account
        assert account.peer is not None
        try:
            await play_peer(account, account.peer, account.case.way)
        except (trio.BrokenResourceError, AssertionError) as exc:
            account.peer_raised = exc
        # what a dying client has still to say, and how it ends
        with suppress(trio.ClosedResourceError, trio.BrokenResourceError):
            await account.peer.stream.send_eof()
            if account.peer.request:  # else what is there is no frames
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
        """What is there at the moment when control is out of the scope."""
        account = self.account
        account.left_over = [name for task, name in all_tasks().items() if task not in before]
        account.events_when_out = len(account.events)
        assert account.wire is not None
        account.closed_when_out = account.wire.closed
        if account.ws is not None:
            account.state_when_out = account.ws.readyState


def all_tasks() -> dict[trio.lowlevel.Task, str]:
    """Every task of the trio run, by name."""
    waiting = [trio.lowlevel.current_root_task()]
    found = {}
    while waiting:
        task = waiting.pop()
        assert task is not None
        found[task] = task.name
        for nursery in task.child_nurseries:
            waiting += nursery.child_tasks
    return found


@contextmanager
def deterministic(run: _Run) -> Iterator[None]:
    """All that would make two runs differ, pinned."""
    case = run.account.case
    # trio shuffles the tasks that are ready with a random of its own, on purpose; and sorts them
    # first only if it is told that somebody wants the same order again (Hypothesis does)
    trio._core._run._r.seed(case.seed)
    start = Dispatcher._start

    def watched(ws: Any, nursery: trio.Nursery) -> None:
        run.watch(ws)
        start(ws, nursery)

    # the pump's slices are measured in real time: here no slice is ever used up, or each is
    clock = itertools.count().__next__ if case.breathes else lambda: 0.0
    with (
        patch.object(trio._core._run, "_ALLOW_DETERMINISTIC_SCHEDULING", True),
        patch.object(_connection, "perf_counter", clock),
        patch.object(Dispatcher, "_start", watched),
    ):
        yield


class Counter:
    """How many runs there were, by the name of the sweep; told at the end of the test run."""

    def __init__(self) -> None:
        self.runs: dict[str, int] = {}

    def add(self, name: str) -> None:
        self.runs[name] = self.runs.get(name, 0) + 1


COUNTER: Final = Counter()


def only_interrupts(exc: BaseException) -> bool:
    """Whether this is a KeyboardInterrupt, or a group of nothing else."""
    if isinstance(exc, BaseExceptionGroup):
        return all(map(only_interrupts, exc.exceptions))
    return isinstance(exc, KeyboardInterrupt)


def run(case: Case, name: str | None = None) -> Account:
    """Run one case to its end; ``name`` is the sweep that it counts for."""
    this = _Run(case)
    clock = trio.testing.MockClock(autojump_threshold=0)
    with deterministic(this):
        try:
            trio.run(this.main, clock=clock, instruments=[this.steps])
        except BaseException as exc:
            if not only_interrupts(exc):  # Ctrl-C behind the scope is nobody's
                raise
            this.account.interrupted_later = True
    if name is not None:
        COUNTER.add(name)
    return this.account
