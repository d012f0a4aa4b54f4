"""The guarantee's rows for the server's end, by how the scope is left and what the client sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing
from support.checked import close_event, members, not_none
from support.frames import CLOSE, PING, TEXT
from support.peer import Frame
from support.raw_client import RawClient, masked, masked_close
from support.transports import count_files, count_tasks

from trio_ws_dom import WebSocket, accept_websocket

from .conftest import SHORT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from trio_websocket import WebSocketRequest

    from .conftest import AcceptHarness


async def leave(ws: WebSocket) -> None:
    """A block that ends at once."""


def cancelled_soon(harness: AcceptHarness) -> Callable[[WebSocket], Awaitable[None]]:
    """A block that never ends, and is cancelled."""

    async def block(ws: WebSocket) -> None:
        harness.scope.deadline = trio.current_time() + 0.05
        await trio.sleep_forever()

    return block


async def test_block_ends_with_1000(harness: AcceptHarness, clock: object) -> None:
    """The end of the block closes cleanly with 1000, after all that was queued."""

    async def block(ws: WebSocket) -> None:
        for number in range(20):
            ws.send(f"{number}")

    await harness.play(block)
    assert harness.client.payloads == [b"%d" % number for number in range(20)]
    assert harness.client.close_code == 1000
    assert harness.code == (1000, True)
    assert harness.recorder.events == ["close"]


async def test_block_raises_with_1001(harness: AcceptHarness, clock: object) -> None:
    """An exception in the block closes with 1001, and comes out as the same object with its
    context."""
    context, boom = KeyError("context"), ValueError("boom")

    async def block(ws: WebSocket) -> None:
        try:
            raise context
        except KeyError:
            raise boom  # noqa: B904  # the implicit context is what the test checks

    await harness.play(block)
    assert harness.raised is boom
    assert boom.__context__ is context
    assert harness.client.close_code == 1001
    assert harness.code == (1001, True)


async def test_listener_raises_with_1001(harness: AcceptHarness, clock: object) -> None:
    """A listener's exception closes with 1001, cancels the block, and comes out in a group."""
    boom = ValueError("boom")

    async def block(ws: WebSocket) -> None:
        async def listener(event: object) -> None:
            raise boom

        ws.onmessage = listener
        await trio.sleep_forever()

    async def part(client: RawClient) -> None:
        await client.send(masked(TEXT, b"hello"))
        await client.finish()

    await harness.play(block, part)
    assert members(harness.raised) == (boom,)
    assert harness.client.close_code == 1001


async def test_cancelled_with_1001(harness: AcceptHarness, clock: object) -> None:
    """A cancelled block closes cleanly with 1001, after what it sends on its way out."""

    async def block(ws: WebSocket) -> None:
        harness.scope.deadline = trio.current_time() + 0.05
        try:
            await trio.sleep_forever()
        finally:
            ws.send("goodbye")

    await harness.play(block)
    assert harness.scope.cancelled_caught
    assert harness.client.payloads == [b"goodbye"]
    assert harness.client.close_code == 1001
    assert harness.code == (1001, True)


async def test_cancelled_before_the_block(harness: AcceptHarness, clock: object) -> None:
    """The client gets the whole answer and then 1001, and the block is not entered."""
    handled: list[BaseException] = []

    async def handle(request: WebSocketRequest) -> None:
        with trio.CancelScope() as scope:
            scope.cancel()
            try:
                async with accept_websocket(request, **SHORT):
                    raise AssertionError("the block is not entered")
            except BaseException as exc:
                handled.append(exc)
                raise

    async with harness.connect(handle) as stream:
        client = RawClient(stream)
        await client.call()
        await client.finish()
    assert [type(exc) for exc in handled] == [trio.Cancelled]
    assert client.close_code == 1001


async def test_client_closes_first(harness: AcceptHarness, clock: object) -> None:
    """The client's Close is echoed, the event has its code and reason, and we end TCP first."""

    async def block(ws: WebSocket) -> None:
        await ws.wait_closed()

    async def part(client: RawClient) -> None:
        await client.send(masked_close(4321, "enough"))
        await client.read_to_end()

    await harness.play(block, part)
    assert harness.code == (4321, True)
    assert close_event(harness.ws).reason == "enough"
    assert harness.client.frames == [Frame(CLOSE, (4321).to_bytes(2, "big") + b"enough")]
    assert harness.client.ended == "eof"


async def test_client_closes_after_messages(harness: AcceptHarness, clock: object) -> None:
    """All that came before the client's Close is received, and then the end."""
    got: list[str | bytes] = []

    async def block(ws: WebSocket) -> None:
        await trio.sleep(0.05)
        got.extend([message async for message in ws])

    async def part(client: RawClient) -> None:
        await client.send(*[masked(TEXT, b"%d" % number) for number in range(50)], masked_close())
        await client.read_to_end()

    await harness.play(block, part)
    assert got == [f"{number}" for number in range(50)]
    assert harness.code == (1005, True)


async def test_program_closes_with_its_own_code(harness: AcceptHarness, clock: object) -> None:
    """The program's own code and reason are sent, and the block's end adds nothing."""

    async def block(ws: WebSocket) -> None:
        ws.close(3001, "see you")

    await harness.play(block)
    assert harness.client.frames == [Frame(CLOSE, b"\x0b\xb9see you")]
    assert harness.code == (3001, True)


async def test_close_without_a_code(harness: AcceptHarness, clock: object) -> None:
    """``close()`` sends a Close without body, and the event has 1005."""

    async def block(ws: WebSocket) -> None:
        ws.close()

    await harness.play(block)
    assert harness.client.frames == [Frame(CLOSE, b"")]
    assert harness.code == (1005, True)


async def test_closes_that_cross_are_clean(harness: AcceptHarness, clock: object) -> None:
    """If both sides close at once, it is clean, with the client's code.

    trio-websocket may end TCP before it has sent ours.
    """

    async def block(ws: WebSocket) -> None:
        await trio.sleep(0.02)

    async def part(client: RawClient) -> None:
        await trio.sleep(0.02)
        await client.send(masked_close(4000))
        await client.read_to_end()

    await harness.play(block, part)
    assert harness.code == (4000, True)


async def test_client_is_silent(harness: AcceptHarness, clock: object) -> None:
    """A client that never answers the Close ends with 1006 and TCP's end after
    ``close_timeout``."""
    start = trio.current_time()
    await harness.play(leave, RawClient.read_to_end)
    assert harness.client.close_code == 1000
    assert harness.code == (1006, False)
    assert isinstance(not_none(harness.ws.failure).__cause__, TimeoutError)
    if not harness.real:
        assert harness.left - start == pytest.approx(0.3)


async def test_client_is_silent_and_we_are_cancelled(harness: AcceptHarness, clock: object) -> None:
    """Under cancellation a silent client has ``cancelled_close_timeout`` in all."""
    await harness.play(cancelled_soon(harness), RawClient.read_to_end)
    assert harness.client.close_code == 1001
    assert harness.code == (1006, False)
    if not harness.real:
        assert harness.left - harness.scope.deadline == pytest.approx(0.1)


async def test_cancelled_in_the_middle_of_a_close(harness: AcceptHarness, clock: object) -> None:
    """A cancellation during an ordinary close shortens it."""

    async def block(ws: WebSocket) -> None:
        harness.scope.deadline = trio.current_time() + 0.05

    await harness.play(block, RawClient.read_to_end)
    assert harness.scope.cancelled_caught
    assert harness.client.close_code == 1000
    if not harness.real:
        assert harness.left - harness.scope.deadline == pytest.approx(0.1)


async def test_no_close_without_time_for_one(harness: AcceptHarness, clock: object) -> None:
    """With ``cancelled_close_timeout=0`` a cancelled socket ends at once, without a Close."""
    await harness.play(cancelled_soon(harness), RawClient.read_to_end, cancelled_close_timeout=0)
    assert harness.client.close_code is None
    assert harness.code == (1006, False)
    if not harness.real:
        assert harness.left == harness.scope.deadline


async def test_client_hangs_up_instead_of_an_answer(harness: AcceptHarness, clock: object) -> None:
    """TCP that ends after our Close is no answer to it, even if the answer would be 1000."""

    async def part(client: RawClient) -> None:
        await client.read_to_close()

    await harness.play(leave, part)
    assert harness.client.close_code == 1000
    assert harness.code == (1006, False)
    assert isinstance(not_none(harness.ws.failure).__cause__, EOFError)


async def test_client_hangs_up(harness: AcceptHarness, clock: object) -> None:
    """TCP that ends without a Close is 1006 without ``error``, which also a sender learns."""

    async def block(ws: WebSocket) -> None:
        event = await ws.wait_closed()
        assert event.code == 1006
        ws.send("too late")

    async def part(client: RawClient) -> None:
        await client.send(masked(TEXT, b"x" * 1000)[:500])

    await harness.play(block, part)
    assert harness.recorder.events == ["close"]
    assert harness.ws.bufferedAmount == len("too late")


async def test_client_floods_and_the_close_is_bounded(
    harness: AcceptHarness, clock: object
) -> None:
    """A flood that the program does not read cannot extend the close."""

    async def block(ws: WebSocket) -> None:
        await trio.sleep(0.05)

    async def part(client: RawClient) -> None:
        flood = masked(TEXT, b"x" * 1000) * 50
        with pytest.raises(trio.BrokenResourceError):
            while True:
                await client.send(flood)
                await trio.sleep(0.001)

    start = trio.current_time()
    await harness.play(block, part)
    assert harness.code == (1006, False)
    if not harness.real:
        assert harness.left - start == pytest.approx(0.35)


async def test_client_answers_after_a_flood(harness: AcceptHarness, clock: object) -> None:
    """After any amount of unread messages the client's Close is found."""

    async def part(client: RawClient) -> None:
        await client.read_to_close()
        await client.send(masked(TEXT, b"x" * 1000) * 100, masked_close(1000))
        await client.read_to_end()

    await harness.play(leave, part, close_timeout=20)
    assert harness.code == (1000, True)


@pytest.mark.parametrize("kind", ["sockets"])  # a memory stream takes any amount
async def test_client_never_reads(harness: AcceptHarness, clock: object) -> None:
    """With megabytes queued for a client that does not read, the end is 1006 at the bound."""
    gone = trio.Event()

    async def block(ws: WebSocket) -> None:
        ws.addEventListener("close", lambda event: gone.set())
        ws.send(b"x" * 20_000_000)

    async def part(client: RawClient) -> None:
        await gone.wait()

    await harness.play(block, part)
    assert harness.code == (1006, False)
    assert harness.ws.bufferedAmount == 20_000_000


async def test_nothing_is_left(harness: AcceptHarness, clock: object) -> None:
    """After the handler no task and no file of the connection remains."""

    async def nothing_more() -> tuple[int, int]:
        await trio.testing.wait_all_tasks_blocked()
        return count_tasks(), count_files()

    await harness.play(leave)
    before = await nothing_more()
    for block in (leave, cancelled_soon(harness)):
        harness.scope = trio.CancelScope()
        await harness.play(block)
    after = await nothing_more()
    assert after == before


async def test_pings_are_answered_whatever_the_block_does(
    harness: AcceptHarness, clock: object
) -> None:
    """trio-websocket answers pings, whatever the block does."""

    async def part(client: RawClient) -> None:
        await client.send(masked(PING, b"there?"))
        pong = await client.next()
        assert pong is not None
        assert pong.payload == b"there?"
        await client.send(masked_close(1000))
        await client.read_to_end()

    async def block(ws: WebSocket) -> None:
        await ws.wait_closed()

    await harness.play(block, part)
    assert harness.code == (1000, True)
