"""Keepalive by Pings at intervals, and when a silent peer is dead, and when it is not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
import trio
import trio.testing
from support import opened
from support.frames import CLOSE, PING, PONG, TEXT, frame
from support.peer import Peer
from support.transports import StreamPair, count_tasks, late_pair, tls_pair

from trio_ws_dom import WebSocket, WebSocketError, open_websocket, open_websocket_stream

pytestmark = pytest.mark.usefixtures("every_stream")

LATE = 0.02  # seconds that a late stream may add
UNREAD = frame(TEXT, b"unread")


class Server:
    """A peer that answers Pings, unless it should not.

    Attributes:
      pings: when each came, in seconds since the connection was open.
    """

    def __init__(
        self,
        nursery: trio.Nursery,
        *,
        answers: bool = True,
        then: bytes = b"",
        pair: StreamPair | None = None,
    ) -> None:
        self.ours, theirs = pair or opened.new_pair()
        self.peer = Peer(theirs)
        self.answers = answers
        self.pings: list[float] = []
        self._nursery = nursery
        nursery.start_soon(self._run, then)

    async def _run(self, then: bytes) -> None:
        await self.peer.accept()
        start = trio.current_time()
        await trio.testing.wait_all_tasks_blocked()
        await self.peer.send(then)
        while (got := await self.peer.next()) is not None:
            if got.opcode == PING:
                self.pings.append(trio.current_time() - start)
                if self.answers:
                    await self.peer.send(frame(PONG, got.payload))
            if got.opcode == CLOSE:
                await self.peer.send(frame(CLOSE, got.payload))
                await self.peer.stream.aclose()
                return

    async def connect(self, **options: Any) -> WebSocket:
        ws = WebSocket("ws://peer.test/", nursery=self._nursery, stream=self.ours, **options)
        await ws.when("open").receive()
        return ws

    def open(self, **options: Any) -> Any:
        return open_websocket("ws://peer.test/", stream=self.ours, **options)


async def end_of(ws: WebSocket) -> float:
    """Wait for the end, and return the seconds until then."""
    start = trio.current_time()
    await ws.wait_closed()
    return trio.current_time() - start


# Pings.


async def test_a_ping_each_interval(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A Ping is sent every ``ping_interval`` seconds, the first one interval after ``open``."""
    server = Server(nursery)
    ws = await server.connect(ping_interval=10)
    await trio.sleep(35)
    assert server.pings == [10, 20, 30]
    await ws.aclose()


async def test_interval_regardless_of_traffic(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Received data does not delay a Ping, so that a box that watches this direction sees
    traffic."""
    server = Server(nursery)
    ws = await server.connect(ping_interval=10)
    for _ in range(35):
        await server.peer.send(frame(TEXT, b"tick"))
        await trio.sleep(1)
    assert server.pings == [10, 20, 30]
    await ws.aclose()


async def test_without_an_interval_there_is_no_ping(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """By default there is no Ping, and no task for it."""
    plain, kept = Server(nursery), Server(nursery)
    before = count_tasks()
    ws = await plain.connect()
    middle = count_tasks()
    other = await kept.connect(ping_interval=10)
    assert count_tasks() - middle == middle - before + 1
    await trio.sleep(900)
    assert plain.pings == []
    await ws.aclose()
    await other.aclose()


async def test_pings_stop_with_the_close(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """From CLOSING on the close's own bound holds, without ``error``, however silent the peer
    is."""
    ours, theirs = opened.new_pair()
    ws = WebSocket(
        "ws://peer.test/", nursery=nursery, stream=ours, ping_interval=1, close_timeout=7
    )
    peer = Peer(theirs)
    await peer.accept()
    errors: list[object] = []
    ws.onerror = errors.append
    await trio.sleep(0.5)
    ws.close(1000)
    assert await end_of(ws) == pytest.approx(7, abs=LATE)
    await peer.read_to_end()
    assert ([got.opcode for got in peer.frames], errors) == ([CLOSE], [])
    assert "closing handshake" in str(ws.failure)


async def test_pings_to_a_peer_that_does_not_read(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """They do not pile up, as one waits while another is being written."""
    ours, theirs = trio.testing.lockstep_stream_pair()
    ws = WebSocket(
        "ws://peer.test/", nursery=nursery, stream=ours, ping_interval=1, ping_timeout=None
    )
    peer = Peer(theirs)
    await peer.accept()
    await trio.sleep(1000.5)
    nursery.start_soon(ws.aclose)
    await peer.finish()
    assert [got.opcode for got in peer.frames] == [PING, PING, CLOSE]


# When the peer is dead.


async def test_silent_peer_fails_after_the_timeout(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """``ping_timeout`` after a Ping comes ``error``, and 1006 that says for how long it was
    silent."""
    server = Server(nursery, answers=False)
    ws = await server.connect(ping_interval=10, ping_timeout=3)
    events: list[str] = []
    for name in ("error", "close"):
        ws.addEventListener(name, lambda event: events.append(event.type))
    assert await end_of(ws) == pytest.approx(13, abs=LATE)
    assert events == ["error", "close"]
    assert ws.closeEvent is not None
    assert (ws.closeEvent.code, ws.closeEvent.wasClean) == (1006, False)
    assert ws.failure is not None
    assert isinstance(ws.failure.__cause__, TimeoutError)
    silence = "13.01" if "13.01" in str(ws.failure) else "13"
    assert str(ws.failure) == (
        "ws://peer.test/: expected an answer to a Ping within 3 seconds (ping_timeout), "
        f"but the peer was silent for {silence} seconds"
    )


async def test_no_close_to_a_dead_peer(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """No Close is sent and nothing is waited for, as the stream is closed in the same moment."""
    server = Server(nursery, answers=False)
    await end_of(await server.connect(ping_interval=10, ping_timeout=3))
    await trio.testing.wait_all_tasks_blocked()
    assert [got.opcode for got in server.peer.frames] == [PING]
    assert server.peer.ended == "eof"


async def test_receivers_get_the_error(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """``receive()`` and ``ping()`` raise it, and the block is not cancelled."""
    server = Server(nursery, answers=False)
    async with server.open(ping_interval=10, ping_timeout=3) as ws:
        with pytest.raises(WebSocketError, match=r"silent for 13(.01)? seconds") as caught:
            await ws.receive()
        assert caught.value.closeCode == 1006
        with pytest.raises(WebSocketError) as caught:
            await ws.ping()
        assert caught.value.__cause__ is ws.failure
        await trio.sleep(1)


async def test_streams_are_kept_alive_too(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The options are for every entry point."""
    server = Server(nursery, answers=False)
    opened = open_websocket_stream("ws://peer.test/", stream=server.ours, ping_interval=5)
    async with opened as stream:
        with pytest.raises(WebSocketError, match="ping_timeout"):
            await stream.readable.receive()


async def test_timeout_is_the_interval_by_default(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """``ping_interval`` alone finds a dead peer."""
    server = Server(nursery, answers=False)
    assert await end_of(await server.connect(ping_interval=10)) == pytest.approx(20, abs=LATE)


async def test_pings_without_a_timeout(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """With ``ping_timeout=None`` there are Pings, and nothing else."""
    server = Server(nursery, answers=False)
    ws = await server.connect(ping_interval=10, ping_timeout=None)
    await trio.sleep(1005)
    assert len(server.pings) == 100
    assert ws.readyState == WebSocket.OPEN
    await ws.aclose()


async def test_timeout_longer_than_the_interval(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The first Ping that is not answered counts, and later ones do not delay the end."""
    server = Server(nursery, answers=False)
    assert await end_of(await server.connect(ping_interval=5, ping_timeout=12)) == pytest.approx(
        17, abs=LATE
    )
    assert server.pings == [5, 10, 15]


async def test_any_byte_counts_as_an_answer(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Neither a Pong nor a whole frame is needed, and the silence is counted from that byte."""
    server = Server(nursery, answers=False)
    ws = await server.connect(ping_interval=10, ping_timeout=3)
    await trio.sleep(12.5)
    await server.peer.send(UNREAD[:1])
    assert await end_of(ws) == pytest.approx(10.5, abs=LATE)
    assert server.pings == [10, 20]
    assert "silent for 10.5" in str(ws.failure)


async def test_answers_keep_it_open(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A peer that answers is alive for as long as it does."""
    server = Server(nursery)
    ws = await server.connect(ping_interval=10, ping_timeout=3)
    await trio.sleep(10_005)
    server.answers = False
    assert await end_of(ws) == pytest.approx(8, abs=LATE)


# While the program does not read, or nothing can be sent, the peer is not silent.


async def without_a_look(ws: WebSocket, until: trio.Event) -> None:
    await until.wait()
    ws.onmessage = None


async def with_a_full_inbox(ws: WebSocket, until: trio.Event) -> None:
    await ws.receive()
    await until.wait()
    with suppress(trio.ClosedResourceError, WebSocketError):
        async for _ in ws:
            pass


async def with_a_full_channel(ws: WebSocket, until: trio.Event) -> None:
    async with ws.when("message", max_buffer_size=1):
        await until.wait()


async def with_busy_listeners(ws: WebSocket, until: trio.Event) -> None:
    async def listener(event: object) -> None:
        await until.wait()

    ws.onmessage = listener


Hold = Callable[[WebSocket, trio.Event], Awaitable[None]]
holds = pytest.mark.parametrize(
    "hold", [without_a_look, with_a_full_inbox, with_a_full_channel, with_busy_listeners]
)


@holds
async def test_answers_after_unread_messages(
    hold: Hold, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Unread Pongs are no silence, and the peer goes on seeing Pings."""
    server, until = Server(nursery, then=UNREAD * 3000), trio.Event()
    async with server.open(ping_interval=10, ping_timeout=3) as ws:
        nursery.start_soon(hold, ws, until)
        await trio.sleep(505)
        assert (ws.readyState, len(server.pings)) == (WebSocket.OPEN, 50)
        until.set()
        await trio.sleep(100)
        assert (ws.readyState, len(server.pings)) == (WebSocket.OPEN, 60)


@holds
async def test_peer_that_died_after_unread_messages(
    hold: Hold, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """It is found when the program reads on, when the time for an answer begins."""
    server, until = Server(nursery, then=UNREAD * 3000, answers=False), trio.Event()
    async with server.open(ping_interval=10, ping_timeout=3) as ws:
        nursery.start_soon(hold, ws, until)
        await trio.sleep(505)
        assert (ws.readyState, len(server.pings)) == (WebSocket.OPEN, 50)
        until.set()
        assert 3 <= await end_of(ws) <= 13


async def test_program_that_computes(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Bytes that came while the program let no task run are read before a peer is declared dead."""
    pairs = [trio.testing.memory_stream_pair() for _ in range(20)]  # who is due first is random
    servers = [Server(nursery, answers=False, pair=pair) for pair in pairs]
    sockets = [await server.connect(ping_interval=10, ping_timeout=3) for server in servers]
    await trio.sleep(11)
    for ours, _ in pairs:
        ours.receive_stream.put_data(frame(PONG))
    autojump_clock.jump(100)
    await trio.testing.wait_all_tasks_blocked()
    assert {ws.readyState for ws in sockets} == {WebSocket.OPEN}
    for ws in sockets:
        await ws.aclose()


async def slow_peer(nursery: trio.Nursery, **options: Any) -> tuple[WebSocket, Peer]:
    """Return a socket with two batches to send, and a peer that takes what it reads."""
    ours, theirs = trio.testing.lockstep_stream_pair()
    ws = WebSocket("ws://peer.test/", nursery=nursery, stream=ours, ping_interval=10, **options)
    peer = Peer(theirs)
    await peer.accept()
    await trio.testing.wait_all_tasks_blocked()
    ws.send(bytes(60_000))
    await trio.testing.wait_all_tasks_blocked()
    ws.send(bytes(60_000))
    return ws, peer


async def test_ping_after_a_slow_upload(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """While data is sent, however slowly, a Ping that waits for it does not count as sent."""
    ws, peer = await slow_peer(nursery, ping_timeout=3)
    await trio.sleep(12)
    await peer.next()  # two seconds after the Ping the data in progress is sent
    await trio.sleep(2)
    nursery.start_soon(peer.next)  # and two seconds later the Ping is
    assert await end_of(ws) == pytest.approx(3, abs=LATE)


async def test_ping_that_cannot_leave(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Where nothing can be sent, the time runs from when the Ping should have been sent."""
    ws, _ = await slow_peer(nursery, ping_timeout=3)
    assert await end_of(ws) == pytest.approx(13, abs=LATE)


async def test_sending_does_not_count_as_an_answer(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The system's buffer takes data for a dead peer, so a program that sends must learn of it in
    time."""
    server = Server(nursery, answers=False)
    ws = await server.connect(ping_interval=10, ping_timeout=3)
    async with trio.open_nursery() as sending:
        sending.start_soon(send_on, ws)
        assert await end_of(ws) == pytest.approx(13, abs=LATE)
        sending.cancel_scope.cancel()


async def send_on(ws: WebSocket) -> None:
    while True:
        ws.send("x")
        await trio.sleep(0.5)


async def test_an_answer_that_comes_before_send_all_returns_counts(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The first Pong comes after 1 ms, the second after 50, and ``send_all()`` takes 10 ms."""
    ours, theirs = late_pair()
    peer = Peer(theirs)
    ended: list[object] = []

    async def serve() -> None:
        await peer.accept()
        delays = iter([0.001, *[0.05] * 5])
        while (got := await peer.next()) is not None and got.opcode == PING:
            await trio.sleep(next(delays))
            await peer.send(frame(PONG, got.payload))
        await peer.send(frame(CLOSE, b"\x03\xe8"))
        await peer.stream.aclose()

    nursery.start_soon(serve)
    async with open_websocket("ws://peer.test/", stream=ours, ping_interval=20) as ws:
        ws.onclose = ended.append
        await trio.sleep(105)
        assert ended == []


async def test_fifty_idle_tls_sockets_stay_alive(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    servers = [Server(nursery, pair=tls_pair()) for _ in range(50)]
    sockets: list[WebSocket] = []
    for server in servers:
        ws = WebSocket("wss://127.0.0.1/", nursery=nursery, stream=server.ours, ping_interval=10)
        sockets.append(ws)
    await trio.sleep(101)
    assert {ws.readyState for ws in sockets} == {WebSocket.OPEN}
    assert {len(server.pings) for server in servers} == {10}
    async with trio.open_nursery() as closing:
        for ws in sockets:
            closing.start_soon(ws.aclose)
