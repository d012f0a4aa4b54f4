"""The guarantee's rows for peers that are dead, stalled, or flood us."""

from __future__ import annotations

import pytest
import trio
from support.peer import TEXT, Peer, close, frame
from support.scene import (
    Scene,
    accept_and_flood,
    accept_and_listen,
    accept_and_stop,
    flood_then_answer,
)
from support.world import Witness

from trio_ws_dom import WebSocketError


async def test_peer_is_silent(scene: Scene, clock: object) -> None:
    """A peer that never answers the Close: ``close_timeout``, then 1006."""
    await scene.play(accept_and_listen)
    async with scene.open() as ws:
        witness = Witness(ws)
        start = trio.current_time()
    witness.check()
    assert scene.peer.close_code == 1000
    assert (ws.closeEvent.code, ws.closeEvent.wasClean) == (1006, False)
    assert isinstance(ws.failure.__cause__, TimeoutError)
    if not scene.world.real:
        assert trio.current_time() - start == pytest.approx(0.3)


async def test_peer_is_silent_and_we_are_cancelled(scene: Scene, clock: object) -> None:
    """Under cancellation a silent peer gets ``cancelled_close_timeout`` in all."""
    await scene.play(accept_and_listen)
    with trio.CancelScope() as scope:
        async with scene.open() as ws:
            scope.deadline = trio.current_time() + 0.05
            witness = Witness(ws)
            start = trio.current_time()
            await trio.sleep_forever()
    witness.check()
    assert scene.peer.close_code == 1001
    assert ws.closeEvent.code == 1006
    if not scene.world.real:
        assert trio.current_time() - start == pytest.approx(0.15)


async def test_peer_floods_while_nobody_reads(scene: Scene, clock: object) -> None:
    """A flood cannot extend the close."""
    await scene.play(accept_and_flood)
    async with scene.open() as ws:
        witness = Witness(ws)
        await trio.sleep(0.05)
        start = trio.current_time()
    witness.check()
    assert ws.closeEvent.code == 1006
    if not scene.world.real:
        assert trio.current_time() - start == pytest.approx(0.3)


async def test_peer_floods_and_then_answers(scene: Scene, clock: object) -> None:
    """Behind any amount of unread messages the peer's Close is found."""
    await scene.play(flood_then_answer)
    async with scene.open() as ws:
        witness = Witness(ws)
    witness.check()
    assert ws.closeEvent.wasClean


async def test_peer_never_reads(scene: Scene, clock: object) -> None:
    """Megabytes queued for a peer that does not read: the bound, then 1006. That they left is not
    claimed of more than the network took."""
    if not scene.world.real:
        pytest.skip("a memory stream takes any amount: there is nothing to be stuck in")
    await scene.play(accept_and_stop)
    async with scene.open() as ws:
        witness = Witness(ws)
        ws.send(b"x" * 50_000_000)
    witness.check()
    assert ws.closeEvent.code == 1006
    assert 40_000_000 < ws.bufferedAmount < 50_000_000


async def test_reset_in_mid_message(scene: Scene, clock: object) -> None:
    """TCP is lost in the middle of a message: ``close`` with 1006 and no ``error``."""

    async def part(peer: Peer) -> None:
        await peer.accept(then=frame(TEXT, b"x" * 1000)[:500])
        await trio.aclose_forcefully(peer.stream)

    await scene.play(part)
    async with scene.open() as ws:
        witness = Witness(ws)
        await ws.wait_closed()
    witness.check()
    assert witness.events == ["close"]
    assert ws.closeEvent.code == 1006
    with pytest.raises(WebSocketError):
        await ws.receive()


async def test_peer_never_ends_tcp(scene: Scene, clock: object) -> None:
    """A peer that answers the Close and keeps TCP open: clean, within the bound."""

    async def part(peer: Peer) -> None:
        await peer.accept()
        await peer.read_to_close()
        await peer.send(close(1000))
        await peer.read_to_end()

    await scene.play(part)
    async with scene.open() as ws:
        witness = Witness(ws)
        start = trio.current_time()
    witness.check()
    assert (ws.closeEvent.code, ws.closeEvent.wasClean) == (1000, True)
    if not scene.world.real:
        assert trio.current_time() - start == pytest.approx(0.3)
