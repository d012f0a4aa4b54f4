"""Unusual things that a program may do, each with a defined result."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing
from support.checked import close_event
from support.frames import TEXT, frame
from support.scope_harness import ScopeHarness
from support.transports import EventRecorder
from trio.lowlevel import currently_ki_protected

from trio_ws_dom import (
    WebSocket,
    WebSocketError,
    WebSocketWritable,
    open_websocket,
    open_websocket_stream,
)
from trio_ws_dom._stream import _writable
from trio_ws_dom._stream._writable import refuse_sending

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HELLO = frame(TEXT, b"hello")


async def test_a_listener_that_cancels_the_nursery_sends_1001(
    harness: ScopeHarness, clock: object
) -> None:
    async with trio.open_nursery() as nursery:
        ws = WebSocket(harness.url, nursery=nursery, **harness.hire(HELLO))
        recorder = EventRecorder(ws)
        ws.onmessage = lambda event: nursery.cancel_scope.cancel()
    recorder.check()
    assert harness.peer.close_code == 1001
    assert close_event(ws).wasClean


async def test_a_listener_that_cancels_the_scope_sends_1001(
    harness: ScopeHarness, clock: object
) -> None:
    with trio.CancelScope() as scope:
        async with open_websocket(harness.url, **harness.hire(HELLO)) as ws:
            ws.onmessage = lambda event: scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert harness.peer.close_code == 1001
    assert close_event(ws).wasClean


async def test_aclose_in_several_tasks_sends_one_close_and_all_wait(
    harness: ScopeHarness, clock: object
) -> None:
    states: list[int] = []

    async def aclose(ws: WebSocket, code: int) -> None:
        await ws.aclose(code)
        states.append(ws.readyState)

    async with open_websocket(harness.url, **harness.hire()) as ws, trio.open_nursery() as nursery:
        await aclose_first(ws, nursery)
        for code in (3001, 3002, 3003):
            nursery.start_soon(aclose, ws, code)
    assert states == [WebSocket.CLOSED] * 3
    assert harness.peer.close_code == 3000


async def aclose_first(ws: WebSocket, nursery: trio.Nursery) -> None:
    nursery.start_soon(ws.aclose, 3000)
    await trio.lowlevel.checkpoint()


async def test_a_cancelled_aclose_bounds_the_close_for_all_who_wait(
    harness: ScopeHarness, clock: object
) -> None:
    async with open_websocket(harness.url, **harness.hire(answers=False)) as ws:
        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ws.aclose)
            with trio.move_on_after(0.01):
                await ws.aclose()
        took = trio.current_time() - start
    assert close_event(ws).code == 1006
    assert took < harness.bounds["close_timeout"]


async def test_an_async_listener_may_await_the_end_of_its_own_socket(
    harness: ScopeHarness, clock: object
) -> None:
    done: list[int] = []

    async with open_websocket(harness.url, **harness.hire(HELLO)) as ws:

        async def listener(event: object) -> None:
            await ws.aclose(3001)
            done.append(ws.readyState)

        ws.onmessage = listener
        await ws.wait_closed()
    assert done == [WebSocket.CLOSED]
    assert harness.peer.close_code == 3001


async def test_receive_raises_when_the_block_is_left(harness: ScopeHarness, clock: object) -> None:
    caught: list[trio.ClosedResourceError] = []

    async def receive(ws: WebSocket) -> None:
        with pytest.raises(trio.ClosedResourceError) as raised:
            await ws.receive()
        caught.append(raised.value)

    async with trio.open_nursery() as nursery:
        async with open_websocket(harness.url, **harness.hire()) as ws:
            nursery.start_soon(receive, ws)
            await trio.testing.wait_all_tasks_blocked(0.005)
        assert ws.readyState == WebSocket.CLOSED
    assert len(caught) == 1
    assert harness.peer.close_code == 1000


async def test_drain_returns_when_the_block_is_left_and_all_was_sent(
    harness: ScopeHarness, clock: object
) -> None:
    done: list[int] = []

    async def drain(ws: WebSocket) -> None:
        await ws.drain()
        done.append(ws.bufferedAmount)

    async with trio.open_nursery() as nursery:
        async with open_websocket(harness.url, **harness.hire()) as ws:
            ws.send(b"x" * 100_000)
            nursery.start_soon(drain, ws)
    assert done == [0]


async def test_drain_raises_when_the_socket_is_closed_with_bytes_not_sent(
    harness: ScopeHarness, clock: object
) -> None:
    caught: list[WebSocketError] = []

    async def drain(ws: WebSocket) -> None:
        with pytest.raises(WebSocketError) as raised:
            await ws.drain()
        caught.append(raised.value)

    async with trio.open_nursery() as nursery:
        async with open_websocket(harness.url, **harness.hire()) as ws:
            ws.close()
            ws.send("counted, not sent")
            nursery.start_soon(drain, ws)
    assert caught[0].closeCode == 1005


async def test_a_socket_made_in_a_cancelled_nursery_ends_with_nothing_on_the_wire(
    harness: ScopeHarness, clock: object
) -> None:
    async with trio.open_nursery() as nursery:
        nursery.cancel_scope.cancel()
        ws = WebSocket(harness.url, nursery=nursery, stream=trio.testing.memory_stream_pair()[0])
        recorder = EventRecorder(ws)
    recorder.check()
    assert recorder.events == ["error", "close"]


async def test_open_websocket_in_a_cancelled_scope_does_not_enter_the_block(
    harness: ScopeHarness, clock: object
) -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        async with open_websocket(harness.url, stream=trio.testing.memory_stream_pair()[0]):
            raise AssertionError("the block was entered")
    assert scope.cancelled_caught


async def test_a_socket_made_in_a_closed_nursery_is_refused_at_once(
    harness: ScopeHarness, clock: object
) -> None:
    async with trio.open_nursery() as nursery:
        pass
    with pytest.raises(RuntimeError):
        WebSocket(harness.url, nursery=nursery, stream=trio.testing.memory_stream_pair()[0])


async def test_system_exit_sends_1001_and_comes_out_bare(
    harness: ScopeHarness, clock: object
) -> None:
    with pytest.raises(SystemExit) as caught:
        async with open_websocket(harness.url, **harness.hire()):
            sys.exit(3)
    assert caught.value.code == 3
    assert harness.peer.close_code == 1001


async def test_ctrl_c_does_not_leave_a_message_half_given_up(
    harness: ScopeHarness, clock: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    protected: list[bool] = []

    def refuse(writable: WebSocketWritable) -> None:
        protected.append(currently_ki_protected())
        refuse_sending(writable)

    monkeypatch.setattr(_writable, "refuse_sending", refuse)

    async def fragments() -> AsyncIterator[str]:
        yield "one"
        raise OSError("no more")

    async with open_websocket_stream(harness.url, **harness.hire()) as stream:
        with pytest.raises(OSError, match="no more"):
            await stream.writable.send_fragments(fragments())
    assert protected[0]
    assert harness.peer.close_code == 1001
