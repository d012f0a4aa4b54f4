"""``when()`` of a socket, which is its events as a channel."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.fake_server import Accepted, say

from trio_ws_dom import Event


async def test_messages_and_close_come_by_one_channel_that_then_ends(
    accepted: Accepted, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, connection = await accepted()
    events = ws.when("message", "close")
    await say(connection, "1", "2")
    nursery.start_soon(connection.close)
    assert [event.type async for event in events] == ["message", "message", "close"]


async def test_a_channel_for_another_type_ends_with_the_socket(
    accepted: Accepted, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, connection = await accepted()
    channel = ws.when("made-up")
    nursery.start_soon(connection.close)
    with pytest.raises(trio.EndOfChannel):
        await channel.receive()


async def test_a_channel_of_a_closed_socket_has_ended(
    accepted: Accepted, autojump_clock: Any
) -> None:
    ws, connection = await accepted()
    await connection.close()
    await ws.wait_closed()
    with pytest.raises(trio.EndOfChannel):
        await ws.when("message", "close").receive()


async def test_a_full_channel_stops_the_reading_and_nothing_is_lost(
    accepted: Accepted, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, connection = await accepted()
    messages = ws.when("message", max_buffer_size=3)
    others: list[object] = []
    ws.onmessage = lambda event: others.append(event.data)
    await say(connection, *map(str, range(10)))
    assert others == ["0", "1", "2"]
    await messages.receive()
    await trio.testing.wait_all_tasks_blocked()
    assert others == ["0", "1", "2", "3"]
    nursery.start_soon(connection.close)
    assert [event.data async for event in messages] == [str(number) for number in range(1, 10)]


async def test_a_full_channel_for_other_events_does_not_stop_the_reading(
    accepted: Accepted, autojump_clock: Any
) -> None:
    ws, connection = await accepted()
    others = ws.when("made-up", max_buffer_size=1)
    for _ in range(5):
        ws.dispatchEvent(Event("made-up"))
    messages = ws.when("message")
    await connection.send("hello")
    assert (await messages.receive()).data == "hello"
    others.close()


async def test_a_full_channel_does_not_delay_the_closing(
    accepted: Accepted, autojump_clock: Any
) -> None:
    ws, connection = await accepted()
    messages = ws.when("message", max_buffer_size=1)
    await say(connection, *[""] * 10)
    ws.close(1000)
    assert (await ws.wait_closed()).wasClean
    assert len([event async for event in messages]) == 1


async def test_a_closed_channel_gets_no_more_events(
    accepted: Accepted, autojump_clock: Any
) -> None:
    ws, connection = await accepted()
    with ws.when("message"):
        pass
    seen: list[Any] = []
    ws.onmessage = seen.append
    await say(connection, "")
    assert len(seen) == 1


async def test_a_channel_holds_its_bytes_and_one_message(
    accepted: Accepted, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, connection = await accepted()
    messages = ws.when("message", max_buffer_bytes=150_000)
    seen: list[int] = []
    ws.onmessage = lambda event: seen.append(len(event.data))
    nursery.start_soon(say, connection, *["x" * 100_000] * 5)
    await trio.testing.wait_all_tasks_blocked()
    assert len(seen) == 2
    await messages.receive()
    await trio.testing.wait_all_tasks_blocked()
    assert len(seen) == 3
    assert [len((await messages.receive()).data) for _ in range(4)] == [100_000] * 4
