"""Messages that the program has not consumed are held, and nothing else waits for them."""

from __future__ import annotations

import logging
from typing import Any

import pytest
import trio
import trio.testing
from support.checked import not_none
from support.frames import PING, PONG, TEXT, close, frame
from support.opened import new_pair
from support.peer import Peer

from trio_ws_dom import WebSocket, connect_websocket, open_websocket


async def held(nursery: trio.Nursery, *messages: bytes) -> tuple[WebSocket, Peer]:
    """Return a socket that has consumed nothing, and to which these were sent."""
    ours, theirs = new_pair()
    peer = Peer(theirs)

    async def serve() -> None:
        await peer.accept(then=b"".join(messages))

    nursery.start_soon(serve)
    ws = await connect_websocket(nursery, "ws://peer.test/", stream=ours)
    await trio.testing.wait_all_tasks_blocked()
    return ws, peer


async def leave(nursery: trio.Nursery, ws: WebSocket, peer: Peer) -> None:
    nursery.start_soon(peer.finish)
    await ws.aclose()


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]


async def test_a_program_that_only_sends_gets_all_of_it_to_the_server(autojump_clock: Any) -> None:
    """The server greets, pings every second, and closes if there is no answer."""
    ours, theirs = new_pair()
    peer = Peer(theirs)
    lines: list[bytes] = []

    async def serve() -> None:
        await peer.accept(then=frame(TEXT, b"greeting"))
        pinged = answered = 0
        with trio.move_on_after(7):
            async with trio.open_nursery() as nursery:

                async def ping() -> None:
                    nonlocal pinged
                    while True:
                        await trio.sleep(1)
                        assert pinged == answered
                        pinged += 1
                        await peer.send(frame(PING, b"%d" % pinged))

                nursery.start_soon(ping)
                while (got := await peer.next()) is not None:
                    if got.opcode == PONG:
                        answered += 1
                    elif got.opcode == TEXT:
                        lines.append(got.payload)
                    else:
                        await peer.send(close(1000))
                        await peer.stream.aclose()
                        nursery.cancel_scope.cancel()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        async with open_websocket("ws://peer.test/", stream=ours) as ws:
            for number in range(12):
                ws.send(str(number))
                await trio.sleep(0.5)
    assert lines == [b"%d" % number for number in range(12)]
    assert ws.closeEvent is not None
    assert ws.closeEvent.wasClean


async def test_close_is_dispatched_when_it_happens(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, peer = await held(nursery, frame(TEXT, b"unread"))
    closed = trio.Event()
    ws.onclose = lambda event: closed.set()
    await peer.send(close(4000))
    await peer.stream.aclose()
    await closed.wait()


async def test_what_is_held_at_the_end_stays_receivable(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, peer = await held(nursery, frame(TEXT, b"1"), frame(TEXT, b"2"), close(1000))
    await peer.stream.aclose()
    await ws.wait_closed()
    assert [message async for message in ws] == ["1", "2"]


async def test_a_first_listener_gets_what_was_held_in_order_and_then_the_rest(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, peer = await held(nursery, *(frame(TEXT, b"%d" % number) for number in range(500)))
    got: list[object] = []
    ws.onmessage = lambda event: got.append(event.data)
    assert got == []  # never within the program's own call
    await peer.send(*(frame(TEXT, b"%d" % number) for number in range(500, 1000)))
    await trio.testing.wait_all_tasks_blocked()
    assert got == [str(number) for number in range(1000)]
    await leave(nursery, ws, peer)


async def test_a_first_channel_gets_what_was_held(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, peer = await held(nursery, *(frame(TEXT, b"%d" % number) for number in range(200)))
    with ws.when("message") as channel:
        got = [(await channel.receive()).data for _ in range(200)]
    assert got == [str(number) for number in range(200)]
    await leave(nursery, ws, peer)


async def test_async_listeners_of_held_messages_start_in_order(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, peer = await held(nursery, *(frame(TEXT, b"%d" % number) for number in range(50)))
    got: list[str] = []

    async def listener(event: Any) -> None:
        got.append(event.data)
        await trio.lowlevel.checkpoint()

    ws.onmessage = listener
    await trio.testing.wait_all_tasks_blocked()
    assert got == [str(number) for number in range(50)]
    await leave(nursery, ws, peer)


async def test_messages_may_come_while_held_ones_are_dispatched(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Two tasks then wait for async listeners to start, and one of them goes on dispatching."""
    ws, peer = await held(nursery, *(frame(TEXT, b"%d" % number) for number in range(50)))
    got: list[object] = []

    async def listener(event: Any) -> None:
        got.append(event.data)
        await trio.lowlevel.checkpoint()

    ws.addEventListener("message", listener)
    ws.addEventListener("message", lambda event: got.append(event.data))
    for number in range(50, 100):
        await peer.send(frame(TEXT, b"%d" % number))
    await trio.testing.wait_all_tasks_blocked()
    assert got == [str(number) for number in range(100) for _ in range(2)]
    await leave(nursery, ws, peer)


async def test_receiving_after_a_listener_starts_with_what_comes_then(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, peer = await held(nursery, frame(TEXT, b"1"))
    got: list[object] = []
    ws.onmessage = lambda event: got.append(event.data)
    await trio.testing.wait_all_tasks_blocked()
    with trio.move_on_after(1):
        await ws.receive()
    await peer.send(frame(TEXT, b"2"))
    assert await ws.receive() == "2"
    assert got == ["1", "2"]
    await leave(nursery, ws, peer)


async def test_held_messages_are_dispatched_before_close(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, peer = await held(nursery, *(frame(TEXT, b"%d" % number) for number in range(3)))
    trace: list[object] = []
    ws.onclose = lambda event: trace.append("close")
    ws.onmessage = lambda event: trace.append(event.data)
    await peer.send(close(1000))
    await peer.stream.aclose()
    await ws.wait_closed()
    assert trace == ["0", "1", "2", "close"]


async def test_a_listener_set_while_the_stream_is_being_closed_gets_what_was_held(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The connection's tasks are over then."""
    ours, theirs = trio.testing.memory_stream_pair()
    close_hook = ours.send_stream.close_hook
    assert close_hook is not None  # it ends the other stream
    trace: list[object] = []

    def listen() -> None:
        ws.onmessage = lambda event: trace.append(event.data)
        close_hook()

    ours.send_stream.close_hook = listen
    nursery.start_soon(Peer(theirs).accept)
    ws = await connect_websocket(nursery, "ws://peer.test/", stream=ours)
    ws.onclose = lambda event: trace.append("close")
    await theirs.send_all(frame(TEXT, b"held") + close(1000))
    await theirs.aclose()
    await ws.wait_closed()
    assert trace == ["held", "close"]


async def test_a_listener_set_after_the_close_gets_nothing(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, peer = await held(nursery, frame(TEXT, b"unread"), close(1000))
    await peer.stream.aclose()
    await ws.wait_closed()
    got: list[object] = []
    ws.onmessage = got.append
    await trio.testing.wait_all_tasks_blocked()
    assert got == []


async def test_held_messages_are_not_dispatched_after_the_programs_own_close(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, peer = await held(nursery, *(frame(TEXT, b"%d" % number) for number in range(3)))
    got: list[object] = []

    def listener(event: Any) -> None:
        got.append(event.data)
        ws.close()

    ws.onmessage = listener
    nursery.start_soon(peer.finish)
    await ws.wait_closed()
    assert got == ["0"]


async def test_a_full_queue_is_warned_of_once_with_the_remedy(
    nursery: trio.Nursery, autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ws, peer = await held(nursery, *[frame(TEXT, b"x")] * 3000)
    await trio.sleep(60)
    (warning,) = warnings(caplog)
    assert "ws.onmessage = None" in warning
    ws.onmessage = None
    await peer.send(frame(PING, b"still there?"))
    assert not_none(await peer.next()).payload == b"still there?"
    await leave(nursery, ws, peer)


async def test_held_messages_that_wait_for_async_listeners_are_not_warned_of(
    nursery: trio.Nursery, autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ws, peer = await held(nursery, *[frame(TEXT, b"x")] * 3000)

    async def listener(event: Any) -> None:
        await trio.sleep(1)

    ws.onmessage = listener
    await trio.sleep(20)
    assert warnings(caplog) == []
    await trio.sleep(20)
    await leave(nursery, ws, peer)


async def test_an_inbox_that_is_forgotten_beside_a_listener_is_warned_of(
    nursery: trio.Nursery, autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ws, peer = await held(nursery, frame(TEXT, b"first"))
    await ws.receive()
    ws.onmessage = lambda event: None
    await peer.send(*[frame(TEXT, b"x")] * 3000)
    await trio.sleep(60)
    (warning,) = warnings(caplog)
    assert "another receive()" in warning
    await leave(nursery, ws, peer)


async def test_a_socket_warns_once_whatever_stops_its_reading(
    nursery: trio.Nursery, autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ws, peer = await held(nursery, *[frame(TEXT, b"x")] * 3000)
    await trio.sleep(60)
    await ws.receive()
    ws.onmessage = lambda event: None
    await trio.sleep(60)
    assert len(warnings(caplog)) == 1
    await leave(nursery, ws, peer)


async def test_a_slow_receiver_is_no_reason_for_a_warning(
    nursery: trio.Nursery, autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ws, peer = await held(nursery, *[frame(TEXT, b"x" * 300_000)] * 3)
    for _ in range(3):
        await ws.receive()
        await trio.sleep(60)
    assert warnings(caplog) == []
    await leave(nursery, ws, peer)


async def test_waiting_for_the_end_drops_nothing_that_a_listener_gets(
    nursery: trio.Nursery, autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ws, peer = await held(nursery, *[frame(TEXT, b"x")] * 3000)
    got: list[object] = []
    ws.onmessage = got.append
    nursery.start_soon(peer.send, close(4000))
    async with trio.open_nursery() as waiting:
        waiting.start_soon(ws.wait_closed)
        await peer.read_to_close()
        await peer.stream.aclose()
    assert len(got) == 3000
    assert warnings(caplog) == []


async def test_waiting_for_the_end_is_not_held_up_by_what_nobody_consumes(
    nursery: trio.Nursery, autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    ws, peer = await held(nursery, *[frame(TEXT, b"x")] * 3000)
    nursery.start_soon(peer.send, close(4000))
    async with trio.open_nursery() as waiting:
        waiting.start_soon(ws.wait_closed)
        await peer.read_to_close()
        await peer.stream.aclose()
    assert ws.closeEvent is not None
    assert ws.closeEvent.code == 4000
    assert "were dropped" in warnings(caplog)[0]
