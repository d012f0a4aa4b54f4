"""``close()``, ``aclose()``, ``wait_closed()`` and ``async with`` of the bare socket."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.checked import close_event
from support.fake_server import Accepted, begin
from support.frames import close
from support.opened import socket_and_peer

from trio_ws_dom import DOMException, WebSocket
from trio_ws_dom.testing import FakeServer


@pytest.mark.parametrize("code", [0, 999, 1001, 1005, 1006, 1015, 2999, 5000, -1, 65535 + 1000])
async def test_other_codes_are_refused(code: int, accepted: Accepted, autojump_clock: Any) -> None:
    """They are an InvalidAccessError without an effect."""
    ws, _ = await accepted()
    with pytest.raises(DOMException) as caught:
        ws.close(code)
    assert (caught.value.name, ws.readyState) == ("InvalidAccessError", WebSocket.OPEN)


@pytest.mark.parametrize("code", [1000, 3000, 4999])
async def test_codes_are_in_the_close_frame(
    code: int, accepted: Accepted, autojump_clock: Any
) -> None:
    """The Close frame has them, with the reason."""
    ws, connection = await accepted()
    ws.close(code, "bye")
    assert ws.readyState == WebSocket.CLOSING
    await connection.wait_closed()
    assert (connection.closeCode, connection.reason) == (code, "bye")


@pytest.mark.parametrize("reason", ["x" * 124, "ä" * 62, "\ud800" * 42])
async def test_reason_too_long(reason: str, accepted: Accepted, autojump_clock: Any) -> None:
    """More than 123 bytes of UTF-8 are a SyntaxError, where lone surrogates count as U+FFFD."""
    ws, _ = await accepted()
    with pytest.raises(DOMException) as caught:
        ws.close(1000, reason)
    assert (caught.value.name, ws.readyState) == ("SyntaxError", WebSocket.OPEN)


@pytest.mark.parametrize("reason", ["x" * 123, "ä" * 61, "\ud800" * 41])
async def test_longest_reason_fits(reason: str, accepted: Accepted, autojump_clock: Any) -> None:
    ws, connection = await accepted()
    ws.close(1000, reason)
    await connection.wait_closed()
    assert connection.reason == reason.replace("\ud800", "\ufffd")


async def test_checks_come_first(accepted: Accepted, autojump_clock: Any) -> None:
    """Bad arguments raise in any state, also in CLOSED, where close() does nothing else."""
    ws, connection = await accepted()
    await connection.drop()
    await ws.wait_closed()
    with pytest.raises(DOMException):
        ws.close(1001)
    ws.close(1000)
    assert close_event(ws).code == 1006


async def test_close_without_arguments(accepted: Accepted, autojump_clock: Any) -> None:
    """The Close has no code, and the event has 1005 as the server's has none, either."""
    ws, connection = await accepted()
    ws.close()
    event = await ws.wait_closed()
    assert connection.closeCode == 1005
    assert (event.code, event.reason, event.wasClean) == (1005, "", True)


async def test_a_second_close_changes_nothing(accepted: Accepted, autojump_clock: Any) -> None:
    """The first one's code is used."""
    ws, connection = await accepted()
    ws.close(3001)
    ws.close(3002)
    assert (await ws.wait_closed()).code == 3001
    assert connection.closeCode == 3001


async def test_close_is_after_what_is_queued(accepted: Accepted, autojump_clock: Any) -> None:
    """Messages sent before close() are sent before the Close, even megabytes of them."""
    ws, connection = await accepted()
    for _ in range(10):
        ws.send(b"x" * 300_000)
    ws.close(1000)
    assert (await ws.wait_closed()).wasClean
    assert list(map(len, connection.sent)) == [300_000] * 10


async def test_close_while_connecting(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """It is CLOSING at once, and ``error`` and an unclean ``close`` come later, never in the
    call."""
    ws = WebSocket(server.url, nursery=nursery)
    calls: list[str] = []
    for name in ("open", "error", "close"):
        ws.addEventListener(name, lambda event: calls.append(event.type))
    ws.close(3000, "no")
    assert (ws.readyState, calls) == (WebSocket.CLOSING, [])
    event = await ws.wait_closed()
    assert calls == ["error", "close"]
    assert (event.code, event.reason, event.wasClean) == (1006, "", False)


async def test_aclose_sends_1000(accepted: Accepted, autojump_clock: Any) -> None:
    """It sends 1000 by default, and returns in CLOSED."""
    ws, connection = await accepted()
    await ws.aclose()
    assert ws.readyState == WebSocket.CLOSED
    assert (close_event(ws).code, connection.closeCode) == (1000, 1000)


async def test_aclose_with_code_and_reason(accepted: Accepted, autojump_clock: Any) -> None:
    """They are as for close(), and None sends a Close without body."""
    ws, connection = await accepted()
    with pytest.raises(DOMException):
        await ws.aclose(1001)
    assert ws.readyState == WebSocket.OPEN
    await ws.aclose(3003, "why")
    assert (connection.closeCode, connection.reason) == (3003, "why")


async def test_cancelled_aclose_is_bounded(accepted: Accepted, autojump_clock: Any) -> None:
    """A silent peer has ``cancelled_close_timeout`` from the cancellation, then it is CLOSED."""
    ws, connection = await accepted(close_timeout=10, cancelled_close_timeout=1)
    connection.stall()
    start = trio.current_time()
    with trio.move_on_after(3) as scope:
        await ws.aclose()
    assert scope.cancelled_caught
    assert ws.readyState == WebSocket.CLOSED
    assert trio.current_time() - start == pytest.approx(4)


async def test_aclose_called_under_cancellation(accepted: Accepted, autojump_clock: Any) -> None:
    """It sends a Close nevertheless."""
    ws, connection = await accepted()
    with trio.CancelScope() as scope:
        scope.cancel()
        await ws.aclose()
    assert scope.cancelled_caught
    assert (close_event(ws).wasClean, connection.closeCode) == (True, 1000)


async def test_aclose_again_is_a_checkpoint(accepted: Accepted, autojump_clock: Any) -> None:
    """A second call finds all done, but lets other tasks run."""
    ws, _ = await accepted()
    await ws.aclose()
    with trio.testing.assert_checkpoints():
        await ws.aclose()


async def test_wait_closed_is_a_checkpoint(accepted: Accepted, autojump_clock: Any) -> None:
    """It is one also without anything to wait for, and it returns the same event again."""
    ws, _ = await accepted()
    await ws.aclose()
    with trio.testing.assert_checkpoints():
        assert await ws.wait_closed() is ws.closeEvent


async def test_wait_closed_cancelled(accepted: Accepted, autojump_clock: Any) -> None:
    """Nothing has changed then."""
    ws, _ = await accepted()
    with trio.move_on_after(1) as scope:
        await ws.wait_closed()
    assert scope.cancelled_caught
    assert ws.readyState == WebSocket.OPEN


async def test_async_with_closes_with_1000(accepted: Accepted, autojump_clock: Any) -> None:
    """The block's end closes with 1000, and it is CLOSED after it."""
    ws, connection = await accepted()
    async with ws as same:
        assert same is ws
    assert (ws.readyState, connection.closeCode) == (WebSocket.CLOSED, 1000)


async def test_async_with_an_exception(accepted: Accepted, autojump_clock: Any) -> None:
    """The close is 1001, and the exception comes out as it is."""
    ws, connection = await accepted()
    boom = ValueError("boom")
    with pytest.raises(ValueError, match="boom") as caught:
        async with ws:
            raise boom
    assert caught.value is boom
    assert connection.closeCode == 1001


async def test_async_with_under_cancellation(accepted: Accepted, autojump_clock: Any) -> None:
    """The close is 1001, also where the block ended without having noticed."""
    ws, connection = await accepted()
    with trio.CancelScope() as scope:
        async with ws:
            scope.cancel()
    assert scope.cancelled_caught
    assert connection.closeCode == 1001


async def test_no_end_between_close_frame_and_close_event(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """While the server has not ended TCP, a receiver waits, though no message can come."""
    ws, peer = await socket_and_peer(nursery)
    await begin(ws)
    await peer.send(close(1000))
    await trio.testing.wait_all_tasks_blocked()
    with trio.move_on_after(1) as scope:
        await ws.receive()
    assert scope.cancelled_caught
    assert ws.readyState == WebSocket.CLOSING


async def test_nothing_is_dispatched_inside_close(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The event comes at a checkpoint after it, and only when TCP is gone."""
    ws, peer = await socket_and_peer(nursery)
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


async def test_buffered_amount_of_an_unclean_end(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Bytes that will never be sent stay counted."""
    ws, peer = await socket_and_peer(nursery, pair=trio.testing.lockstep_stream_pair())
    ws.send(b"x" * 100)
    await trio.testing.wait_all_tasks_blocked()
    await trio.aclose_forcefully(peer.stream)
    await ws.wait_closed()
    assert (close_event(ws).code, ws.bufferedAmount) == (1006, 100)
