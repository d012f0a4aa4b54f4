"""``when()`` of a socket: its events as a channel."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.peer import TEXT, Peer, close, frame

from trio_ws_dom import Event, WebSocket


async def accepted(nursery: trio.Nursery, *, lockstep: bool = False) -> tuple[WebSocket, Peer]:
    """A socket by the bare constructor, OPEN, and its peer."""
    pair = trio.testing.lockstep_stream_pair if lockstep else trio.testing.memory_stream_pair
    ours, theirs = pair()
    ws = WebSocket("ws://peer.test/", nursery=nursery, stream=ours)
    peer = Peer(theirs)
    await peer.accept()
    await trio.testing.wait_all_tasks_blocked()
    return ws, peer


async def end(peer: Peer) -> None:
    await peer.send(close(1000))
    await peer.read_to_close()
    await peer.stream.aclose()


async def test_several_types_in_order(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Messages and the end come by one channel, which ends behind ``close``."""
    ws, peer = await accepted(nursery)
    events = ws.when("message", "close")
    await peer.send(frame(TEXT, b"1"), frame(TEXT, b"2"))
    nursery.start_soon(end, peer)
    assert [event.type async for event in events] == ["message", "message", "close"]


async def test_every_channel_ends(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Also one for a type that never occurred, and one whose receiver sleeps."""
    ws, peer = await accepted(nursery)
    channel = ws.when("made-up")
    nursery.start_soon(end, peer)
    with pytest.raises(trio.EndOfChannel):
        await channel.receive()


async def test_subscribed_after_the_end(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A channel from a CLOSED socket has ended."""
    ws, peer = await accepted(nursery)
    await end(peer)
    await ws.wait_closed()
    with pytest.raises(trio.EndOfChannel):
        await ws.when("message", "close").receive()


async def test_full_channel_holds_the_reading(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A full channel for messages stops the reading to the message; nothing is lost."""
    ws, peer = await accepted(nursery)
    messages = ws.when("message", max_buffer_size=3)
    others: list[str] = []
    ws.onmessage = lambda event: others.append(event.data)
    await peer.send(b"".join(frame(TEXT, b"%d" % number) for number in range(10)))
    await trio.testing.wait_all_tasks_blocked()
    assert others == ["0", "1", "2"]
    await messages.receive()
    await trio.testing.wait_all_tasks_blocked()
    assert others == ["0", "1", "2", "3"]
    nursery.start_soon(end, peer)
    assert [event.data async for event in messages] == [str(number) for number in range(1, 10)]


async def test_peer_is_held_up(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The reading stops, so the peer's writing does; closing the channel sets it free."""
    ws, peer = await accepted(nursery, lockstep=True)
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


async def test_full_channel_of_others_holds_nothing(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Only ``message`` can hold the reading back."""
    ws, peer = await accepted(nursery)
    others = ws.when("made-up", max_buffer_size=1)
    for _ in range(5):
        ws.dispatchEvent(Event("made-up"))
    messages = ws.when("message")
    await peer.send(frame(TEXT, b"hello"))
    assert (await messages.receive()).data == "hello"
    others.close()


async def test_full_channel_does_not_hold_up_the_closing(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """From CLOSING on the reading goes on, and the Close is found."""
    ws, peer = await accepted(nursery)
    messages = ws.when("message", max_buffer_size=1)
    await peer.send(frame(TEXT) * 10)
    await trio.testing.wait_all_tasks_blocked()
    nursery.start_soon(peer.finish)
    ws.close(1000)
    assert (await ws.wait_closed()).wasClean
    assert len([event async for event in messages]) == 1


async def test_closed_channel_gets_no_more(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It is unsubscribed; the socket goes on."""
    ws, peer = await accepted(nursery)
    with ws.when("message"):
        pass
    seen: list[Any] = []
    ws.onmessage = seen.append
    await peer.send(frame(TEXT))
    await trio.testing.wait_all_tasks_blocked()
    assert len(seen) == 1
