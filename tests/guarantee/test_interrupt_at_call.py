"""Ctrl-C at one exact place, which the sweep's sampling may miss."""

from __future__ import annotations

import gc
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.frames import TEXT, frame
from support.patience import VIRTUAL_PATIENCE
from support.peer import Peer

from trio_ws_dom import WebSocket, open_websocket
from trio_ws_dom._dom._listener import call_listener
from trio_ws_dom._net._user_code import await_user
from trio_ws_dom._socket._listener_tasks import ListenerTasks

if TYPE_CHECKING:
    from types import CodeType, FrameType, FunctionType


class PressAt:
    """A profiler that presses Ctrl-C where this code first begins."""

    def __init__(self, code: CodeType) -> None:
        self._code = code
        self.pressed = False

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code is self._code and not self.pressed:
            self.pressed = True
            signal.raise_signal(signal.SIGINT)


async def listen(sockets: list[WebSocket]) -> None:
    """Run a program with an async listener."""
    ours, theirs = trio.testing.memory_stream_pair()
    trio.lowlevel.spawn_system_task(Peer(theirs).accept)
    async with open_websocket("ws://peer.test/", stream=ours) as ws:
        sockets.append(ws)
        ws.onmessage = listener
        await theirs.send_all(frame(TEXT, b"hello"))
        with trio.fail_after(VIRTUAL_PATIENCE):
            await trio.sleep_forever()


async def listener(event: object) -> None:
    await trio.sleep_forever()


@pytest.mark.parametrize("function", [call_listener, ListenerTasks._run, await_user, listener])
def test_around_an_async_listener(function: FunctionType) -> None:
    """Ctrl-C on the way to the listener comes out bare, and no coroutine is forgotten."""
    sockets: list[WebSocket] = []
    press = PressAt(function.__code__)
    before = sys.getprofile()
    sys.setprofile(press)
    try:
        with pytest.raises(KeyboardInterrupt):
            trio.run(listen, sockets, clock=trio.testing.MockClock(autojump_threshold=0))
    finally:
        sys.setprofile(before)
    gc.collect()  # Python warns here of what was never awaited
    assert press.pressed
    assert sockets[0].readyState == WebSocket.CLOSED
