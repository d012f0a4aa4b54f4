"""Cancellation and Ctrl-C at every place of a loop, after which nothing remains."""

from __future__ import annotations

import gc
import itertools
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
import trio
import trio.testing
from support.scripted_server import ScriptedServer, closing, lost, refusing, staying

import trio_ws_dom
from trio_ws_dom.testing import FakeRequest, open_fake_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from trio_ws_dom import WebSocket

PACKAGE = str(Path(trio_ws_dom.__file__).parent)


def patient(part: Any) -> Any:
    """Return a part of a server that tolerates a client that goes away."""

    async def play(request: FakeRequest) -> None:
        with suppress(trio.BrokenResourceError):
            await part(request)

    return play


class Run:
    """A loop over several ends of connections.

    They are a refusal, a server that is down, a lost connection, a clean close, and a connection
    that the program leaves.

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
        async with open_fake_server("ws://peer.test") as server, trio.open_nursery() as parts:
            scripted = ScriptedServer(server, parts)
            try:
                with self.scope:
                    await self._loop(scripted)
                self.task = None
                await trio.lowlevel.checkpoint()  # where a Ctrl-C at the very end comes out
            except KeyboardInterrupt:
                self.task = None
                self.interrupted = True
            await self._check()
            parts.cancel_scope.cancel()

    async def _loop(self, scripted: ScriptedServer) -> None:
        @trio.lowlevel.enable_ki_protection  # Ctrl-C must land in the package
        def dial() -> trio.abc.Stream:
            # the second try finds it down
            scripted.server.is_up = not (len(self._streams) == 1 and scripted.server.is_up)
            self._streams.append(scripted.server._connect())
            return self._streams[-1]

        parts = map(patient, [refusing(503), lost, closing(1001), staying])
        self.task = trio.lowlevel.current_task()
        async for attempt in scripted.loop(*parts, stream=dial, cancelled_close_timeout=0.1):
            async with attempt as ws:
                self._sockets.append(ws)
                if len(self._sockets) == 3:
                    break
                async for _ in ws:
                    pass
        self.whole = True

    async def _check(self) -> None:
        """Check what must hold after the loop, however it ended."""
        # the server's task, and that of its parts
        assert len(trio.lowlevel.current_task().child_nurseries) == 2, "a nursery is left open"
        for ws in self._sockets:
            assert ws.readyState == ws.CLOSED
            assert ws.closeEvent is not None
        for stream in self._streams:
            with pytest.raises(trio.ClosedResourceError):
                await stream.send_all(b"x")


class AtStep(trio.abc.Instrument):
    """Do something after one of the scheduler's steps, and count them."""

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
    """Return a profiler that presses Ctrl-C at a call that the loop's task makes in the package."""

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


def cancelled(step: int) -> Run:
    run = Run()
    run.go(AtStep(run, step, run.scope.cancel))
    return run


def pressed(number: int) -> Run:
    run = Run()
    before = sys.getprofile()
    gc.disable()  # it calls finalizers at any time
    sys.setprofile(press_at(run, number))
    try:
        run.go()
    finally:
        sys.setprofile(before)
        gc.enable()
    return run


# One run may have a step more than another, so each goes on until one has come to its end.


def test_cancelled_at_every_step_of_the_scheduler() -> None:
    steps = itertools.count(1)
    run = next(run for run in map(cancelled, steps) if not run.scope.cancel_called)
    assert run.whole
    assert run.steps > 100


@pytest.mark.parametrize("every", [15, pytest.param(1, marks=pytest.mark.sweep)])
def test_ctrl_c_at_every_call_comes_out_bare(every: int) -> None:
    """A quick run has a sample of the calls."""
    pressed(0)  # the first run makes more calls, for what is made once and kept
    number = 1
    while (run := pressed(number)).calls >= number:
        assert run.interrupted
        number += every
    assert run.whole
    assert run.calls > 1000
