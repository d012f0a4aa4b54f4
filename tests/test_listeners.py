"""Listeners of a socket: asynchronous ones, their bounds, and the two ways of dispatch."""

from __future__ import annotations

import contextvars
import functools
from typing import Any

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from support.peer import BINARY, TEXT, Peer, close, frame
from support.world import MemoryWorld

from trio_ws_dom import Blob, Event, EventTarget, MessageEvent, WebSocket, open_websocket
from trio_ws_dom._dispatcher import MAX_UNFINISHED


async def accepted(nursery: trio.Nursery, **options: Any) -> tuple[WebSocket, Peer]:
    """A socket by the bare constructor, OPEN, and its peer."""
    world = MemoryWorld()
    ws = WebSocket(world.url, nursery=nursery, **world.options(**options))
    peer = await world.peer()
    await peer.accept()
    await trio.testing.wait_all_tasks_blocked()
    return ws, peer


async def test_async_listeners_are_tasks(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """They run side by side: the second message is handled while the first one's still waits."""
    ws, peer = await accepted(nursery)
    trace: list[str] = []

    async def listener(event: MessageEvent) -> None:
        trace.append(f"begin {event.data}")
        await trio.sleep(float(event.data))
        trace.append(f"end {event.data}")

    ws.onmessage = listener
    await peer.send(frame(TEXT, b"2"), frame(TEXT, b"1"))
    await trio.sleep(3)
    assert sorted(trace[:2]) == ["begin 1", "begin 2"]
    assert trace[2:] == ["end 1", "end 2"]


async def handle(trace: list[str], event: MessageEvent) -> None:
    await trio.lowlevel.checkpoint()
    trace.append(event.data)


class Handler:
    """A listener object whose method is asynchronous."""

    def __init__(self, trace: list[str]) -> None:
        self.trace = trace

    async def handleEvent(self, event: MessageEvent) -> None:
        await handle(self.trace, event)


@pytest.mark.parametrize("others", [0, 1])
@pytest.mark.parametrize("kind", ["partial", "lambda", "object"])
async def test_what_counts_is_the_coroutine(
    kind: str, others: int, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Whatever gives a coroutine when called is asynchronous: partials, lambdas, objects."""
    ws, peer = await accepted(nursery)
    trace: list[str] = []
    listeners: dict[str, Any] = {
        "partial": functools.partial(handle, trace),
        "lambda": lambda event: handle(trace, event),
        "object": Handler(trace),
    }
    ws.addEventListener("message", listeners[kind])
    for _ in range(others):
        ws.addEventListener("message", lambda event: None)
    await peer.send(frame(TEXT, b"hello"))
    await trio.testing.wait_all_tasks_blocked()
    assert trace == ["hello"]


@pytest.mark.parametrize("others", [0, 1])
async def test_unfinished_listeners_hold_the_reading(
    others: int, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """At 100 unfinished calls the reading waits, and goes on as they finish."""
    ws, peer = await accepted(nursery)
    begun = 0
    permits = trio.Semaphore(0)

    async def listener(event: object) -> None:
        nonlocal begun
        begun += 1
        await permits.acquire()

    ws.onmessage = listener
    for _ in range(others):
        ws.addEventListener("message", lambda event: None)
    await peer.send(frame(TEXT) * 300)
    await trio.testing.wait_all_tasks_blocked()
    assert begun == MAX_UNFINISHED
    for _ in range(50):
        permits.release()
    await trio.testing.wait_all_tasks_blocked()
    assert begun == MAX_UNFINISHED + 50


async def test_they_do_not_hold_up_the_closing(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """From CLOSING on messages are dropped, and the Close is found behind them."""
    ws, peer = await accepted(nursery)

    async def listener(event: object) -> None:
        await trio.sleep_forever()

    ws.onmessage = listener
    await peer.send(frame(TEXT) * 300)
    await trio.testing.wait_all_tasks_blocked()
    nursery.start_soon(peer.finish)
    ws.close(1000)
    start = trio.current_time()
    assert (await ws.wait_closed()).wasClean
    assert trio.current_time() == start


async def test_async_listener_for_close(autojump_clock: Any) -> None:
    """It runs to its end before the scope is left, if it needs no more than ``close_timeout``."""
    world = MemoryWorld()
    trace: list[str] = []

    async def listener(event: Event) -> None:
        await trio.sleep(9)
        trace.append("done")

    async with trio.open_nursery() as nursery:
        options = world.options(close_timeout=10)
        nursery.start_soon((await world.peer()).serve)
        async with open_websocket(world.url, **options) as ws:
            ws.onclose = listener
        assert trace == ["done"]


async def test_cancelling_the_scope_cancels_them(autojump_clock: Any) -> None:
    """They are the scope's, and get no grace."""
    world = MemoryWorld()
    ended: list[float] = []

    async def listener(event: Event) -> None:
        try:
            await trio.sleep_forever()
        finally:
            ended.append(trio.current_time())

    async with trio.open_nursery() as nursery:
        options = world.options()
        nursery.start_soon((await world.peer()).serve)
        start = trio.current_time()
        with trio.move_on_after(3):
            async with open_websocket(world.url, **options) as ws:
                ws.addEventListener("ready", listener)
                ws.dispatchEvent(Event("ready"))
                await trio.sleep_forever()
    assert ended == [start + 3]


async def test_no_async_listeners_once_it_is_over(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """When the socket's tasks are gone there is nobody to run one: the program is told."""
    ws, peer = await accepted(nursery)
    await peer.stream.aclose()
    await ws.wait_closed()
    await trio.testing.wait_all_tasks_blocked()
    ws.addEventListener("late", functools.partial(handle, []))
    with pytest.raises(ExceptionGroup) as caught:
        ws.dispatchEvent(Event("late"))
    assert isinstance(caught.value.exceptions[0], RuntimeError)


async def test_context(autojump_clock: Any) -> None:
    """Listeners, asynchronous ones too, run in the context of the constructor's caller."""
    variable = contextvars.ContextVar("variable", default="unset")
    seen: list[str] = []

    async def later(event: object) -> None:
        seen.append(variable.get())

    async with trio.open_nursery() as nursery:
        variable.set("constructor")
        ws, peer = await accepted(nursery)
        variable.set("changed")
        ws.addEventListener("message", later)
        ws.addEventListener("message", lambda event: seen.append(variable.get()))
        await peer.send(frame(TEXT))
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert seen == ["constructor"] * 2


async def test_events_of_the_program(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """``dispatchEvent`` calls the listeners at once, and the event is not trusted."""
    ws, _ = await accepted(nursery)
    seen: list[Any] = []
    ws.onmessage = seen.append
    event = MessageEvent("message", data="made up")
    assert ws.dispatchEvent(event)
    assert seen == [event]
    assert (event.isTrusted, event.target) == (False, ws)


async def test_exceptions_of_a_programs_dispatch(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """They come out of the call, and are nobody else's: the socket stays OPEN."""
    ws, _ = await accepted(nursery)
    boom, bang = ValueError("boom"), KeyError("bang")

    def raise_(exc: Exception, event: object) -> None:
        raise exc

    ws.addEventListener("made-up", functools.partial(raise_, boom))
    ws.addEventListener("made-up", functools.partial(raise_, bang))
    with pytest.raises(ExceptionGroup) as caught:
        ws.dispatchEvent(Event("made-up"))
    assert caught.value.exceptions == (boom, bang)
    assert ws.readyState == WebSocket.OPEN


async def test_other_listeners_still_run(autojump_clock: Any) -> None:
    """A listener that raises keeps no other from its event; then there are no more messages."""
    trace: list[str] = []
    boom = ValueError("boom")

    def listener(event: MessageEvent) -> None:
        raise boom

    with pytest.raises(ExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            ws, peer = await accepted(nursery)
            ws.addEventListener("message", listener)
            ws.addEventListener("message", lambda event: trace.append(event.data))
            nursery.start_soon(peer.finish)
            await peer.send(frame(TEXT, b"1") + frame(TEXT, b"2"))
    assert trace == ["1"]
    assert caught.value.exceptions[0].exceptions == (boom,)
    assert peer.close_code == 1001


async def test_errors_outlive_a_cancellation(autojump_clock: Any) -> None:
    """A bare socket whose nursery is cancelled meanwhile raises what its listener raised."""
    boom = ValueError("boom")

    async def wait(event: object) -> None:
        await trio.sleep_forever()

    def fail(event: object) -> None:
        raise boom

    with pytest.raises(ExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            ws, peer = await accepted(nursery)
            for _ in range(2):
                ws.addEventListener("open-late", wait)
            ws.dispatchEvent(Event("open-late"))
            ws.dispatchEvent(Event("open-late"))
            ws.onclose = fail
            nursery.start_soon(peer.finish)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
    assert caught.value.exceptions[0].exceptions == (boom,)


async def test_async_listener_raises_after_close(autojump_clock: Any) -> None:
    """An error that comes when the socket is CLOSED already is not lost either."""
    boom = ValueError("boom")
    world = MemoryWorld()

    async def listener(event: object) -> None:
        await trio.sleep(1)
        raise boom

    async with trio.open_nursery() as nursery:
        options = world.options()
        nursery.start_soon((await world.peer()).serve)
        with pytest.raises(ExceptionGroup) as caught:
            async with open_websocket(world.url, **options) as ws:
                ws.onclose = listener
    assert caught.value.exceptions == (boom,)


async def test_signal(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A listener removed in the middle of a segment gets no more of it, a new one gets the rest."""
    ws, peer = await accepted(nursery)
    trace: list[str] = []

    def first(event: MessageEvent) -> None:
        trace.append(f"first {event.data}")
        ws.removeEventListener("message", first)
        ws.addEventListener("message", lambda event: trace.append(f"second {event.data}"))

    ws.addEventListener("message", first)
    await peer.send(b"".join(frame(TEXT, b"%d" % number) for number in range(3)))
    await trio.testing.wait_all_tasks_blocked()
    assert trace == ["first 0", "second 1", "second 2"]


# One listener alone is called by a shorter way than several. Nobody may notice.

ACTIONS = ["nothing", "binaryType", "slot", "remove", "stop", "stop now", "cancel", "send", "False"]


def act(ws: WebSocket, action: str, event: MessageEvent, again: Any) -> object:
    """What a listener may do that could make a difference."""
    if action == "binaryType":
        ws.binaryType = "arraybuffer" if ws.binaryType == "blob" else "blob"
    elif action == "slot":
        ws.onmessage = again
    elif action == "remove":
        ws.onmessage = None
    elif action == "stop":
        event.stopPropagation()
    elif action == "stop now":
        event.stopImmediatePropagation()
    elif action == "cancel":
        event.preventDefault()
    elif action == "send":
        ws.send("x")
    return False if action == "False" else None


async def traced(messages: list[str | bytes], actions: list[str], plain: bool) -> list[Any]:
    """The trace of a listener that acts so, called by the plain path or by the fast one."""
    trace: list[Any] = []
    events: list[MessageEvent] = []

    def listener(event: MessageEvent) -> object:
        data = event.data
        kind = "blob" if isinstance(data, Blob) else type(data).__name__
        trace.append((kind, bytes(data) if kind == "blob" else data, event.eventPhase))
        trace.append((event.origin, event.type, event.isTrusted, event.currentTarget is ws))
        events.append(event)
        return act(ws, actions[(len(events) - 1) % len(actions)], event, listener)

    async with trio.open_nursery() as nursery:
        ws, peer = await accepted(nursery)
        # a channel for another type sends all events along the plain path
        channel = ws.when("other") if plain else None
        ws.onmessage = listener
        await peer.send(
            b"".join(
                frame(TEXT, m.encode()) if isinstance(m, str) else frame(BINARY, m)
                for m in messages
            )
        )
        await trio.testing.wait_all_tasks_blocked()
        assert ws._channels == (() if channel is None else [channel])
        nursery.cancel_scope.cancel()
    for event in events:
        trace.append((event.cancelBubble, event.defaultPrevented, event.eventPhase))
        trace.append((event.currentTarget, event.target is ws, repr(event)))
        target, calls = EventTarget(), []
        target.addEventListener("message", calls.append)
        target.dispatchEvent(event)
        trace.append(len(calls))
    return trace


@settings(deadline=None, max_examples=30)
@given(
    messages=st.lists(st.text(max_size=3) | st.binary(max_size=3), max_size=8),
    actions=st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=8),
)
def test_both_paths_do_the_same(messages: list[str | bytes], actions: list[str]) -> None:
    """Whatever one listener does, its events and their order are the same by both paths."""

    async def main() -> None:
        assert await traced(messages, actions, False) == await traced(messages, actions, True)

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


async def test_stopped_events_can_be_dispatched_again(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The DOM unsets the stop flags after a dispatch, also where one listener is all there is."""
    ws, peer = await accepted(nursery)
    events: list[MessageEvent] = []

    def listener(event: MessageEvent) -> None:
        event.stopImmediatePropagation()
        events.append(event)

    ws.onmessage = listener
    await peer.send(frame(TEXT, b"hello"))
    await trio.testing.wait_all_tasks_blocked()
    target = EventTarget()
    target.addEventListener("message", events.append)
    target.dispatchEvent(events[0])
    assert len(events) == 2


async def test_no_listener_after_close_frame(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A Close behind messages of one segment comes after them, and nothing comes after it."""
    ws, peer = await accepted(nursery)
    trace: list[str] = []
    ws.onmessage = lambda event: trace.append(event.data)
    ws.onclose = lambda event: trace.append("close")
    await peer.send(frame(TEXT, b"1") + close(1000) + frame(TEXT, b"2"))
    await peer.read_to_close()
    await peer.stream.aclose()
    await ws.wait_closed()
    assert trace == ["1", "close"]
