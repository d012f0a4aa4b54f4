"""The guarantee's rows for sockets that are not open yet, nested scopes, and other entry points."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from support.checked import close_event, members
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
    """Before the 101 it ends at once and without a Close, as there is no WebSocket."""
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


async def test_a_failure_to_open_raises_a_bare_error_with_its_cause(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play(hang_up)
    with pytest.raises(WebSocketError) as caught:
        async with harness.open():
            raise AssertionError("the socket is never open")
    assert caught.value.closeCode == 1006
    assert caught.value.__cause__ is not None


async def test_nested_scopes_that_are_cancelled_all_send_1001(
    harness: ScopeHarness, clock: object
) -> None:
    for _ in range(3):
        await harness.play()
    with trio.CancelScope() as scope:
        async with harness.open() as one, harness.open() as two, harness.open() as three:
            scope.deadline = trio.current_time() + 0.05
            await trio.sleep_forever()
    assert [close_event(ws).wasClean for ws in (one, two, three)] == [True] * 3
    assert [peer.close_code for peer in harness.peers] == [1001] * 3


async def test_silent_peers_of_nested_scopes_share_one_bound(
    harness: ScopeHarness, clock: object
) -> None:
    for _ in range(3):
        await harness.play(accept_and_listen)
    with trio.CancelScope() as scope:
        async with harness.open() as one, harness.open() as two, harness.open() as three:
            scope.deadline = trio.current_time() + 0.05
            start = trio.current_time()
            await trio.sleep_forever()
    assert [close_event(ws).code for ws in (one, two, three)] == [1006] * 3
    assert [peer.close_code for peer in harness.peers] == [1001] * 3
    if not harness.transport.real:
        assert trio.current_time() - start == pytest.approx(0.15)


async def test_what_an_outer_block_sends_after_an_inner_exit_leaves_before_its_close(
    harness: ScopeHarness, clock: object
) -> None:
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


async def test_a_nursery_of_the_program_waits_for_its_socket_and_closes_nothing(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play(close_first)
    async with trio.open_nursery() as nursery:
        ws = WebSocket(harness.url, nursery=nursery, **harness.transport.options())
        recorder = EventRecorder(ws)
    recorder.check()
    assert recorder.events == ["open", "close"]
    assert harness.peer.close_code == 1000


async def test_a_cancelled_nursery_of_the_program_sends_1001_after_what_its_tasks_send(
    harness: ScopeHarness, clock: object
) -> None:
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
    assert close_event(ws).wasClean


async def test_exceptions_of_a_bare_sockets_listeners_come_out_of_its_nursery_as_one_group(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play()
    boom = ValueError("boom")

    def listener(event: object) -> None:
        raise boom

    with pytest.raises(ExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            ws = WebSocket(harness.url, nursery=nursery, **harness.options())
            ws.onopen = listener
    (group,) = caught.value.exceptions
    assert members(group) == (boom,)
    assert harness.peer.close_code == 1001


async def test_the_end_of_a_websocket_nursery_sends_1000_to_each_side_by_side(
    harness: ScopeHarness, clock: object
) -> None:
    for _ in range(3):
        await harness.play()
    async with open_websocket_nursery() as sockets:
        every = [sockets.connect(harness.url, **harness.options()) for _ in range(3)]
        for opens in [ws.when("open") for ws in every]:
            await opens.receive()
    assert [peer.close_code for peer in harness.peers] == [1000] * 3
    assert all(close_event(ws).wasClean for ws in every)


async def test_websocket_nursery_gives_up_what_is_connecting(
    harness: ScopeHarness, clock: object
) -> None:
    """At the end of the block a socket that is still CONNECTING fails at once."""
    await harness.play(hear_the_request)
    async with open_websocket_nursery() as sockets:
        ws = sockets.connect(harness.url, **harness.options())
        recorder = EventRecorder(ws)
        await trio.testing.wait_all_tasks_blocked()
    recorder.check()
    assert recorder.events == ["error", "close"]
    assert close_event(ws).code == 1006


async def test_silent_peers_of_one_websocket_nursery_share_one_bound(
    harness: ScopeHarness, clock: object
) -> None:
    for _ in range(3):
        await harness.play(accept_and_listen)
    async with open_websocket_nursery() as sockets:
        every = [sockets.connect(harness.url, **harness.options()) for _ in range(3)]
        for opens in [ws.when("open") for ws in every]:
            await opens.receive()
        start = trio.current_time()
    assert all(close_event(ws).code == 1006 for ws in every)
    if not harness.transport.real:
        assert trio.current_time() - start == pytest.approx(0.3)
