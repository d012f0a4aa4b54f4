"""``ping()``, which returns a round trip time, and its end when the socket closes."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import trio
import trio.testing
from support import opened
from support.frames import CLOSE, PING, PONG, TEXT, close, frame
from support.opened import socket_and_peer
from support.peer import Peer

from trio_ws_dom import DOMException, WebSocket, WebSocketError, open_websocket

pytestmark = pytest.mark.usefixtures("every_stream")


class Pinging:
    """A ``ping()`` in a task, and its outcome."""

    def __init__(self, nursery: trio.Nursery, ws: WebSocket) -> None:
        self.seconds: float | None = None
        self.error: Exception | None = None
        self.over = trio.Event()
        nursery.start_soon(self._run, ws)

    async def _run(self, ws: WebSocket) -> None:
        try:
            self.seconds = await ws.ping()
        except Exception as exc:
            self.error = exc
        self.over.set()


async def next_ping(peer: Peer) -> bytes:
    got = await peer.next()
    assert got is not None
    assert got.opcode == PING
    return got.payload


async def test_ping_returns_the_round_trip(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It is the seconds from the call to the Pong, by trio's clock."""
    ws, peer = await socket_and_peer(nursery)
    pinging = Pinging(nursery, ws)
    payload = await next_ping(peer)
    await trio.sleep(2.5)
    await peer.send(frame(PONG, payload))
    await pinging.over.wait()
    assert pinging.seconds == 2.5


async def test_pings_of_several_tasks(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Each has its own payload and its own time, and the peer chooses the order of the answers."""
    ws, peer = await socket_and_peer(nursery)
    first = Pinging(nursery, ws)
    one = await next_ping(peer)
    await trio.sleep(1)
    second = Pinging(nursery, ws)
    two = await next_ping(peer)
    assert one != two
    await trio.sleep(1)
    await peer.send(frame(PONG, one))
    await first.over.wait()
    assert not second.over.is_set()
    await trio.sleep(1)
    await peer.send(frame(PONG, two))
    await second.over.wait()
    assert (first.seconds, second.seconds) == (2, 2)


async def test_latest_answer_is_enough(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A peer may answer only the latest of several Pings (RFC 6455 section 5.5.3)."""
    ws, peer = await socket_and_peer(nursery)
    pings: list[Pinging] = []
    for _ in range(3):
        pings.append(Pinging(nursery, ws))
        payload = await next_ping(peer)
        await trio.sleep(1)
    await peer.send(frame(PONG, payload))
    for ping in pings:
        await ping.over.wait()
    assert [ping.seconds for ping in pings] == [3, 2, 1]


async def test_unasked_pong_answers_no_ping(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It has another payload, or one that was already answered."""
    ws, peer = await socket_and_peer(nursery)
    pinging = Pinging(nursery, ws)
    answered = await next_ping(peer)
    await peer.send(frame(PONG, answered))
    await pinging.over.wait()
    again = Pinging(nursery, ws)
    await next_ping(peer)
    await peer.send(frame(PONG), frame(PONG, b"heartbeat"), frame(PONG, answered))
    await trio.testing.wait_all_tasks_blocked()
    assert not again.over.is_set()


async def test_ping_before_open(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It is an InvalidStateError, as for ``send()``, and nothing is sent."""
    ours, _ = opened.new_pair()
    ws = WebSocket("ws://peer.test/", nursery=nursery, stream=ours)
    with pytest.raises(DOMException) as caught:
        await ws.ping()
    assert caught.value.name == "InvalidStateError"
    ws.close()


async def test_peer_closes_before_the_pong(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It is a WebSocketError after the ``close`` event, also after a clean close, as for
    ``drain()``."""
    ws, peer = await socket_and_peer(nursery)
    pinging = Pinging(nursery, ws)
    await next_ping(peer)
    states: list[bool] = []
    ws.onclose = lambda event: states.append(pinging.over.is_set())
    await peer.send(close(4000, "enough"))
    await peer.finish()
    await pinging.over.wait()
    assert isinstance(pinging.error, WebSocketError)
    assert (pinging.error.closeCode, pinging.error.reason) == (4000, "enough")
    assert states == [False]


async def test_lost_before_the_pong(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """After an unclean end the failure is the error's cause."""
    ws, peer = await socket_and_peer(nursery)
    pinging = Pinging(nursery, ws)
    await trio.testing.wait_all_tasks_blocked()
    await peer.stream.aclose()
    await pinging.over.wait()
    assert isinstance(pinging.error, WebSocketError)
    assert (pinging.error.closeCode, pinging.error.__cause__) == (1006, ws.failure)


async def test_own_close_before_the_pong(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A Ping that was sent may be answered while CLOSING, but a later one is never sent."""
    ws, peer = await socket_and_peer(nursery)
    before = Pinging(nursery, ws)
    payload = await next_ping(peer)
    ws.close(3000)
    later = Pinging(nursery, ws)
    await trio.testing.wait_all_tasks_blocked()
    await peer.send(frame(PONG, payload))
    await before.over.wait()
    assert before.seconds == 0
    assert not later.over.is_set()
    await peer.finish()
    await later.over.wait()
    assert [got.opcode for got in peer.frames] == [PING, CLOSE]
    assert isinstance(later.error, WebSocketError)
    assert later.error.closeCode == 3000


async def test_no_ping_while_closing(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """None is sent even before a Close that still waits."""
    ws, peer = await socket_and_peer(nursery, pair=trio.testing.lockstep_stream_pair())
    ws.send("x")
    await trio.testing.wait_all_tasks_blocked()
    ws.close(1000)
    pinging = Pinging(nursery, ws)
    await trio.testing.wait_all_tasks_blocked()
    await peer.finish()
    await pinging.over.wait()
    assert [got.opcode for got in peer.frames] == [TEXT, CLOSE]


async def test_ping_when_closed(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It is the same error, at once."""
    ws, peer = await socket_and_peer(nursery)
    nursery.start_soon(peer.finish)
    await ws.aclose(3001)
    start = trio.current_time()
    with pytest.raises(WebSocketError) as caught:
        await ws.ping()
    assert (caught.value.closeCode, trio.current_time()) == (3001, start)


async def test_cancelled_ping_ignores_its_pong(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Its Pong is ignored when it comes, and the next Ping works."""
    ws, peer = await socket_and_peer(nursery)
    with trio.move_on_after(1):
        await ws.ping()
    late = await next_ping(peer)
    pinging = Pinging(nursery, ws)
    payload = await next_ping(peer)
    await peer.send(frame(PONG, late))
    await trio.testing.wait_all_tasks_blocked()
    assert not pinging.over.is_set()
    await peer.send(frame(PONG, payload))
    await pinging.over.wait()
    assert pinging.error is None


async def test_ping_under_cancellation(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A call that is cancelled from the start sends nothing."""
    ws, peer = await socket_and_peer(nursery)
    with trio.CancelScope() as scope:
        scope.cancel()
        await ws.ping()
    ws.send("next")
    got = await peer.next()
    assert got is not None
    assert got.opcode == TEXT


async def test_ping_overtakes_data(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It waits for what is being written, and not for what is queued."""
    ws, peer = await socket_and_peer(nursery, pair=trio.testing.lockstep_stream_pair())
    for _ in range(10):
        ws.send(b"x" * 60_000)
    await trio.testing.wait_all_tasks_blocked()
    Pinging(nursery, ws)
    await trio.testing.wait_all_tasks_blocked()
    got = [await peer.next() for _ in range(11)]
    opcodes = [frame.opcode for frame in got if frame is not None]
    assert opcodes.index(PING) < 4
    assert len(opcodes) == 11
    await trio.aclose_forcefully(peer.stream)


async def test_pings_that_cannot_leave_are_one(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A peer that does not read costs one frame, however often the program asks."""
    ws, peer = await socket_and_peer(nursery, pair=trio.testing.lockstep_stream_pair())
    ws.send(b"x")
    await trio.testing.wait_all_tasks_blocked()
    first = Pinging(nursery, ws)
    for _ in range(100):
        with trio.move_on_after(1):
            await ws.ping()
    await peer.next()
    payload = await next_ping(peer)
    await peer.send(frame(PONG, payload))
    await first.over.wait()
    assert first.seconds == 100


async def test_pong_after_unread_messages(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Where a full queue stops the reading, the Pong is found when the program reads on."""
    ours, theirs = opened.new_pair()
    peer = Peer(theirs)
    nursery.start_soon(partial(peer.accept, then=frame(TEXT, b"unread" * 50_000) * 2))
    async with open_websocket("ws://peer.test/", stream=ours) as ws:
        pinging = Pinging(nursery, ws)
        payload = await next_ping(peer)
        await peer.send(frame(PONG, payload))
        await trio.sleep(7)
        assert not pinging.over.is_set()
        assert await ws.receive() == await ws.receive() == "unread" * 50_000
        await pinging.over.wait()
        assert pinging.seconds == 7
        nursery.start_soon(peer.finish)


async def test_ping_with_data(nursery: trio.Nursery, autojump_clock: Any) -> None:
    ws, peer = await socket_and_peer(nursery)
    seconds: list[float] = []

    async def measure() -> None:
        seconds.append(await ws.ping(memoryview(b"data")))

    nursery.start_soon(measure)
    assert await next_ping(peer) == b"data"
    await trio.sleep(3)
    await peer.send(frame(PONG, b"data"))
    await trio.testing.wait_all_tasks_blocked()
    assert seconds == [3]


async def test_pong_is_sent_unasked(nursery: trio.Nursery, autojump_clock: Any) -> None:
    ws, peer = await socket_and_peer(nursery)
    ws.pong(bytearray(b"data"))
    ws.pong()
    for payload in (b"data", b""):
        got = await peer.next()
        assert got is not None
        assert (got.opcode, got.payload) == (PONG, payload)
    nursery.start_soon(peer.finish)
    await ws.aclose()
    ws.pong()
    assert [got.opcode for got in peer.frames] == [PONG, PONG, CLOSE]


async def test_no_pong_while_closing(nursery: trio.Nursery, autojump_clock: Any) -> None:
    ws, peer = await socket_and_peer(nursery)
    ws.close(1000)
    ws.pong()
    await peer.finish()
    assert [got.opcode for got in peer.frames] == [CLOSE]


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (b"x" * 126, ValueError, "expected data of at most 125 bytes, got 126"),
        ("text", TypeError, "expected data as a bytes-like object, got"),
    ],
)
async def test_data_of_ping_and_pong_that_is_refused(
    nursery: trio.Nursery, autojump_clock: Any, data: Any, error: type[Exception], said: str
) -> None:
    ws, peer = await socket_and_peer(nursery)
    with pytest.raises(error, match=said):
        await ws.ping(data)
    with pytest.raises(error, match=said):
        ws.pong(data)
    nursery.start_soon(peer.finish)
    await ws.aclose()
    assert [got.opcode for got in peer.frames] == [CLOSE]


async def test_pong_before_open(nursery: trio.Nursery, autojump_clock: Any) -> None:
    ws = WebSocket("ws://peer.test/", nursery=nursery, stream=opened.new_pair()[0])
    with pytest.raises(DOMException, match=r"expected pong\(\) after open") as caught:
        ws.pong()
    assert caught.value.name == "InvalidStateError"
    ws.close()
