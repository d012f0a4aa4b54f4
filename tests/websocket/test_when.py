"""``when()`` of a socket: its events as a channel."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.fake_server import say

from trio_ws_dom import Event


async def test_several_types_in_order(
    accepted: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Messages and the end come by one channel, which ends behind ``close``."""
    ws, connection = await accepted()
    events = ws.when("message", "close")
    await say(connection, "1", "2")
    nursery.start_soon(connection.close)
    assert [event.type async for event in events] == ["message", "message", "close"]


async def test_every_channel_ends(
    accepted: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Also one for a type that never occurred, and one whose receiver sleeps."""
    ws, connection = await accepted()
    channel = ws.when("made-up")
    nursery.start_soon(connection.close)
    with pytest.raises(trio.EndOfChannel):
        await channel.receive()


async def test_subscribed_after_the_end(accepted: Any, autojump_clock: Any) -> None:
    """A channel from a CLOSED socket has ended."""
    ws, connection = await accepted()
    await connection.close()
    await ws.wait_closed()
    with pytest.raises(trio.EndOfChannel):
        await ws.when("message", "close").receive()


async def test_full_channel_holds_the_reading(
    accepted: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """A full channel for messages stops the reading to the message; nothing is lost."""
    ws, connection = await accepted()
    messages = ws.when("message", max_buffer_size=3)
    others: list[str] = []
    ws.onmessage = lambda event: others.append(event.data)
    await say(connection, *map(str, range(10)))
    assert others == ["0", "1", "2"]
    await messages.receive()
    await trio.testing.wait_all_tasks_blocked()
    assert others == ["0", "1", "2", "3"]
    nursery.start_soon(connection.close)
    assert [event.data async for event in messages] == [str(number) for number in range(1, 10)]


async def test_full_channel_of_others_holds_nothing(accepted: Any, autojump_clock: Any) -> None:
    """Only ``message`` can hold the reading back."""
    ws, connection = await accepted()
    others = ws.when("made-up", max_buffer_size=1)
    for _ in range(5):
        ws.dispatchEvent(Event("made-up"))
    messages = ws.when("message")
    await connection.send("hello")
    assert (await messages.receive()).data == "hello"
    others.close()


async def test_full_channel_does_not_hold_up_the_closing(
    accepted: Any, autojump_clock: Any
) -> None:
    """From CLOSING on the reading goes on, and the Close is found."""
    ws, connection = await accepted()
    messages = ws.when("message", max_buffer_size=1)
    await say(connection, *[""] * 10)
    ws.close(1000)
    assert (await ws.wait_closed()).wasClean
    assert len([event async for event in messages]) == 1


async def test_closed_channel_gets_no_more(accepted: Any, autojump_clock: Any) -> None:
    """It is unsubscribed; the socket goes on."""
    ws, connection = await accepted()
    with ws.when("message"):
        pass
    seen: list[Any] = []
    ws.onmessage = seen.append
    await say(connection, "")
    assert len(seen) == 1
