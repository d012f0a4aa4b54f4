"""Asynchronous listeners of a socket, their bounds, and the two paths of dispatch."""

from __future__ import annotations

import contextvars
import functools
from collections.abc import Awaitable
from typing import Any

import pytest
import trio
import trio.testing
from support.checked import instance, members
from support.fake_server import Accepted, say, socket_and_connection

from trio_ws_dom import Event, EventTarget, MessageEvent, WebSocket, open_websocket
from trio_ws_dom._socket._listener_tasks import MAX_UNFINISHED
from trio_ws_dom.testing import FakeServer


async def test_async_listeners_are_tasks(accepted: Accepted, autojump_clock: Any) -> None:
    """They run side by side, so the second message is handled while the first one's still waits."""
    ws, connection = await accepted()
    trace: list[str] = []

    async def listener(event: MessageEvent) -> None:
        seconds = instance(str, event.data)
        trace.append(f"begin {seconds}")
        await trio.sleep(float(seconds))
        trace.append(f"end {seconds}")

    ws.onmessage = listener
    await say(connection, "2", "1")
    await trio.sleep(3)
    assert sorted(trace[:2]) == ["begin 1", "begin 2"]
    assert trace[2:] == ["end 1", "end 2"]


async def handle(trace: list[str], event: MessageEvent) -> None:
    await trio.lowlevel.checkpoint()
    trace.append(instance(str, event.data))


class Handler:
    """A listener object whose method is asynchronous."""

    def __init__(self, trace: list[str]) -> None:
        self.trace = trace

    async def handleEvent(self, event: MessageEvent) -> None:
        await handle(self.trace, event)


@pytest.mark.parametrize("others", [0, 1])
@pytest.mark.parametrize("kind", ["partial", "function", "object"])
async def test_what_counts_is_the_coroutine(
    kind: str, others: int, accepted: Accepted, autojump_clock: Any
) -> None:
    """Whatever returns a coroutine when it is called is asynchronous."""
    ws, connection = await accepted()
    trace: list[str] = []

    def handle_later(event: MessageEvent) -> Awaitable[None]:
        return handle(trace, event)

    listeners: dict[str, Any] = {
        "partial": functools.partial(handle, trace),
        "function": handle_later,
        "object": Handler(trace),
    }
    ws.addEventListener("message", listeners[kind])
    for _ in range(others):
        ws.addEventListener("message", lambda event: None)
    await say(connection, "hello")
    assert trace == ["hello"]


@pytest.mark.parametrize("others", [0, 1])
async def test_unfinished_listeners_hold_the_reading(
    others: int, accepted: Accepted, autojump_clock: Any
) -> None:
    """At 100 unfinished calls the reading waits, and goes on as they finish."""
    ws, connection = await accepted()
    begun = 0
    permits = trio.Semaphore(0)

    async def listener(event: object) -> None:
        nonlocal begun
        begun += 1
        await permits.acquire()

    ws.onmessage = listener
    for _ in range(others):
        ws.addEventListener("message", lambda event: None)
    await say(connection, *[""] * 300)
    assert begun == MAX_UNFINISHED
    for _ in range(50):
        permits.release()
    await trio.testing.wait_all_tasks_blocked()
    assert begun == MAX_UNFINISHED + 50


async def test_they_do_not_hold_up_the_closing(accepted: Accepted, autojump_clock: Any) -> None:
    """From CLOSING on messages are dropped, and the Close after them is found."""
    ws, connection = await accepted()

    async def listener(event: object) -> None:
        await trio.sleep_forever()

    ws.onmessage = listener
    await say(connection, *[""] * 300)
    ws.close(1000)
    start = trio.current_time()
    assert (await ws.wait_closed()).wasClean
    assert trio.current_time() == start


async def test_async_listener_for_close(host: FakeServer, autojump_clock: Any) -> None:
    """It runs to its end before the scope is left, if it needs no more than ``close_timeout``."""
    trace: list[str] = []

    async def listener(event: Event) -> None:
        await trio.sleep(9)
        trace.append("done")

    async with open_websocket(host.url, close_timeout=10) as ws:
        ws.onclose = listener
    assert trace == ["done"]


async def test_cancelling_the_scope_cancels_them(host: FakeServer, autojump_clock: Any) -> None:
    """They belong to the scope, and are cancelled at once."""
    ended: list[float] = []

    async def listener(event: Event) -> None:
        try:
            await trio.sleep_forever()
        finally:
            ended.append(trio.current_time())

    start = trio.current_time()
    with trio.move_on_after(3):
        async with open_websocket(host.url) as ws:
            ws.addEventListener("ready", listener)
            ws.dispatchEvent(Event("ready"))
            await trio.sleep_forever()
    assert ended == [start + 3]


async def test_no_async_listeners_once_it_is_over(accepted: Accepted, autojump_clock: Any) -> None:
    """When the socket's tasks are gone, none can run one, which is an error."""
    ws, connection = await accepted()
    await connection.drop()
    await ws.wait_closed()
    await trio.testing.wait_all_tasks_blocked()

    async def listener(event: Event) -> None:
        """Be a coroutine."""

    ws.addEventListener("late", listener)
    with pytest.raises(ExceptionGroup) as caught:
        ws.dispatchEvent(Event("late"))
    assert isinstance(caught.value.exceptions[0], RuntimeError)


async def test_listeners_run_in_the_constructors_context(
    accepted: Accepted, autojump_clock: Any
) -> None:
    """Listeners, asynchronous ones too, run in the context of the constructor's caller."""
    variable = contextvars.ContextVar("variable", default="unset")
    seen: list[str] = []

    async def later(event: object) -> None:
        seen.append(variable.get())

    variable.set("constructor")
    ws, connection = await accepted()
    variable.set("changed")
    ws.addEventListener("message", later)
    ws.addEventListener("message", lambda event: seen.append(variable.get()))
    await say(connection, "")
    assert seen == ["constructor"] * 2


async def test_events_of_the_program(accepted: Accepted, autojump_clock: Any) -> None:
    """``dispatchEvent`` calls the listeners at once, and the event is not trusted."""
    ws, _ = await accepted()
    seen: list[Any] = []
    ws.onmessage = seen.append
    event = MessageEvent("message", data="made up")
    assert ws.dispatchEvent(event)
    assert seen == [event]
    assert (event.isTrusted, event.target) == (False, ws)


async def test_exceptions_of_a_programs_dispatch(accepted: Accepted, autojump_clock: Any) -> None:
    """They come out of the call and go nowhere else, and the socket stays OPEN."""
    ws, _ = await accepted()
    boom, bang = ValueError("boom"), KeyError("bang")

    def raise_(exc: Exception, event: object) -> None:
        raise exc

    ws.addEventListener("made-up", functools.partial(raise_, boom))
    ws.addEventListener("made-up", functools.partial(raise_, bang))
    with pytest.raises(ExceptionGroup) as caught:
        ws.dispatchEvent(Event("made-up"))
    assert caught.value.exceptions == (boom, bang)
    assert ws.readyState == WebSocket.OPEN


async def test_errors_outlive_a_cancellation(server: FakeServer, autojump_clock: Any) -> None:
    """A bare socket whose nursery is cancelled raises what its listener raised."""
    boom = ValueError("boom")

    async def wait(event: object) -> None:
        await trio.sleep_forever()

    def fail(event: object) -> None:
        raise boom

    with pytest.raises(ExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            ws, _ = await socket_and_connection(server, nursery)
            for _ in range(2):
                ws.addEventListener("open-late", wait)
            ws.dispatchEvent(Event("open-late"))
            ws.dispatchEvent(Event("open-late"))
            ws.onclose = fail
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
    assert members(caught.value.exceptions[0]) == (boom,)


async def test_async_listener_raises_after_close(host: FakeServer, autojump_clock: Any) -> None:
    """An error that comes when the socket is already CLOSED is not lost, either."""
    boom = ValueError("boom")

    async def listener(event: object) -> None:
        await trio.sleep(1)
        raise boom

    with pytest.raises(ExceptionGroup) as caught:
        async with open_websocket(host.url) as ws:
            ws.onclose = listener
    assert caught.value.exceptions == (boom,)


async def test_stopped_events_can_be_dispatched_again(
    accepted: Accepted, autojump_clock: Any
) -> None:
    """The DOM unsets the stop flags after a dispatch, also with a single listener."""
    ws, connection = await accepted()
    events: list[MessageEvent] = []

    def listener(event: MessageEvent) -> None:
        event.stopImmediatePropagation()
        events.append(event)

    ws.onmessage = listener
    await say(connection, "hello")
    target = EventTarget()
    target.addEventListener("message", events.append)
    target.dispatchEvent(events[0])
    assert len(events) == 2
