"""Each turn of the loop is a scope with the whole guarantee, however it is left."""

from __future__ import annotations

import pytest
import trio
import trio.testing
from support.scripted_server import ScriptedServer, closing, down, lost
from support.transports import EventRecorder, count_tasks

from trio_ws_dom import WebSocket
from trio_ws_dom.testing import FakeRequest


async def test_turn_ends_and_the_next_begins(scripted: ScriptedServer, clock: object) -> None:
    """At the end of each block: 1000, CLOSED, and then a new connection."""
    recorders = []
    async for attempt in scripted.loop():
        for recorder in recorders:
            recorder.check()
        async with attempt as ws:
            recorders.append(EventRecorder(ws))
            ws.send("hello")
            if len(recorders) == 3:
                break
    recorders[-1].check()
    assert scripted.codes == [1000, 1000, 1000]
    assert [connection.sent for connection in scripted.connections] == [["hello"]] * 3


async def test_turn_breaks(scripted: ScriptedServer, clock: object) -> None:
    """``break``: 1000, CLOSED, no task left, and no further connection."""
    await trio.testing.wait_all_tasks_blocked()
    tasks = count_tasks()
    async for attempt in scripted.loop():
        async with attempt as ws:
            recorder = EventRecorder(ws)
            break
    recorder.check()
    await trio.testing.wait_all_tasks_blocked(0.01)  # the peer's is over, too
    assert count_tasks() == tasks
    assert scripted.codes == [1000]


async def test_turn_continues(scripted: ScriptedServer, clock: object) -> None:
    """``continue`` passes the block's end, too."""
    sockets: list[WebSocket] = []
    async for attempt in scripted.loop():
        async with attempt as ws:
            sockets.append(ws)
            if len(sockets) == 1:
                continue
            assert sockets[0].readyState == WebSocket.CLOSED
            break
    assert scripted.codes == [1000, 1000]


async def test_turn_returns(scripted: ScriptedServer, clock: object) -> None:
    """``return``, from a function that the loop is in."""

    async def talk() -> WebSocket:
        async for attempt in scripted.loop():
            async with attempt as ws:
                return ws
        raise AssertionError("the loop has no end of its own")

    ws = await talk()
    assert ws.readyState == WebSocket.CLOSED
    assert scripted.codes == [1000]


async def test_turn_raises(scripted: ScriptedServer, clock: object) -> None:
    """The block's own exception: 1001, and the same object ends the loop."""
    boom = ValueError("boom")
    with pytest.raises(ValueError, match="boom") as caught:
        async for attempt in scripted.loop():
            async with attempt as ws:
                recorder = EventRecorder(ws)
                raise boom
    assert caught.value is boom
    recorder.check()
    assert scripted.codes == [1001]


async def test_turn_raises_and_the_loop_goes_on(scripted: ScriptedServer, clock: object) -> None:
    """An exception that the program handles in the loop leaves the loop usable."""
    async for attempt in scripted.loop():
        try:
            async with attempt:
                if attempt.retry is None:
                    raise ValueError("boom")
                break
        except ValueError:
            pass
    assert scripted.codes == [1001, 1000]


async def test_listener_raises_in_a_turn(scripted: ScriptedServer, clock: object) -> None:
    """A listener's exception ends the loop as one group."""
    boom = ValueError("boom")

    def listener(event: object) -> None:
        raise boom

    with pytest.raises(ExceptionGroup) as caught:
        async for attempt in scripted.loop():
            async with attempt as ws:
                ws.onmessage = listener
                await scripted.connections[0].send("hello")
                await trio.sleep_forever()
    assert caught.value.exceptions == (boom,)
    assert scripted.codes == [1001]


async def test_turn_is_cancelled(scripted: ScriptedServer, clock: object) -> None:
    """A deadline in the block: 1001, clean, and no further connection."""
    with trio.CancelScope() as scope:
        async for attempt in scripted.loop():
            async with attempt as ws:
                recorder = EventRecorder(ws)
                scope.deadline = trio.current_time() + 0.05
                await trio.sleep_forever()
    assert scope.cancelled_caught
    recorder.check()
    assert scripted.codes == [1001]
    assert ws.closeEvent.wasClean


async def test_cancelled_between_turns(scripted: ScriptedServer, clock: object) -> None:
    """A cancellation is seen at the next turn at the latest."""
    with trio.CancelScope() as scope:
        async for attempt in scripted.loop():
            async with attempt:
                pass
            scope.cancel()
    assert scope.cancelled_caught
    assert scripted.codes == [1000]


async def test_cancelled_in_the_delay(memory: ScriptedServer, autojump_clock: object) -> None:
    """Cancelled while it waits for the next try: at once, with nothing open."""
    tasks = count_tasks()
    with trio.move_on_after(1) as scope:
        async for attempt in memory.loop(down, initial_delay=1000, max_delay=1000):
            async with attempt:
                raise AssertionError("not in time")
    assert scope.cancelled_caught
    assert trio.current_time() - memory.times[0] == pytest.approx(1)
    assert count_tasks() == tasks


async def test_cancelled_while_connecting(memory: ScriptedServer, autojump_clock: object) -> None:
    """Cancelled before the 101: the connection is gone, and the peer knows."""
    given_up = trio.Event()

    async def ignore(request: FakeRequest) -> None:
        await request.ignore()
        given_up.set()

    with trio.move_on_after(1) as scope:
        async for attempt in memory.loop(ignore):
            async with attempt:
                raise AssertionError("it was never open")
    assert scope.cancelled_caught
    await given_up.wait()


async def test_lost_connection(scripted: ScriptedServer, clock: object) -> None:
    """An unclean end that the block raises is taken by its turn, and the loop goes on."""
    sockets: list[WebSocket] = []
    async for attempt in scripted.loop(lost):
        async with attempt as ws:
            sockets.append(ws)
            if attempt.retry is not None:
                break
            async for _ in ws:
                pass
            raise AssertionError("the end was no clean one")
    assert sockets[0].closeEvent.code == 1006
    assert attempt.retry.cause is sockets[0].failure


async def test_code_behind_a_lost_turn_runs(scripted: ScriptedServer, clock: object) -> None:
    """Behind ``async with`` the loop's body goes on, also after an unclean end."""
    ends = []
    async for attempt in scripted.loop(lost):
        async with attempt as ws:
            await ws.receive()
        ends.append(ws.closeEvent.code)
        break
    assert ends == [1006]


async def test_peer_closes_cleanly(scripted: ScriptedServer, clock: object) -> None:
    """A clean end is followed by the next turn, which can tell its code."""
    async for attempt in scripted.loop(closing(1012, "restart")):
        async with attempt as ws:
            if attempt.retry is not None:
                break
            async for _ in ws:
                pass
    assert (attempt.retry.cause.code, attempt.retry.cause.reason) == (1012, "restart")
    assert scripted.codes == [1012, 1000]
