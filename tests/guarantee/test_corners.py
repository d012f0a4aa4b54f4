"""Corners: unusual things that a program may do, each with a defined result."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing
from support.frames import TEXT, frame
from support.scope_harness import ScopeHarness
from support.transports import EventRecorder
from trio.lowlevel import currently_ki_protected

from trio_ws_dom import WebSocket, WebSocketError, open_websocket, open_websocket_stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HELLO = frame(TEXT, b"hello")


async def test_nursery_cancelled_from_a_listener(harness: ScopeHarness, clock: object) -> None:
    """A listener that cancels the bare socket's nursery: 1001, and clean."""
    async with trio.open_nursery() as nursery:
        ws = WebSocket(harness.url, nursery=nursery, **harness.hire(HELLO))
        recorder = EventRecorder(ws)
        ws.onmessage = lambda event: nursery.cancel_scope.cancel()
    recorder.check()
    assert harness.peer.close_code == 1001
    assert ws.closeEvent.wasClean


async def test_scope_cancelled_from_a_listener(harness: ScopeHarness, clock: object) -> None:
    """The same for the scope around an open_websocket."""
    with trio.CancelScope() as scope:
        async with open_websocket(harness.url, **harness.hire(HELLO)) as ws:
            ws.onmessage = lambda event: scope.cancel()
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert harness.peer.close_code == 1001
    assert ws.closeEvent.wasClean


async def test_many_aclose(harness: ScopeHarness, clock: object) -> None:
    """aclose() from several tasks at once: one Close, the first one's; all wait until CLOSED."""
    states = []

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


async def test_aclose_of_which_one_is_cancelled(harness: ScopeHarness, clock: object) -> None:
    """One of the waiting tasks is cancelled: the close is hurried, for all of them."""
    async with open_websocket(harness.url, **harness.hire(answers=False)) as ws:
        start = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ws.aclose)
            with trio.move_on_after(0.01):
                await ws.aclose()
        took = trio.current_time() - start
    assert ws.closeEvent.code == 1006
    assert took < harness.bounds["close_timeout"]


async def test_aclose_in_an_async_listener(harness: ScopeHarness, clock: object) -> None:
    """A listener may await the end of its own socket: close is dispatched by another task."""
    done = []

    async with open_websocket(harness.url, **harness.hire(HELLO)) as ws:

        async def listener(event: object) -> None:
            await ws.aclose(3001)
            done.append(ws.readyState)

        ws.onmessage = listener
        await ws.wait_closed()
    assert done == [WebSocket.CLOSED]
    assert harness.peer.close_code == 3001


async def test_exit_while_another_task_receives(harness: ScopeHarness, clock: object) -> None:
    """A task blocked in receive() when the block is left: ClosedResourceError."""
    caught = []

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


async def test_exit_while_another_task_drains(harness: ScopeHarness, clock: object) -> None:
    """A task in drain() when the block is left comes back once all has left."""
    done = []

    async def drain(ws: WebSocket) -> None:
        await ws.drain()
        done.append(ws.bufferedAmount)

    async with trio.open_nursery() as nursery:
        async with open_websocket(harness.url, **harness.hire()) as ws:
            ws.send(b"x" * 100_000)
            nursery.start_soon(drain, ws)
    assert done == [0]


async def test_drain_of_a_socket_that_breaks(harness: ScopeHarness, clock: object) -> None:
    """A task in drain() is told when the socket is closed with bytes not sent."""
    caught = []

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


async def test_made_in_a_cancelled_nursery(harness: ScopeHarness, clock: object) -> None:
    """A socket in a nursery that is cancelled already: error and close, and nothing on the wire."""
    async with trio.open_nursery() as nursery:
        nursery.cancel_scope.cancel()
        ws = WebSocket(harness.url, nursery=nursery, stream=trio.testing.memory_stream_pair()[0])
        recorder = EventRecorder(ws)
    recorder.check()
    assert recorder.events == ["error", "close"]


async def test_opened_in_a_cancelled_scope(harness: ScopeHarness, clock: object) -> None:
    """open_websocket() under cancellation: Cancelled, and the block is not entered."""
    with trio.CancelScope() as scope:
        scope.cancel()
        async with open_websocket(harness.url, stream=trio.testing.memory_stream_pair()[0]):
            raise AssertionError("the block was entered")
    assert scope.cancelled_caught


async def test_made_in_a_closed_nursery(harness: ScopeHarness, clock: object) -> None:
    """A socket in a nursery that is over: RuntimeError, at once."""
    async with trio.open_nursery() as nursery:
        pass
    with pytest.raises(RuntimeError):
        WebSocket(harness.url, nursery=nursery, stream=trio.testing.memory_stream_pair()[0])


async def test_base_exceptions(harness: ScopeHarness, clock: object) -> None:
    """SystemExit in the block: 1001, and it comes out bare."""
    with pytest.raises(SystemExit) as caught:
        async with open_websocket(harness.url, **harness.hire()):
            sys.exit(3)
    assert caught.value.code == 3
    assert harness.peer.close_code == 1001


async def test_message_given_up_under_ctrl_c(harness: ScopeHarness, clock: object) -> None:
    """Ctrl-C that comes while a message is given up does not leave it half given up."""
    protected = []

    async def fragments() -> AsyncIterator[str]:
        yield "one"
        raise OSError("no more")

    async with open_websocket_stream(harness.url, **harness.hire()) as stream:
        ended = stream.writable.end
        stream.writable.end = lambda: (protected.append(currently_ki_protected()), ended())
        with pytest.raises(OSError, match="no more"):
            await stream.writable.send_fragments(fragments())
    assert protected[0]
    assert harness.peer.close_code == 1001
