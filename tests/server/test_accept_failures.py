"""The server's end of connections that fail: what is ours to tell from trio-websocket's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.peer import BINARY, TEXT

from trio_ws_dom import WebSocketError, accept_websocket

from .caller import Caller, close, masked
from .conftest import handle_stream

if TYPE_CHECKING:
    from trio_websocket import WebSocketRequest

    from trio_ws_dom import WebSocket

    from .conftest import Scene


async def wait(ws: WebSocket) -> None:
    """A block that ends with the connection."""
    await ws.wait_closed()


async def test_broken_frame(scene: Scene, clock: object) -> None:
    """trio-websocket hangs up: ``error``, then 1006, and the failure says what was wrong."""

    async def part(caller: Caller) -> None:
        await caller.send(b"\xff" * 10)
        await caller.read_to_end()

    await scene.play(wait, part)
    assert scene.witness.events == ["error", "close"]
    assert scene.code == (1006, False)
    assert "Invalid opcode" in str(scene.ws.failure)


async def test_bad_utf8(scene: Scene, clock: object) -> None:
    """A text message that is none, likewise."""

    async def part(caller: Caller) -> None:
        await caller.send(masked(TEXT, b"\xff"))
        await caller.read_to_end()

    await scene.play(wait, part)
    assert scene.witness.events == ["error", "close"]
    assert "1007" in str(scene.ws.failure)


async def test_message_too_big(scene: Scene, clock: object) -> None:
    """``serve_websocket`` has a ``max_message_size``: the client is told 1009; an error here."""

    async def part(caller: Caller) -> None:
        await caller.send(masked(BINARY, b"x" * (2**20 + 1)))
        await caller.finish()

    await scene.play(wait, part)
    assert scene.caller.close_code == 1009
    assert scene.witness.events == ["error", "close"]
    assert "Exceeded maximum message size" in str(scene.ws.failure)


@pytest.mark.parametrize(
    ("code", "reason"),
    [(1002, ""), (1007, ""), (1009, ""), (1009, "over size limit"), (1011, "oops")],
)
async def test_client_fails_the_connection(
    scene: Scene, clock: object, code: int, reason: str
) -> None:
    """The codes that trio-websocket fails with are clean closes where the client sent them."""

    async def part(caller: Caller) -> None:
        await caller.send(close(code, reason))
        await caller.read_to_end()

    await scene.play(wait, part)
    assert scene.code == (code, True)
    assert scene.ws.closeEvent.reason == reason


async def test_garbage_for_an_answer(scene: Scene, clock: object) -> None:
    """The client breaks a rule in place of answering our Close."""

    async def part(caller: Caller) -> None:
        await caller.read_to_close()
        await caller.send(b"\xff" * 10)
        await caller.read_to_end()

    async def leave(ws: WebSocket) -> None:
        pass

    await scene.play(leave, part)
    assert scene.witness.events == ["error", "close"]
    assert scene.code == (1006, False)


async def test_full(scene: Scene, clock: object) -> None:
    """``max_buffered_amount``: ``error`` and 1006, no Close, and TCP is ended at once."""

    async def block(ws: WebSocket) -> None:
        ws.send("x" * 10)
        ws.send("x" * 10)
        assert ws.bufferedAmount == 20
        ws.send("x")
        assert ws.readyState == ws.CLOSING
        await ws.wait_closed()

    await scene.play(block, Caller.read_to_end, max_buffered_amount=20)
    assert scene.witness.events == ["error", "close"]
    assert scene.caller.close_code is None
    assert "max_buffered_amount" in str(scene.ws.failure)
    assert scene.ws.bufferedAmount > 0


async def test_lost_while_nobody_looks(scene: Scene, clock: object) -> None:
    """A program that only sends, and has not looked at messages, hears of the loss in time."""

    async def block(ws: WebSocket) -> None:
        while True:
            ws.send("still there?")
            await ws.drain()
            await trio.sleep(0.01)

    async def part(caller: Caller) -> None:
        await caller.send(masked(TEXT, b"unread"))
        await trio.sleep(0.03)

    await scene.play(block, part)
    assert isinstance(scene.raised, WebSocketError)
    assert scene.code == (1006, False)


async def test_gone_before_it_was_accepted(autojump_clock: Any) -> None:
    """A client that hangs up before its request is answered: a WebSocketError, nothing opened."""
    ours, theirs = trio.testing.memory_stream_pair()

    async def handle(request: WebSocketRequest) -> None:
        await theirs.aclose()
        with pytest.raises(WebSocketError, match="the client was gone") as caught:
            async with accept_websocket(request):
                raise AssertionError("the block is not entered")
        assert caught.value.closeCode == 1006

    async with trio.open_nursery() as nursery:
        nursery.start_soon(handle_stream, handle, theirs)
        with pytest.raises(AssertionError, match="went away"):
            await Caller(ours).call()
