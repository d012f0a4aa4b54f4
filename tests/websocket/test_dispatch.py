"""The dispatch of several messages of one segment, and the two paths it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from support.checked import members
from support.frames import BINARY, TEXT, close, frame
from support.opened import socket_and_peer

from trio_ws_dom import Blob, Event, EventTarget, MessageEvent, WebSocket

if TYPE_CHECKING:
    pass


async def test_other_listeners_still_run(autojump_clock: Any) -> None:
    """A listener that raises keeps no other from its event, and then there are no more messages."""
    trace: list[object] = []
    boom = ValueError("boom")

    def listener(event: MessageEvent) -> None:
        raise boom

    with pytest.raises(ExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            ws, peer = await socket_and_peer(nursery)
            ws.addEventListener("message", listener)
            ws.addEventListener("message", lambda event: trace.append(event.data))
            nursery.start_soon(peer.finish)
            await peer.send(frame(TEXT, b"1") + frame(TEXT, b"2"))
    assert trace == ["1"]
    assert members(caught.value.exceptions[0]) == (boom,)
    assert peer.close_code == 1001


async def test_signal_removes_a_listener_within_a_segment(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """A listener removed in the middle of a segment gets no more of it, and a new one gets the
    rest."""
    ws, peer = await socket_and_peer(nursery)
    trace: list[str] = []

    def first(event: MessageEvent) -> None:
        trace.append(f"first {event.data!r}")
        ws.removeEventListener("message", first)
        ws.addEventListener("message", lambda event: trace.append(f"second {event.data!r}"))

    ws.addEventListener("message", first)
    await peer.send(b"".join(frame(TEXT, b"%d" % number) for number in range(3)))
    await trio.testing.wait_all_tasks_blocked()
    assert trace == ["first '0'", "second '1'", "second '2'"]


async def test_no_listener_after_close_frame(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A Close after messages of one segment comes after them, and nothing comes after it."""
    ws, peer = await socket_and_peer(nursery)
    trace: list[object] = []
    ws.onmessage = lambda event: trace.append(event.data)
    ws.onclose = lambda event: trace.append("close")
    await peer.send(frame(TEXT, b"1") + close(1000) + frame(TEXT, b"2"))
    await peer.read_to_close()
    await peer.stream.aclose()
    await ws.wait_closed()
    assert trace == ["1", "close"]


@pytest.mark.parametrize("listeners", [1, 2])
async def test_binary_type_set_by_a_listener(
    listeners: int, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """``binaryType`` set while a message is handled holds for the next one of the same segment."""
    ws, peer = await socket_and_peer(nursery)
    seen: list[Any] = []

    def listener(event: MessageEvent) -> None:
        seen.append(type(event.data))
        ws.binaryType = "arraybuffer"

    ws.onmessage = listener
    if listeners == 2:
        ws.addEventListener("message", lambda event: None)
    await peer.send(frame(BINARY, b"one") + frame(BINARY, b"two"))
    await trio.testing.wait_all_tasks_blocked()
    assert seen == [Blob, bytes]


# A listener alone is called by a shorter path than several, which must not make a difference.

ACTIONS = ["nothing", "binaryType", "slot", "remove", "stop", "stop now", "cancel", "send", "False"]


def act(ws: WebSocket, action: str, event: MessageEvent, again: Any) -> object:
    """Return a listener's action that could make a difference."""
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
    """Return the trace of a listener with such an action, called by the plain path or by the fast
    one."""
    trace: list[Any] = []
    events: list[MessageEvent] = []

    def listener(event: MessageEvent) -> object:
        data = event.data
        kind = "blob" if isinstance(data, Blob) else type(data).__name__
        trace.append((kind, bytes(data) if isinstance(data, Blob) else data, event.eventPhase))
        trace.append((event.origin, event.type, event.isTrusted, event.currentTarget is ws))
        events.append(event)
        return act(ws, actions[(len(events) - 1) % len(actions)], event, listener)

    async with trio.open_nursery() as nursery:
        ws, peer = await socket_and_peer(nursery)
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
        assert list(ws._channels) == ([] if channel is None else [channel])
        nursery.cancel_scope.cancel()
    for event in events:
        trace.append((event.cancelBubble, event.defaultPrevented, event.eventPhase))
        trace.append((event.currentTarget, event.target is ws, repr(event)))
        target = EventTarget()
        calls: list[Event] = []
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
