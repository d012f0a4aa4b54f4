"""Ctrl-C while a scope waits for its sockets to close, in this process and in virtual time."""

from __future__ import annotations

import signal
from math import inf
from typing import Any

import pytest
import trio
import trio.testing
from support.opened import new_pair
from support.peer import Peer

from trio_ws_dom import WebSocket, open_websocket, open_websocket_nursery

LONG: dict[str, Any] = {"close_timeout": 1000, "cancelled_close_timeout": 500}


async def press_ctrl_c() -> None:
    """Press it, and let the program react."""
    await trio.testing.wait_all_tasks_blocked()
    signal.raise_signal(signal.SIGINT)  # this is a system task, so the main task gets it
    await trio.testing.wait_all_tasks_blocked()


def run(main: Any) -> float:
    """Run a program that Ctrl-C ends, and return when it ended, by its clock."""
    ended = inf

    async def timed() -> None:
        nonlocal ended
        try:
            await main()
        finally:
            ended = trio.current_time()

    with pytest.raises(KeyboardInterrupt):
        trio.run(timed, clock=trio.testing.MockClock(autojump_threshold=0))
    return ended


@pytest.mark.parametrize(("presses", "seconds"), [(1, 500), (2, 0), (3, 0)])
def test_the_second_ctrl_c_in_the_exit_ends_the_wait(presses: int, seconds: float) -> None:
    async def press(theirs: trio.abc.Stream) -> None:
        peer = Peer(theirs)
        await peer.accept()
        await peer.read_to_close()
        for _ in range(presses):
            await press_ctrl_c()

    async def main() -> None:
        ours, theirs = new_pair()
        trio.lowlevel.spawn_system_task(press, theirs)
        async with open_websocket("ws://peer.test/", stream=ours, **LONG):
            pass

    assert run(main) == seconds


@pytest.mark.parametrize(("presses", "seconds"), [(1, 500), (2, 0)])
def test_ctrl_c_in_the_block_is_the_first_one(presses: int, seconds: float) -> None:
    async def press(theirs: trio.abc.Stream) -> None:
        await Peer(theirs).accept()
        for _ in range(presses):
            await press_ctrl_c()

    async def main() -> None:
        ours, theirs = new_pair()
        trio.lowlevel.spawn_system_task(press, theirs)
        async with open_websocket("ws://peer.test/", stream=ours, **LONG):
            await trio.sleep_forever()

    assert run(main) == seconds


def test_ctrl_c_in_the_exit_bounds_what_is_open_beside_a_socket_that_is_gone() -> None:
    sockets: list[WebSocket] = []

    async def press(silent: Peer) -> None:
        await silent.accept()
        await silent.read_to_close()
        await trio.sleep(100)
        await press_ctrl_c()

    async def main() -> None:
        (ours, theirs), (our_second, their_second) = new_pair(), new_pair()
        trio.lowlevel.spawn_system_task(Peer(theirs).serve)
        trio.lowlevel.spawn_system_task(press, Peer(their_second))
        async with open_websocket_nursery() as scope:
            for stream in (ours, our_second):
                sockets.append(scope.connect("ws://peer.test/", stream=stream, **LONG))
                await sockets[-1].when("open").receive()

    assert run(main) == 600
    assert [ws.closeEvent.wasClean for ws in sockets if ws.closeEvent is not None] == [True, False]
