"""A socket's reaction to bytes, as messages of one segment and a peer whose sending is stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from support.checked import close_event, members, not_none
from support.fake_server import begin
from support.frames import BINARY, PING, PONG, TEXT, close, frame
from support.opened import socket_and_peer
from support.peer import Frame, Peer

from trio_ws_dom import Blob, Event, EventTarget, MessageEvent, WebSocket, open_websocket
from trio_ws_dom._socket._inbox import MAX_WAITING_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable


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


# A peer whose sending is stopped.


async def test_full_inbox_stops_the_reading(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A full inbox stops the peer with bounded memory, and nothing is lost."""
    ws, peer = await socket_and_peer(nursery, pair=trio.testing.lockstep_stream_pair())
    await begin(ws)
    sent = 0

    async def flood() -> None:
        nonlocal sent
        for _ in range(100):
            await peer.send(frame(BINARY, b"x" * 10_000) * 10)
            sent += 10
        await peer.send(close(1000))
        await peer.read_to_close()
        await peer.stream.aclose()

    nursery.start_soon(flood)
    await trio.testing.wait_all_tasks_blocked()
    stuck_at = sent
    assert stuck_at * 10_000 < 3 * MAX_WAITING_BYTES
    assert not_none(ws._session.flow.inbox)._size < MAX_WAITING_BYTES + 64 * 10_000
    assert len([message async for message in ws]) == 1000


async def test_pings_wait_behind_a_full_inbox(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The reading stops, and goes on when the inbox is empty."""
    ws, peer = await socket_and_peer(nursery)
    await begin(ws)
    await peer.send(frame(TEXT) * 5000, frame(PING, b"ping"))
    await trio.testing.wait_all_tasks_blocked()
    with trio.move_on_after(1) as scope:
        await peer.next()
    assert scope.cancelled_caught
    for _ in range(5000):
        await ws.receive()
    assert await peer.next() == Frame(PONG, b"ping")


async def test_peer_is_held_up(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The reading stops and so does the peer's writing, until the channel is closed."""
    ws, peer = await socket_and_peer(nursery, pair=trio.testing.lockstep_stream_pair())
    messages = ws.when("message")
    sent = trio.Event()

    async def flood() -> None:
        await peer.send(frame(TEXT, b"x" * 1000) * 2000)
        sent.set()

    nursery.start_soon(flood)
    await trio.testing.wait_all_tasks_blocked()
    assert not sent.is_set()
    await messages.aclose()
    await sent.wait()
    assert ws.readyState == WebSocket.OPEN


async def test_buffered_amount_of_an_unclean_end(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Bytes that will never be sent stay counted."""
    ws, peer = await socket_and_peer(nursery, pair=trio.testing.lockstep_stream_pair())
    ws.send(b"x" * 100)
    await trio.testing.wait_all_tasks_blocked()
    await trio.aclose_forcefully(peer.stream)
    await ws.wait_closed()
    assert (close_event(ws).code, ws.bufferedAmount) == (1006, 100)


async def part(peer: Peer, data: bytes, sent: trio.Event) -> None:
    """Return a server that sends this after its answer, and completes the closing handshake."""
    await peer.accept(then=data[:100])
    await peer.send(data[100:])
    sent.set()
    await peer.finish()


@pytest.fixture
def run_thread_server(nursery: trio.Nursery) -> Callable[..., tuple[Any, Peer, trio.Event]]:
    """Return a socket to such a server, its end, and when all was sent."""

    def run_thread_server(data: bytes) -> tuple[Any, Peer, trio.Event]:
        ours, theirs = trio.testing.lockstep_stream_pair()
        peer, sent = Peer(theirs), trio.Event()
        nursery.start_soon(part, peer, data, sent)
        return open_websocket("ws://peer.test/", stream=ours), peer, sent

    return run_thread_server


async def test_messages_in_the_answers_segment(run_thread_server: Any, autojump_clock: Any) -> None:
    """They wait until the program consumes messages, as those that come later do."""
    door, _, _ = run_thread_server(frame(TEXT, b"first") + frame(TEXT, b"second"))
    async with door as ws:
        await trio.sleep(100)
        assert [await ws.receive(), await ws.receive()] == ["first", "second"]


async def test_a_ping_after_held_messages_is_answered(
    run_thread_server: Any, autojump_clock: Any
) -> None:
    door, peer, _ = run_thread_server(frame(TEXT, b"first") + frame(PING, b"ping"))
    async with door as ws:
        await trio.testing.wait_all_tasks_blocked()
        assert peer.frames == [Frame(PONG, b"ping")]
        assert await ws.receive() == "first"


async def test_held_messages_are_bounded(run_thread_server: Any, autojump_clock: Any) -> None:
    """What does not fit waits in TCP, so the peer cannot send a few megabytes."""
    door, _, sent = run_thread_server(frame(TEXT, b"x" * 1000) * 5000)
    async with door as ws:
        await trio.testing.wait_all_tasks_blocked()
        assert not sent.is_set()
        for _ in range(5000):
            await ws.receive()
        await sent.wait()


async def test_leaving_drops_what_is_held(run_thread_server: Any, autojump_clock: Any) -> None:
    """The block's end is a clean close, however much was not read."""
    door, _, _ = run_thread_server(frame(TEXT, b"x" * 1000) * 5000)
    async with door as ws:
        await trio.testing.wait_all_tasks_blocked()
    assert ws.closeEvent.wasClean


# A Close before the end of TCP.


async def test_no_end_between_close_frame_and_close_event(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """While the server has not ended TCP, a receiver waits, though no message can come."""
    ws, peer = await socket_and_peer(nursery)
    await begin(ws)
    await peer.send(close(1000))
    await trio.testing.wait_all_tasks_blocked()
    with trio.move_on_after(1) as scope:
        await ws.receive()
    assert scope.cancelled_caught
    assert ws.readyState == WebSocket.CLOSING


async def test_nothing_is_dispatched_inside_close(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The event comes at a checkpoint after it, and only when TCP is gone."""
    ws, peer = await socket_and_peer(nursery)
    calls: list[str] = []
    ws.onclose = lambda event: calls.append("close")
    await peer.send(close(1000))
    ws.close()
    assert calls == []
    await trio.testing.wait_all_tasks_blocked()
    assert (calls, ws.readyState) == ([], WebSocket.CLOSING)
    await peer.stream.aclose()
    await ws.wait_closed()
    assert calls == ["close"]


# Compression.


async def test_buffered_amount_counts_before_compression(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """It counts the program's bytes, not those on the wire."""
    ws, peer = await socket_and_peer(nursery, "Sec-WebSocket-Extensions: permessage-deflate")
    ws.send("a" * 1000)
    assert ws.bufferedAmount == 1000
    got = await peer.next()
    assert got is not None
    assert len(got.payload) < 100
    await trio.testing.wait_all_tasks_blocked()
    assert ws.bufferedAmount == 0
