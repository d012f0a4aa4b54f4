"""The guarantee's rows for peers that are dead, stalled, or flood us."""

from __future__ import annotations

import pytest
import trio
from support.frames import TEXT, close, frame
from support.peer import Peer
from support.scope_harness import (
    ScopeHarness,
    accept_and_flood,
    accept_and_listen,
    accept_and_stop,
    flood_then_answer,
)
from support.transports import EventRecorder

from trio_ws_dom import WebSocketError


async def test_peer_is_silent(harness: ScopeHarness, clock: object) -> None:
    """A peer that never answers the Close: ``close_timeout``, then 1006."""
    await harness.play(accept_and_listen)
    async with harness.open() as ws:
        recorder = EventRecorder(ws)
        start = trio.current_time()
    recorder.check()
    assert harness.peer.close_code == 1000
    assert (ws.closeEvent.code, ws.closeEvent.wasClean) == (1006, False)
    assert isinstance(ws.failure.__cause__, TimeoutError)
    if not harness.transport.real:
        assert trio.current_time() - start == pytest.approx(0.3)


async def test_peer_is_silent_and_we_are_cancelled(harness: ScopeHarness, clock: object) -> None:
    """Under cancellation a silent peer gets ``cancelled_close_timeout`` in all."""
    await harness.play(accept_and_listen)
    with trio.CancelScope() as scope:
        async with harness.open() as ws:
            scope.deadline = trio.current_time() + 0.05
            recorder = EventRecorder(ws)
            start = trio.current_time()
            await trio.sleep_forever()
    recorder.check()
    assert harness.peer.close_code == 1001
    assert ws.closeEvent.code == 1006
    if not harness.transport.real:
        assert trio.current_time() - start == pytest.approx(0.15)


async def test_peer_floods_while_nobody_reads(harness: ScopeHarness, clock: object) -> None:
    """A flood cannot extend the close."""
    await harness.play(accept_and_flood)
    async with harness.open() as ws:
        recorder = EventRecorder(ws)
        await trio.sleep(0.05)
        start = trio.current_time()
    recorder.check()
    assert ws.closeEvent.code == 1006
    if not harness.transport.real:
        assert trio.current_time() - start == pytest.approx(0.3)


async def test_peer_floods_and_then_answers(harness: ScopeHarness, clock: object) -> None:
    """Behind any amount of unread messages the peer's Close is found."""
    await harness.play(flood_then_answer)
    async with harness.open() as ws:
        recorder = EventRecorder(ws)
    recorder.check()
    assert ws.closeEvent.wasClean


@pytest.mark.parametrize("kind", ["sockets"])  # a memory stream takes any amount
async def test_peer_never_reads(harness: ScopeHarness, clock: object) -> None:
    """Megabytes queued for a peer that does not read: the bound, then 1006. That they left is not
    claimed of more than the network took."""
    await harness.play(accept_and_stop)
    async with harness.open() as ws:
        recorder = EventRecorder(ws)
        ws.send(b"x" * 50_000_000)
    recorder.check()
    assert ws.closeEvent.code == 1006
    assert 40_000_000 < ws.bufferedAmount < 50_000_000


async def test_reset_in_mid_message(harness: ScopeHarness, clock: object) -> None:
    """TCP is lost in the middle of a message: ``close`` with 1006 and no ``error``."""

    async def part(peer: Peer) -> None:
        await peer.accept(then=frame(TEXT, b"x" * 1000)[:500])
        await trio.aclose_forcefully(peer.stream)

    await harness.play(part)
    async with harness.open() as ws:
        recorder = EventRecorder(ws)
        await ws.wait_closed()
    recorder.check()
    assert recorder.events == ["close"]
    assert ws.closeEvent.code == 1006
    with pytest.raises(WebSocketError):
        await ws.receive()


async def test_peer_never_ends_tcp(harness: ScopeHarness, clock: object) -> None:
    """A peer that answers the Close and keeps TCP open: clean, within the bound."""

    async def part(peer: Peer) -> None:
        await peer.accept()
        await peer.read_to_close()
        await peer.send(close(1000))
        await peer.read_to_end()

    await harness.play(part)
    async with harness.open() as ws:
        recorder = EventRecorder(ws)
        start = trio.current_time()
    recorder.check()
    assert (ws.closeEvent.code, ws.closeEvent.wasClean) == (1000, True)
    if not harness.transport.real:
        assert trio.current_time() - start == pytest.approx(0.3)
