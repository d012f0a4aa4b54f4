"""``close()``, ``aclose()``, ``wait_closed()`` and ``async with`` of the bare socket."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.peer import CLOSE, Frame, Peer, close
from support.world import MemoryWorld

from trio_ws_dom import DOMException, WebSocket


async def accepted(nursery: trio.Nursery, **options: Any) -> tuple[WebSocket, Peer]:
    """A socket by the bare constructor, OPEN, and its peer."""
    world = MemoryWorld()
    ws = WebSocket(world.url, nursery=nursery, **world.options(**options))
    peer = await world.peer()
    await peer.accept()
    await trio.testing.wait_all_tasks_blocked()
    return ws, peer


@pytest.mark.parametrize("code", [0, 999, 1001, 1005, 1006, 1015, 2999, 5000, -1, 65535 + 1000])
async def test_codes_refused(code: int, nursery: trio.Nursery, autojump_clock: Any) -> None:
    """InvalidAccessError, and nothing has happened."""
    ws, _ = await accepted(nursery)
    with pytest.raises(DOMException) as caught:
        ws.close(code)
    assert (caught.value.name, ws.readyState) == ("InvalidAccessError", WebSocket.OPEN)


@pytest.mark.parametrize("code", [1000, 3000, 4999])
async def test_codes_taken(code: int, nursery: trio.Nursery, autojump_clock: Any) -> None:
    """They stand in the Close frame, with the reason."""
    ws, peer = await accepted(nursery)
    ws.close(code, "bye")
    assert ws.readyState == WebSocket.CLOSING
    assert await peer.next() == Frame(CLOSE, code.to_bytes(2, "big") + b"bye")


@pytest.mark.parametrize("reason", ["x" * 124, "ä" * 62, "\ud800" * 42])
async def test_reason_too_long(reason: str, nursery: trio.Nursery, autojump_clock: Any) -> None:
    """More than 123 bytes of UTF-8 are a SyntaxError; lone surrogates count as U+FFFD."""
    ws, _ = await accepted(nursery)
    with pytest.raises(DOMException) as caught:
        ws.close(1000, reason)
    assert (caught.value.name, ws.readyState) == ("SyntaxError", WebSocket.OPEN)


@pytest.mark.parametrize("reason", ["x" * 123, "ä" * 61, "\ud800" * 41])
async def test_longest_reason(reason: str, nursery: trio.Nursery, autojump_clock: Any) -> None:
    """123 bytes fit."""
    ws, peer = await accepted(nursery)
    ws.close(1000, reason)
    got = await peer.next()
    assert got == Frame(CLOSE, b"\x03\xe8" + reason.replace("\ud800", "\ufffd").encode())


async def test_checks_come_first(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Bad arguments raise in any state, also in CLOSED, where close() does nothing else."""
    ws, peer = await accepted(nursery)
    await peer.stream.aclose()
    await ws.wait_closed()
    with pytest.raises(DOMException):
        ws.close(1001)
    ws.close(1000)
    assert ws.closeEvent.code == 1006


async def test_close_without_arguments(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The Close has no body, and the event says 1005 if the peer's has none either."""
    ws, peer = await accepted(nursery)
    ws.close()
    assert await peer.next() == Frame(CLOSE, b"")
    await peer.send(close())
    await peer.stream.aclose()
    event = await ws.wait_closed()
    assert (event.code, event.reason, event.wasClean) == (1005, "", True)


async def test_a_second_close_changes_nothing(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The first one's code stands."""
    ws, peer = await accepted(nursery)
    ws.close(3001)
    ws.close(3002)
    nursery.start_soon(peer.finish)
    assert (await ws.wait_closed()).code == 3001
    assert peer.close_code == 3001


async def test_close_is_behind_what_is_queued(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Messages sent before close() go out before the Close, even megabytes of them."""
    ws, peer = await accepted(nursery)
    for _ in range(10):
        ws.send(b"x" * 300_000)
    ws.close(1000)
    nursery.start_soon(peer.finish)
    assert (await ws.wait_closed()).wasClean
    assert [len(got.payload) for got in peer.frames] == [300_000] * 10 + [2]


async def test_close_while_connecting(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """CLOSING at once; later, never inside the call, ``error`` and an unclean ``close``."""
    world = MemoryWorld()
    ws = WebSocket(world.url, nursery=nursery, **world.options())
    calls: list[str] = []
    for name in ("open", "error", "close"):
        ws.addEventListener(name, lambda event: calls.append(event.type))
    ws.close(3000, "no")
    assert (ws.readyState, calls) == (WebSocket.CLOSING, [])
    event = await ws.wait_closed()
    assert calls == ["error", "close"]
    assert (event.code, event.reason, event.wasClean) == (1006, "", False)


async def test_nothing_is_dispatched_inside_close(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The event comes at a checkpoint after it, and only when TCP is gone."""
    ws, peer = await accepted(nursery)
    calls: list[str] = []
    ws.onclose = lambda event: calls.append("close")
    await peer.send(close(1000))
    ws.close()
    assert calls == []
    await trio.testing.wait_all_tasks_blocked()
    assert (calls, ws.readyState) == ([], WebSocket.CLOSING)
    await peer.stream.aclose()
    await ws.wait_closed()
    assert calls == ["close"]


async def test_aclose(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It says 1000 by default, and returns in CLOSED."""
    ws, peer = await accepted(nursery)
    nursery.start_soon(peer.finish)
    await ws.aclose()
    assert (ws.readyState, ws.closeEvent.code, peer.close_code) == (WebSocket.CLOSED, 1000, 1000)


async def test_aclose_with_code_and_reason(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """As close() takes them; None sends a Close without body."""
    ws, peer = await accepted(nursery)
    with pytest.raises(DOMException):
        await ws.aclose(1001)
    assert ws.readyState == WebSocket.OPEN
    nursery.start_soon(peer.finish)
    await ws.aclose(3003, "why")
    assert peer.frames == [Frame(CLOSE, b"\x0b\xbbwhy")]


async def test_aclose_cancelled(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A silent peer has ``cancelled_close_timeout`` from the cancellation on; it is CLOSED then."""
    ws, _ = await accepted(nursery, close_timeout=10, cancelled_close_timeout=1)
    start = trio.current_time()
    with trio.move_on_after(3) as scope:
        await ws.aclose()
    assert scope.cancelled_caught
    assert ws.readyState == WebSocket.CLOSED
    assert trio.current_time() - start == pytest.approx(4)


async def test_aclose_called_under_cancellation(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It says goodbye nevertheless."""
    ws, peer = await accepted(nursery)
    nursery.start_soon(peer.finish)
    with trio.CancelScope() as scope:
        scope.cancel()
        await ws.aclose()
    assert scope.cancelled_caught
    assert (ws.closeEvent.wasClean, peer.close_code) == (True, 1000)


async def test_aclose_again_is_a_checkpoint(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A second call finds all done, but lets other tasks run."""
    ws, peer = await accepted(nursery)
    nursery.start_soon(peer.finish)
    await ws.aclose()
    with trio.testing.assert_checkpoints():
        await ws.aclose()


async def test_wait_closed_is_a_checkpoint(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Also when there is nothing to wait for; it gives the same event again."""
    ws, peer = await accepted(nursery)
    nursery.start_soon(peer.finish)
    await ws.aclose()
    with trio.testing.assert_checkpoints():
        assert await ws.wait_closed() is ws.closeEvent


async def test_wait_closed_cancelled(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Nothing has changed then."""
    ws, _ = await accepted(nursery)
    with trio.move_on_after(1) as scope:
        await ws.wait_closed()
    assert scope.cancelled_caught
    assert ws.readyState == WebSocket.OPEN


async def test_async_with(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The block's end closes with 1000, and it is CLOSED behind it."""
    ws, peer = await accepted(nursery)
    nursery.start_soon(peer.finish)
    async with ws as same:
        assert same is ws
    assert (ws.readyState, peer.close_code) == (WebSocket.CLOSED, 1000)


async def test_async_with_an_exception(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """1001, and the exception comes out as it is."""
    ws, peer = await accepted(nursery)
    nursery.start_soon(peer.finish)
    boom = ValueError("boom")
    with pytest.raises(ValueError, match="boom") as caught:
        async with ws:
            raise boom
    assert caught.value is boom
    assert peer.close_code == 1001


async def test_async_with_under_cancellation(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """1001, also where the block ended without having noticed."""
    ws, peer = await accepted(nursery)
    nursery.start_soon(peer.finish)
    with trio.CancelScope() as scope:
        async with ws:
            scope.cancel()
    assert scope.cancelled_caught
    assert peer.close_code == 1001
