"""``drain()``, which is backpressure for a sender."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.frames import close
from support.opened import socket_and_peer
from support.peer import Peer

from trio_ws_dom import WebSocket, WebSocketError


async def lockstep(nursery: trio.Nursery, **options: Any) -> tuple[WebSocket, Peer]:
    """Return an OPEN socket whose peer takes bytes only when it reads."""
    return await socket_and_peer(nursery, pair=trio.testing.lockstep_stream_pair(), **options)


async def test_waits_until_all_has_left(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """By default it waits until ``bufferedAmount`` is 0."""
    ws, peer = await lockstep(nursery)
    ws.send(b"x" * 1000)
    with trio.move_on_after(1) as scope:
        await ws.drain()
    assert scope.cancelled_caught
    nursery.start_soon(peer.next)
    await ws.drain()
    assert ws.bufferedAmount == 0


async def test_below_returns_under_an_amount(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """With ``below`` it waits until the amount is under it."""
    ws, peer = await lockstep(nursery)
    for _ in range(4):
        ws.send(b"x" * 50_000)
    await trio.testing.wait_all_tasks_blocked()
    nursery.start_soon(peer.read_to_end)
    await ws.drain(below=150_001)
    assert ws.bufferedAmount <= 150_000


async def test_nothing_to_wait_for(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It is a checkpoint nevertheless."""
    ws, _ = await lockstep(nursery)
    with trio.testing.assert_checkpoints():
        await ws.drain()
    ws.send(b"1234")
    with trio.testing.assert_checkpoints():
        await ws.drain(below=5)


async def test_below_0_is_refused(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """No amount is less than 0 bytes, so it would wait without end."""
    ws, _ = await lockstep(nursery)
    for below in (0, -1):
        with pytest.raises(ValueError, match="1 byte or more"):
            await ws.drain(below)
    wrong: Any = "all"
    with pytest.raises(TypeError, match="expected below as a number of bytes, got 'all'"):
        await ws.drain(wrong)


async def test_several_tasks_wait(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Any number of tasks may wait, and each is woken."""
    ws, peer = await lockstep(nursery)
    ws.send(b"x" * 1000)
    async with trio.open_nursery() as waiters:
        for _ in range(3):
            waiters.start_soon(ws.drain)
        await trio.testing.wait_all_tasks_blocked()
        nursery.start_soon(peer.next)


async def test_unclean_end_raises(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A socket that closes first is a WebSocketError, caused by the failure."""
    ws, peer = await lockstep(nursery)
    ws.send(b"x" * 1000)
    await trio.testing.wait_all_tasks_blocked()
    nursery.start_soon(trio.aclose_forcefully, peer.stream)
    with pytest.raises(WebSocketError) as caught:
        await ws.drain()
    assert (caught.value.closeCode, caught.value.__cause__) == (1006, ws.failure)
    assert "1000 bytes" in str(caught.value)


async def test_clean_end_raises_too(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """What was sent too late is never sent, which is the same error after a clean close."""
    ws, peer = await lockstep(nursery)
    ws.close(3000)
    ws.send(b"too late")
    nursery.start_soon(peer.finish)
    with pytest.raises(WebSocketError) as caught:
        await ws.drain()
    assert caught.value.closeCode == 3000
    assert isinstance(caught.value.__cause__, trio.EndOfChannel)  # by which its owner recognises it


async def test_closed_with_nothing_queued(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It returns, as nothing is queued."""
    ws, peer = await lockstep(nursery)
    nursery.start_soon(peer.send, close(1000))
    nursery.start_soon(peer.finish)
    await ws.wait_closed()
    await ws.drain()
