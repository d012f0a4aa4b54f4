"""The guarantee's rows for peers that are dead, stalled, or flood us."""

from __future__ import annotations

import pytest
import trio
from support.checked import close_event, not_none
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


async def test_a_peer_that_never_answers_gets_close_timeout(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play(accept_and_listen)
    async with harness.open() as ws:
        recorder = EventRecorder(ws)
        start = trio.current_time()
    recorder.check()
    assert harness.peer.close_code == 1000
    assert (close_event(ws).code, close_event(ws).wasClean) == (1006, False)
    assert isinstance(not_none(ws.failure).__cause__, TimeoutError)
    if not harness.transport.real:
        assert trio.current_time() - start == pytest.approx(0.3)


async def test_a_silent_peer_gets_cancelled_close_timeout_in_all(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play(accept_and_listen)
    with trio.CancelScope() as scope:
        async with harness.open() as ws:
            scope.deadline = trio.current_time() + 0.05
            recorder = EventRecorder(ws)
            start = trio.current_time()
            await trio.sleep_forever()
    recorder.check()
    assert harness.peer.close_code == 1001
    assert close_event(ws).code == 1006
    if not harness.transport.real:
        assert trio.current_time() - start == pytest.approx(0.15)


async def test_a_flood_does_not_extend_the_close(harness: ScopeHarness, clock: object) -> None:
    await harness.play(accept_and_flood)
    async with harness.open() as ws:
        recorder = EventRecorder(ws)
        await trio.sleep(0.05)
        start = trio.current_time()
    recorder.check()
    assert close_event(ws).code == 1006
    if not harness.transport.real:
        assert trio.current_time() - start == pytest.approx(0.3)


async def test_the_peers_close_is_found_after_any_amount_of_unread_messages(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play(flood_then_answer)
    async with harness.open() as ws:
        recorder = EventRecorder(ws)
    recorder.check()
    assert close_event(ws).wasClean


@pytest.mark.parametrize("kind", ["sockets"])  # a memory stream takes any amount
async def test_peer_never_reads(harness: ScopeHarness, clock: object) -> None:
    """With megabytes queued for a peer that does not read, the end comes at the bound, with 1006.

    ``bufferedAmount`` counts as sent only what the network took.
    """
    await harness.play(accept_and_stop)
    async with harness.open() as ws:
        recorder = EventRecorder(ws)
        ws.send(b"x" * 50_000_000)
    recorder.check()
    assert close_event(ws).code == 1006
    assert 40_000_000 < ws.bufferedAmount <= 50_000_000  # some networks take less than a block


async def test_a_reset_in_a_message_ends_with_1006_and_without_error_event(
    harness: ScopeHarness, clock: object
) -> None:
    async def part(peer: Peer) -> None:
        await peer.accept(then=frame(TEXT, b"x" * 1000)[:500])
        await trio.aclose_forcefully(peer.stream)

    await harness.play(part)
    async with harness.open() as ws:
        recorder = EventRecorder(ws)
        await ws.wait_closed()
    recorder.check()
    assert recorder.events == ["close"]
    assert close_event(ws).code == 1006
    with pytest.raises(WebSocketError):
        await ws.receive()


async def test_a_peer_that_answers_and_keeps_tcp_open_is_clean_within_the_bound(
    harness: ScopeHarness, clock: object
) -> None:
    async def part(peer: Peer) -> None:
        await peer.accept()
        await peer.read_to_close()
        await peer.send(close(1000))
        await trio.sleep_forever()  # also after our end of TCP

    await harness.play(part)
    async with harness.open() as ws:
        recorder = EventRecorder(ws)
        start = trio.current_time()
    recorder.check()
    assert (close_event(ws).code, close_event(ws).wasClean) == (1000, True)
    if not harness.transport.real:
        assert trio.current_time() - start == pytest.approx(0.3)
