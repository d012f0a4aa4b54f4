"""Unusual listeners, which raise or never end, and the context that they run in."""

from __future__ import annotations

import contextvars
from typing import Any

import pytest
import trio
import trio.testing
from support.frames import TEXT, frame
from support.scope_harness import ScopeHarness
from support.transports import EventRecorder, count_tasks

from trio_ws_dom import open_websocket, open_websocket_nursery

HELLO = frame(TEXT, b"hello")


@pytest.mark.parametrize("name", ["open", "message", "error", "close"])
async def test_an_exception_at_any_event_comes_out_in_one_flat_group(
    name: str, harness: ScopeHarness, clock: object
) -> None:
    boom = ValueError(name)

    def listener(event: object) -> None:
        raise boom

    wrong = frame(3)  # a reserved opcode fails the socket, which fires error
    with pytest.raises(ExceptionGroup) as caught:
        async with open_websocket_nursery() as sockets:
            options = harness.hire(HELLO, *[wrong] * (name == "error"))
            ws = sockets.connect(harness.url, **options)
            recorder = EventRecorder(ws)
            ws.addEventListener("message", lambda event: None)
            ws.addEventListener(name, listener)
            await ws.wait_closed() if name == "error" else await trio.sleep(0.1)
            if name == "error":
                await trio.sleep_forever()
    assert caught.value.exceptions == (boom,)
    recorder.check()


async def test_exceptions_of_several_events_come_out_in_the_order_of_the_events(
    harness: ScopeHarness, clock: object
) -> None:
    booms = {name: ValueError(name) for name in ("open", "message", "close")}

    def listener(event: Any) -> None:
        raise booms[event.type]

    with pytest.raises(ExceptionGroup) as caught:
        async with open_websocket_nursery() as sockets:
            ws = sockets.connect(harness.url, **harness.hire(HELLO))
            for name in booms:
                ws.addEventListener(name, listener)
            await trio.sleep_forever()
    # closing begins with the first, and message events fire only while OPEN
    assert caught.value.exceptions == (booms["open"], booms["close"])


async def test_async_listeners_that_never_end_are_cancelled_after_listener_timeout(
    harness: ScopeHarness, clock: object
) -> None:
    ended: list[object] = []

    async def forever(event: object) -> None:
        try:
            await trio.sleep_forever()
        finally:
            ended.append(event)

    tasks = count_tasks()
    options = harness.hire(HELLO * 150)
    with pytest.raises(ExceptionGroup) as caught:
        async with open_websocket(harness.url, listener_timeout=0.5, **options) as ws:
            ws.onmessage = ws.onclose = forever
            await trio.testing.wait_all_tasks_blocked(0.005)
            start = trio.current_time()
    took = trio.current_time() - start
    assert {type(error) for error in caught.value.exceptions} == {trio.TooSlowError}
    assert any("close listener" in str(error) for error in caught.value.exceptions)
    await trio.testing.wait_all_tasks_blocked(0.005)
    assert len(ended) == 101  # 100 messages and one close
    assert harness.transport.real or took == pytest.approx(0.5)
    assert count_tasks() <= tasks


async def test_a_listeners_own_shield_holds_the_scope(harness: ScopeHarness, clock: object) -> None:
    order: list[str] = []

    async def stubborn(event: object) -> None:
        with trio.CancelScope(shield=True):
            await trio.sleep(1)
        order.append("listener")

    async with open_websocket(harness.url, **harness.hire(HELLO)) as ws:
        ws.onmessage = stubborn
        await trio.testing.wait_all_tasks_blocked(0.005)
    order.append("out")
    assert order == ["listener", "out"]


async def test_listeners_run_in_the_callers_context_and_keep_what_they_set(
    harness: ScopeHarness, clock: object
) -> None:
    variable = contextvars.ContextVar("variable", default="nobody's")
    variable.set("caller's")
    seen: list[str] = []

    def listener(event: object) -> None:
        seen.append(variable.get())
        variable.set("listener's")

    async def async_listener(event: object) -> None:
        seen.append(variable.get())

    async with open_websocket(harness.url, **harness.hire(HELLO)) as ws:
        ws.addEventListener("message", async_listener)
        ws.addEventListener("message", listener)
        await trio.testing.wait_all_tasks_blocked(0.005)
        assert variable.get() == "caller's"
    assert sorted(seen)[0] == "caller's"
    assert variable.get() == "caller's"
