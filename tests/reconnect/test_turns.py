"""Each turn of the loop is a scope with the whole guarantee, however it is left."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.checked import close_event, instance, not_none
from support.scripted_server import ScriptedServer, closing, down, lost
from support.transports import EventRecorder, count_tasks

from trio_ws_dom import CloseEvent, WebSocket
from trio_ws_dom.testing import FakeRequest


async def test_block_that_ends_closes_with_1000_before_the_next_turn(
    scripted: ScriptedServer, clock: object
) -> None:
    recorders: list[EventRecorder] = []
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


async def test_break_closes_with_1000_and_leaves_no_task(
    scripted: ScriptedServer, clock: object
) -> None:
    await trio.testing.wait_all_tasks_blocked()
    tasks = count_tasks()
    async for attempt in scripted.loop():
        async with attempt as ws:
            recorder = EventRecorder(ws)
            break
    recorder.check()
    await trio.testing.wait_all_tasks_blocked(0.005)  # the peer's task is over, too
    assert count_tasks() == tasks
    assert scripted.codes == [1000]


async def test_continue_closes_with_1000_before_the_next_turn(
    scripted: ScriptedServer, clock: object
) -> None:
    sockets: list[WebSocket] = []
    async for attempt in scripted.loop():
        async with attempt as ws:
            sockets.append(ws)
            if len(sockets) == 1:
                continue
            assert sockets[0].readyState == WebSocket.CLOSED
            break
    assert scripted.codes == [1000, 1000]


async def test_return_closes_with_1000(scripted: ScriptedServer, clock: object) -> None:

    async def talk() -> WebSocket:
        async for attempt in scripted.loop():
            async with attempt as ws:
                return ws
        raise AssertionError("the loop has no end of its own")

    ws = await talk()
    assert ws.readyState == WebSocket.CLOSED
    assert scripted.codes == [1000]


async def test_exception_closes_with_1001_and_comes_out_as_the_same_object(
    scripted: ScriptedServer, clock: object
) -> None:
    boom = ValueError("boom")
    with pytest.raises(ValueError, match="boom") as caught:
        async for attempt in scripted.loop():
            async with attempt as ws:
                recorder = EventRecorder(ws)
                raise boom
    assert caught.value is boom
    recorder.check()
    assert scripted.codes == [1001]


async def test_loop_goes_on_after_an_exception_that_the_program_handles(
    scripted: ScriptedServer, clock: object
) -> None:
    async for attempt in scripted.loop():
        try:
            async with attempt:
                if attempt.retry is None:
                    raise ValueError("boom")
                break
        except ValueError:
            pass
    assert scripted.codes == [1001, 1000]


async def test_exception_of_a_listener_comes_out_as_one_group(
    scripted: ScriptedServer, clock: object
) -> None:
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


async def test_cancelled_block_closes_with_1001_and_is_the_last(
    scripted: ScriptedServer, clock: object
) -> None:
    with trio.CancelScope() as scope:
        async for attempt in scripted.loop():
            async with attempt as ws:
                recorder = EventRecorder(ws)
                scope.deadline = trio.current_time() + 0.05
                await trio.sleep_forever()
    assert scope.cancelled_caught
    recorder.check()
    assert scripted.codes == [1001]
    assert close_event(ws).wasClean


async def test_cancellation_between_turns_is_noticed_at_the_next(
    scripted: ScriptedServer, clock: object
) -> None:
    with trio.CancelScope() as scope:
        async for attempt in scripted.loop():
            async with attempt:
                pass
            scope.cancel()
    assert scope.cancelled_caught
    assert scripted.codes == [1000]


async def test_delay_can_be_cancelled(memory: ScriptedServer, autojump_clock: object) -> None:
    tasks = count_tasks()
    with trio.move_on_after(1) as scope:
        async for attempt in memory.loop(down, initial_delay=1000, max_delay=1000):
            async with attempt:
                raise AssertionError("not in time")
    assert scope.cancelled_caught
    assert trio.current_time() - memory.times[0] == pytest.approx(1)
    assert count_tasks() == tasks


async def test_connecting_can_be_cancelled_and_the_server_notices(
    memory: ScriptedServer, autojump_clock: object
) -> None:
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


async def test_lost_connection_is_followed_by_the_next_turn(
    scripted: ScriptedServer, clock: object
) -> None:
    sockets: list[WebSocket] = []
    async for attempt in scripted.loop(lost):
        async with attempt as ws:
            sockets.append(ws)
            if attempt.retry is not None:
                break
            async for _ in ws:
                pass
            raise AssertionError("the end was no clean one")
    assert close_event(sockets[0]).code == 1006
    assert not_none(attempt.retry).cause is sockets[0].failure


async def test_code_after_the_block_runs_also_after_a_loss(
    scripted: ScriptedServer, clock: object
) -> None:
    ends: list[Any] = []
    async for attempt in scripted.loop(lost):
        async with attempt as ws:
            await ws.receive()
        ends.append(close_event(ws).code)
        break
    assert ends == [1006]


async def test_clean_close_of_the_server_is_followed_by_the_next_turn(
    scripted: ScriptedServer, clock: object
) -> None:
    async for attempt in scripted.loop(closing(1012, "restart")):
        async with attempt as ws:
            if attempt.retry is not None:
                break
            async for _ in ws:
                pass
    cause = instance(CloseEvent, not_none(attempt.retry).cause)
    assert (cause.code, cause.reason) == (1012, "restart")
    assert scripted.codes == [1012, 1000]
