"""The guarantee's rows for what is not open yet, for scopes in scopes, and for the other doors."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from support.peer import Peer
from support.scope_harness import (
    ScopeHarness,
    accept_and_listen,
    close_first,
    hang_up,
    hear_the_request,
)
from support.transports import EventRecorder, count_tasks

from trio_ws_dom import WebSocket, WebSocketError, open_websocket_nursery


async def test_cancelled_while_the_server_says_nothing(
    harness: ScopeHarness, clock: object
) -> None:
    """Cancelled before the 101: given up at once, and no Close, as there is no WebSocket."""
    scope = trio.CancelScope()

    async def part(peer: Peer) -> None:
        await peer.read_request()
        scope.cancel()
        await peer.read_to_end()

    await harness.play(part)
    tasks = count_tasks()
    with scope:
        async with harness.open():
            raise AssertionError("the socket is never open")
    assert scope.cancelled_caught
    await harness.over.wait()
    assert harness.peer.frames == []
    assert count_tasks() < tasks


async def test_failure_to_open(harness: ScopeHarness, clock: object) -> None:
    """A connection that could not be opened: WebSocketError, bare, with the cause."""
    await harness.play(hang_up)
    with pytest.raises(WebSocketError) as caught:
        async with harness.open():
            raise AssertionError("the socket is never open")
    assert caught.value.closeCode == 1006
    assert caught.value.__cause__ is not None


async def test_three_scopes(harness: ScopeHarness, clock: object) -> None:
    """Nested scopes that are cancelled all close with 1001."""
    for _ in range(3):
        await harness.play()
    with trio.CancelScope() as scope:
        async with harness.open() as one, harness.open() as two, harness.open() as three:
            scope.deadline = trio.current_time() + 0.05
            await trio.sleep_forever()
    assert [ws.closeEvent.wasClean for ws in (one, two, three)] == [True] * 3
    assert [peer.close_code for peer in harness.peers] == [1001] * 3


async def test_three_scopes_with_silent_peers(harness: ScopeHarness, clock: object) -> None:
    """Nested scopes close side by side: silent peers do not add up their bounds."""
    for _ in range(3):
        await harness.play(accept_and_listen)
    with trio.CancelScope() as scope:
        async with harness.open() as one, harness.open() as two, harness.open() as three:
            scope.deadline = trio.current_time() + 0.05
            start = trio.current_time()
            await trio.sleep_forever()
    assert [ws.closeEvent.code for ws in (one, two, three)] == [1006] * 3
    assert [peer.close_code for peer in harness.peers] == [1001] * 3
    if not harness.transport.real:
        assert trio.current_time() - start == pytest.approx(0.15)


async def test_outer_scopes_finally(harness: ScopeHarness, clock: object) -> None:
    """What an outer block sends behind an inner scope's exit goes out before its Close."""
    for _ in range(2):
        await harness.play()
    with trio.CancelScope() as scope:
        async with harness.open() as outer:
            scope.deadline = trio.current_time() + 0.05
            try:
                async with harness.open():
                    await trio.sleep_forever()
            finally:
                outer.send("goodbye")
    assert [got.payload for got in harness.peer.frames] == [b"goodbye", (1001).to_bytes(2, "big")]


async def test_bare_constructor_ends_normally(harness: ScopeHarness, clock: object) -> None:
    """A bare socket's nursery waits for it, as for any task, and closes nothing."""
    await harness.play(close_first)
    async with trio.open_nursery() as nursery:
        ws = WebSocket(harness.url, nursery=nursery, **harness.transport.options())
        recorder = EventRecorder(ws)
    recorder.check()
    assert recorder.events == ["open", "close"]
    assert harness.peer.close_code == 1000


async def test_bare_constructor_is_cancelled(harness: ScopeHarness, clock: object) -> None:
    """A bare socket's nursery that is cancelled: 1001, after what its tasks send in a finally."""
    await harness.play()
    async with trio.open_nursery() as nursery:
        ws = WebSocket(harness.url, nursery=nursery, **harness.options())
        recorder = EventRecorder(ws)
        opened = trio.Event()
        ws.onopen = lambda event: opened.set()
        await opened.wait()
        try:
            nursery.cancel_scope.cancel()
            await trio.lowlevel.checkpoint()
        finally:
            ws.send("goodbye")
    recorder.check()
    assert [got.payload for got in harness.peer.frames] == [b"goodbye", (1001).to_bytes(2, "big")]
    assert ws.closeEvent.wasClean


async def test_bare_constructor_listener_raises(harness: ScopeHarness, clock: object) -> None:
    """A bare socket's listeners' exceptions come out of its nursery, as one group."""
    await harness.play()
    boom = ValueError("boom")

    def listener(event: object) -> None:
        raise boom

    with pytest.raises(ExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            ws = WebSocket(harness.url, nursery=nursery, **harness.options())
            ws.onopen = listener
    (group,) = caught.value.exceptions
    assert isinstance(group, ExceptionGroup)
    assert group.exceptions == (boom,)
    assert harness.peer.close_code == 1001


async def test_websocket_nursery_ends(harness: ScopeHarness, clock: object) -> None:
    """At the end of an open_websocket_nursery's block: 1000 to each, side by side."""
    for _ in range(3):
        await harness.play()
    async with open_websocket_nursery() as sockets:
        every = [sockets.connect(harness.url, **harness.options()) for _ in range(3)]
        for opens in [ws.when("open") for ws in every]:
            await opens.receive()
    assert [peer.close_code for peer in harness.peers] == [1000] * 3
    assert all(ws.closeEvent.wasClean for ws in every)


async def test_websocket_nursery_gives_up_what_is_connecting(
    harness: ScopeHarness, clock: object
) -> None:
    """At the end of the block a socket still CONNECTING fails at once."""
    await harness.play(hear_the_request)
    async with open_websocket_nursery() as sockets:
        ws = sockets.connect(harness.url, **harness.options())
        recorder = EventRecorder(ws)
        await trio.testing.wait_all_tasks_blocked()
    recorder.check()
    assert recorder.events == ["error", "close"]
    assert ws.closeEvent.code == 1006


async def test_websocket_nursery_silent_peers(harness: ScopeHarness, clock: object) -> None:
    """Several silent peers share one bound."""
    for _ in range(3):
        await harness.play(accept_and_listen)
    async with open_websocket_nursery() as sockets:
        every = [sockets.connect(harness.url, **harness.options()) for _ in range(3)]
        for opens in [ws.when("open") for ws in every]:
            await opens.receive()
        start = trio.current_time()
    assert all(ws.closeEvent.code == 1006 for ws in every)
    if not harness.transport.real:
        assert trio.current_time() - start == pytest.approx(0.3)
