"""The guarantee's rows for the server's end: how the scope is left, and what the client sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing
from support.peer import CLOSE, PING, TEXT, Frame
from support.world import count_files, count_tasks

from trio_ws_dom import WebSocket, accept_websocket

from .caller import Caller, close, masked
from .conftest import SHORT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from trio_websocket import WebSocketRequest

    from .conftest import Scene


async def leave(ws: WebSocket) -> None:
    """A block that ends at once."""


def cancelled_soon(scene: Scene) -> Callable[[WebSocket], Awaitable[None]]:
    """A block that never ends, and is cancelled."""

    async def block(ws: WebSocket) -> None:
        scene.scope.deadline = trio.current_time() + 0.05
        await trio.sleep_forever()

    return block


async def test_block_ends(scene: Scene, clock: object) -> None:
    """At the block's end: 1000, after all that was queued; clean."""

    async def block(ws: WebSocket) -> None:
        for number in range(100):
            ws.send(f"{number}")

    await scene.play(block)
    assert scene.caller.payloads == [b"%d" % number for number in range(100)]
    assert scene.caller.close_code == 1000
    assert scene.code == (1000, True)
    assert scene.witness.events == ["close"]


async def test_block_raises(scene: Scene, clock: object) -> None:
    """An exception in the block: 1001, and the same object comes out, with its context."""
    context, boom = KeyError("context"), ValueError("boom")

    async def block(ws: WebSocket) -> None:
        try:
            raise context
        except KeyError:
            raise boom  # noqa: B904  # the implicit context is what is looked at

    await scene.play(block)
    assert scene.raised is boom
    assert boom.__context__ is context
    assert scene.caller.close_code == 1001
    assert scene.code == (1001, True)


async def test_listener_raises(scene: Scene, clock: object) -> None:
    """A listener's exception: 1001, the block is cancelled, and a group comes out."""
    boom = ValueError("boom")

    async def block(ws: WebSocket) -> None:
        async def listener(event: object) -> None:
            raise boom

        ws.onmessage = listener
        await trio.sleep_forever()

    async def part(caller: Caller) -> None:
        await caller.send(masked(TEXT, b"hello"))
        await caller.finish()

    await scene.play(block, part)
    assert isinstance(scene.raised, ExceptionGroup)
    assert scene.raised.exceptions == (boom,)
    assert scene.caller.close_code == 1001


async def test_cancelled(scene: Scene, clock: object) -> None:
    """A cancelled block: 1001, answered and clean; what it sends on its way out goes first."""

    async def block(ws: WebSocket) -> None:
        scene.scope.deadline = trio.current_time() + 0.05
        try:
            await trio.sleep_forever()
        finally:
            ws.send("goodbye")

    await scene.play(block)
    assert scene.scope.cancelled_caught
    assert scene.caller.payloads == [b"goodbye"]
    assert scene.caller.close_code == 1001
    assert scene.code == (1001, True)


async def test_cancelled_before_the_block(scene: Scene, clock: object) -> None:
    """The client is answered whole, and then told 1001; the block is not entered."""
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

    async with scene.connect(handle) as stream:
        caller = Caller(stream)
        await caller.call()
        await caller.finish()
    assert [type(exc) for exc in handled] == [trio.Cancelled]
    assert caller.close_code == 1001


async def test_client_closes_first(scene: Scene, clock: object) -> None:
    """The client's Close is echoed, the event tells its code and reason, and we end TCP first."""

    async def block(ws: WebSocket) -> None:
        await ws.wait_closed()

    async def part(caller: Caller) -> None:
        await caller.send(close(4321, "enough"))
        await caller.read_to_end()

    await scene.play(block, part)
    assert scene.code == (4321, True)
    assert scene.ws.closeEvent.reason == "enough"
    assert scene.caller.frames == [Frame(CLOSE, (4321).to_bytes(2, "big") + b"enough")]
    assert scene.caller.ended == "eof"


async def test_client_closes_behind_messages(scene: Scene, clock: object) -> None:
    """All that came before the client's Close is received, and then the end."""
    got: list[str | bytes] = []

    async def block(ws: WebSocket) -> None:
        await trio.sleep(0.05)
        got.extend([message async for message in ws])

    async def part(caller: Caller) -> None:
        await caller.send(*[masked(TEXT, b"%d" % number) for number in range(50)], close())
        await caller.read_to_end()

    await scene.play(block, part)
    assert got == [f"{number}" for number in range(50)]
    assert scene.code == (1005, True)


async def test_program_closes(scene: Scene, clock: object) -> None:
    """A code and reason of the program's own go out, and the block's end adds nothing."""

    async def block(ws: WebSocket) -> None:
        ws.close(3001, "see you")

    await scene.play(block)
    assert scene.caller.frames == [Frame(CLOSE, b"\x0b\xb9see you")]
    assert scene.code == (3001, True)


async def test_close_without_a_code(scene: Scene, clock: object) -> None:
    """``close()`` sends a Close without body, and the event says 1005."""

    async def block(ws: WebSocket) -> None:
        ws.close()

    await scene.play(block)
    assert scene.caller.frames == [Frame(CLOSE, b"")]
    assert scene.code == (1005, True)


async def test_closes_cross(scene: Scene, clock: object) -> None:
    """Both sides close at once: clean, with the client's code. (trio-websocket may end TCP before
    it has sent ours.)"""

    async def block(ws: WebSocket) -> None:
        await trio.sleep(0.02)

    async def part(caller: Caller) -> None:
        await trio.sleep(0.02)
        await caller.send(close(4000))
        await caller.read_to_end()

    await scene.play(block, part)
    assert scene.code == (4000, True)


async def test_client_is_silent(scene: Scene, clock: object) -> None:
    """A client that never answers the Close: ``close_timeout``, then 1006, and TCP is ended."""
    start = trio.current_time()
    await scene.play(leave, Caller.read_to_end)
    assert scene.caller.close_code == 1000
    assert scene.code == (1006, False)
    assert isinstance(scene.ws.failure.__cause__, TimeoutError)
    if not scene.real:
        assert scene.left - start == pytest.approx(0.3)


async def test_client_is_silent_and_we_are_cancelled(scene: Scene, clock: object) -> None:
    """Under cancellation a silent client gets ``cancelled_close_timeout`` in all."""
    await scene.play(cancelled_soon(scene), Caller.read_to_end)
    assert scene.caller.close_code == 1001
    assert scene.code == (1006, False)
    if not scene.real:
        assert scene.left - scene.scope.deadline == pytest.approx(0.1)


async def test_cancelled_in_the_middle_of_a_close(scene: Scene, clock: object) -> None:
    """A cancellation during an ordinary close shortens it."""

    async def block(ws: WebSocket) -> None:
        scene.scope.deadline = trio.current_time() + 0.05

    await scene.play(block, Caller.read_to_end)
    assert scene.scope.cancelled_caught
    assert scene.caller.close_code == 1000
    if not scene.real:
        assert scene.left - scene.scope.deadline == pytest.approx(0.1)


async def test_no_goodbye(scene: Scene, clock: object) -> None:
    """With ``cancelled_close_timeout=0`` a cancelled socket is gone at once, without a Close."""
    await scene.play(cancelled_soon(scene), Caller.read_to_end, cancelled_close_timeout=0)
    assert scene.caller.close_code is None
    assert scene.code == (1006, False)
    if not scene.real:
        assert scene.left == scene.scope.deadline


async def test_client_hangs_up_in_place_of_an_answer(scene: Scene, clock: object) -> None:
    """TCP that ends behind our Close is no answer to it, also where the answer would be 1000."""

    async def part(caller: Caller) -> None:
        await caller.read_to_close()

    await scene.play(leave, part)
    assert scene.caller.close_code == 1000
    assert scene.code == (1006, False)
    assert isinstance(scene.ws.failure.__cause__, EOFError)


async def test_client_hangs_up(scene: Scene, clock: object) -> None:
    """TCP that ends without a Close: 1006 and no ``error``; who sends hears of it too."""

    async def block(ws: WebSocket) -> None:
        event = await ws.wait_closed()
        assert event.code == 1006
        ws.send("too late")

    async def part(caller: Caller) -> None:
        await caller.send(masked(TEXT, b"x" * 1000)[:500])

    await scene.play(block, part)
    assert scene.witness.events == ["close"]
    assert scene.ws.bufferedAmount == len("too late")


async def test_client_floods(scene: Scene, clock: object) -> None:
    """A flood that nobody reads cannot extend the close."""

    async def block(ws: WebSocket) -> None:
        await trio.sleep(0.05)

    async def part(caller: Caller) -> None:
        flood = masked(TEXT, b"x" * 1000) * 50
        with pytest.raises(trio.BrokenResourceError):
            while True:
                await caller.send(flood)
                await trio.sleep(0.001)

    start = trio.current_time()
    await scene.play(block, part)
    assert scene.code == (1006, False)
    if not scene.real:
        assert scene.left - start == pytest.approx(0.35)


async def test_client_answers_behind_a_flood(scene: Scene, clock: object) -> None:
    """Behind any amount of unread messages the client's Close is found."""

    async def part(caller: Caller) -> None:
        await caller.read_to_close()
        await caller.send(masked(TEXT, b"x" * 1000) * 100, close(1000))
        await caller.read_to_end()

    await scene.play(leave, part, close_timeout=20)
    assert scene.code == (1000, True)


async def test_client_never_reads(scene: Scene, clock: object) -> None:
    """Megabytes queued for a client that does not read: the bound, then 1006."""
    if not scene.real:
        pytest.skip("a memory stream takes any amount: there is nothing to be stuck in")
    gone = trio.Event()

    async def block(ws: WebSocket) -> None:
        ws.addEventListener("close", lambda event: gone.set())
        ws.send(b"x" * 20_000_000)

    async def part(caller: Caller) -> None:
        await gone.wait()

    await scene.play(block, part)
    assert scene.code == (1006, False)
    assert scene.ws.bufferedAmount == 20_000_000


async def test_nothing_is_left(scene: Scene, clock: object) -> None:
    """After the handler no task of the connection is there, and no file of its."""

    async def nothing_more() -> tuple[int, int]:
        await trio.testing.wait_all_tasks_blocked()
        return count_tasks(), count_files()

    await scene.play(leave)
    before = await nothing_more()
    for block in (leave, cancelled_soon(scene)):
        scene.scope = trio.CancelScope()
        await scene.play(block)
    after = await nothing_more()
    assert after == before


async def test_pings_are_answered_meanwhile(scene: Scene, clock: object) -> None:
    """trio-websocket answers pings, whatever the block does."""

    async def part(caller: Caller) -> None:
        await caller.send(masked(PING, b"there?"))
        pong = await caller.next()
        assert pong is not None
        assert pong.payload == b"there?"
        await caller.send(close(1000))
        await caller.read_to_end()

    async def block(ws: WebSocket) -> None:
        await ws.wait_closed()

    await scene.play(block, part)
    assert scene.code == (1000, True)
