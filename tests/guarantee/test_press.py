"""Ctrl-C at one place: where the sweep's sampling need not come by."""

from __future__ import annotations

import gc
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.peer import TEXT, Peer, frame

from trio_ws_dom import WebSocket, open_websocket

if TYPE_CHECKING:
    from types import FrameType


class PressAt:
    """A profiler that presses Ctrl-C where a function of this name begins, the first time."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.pressed = False

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_name == self._name and not self.pressed:
            self.pressed = True
            signal.raise_signal(signal.SIGINT)


async def listen(sockets: list[WebSocket]) -> None:
    """A program with an async listener."""

    async def listener(event: object) -> None:
        await trio.sleep_forever()

    ours, theirs = trio.testing.memory_stream_pair()
    trio.lowlevel.spawn_system_task(Peer(theirs).accept)
    async with open_websocket("ws://peer.test/", stream=ours) as ws:
        sockets.append(ws)
        ws.onmessage = listener
        await theirs.send_all(frame(TEXT, b"hello"))
        await trio.sleep_forever()


@pytest.mark.parametrize("name", ["call_listener", "_run_listener", "_interruptible", "listener"])
def test_around_an_async_listener(name: str) -> None:
    """Wherever it lands on the way to the listener: bare, CLOSED, and no coroutine forgotten."""
    sockets: list[WebSocket] = []
    press = PressAt(name)
    before = sys.getprofile()
    sys.setprofile(press)
    try:
        with pytest.raises(KeyboardInterrupt):
            trio.run(listen, sockets, clock=trio.testing.MockClock(autojump_threshold=0))
    finally:
        sys.setprofile(before)
    gc.collect()  # where Python would say "never awaited"
    assert press.pressed
    assert sockets[0].readyState == WebSocket.CLOSED
