"""Cancelled, or interrupted by Ctrl-C, at every place of a loop: nothing is left over."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
import trio
import trio.testing
from support.line import Line, closing, lost, refusing
from support.peer import Peer

import trio_ws_dom

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from trio_ws_dom import WebSocket

PACKAGE = str(Path(trio_ws_dom.__file__).parent)


def patient(part: Any) -> Any:
    """The part of a server that does not mind when its client goes away."""

    async def play(peer: Peer) -> None:
        with suppress(AssertionError, trio.BrokenResourceError):
            await part(peer)

    return play


class Run:
    """One run: a loop over a refusal, a failure to dial, a lost connection, a clean close, and a
    connection that the program leaves.

    Attributes:
      scope: around the loop.
      task: the loop's.
      steps: of the scheduler, while in the loop.
      calls: of functions of the package, by the loop's task.
      whole: whether it came to its end.
      interrupted: whether a bare KeyboardInterrupt came out of it.
    """

    def __init__(self) -> None:
        self.scope = trio.CancelScope()
        self.task: trio.lowlevel.Task | None = None
        self.steps = 0
        self.calls = 0
        self.whole = False
        self.interrupted = False
        self._sockets: list[WebSocket] = []
        self._streams: list[trio.abc.Stream] = []

    def go(self, *instruments: trio.abc.Instrument) -> None:
        trio._core._run._r.seed(0)
        with patch.object(trio._core._run, "_ALLOW_DETERMINISTIC_SCHEDULING", True):
            clock = trio.testing.MockClock(autojump_threshold=0)
            trio.run(self._main, clock=clock, instruments=instruments)

    async def _main(self) -> None:
        async with trio.open_nursery() as peers:
            line = Line(peers, None)
            try:
                with self.scope:
                    await self._loop(line)
                self.task = None
                await trio.lowlevel.checkpoint()  # where a Ctrl-C at the very end comes out
            except KeyboardInterrupt:
                self.task = None
                self.interrupted = True
            await self._check()
            peers.cancel_scope.cancel()

    async def _loop(self, line: Line) -> None:
        @trio.lowlevel.enable_ki_protection  # Ctrl-C is to land in the package
        def dial() -> trio.abc.Stream:
            self._streams.append(line.dial_at_once())
            return self._streams[-1]

        parts = [refusing("503 Busy"), OSError("down"), lost, closing(1001), Peer.serve]
        parts = [part if isinstance(part, OSError) else patient(part) for part in parts]
        self.task = trio.lowlevel.current_task()
        async for attempt in line.loop(*parts, stream=dial, cancelled_close_timeout=0.1):
            async with attempt as ws:
                self._sockets.append(ws)
                if len(self._sockets) == 3:
                    break
                async for _ in ws:
                    pass
        self.whole = True

    async def _check(self) -> None:
        """What holds when control is out of the loop, however that came."""
        assert len(trio.lowlevel.current_task().child_nurseries) == 1, "a nursery is left open"
        for ws in self._sockets:
            assert ws.readyState == ws.CLOSED
            assert ws.closeEvent is not None
        for stream in self._streams:
            with pytest.raises(trio.ClosedResourceError):
                await stream.send_all(b"x")


class AtStep(trio.abc.Instrument):
    """Does something behind one of the scheduler's steps; they are counted."""

    def __init__(self, run: Run, step: int, do: Callable[[], object]) -> None:
        self._run = run
        self._step = step
        self._do = do

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        if self._run.task is not None:
            self._run.steps += 1
            if self._run.steps == self._step:
                self._do()


def press_at(run: Run, number: int) -> Callable[[FrameType, str, Any], None]:
    """A profiler that presses Ctrl-C at a call that the loop's task makes in the package."""

    def profile(frame: FrameType, event: str, _: Any) -> None:
        if event not in ("call", "c_return") or run.task is None:
            return
        if not frame.f_code.co_filename.startswith(PACKAGE) or not _is_current(run.task):
            return
        run.calls += 1
        if run.calls == number:
            signal.raise_signal(signal.SIGINT)

    return profile


def _is_current(task: trio.lowlevel.Task) -> bool:
    try:
        return trio.lowlevel.current_task() is task
    except RuntimeError:
        return False


def pressed(number: int) -> Run:
    run = Run()
    before = sys.getprofile()
    sys.setprofile(press_at(run, number))
    try:
        run.go()
    finally:
        sys.setprofile(before)
    return run


def test_cancelled_anywhere() -> None:
    """At every step of the scheduler, of every task."""
    whole = Run()
    whole.go(AtStep(whole, 0, whole.scope.cancel))
    assert whole.whole
    for step in range(1, whole.steps + 1):
        run = Run()
        run.go(AtStep(run, step, run.scope.cancel))
        assert run.scope.cancel_called


@pytest.mark.parametrize("every", [15, pytest.param(1, marks=pytest.mark.sweep)])
def test_interrupted_anywhere(every: int) -> None:
    """Ctrl-C at every call, or at some of them: it comes out bare, and is never lost."""
    count = pressed(0).calls
    for number in range(1, count + 1, every):
        assert pressed(number).interrupted
