"""The server's end of connections that fail, as derived from what trio-websocket reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.checked import close_event
from support.frames import BINARY, TEXT
from support.raw_client import RawClient, masked, masked_close

from trio_ws_dom import WebSocketError, accept_websocket

from .conftest import handle_stream

if TYPE_CHECKING:
    from trio_websocket import WebSocketRequest

    from trio_ws_dom import WebSocket

    from .conftest import AcceptHarness


async def wait(ws: WebSocket) -> None:
    """A block that ends with the connection."""
    await ws.wait_closed()


async def test_broken_frame_is_error_and_1006(harness: AcceptHarness, clock: object) -> None:
    """trio-websocket hangs up, which is ``error`` and 1006 with a failure that names the fault."""

    async def part(client: RawClient) -> None:
        await client.send(b"\xff" * 10)
        await client.read_to_end()

    await harness.play(wait, part)
    assert harness.recorder.events == ["error", "close"]
    assert harness.code == (1006, False)
    assert "Invalid opcode" in str(harness.ws.failure)


async def test_bad_utf8_is_error_and_1006(harness: AcceptHarness, clock: object) -> None:
    """A text message that is not UTF-8 is ``error`` and 1006."""

    async def part(client: RawClient) -> None:
        await client.send(masked(TEXT, b"\xff"))
        await client.read_to_end()

    await harness.play(wait, part)
    assert harness.recorder.events == ["error", "close"]
    assert "1007" in str(harness.ws.failure)


async def test_message_too_big(harness: AcceptHarness, clock: object) -> None:
    """Beyond ``max_message_size`` of ``serve_websocket`` the client sees 1009, and we an error."""

    async def part(client: RawClient) -> None:
        await client.send(masked(BINARY, b"x" * (2**20 + 1)))
        await client.finish()

    await harness.play(wait, part)
    assert harness.client.close_code == 1009
    assert harness.recorder.events == ["error", "close"]
    assert "Exceeded maximum message size" in str(harness.ws.failure)


@pytest.mark.parametrize(
    ("code", "reason"),
    [(1002, ""), (1007, ""), (1009, ""), (1009, "over size limit"), (1011, "oops")],
)
async def test_client_fails_the_connection(
    harness: AcceptHarness, clock: object, code: int, reason: str
) -> None:
    """The codes with which trio-websocket fails are clean closes if the client sent them."""

    async def part(client: RawClient) -> None:
        await client.send(masked_close(code, reason))
        await client.read_to_end()

    await harness.play(wait, part)
    assert harness.code == (code, True)
    assert close_event(harness.ws).reason == reason


async def test_garbage_for_an_answer(harness: AcceptHarness, clock: object) -> None:
    """The client breaks a rule instead of answering our Close."""

    async def part(client: RawClient) -> None:
        await client.read_to_close()
        await client.send(b"\xff" * 10)
        await client.read_to_end()

    async def leave(ws: WebSocket) -> None:
        pass

    await harness.play(leave, part)
    assert harness.recorder.events == ["error", "close"]
    assert harness.code == (1006, False)


async def test_full_buffer_is_error_and_1006(harness: AcceptHarness, clock: object) -> None:
    """Beyond ``max_buffered_amount`` comes ``error`` and 1006 without a Close, and TCP ends at
    once."""

    async def block(ws: WebSocket) -> None:
        ws.send("x" * 10)
        ws.send("x" * 10)
        assert ws.bufferedAmount == 20
        ws.send("x")
        assert ws.readyState == ws.CLOSING
        await ws.wait_closed()

    await harness.play(block, RawClient.read_to_end, max_buffered_amount=20)
    assert harness.recorder.events == ["error", "close"]
    assert harness.client.close_code is None
    assert "max_buffered_amount" in str(harness.ws.failure)
    assert harness.ws.bufferedAmount > 0


async def test_lost_while_no_message_is_consumed(harness: AcceptHarness, clock: object) -> None:
    """A program that only sends, and has not consumed messages, learns of the loss in time."""

    async def block(ws: WebSocket) -> None:
        while True:
            ws.send("still there?")
            await ws.drain()
            await trio.sleep(0.01)

    async def part(client: RawClient) -> None:
        await client.send(masked(TEXT, b"unread"))
        await trio.sleep(0.03)

    await harness.play(block, part)
    assert isinstance(harness.raised, WebSocketError)
    assert harness.code == (1006, False)


async def test_gone_before_it_was_accepted(autojump_clock: Any) -> None:
    """A client that hangs up before its request is answered is a WebSocketError, and nothing
    opens."""
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
            await RawClient(ours).call()
