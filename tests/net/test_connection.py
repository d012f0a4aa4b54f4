"""A connection's reaction to what it receives, and how it fails."""

from __future__ import annotations

import zlib
from typing import Any

import pytest
import trio
import trio.testing
from support import opened
from support.checked import instance, not_none
from support.frames import BINARY, CLOSE, PING, PONG, TEXT, close, frame
from support.opened import socket_and_peer
from support.peer import Frame, Peer

from trio_ws_dom import WebSocket
from trio_ws_dom._net._connection import Connection
from trio_ws_dom._net._reader import READ_SIZE
from trio_ws_dom._wire import _memory
from trio_ws_dom._wire._outbox import MAX_PENDING_PONGS

pytestmark = pytest.mark.usefixtures("every_stream")

DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"


async def traced(
    nursery: trio.Nursery, *headers: str, **options: Any
) -> tuple[WebSocket, Peer, list[str]]:
    """Return an OPEN socket, its peer, and the trace of its events."""
    trace: list[str] = []
    ws, peer = await socket_and_peer(nursery, *headers, trace=trace, **options)
    return ws, peer, trace


async def test_ping_is_answered_with_its_payload(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """It is answered with its payload, and the program sees nothing."""
    _, peer, trace = await traced(nursery)
    await peer.send(frame(PING, b"payload"))
    assert await peer.next() == Frame(PONG, b"payload")
    assert trace == ["open"]


async def test_ping_between_fragments(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A control frame in the middle of a message is answered at once."""
    _, peer, trace = await traced(nursery)
    await peer.send(frame(TEXT, b"hel", fin=False), frame(PING, b"x"))
    assert await peer.next() == Frame(PONG, b"x")
    await peer.send(frame(0, b"lo"))
    await trio.testing.wait_all_tasks_blocked()
    assert trace == ["open", "hello"]


async def test_unasked_pong_is_ignored(nursery: trio.Nursery, autojump_clock: Any) -> None:
    ws, peer, trace = await traced(nursery)
    await peer.send(frame(PONG, b"x"), frame(TEXT, b"next"))
    await trio.testing.wait_all_tasks_blocked()
    assert (trace, ws.readyState) == (["open", "next"], WebSocket.OPEN)


async def test_ping_while_closing(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """No Pong may follow the Close."""
    ws, peer, _ = await traced(nursery)
    ws.close(1000)
    await trio.testing.wait_all_tasks_blocked()
    await peer.send(frame(PING))
    nursery.start_soon(peer.finish)
    await ws.wait_closed()
    assert [got.opcode for got in peer.frames] == [CLOSE]


async def test_flood_of_pings(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A peer that pings and never reads costs a bounded number of Pongs."""
    ws, peer, _ = await traced(nursery, pair=trio.testing.lockstep_stream_pair())
    for _ in range(20):
        await peer.send(frame(PING, b"x" * 125) * 500)
    await trio.testing.wait_all_tasks_blocked()
    outbox = instance(Connection, ws._session.connection).protocol.outbox
    assert len(not_none(outbox._pongs)) <= MAX_PENDING_PONGS
    assert len(outbox.head) <= MAX_PENDING_PONGS * 131
    assert ws.readyState == WebSocket.OPEN


@pytest.mark.parametrize(
    ("data", "code", "rule"),
    [
        (frame(3, b"x"), 1002, "opcode"),
        (frame(TEXT, b"x", rsv=4), 1002, "RSV"),
        (b"\x81\x81mask\x00", 1002, "mask"),
        (frame(PING, b"x", fin=False), 1002, "fragment"),
        (frame(PING, b"x" * 126), 1002, "125"),
        (frame(0, b"x"), 1002, "continu"),
        (frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"), 1002, "continu"),
        (frame(TEXT, b"\xff"), 1007, "UTF-8"),
        (frame(CLOSE, b"x"), 1002, ""),
        (close(1005), 1002, "1005"),
        (frame(CLOSE, b"\x03\xe8\xff"), 1007, "UTF-8"),
        (frame(BINARY, b"x" * 101), 1009, "at most 100 bytes"),
        (frame(BINARY, b"x" * 60, fin=False) + frame(0, b"x" * 60), 1009, "at most 100 bytes"),
    ],
    ids=[
        "unknown opcode",
        "RSV bit",
        "masked",
        "fragmented control",
        "long control",
        "continues nothing",
        "begins in the middle",
        "text no UTF-8",
        "half a code",
        "code 1005",
        "reason no UTF-8",
        "too big",
        "too big in pieces",
    ],
)
async def test_protocol_failures_close_with_their_code(
    data: bytes, code: int, rule: str, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The peer sees the code, and the program ``error`` and 1006 with the rule's name."""
    ws, peer, trace = await traced(nursery, max_message_size=100)
    errors = ws.when("error")
    await peer.send(data)
    got = await peer.read_to_close()
    assert got is not None
    assert int.from_bytes(got.payload[:2], "big") == code
    await peer.stream.aclose()
    event = await ws.wait_closed()
    assert (event.code, event.reason, event.wasClean) == (1006, "", False)
    assert trace == ["open", "error", "close"]
    error = await errors.receive()
    assert error.error is ws.failure
    assert error.message == str(ws.failure)
    assert rule.lower() in str(ws.failure).lower()
    assert str(ws.failure).startswith("ws://peer.test/: ")


async def test_what_follows_a_failure_is_dropped(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Neither a message nor a Close is read, and the end of TCP is waited for, for some time."""
    ws, peer, trace = await traced(nursery)
    await peer.send(frame(TEXT, b"good") + frame(3) + frame(TEXT, b"bad"))
    await peer.read_to_close()
    start = trio.current_time()
    await peer.send(frame(TEXT, b"worse"), close(1000))
    assert (await ws.wait_closed()).code == 1006
    assert trace == ["open", "good", "error", "close"]
    assert trio.current_time() - start == pytest.approx(2)


async def test_failure_while_closing(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A rule broken after our own Close is a failure, too, without a second Close."""
    ws, peer, trace = await traced(nursery)
    ws.close(1000)
    await peer.read_to_close()
    await peer.send(frame(3))
    nursery.start_soon(peer.read_to_end)
    assert (await ws.wait_closed()).code == 1006
    assert trace == ["open", "error", "close"]
    assert peer.close_code == 1000


async def test_without_a_limit_any_size_is_taken(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """``max_message_size=None`` takes any size."""
    _, peer, trace = await traced(nursery, max_message_size=None)
    await peer.send(frame(TEXT, b"x" * 17 * 1024 * 1024))
    await trio.testing.wait_all_tasks_blocked()
    assert len(trace[1]) == 17 * 1024 * 1024


async def test_default_limit_is_16_mib(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """16 MiB and one byte are refused by the header alone, before they come."""
    ws, peer, _ = await traced(nursery)
    await peer.send(frame(BINARY, b"x" * (16 * 1024 * 1024 + 1))[:10])
    assert await peer.read_to_close() == Frame(CLOSE, b"\x03\xf1")
    assert ws.readyState == WebSocket.CLOSING


@pytest.mark.parametrize("last", ["x", b"x"])
async def test_a_message_over_max_buffered_amount_fails_the_connection_after_the_call(
    last: str | bytes, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, peer, trace = await traced(
        nursery, pair=trio.testing.lockstep_stream_pair(), max_buffered_amount=10
    )
    ws.send(b"123456")
    ws.send(b"7890")
    assert ws.readyState == WebSocket.OPEN
    ws.send(last)
    assert (ws.readyState, ws.bufferedAmount, trace) == (WebSocket.CLOSING, 11, ["open"])
    start = trio.current_time()
    assert (await ws.wait_closed()).code == 1006
    assert trace == ["open", "error", "close"]
    assert trio.current_time() == start
    assert isinstance(not_none(ws.failure).__cause__, BufferError)
    assert "max_buffered_amount" in str(ws.failure)
    await peer.read_to_end()
    assert peer.close_code is None


async def test_frames_in_the_segment_of_the_101(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """What follows the answer's head in one segment is dispatched after ``open``."""
    then = frame(TEXT, b"1") + frame(PING, b"p") + frame(TEXT, b"2")[:1]
    _, peer, trace = await traced(nursery, then=then)
    await peer.send(frame(TEXT, b"2")[1:])
    assert await peer.next() == Frame(PONG, b"p")
    await trio.testing.wait_all_tasks_blocked()
    assert trace == ["open", "1", "2"]


async def test_bad_frame_in_the_segment_of_the_101(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The socket was open all the same."""
    ws, peer, trace = await traced(nursery, then=frame(3))
    await peer.read_to_close()
    await peer.stream.aclose()
    assert (await ws.wait_closed()).code == 1006
    assert trace == ["open", "error", "close"]


async def test_messages_are_compressed_and_inflated(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Once agreed on, longer messages are compressed, and what comes is inflated."""
    ws, peer, trace = await traced(nursery, DEFLATE)
    ws.send("x" * 1000)
    ws.send("short")
    long, short = not_none(await peer.next()), await peer.next()
    assert zlib.decompressobj(-15).decompress(long.payload + b"\0\0\xff\xff") == b"x" * 1000
    assert short == Frame(TEXT, b"short")
    deflate = zlib.compressobj(wbits=-15)
    data = (deflate.compress(b"hello") + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]
    await peer.send(frame(TEXT, data, rsv=4))
    await trio.testing.wait_all_tasks_blocked()
    assert trace == ["open", "hello"]


async def test_limit_counts_after_inflating(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """``max_message_size`` counts after inflating."""
    ws, peer, _ = await traced(nursery, DEFLATE, max_message_size=1000)
    deflate = zlib.compressobj(wbits=-15)
    data = (deflate.compress(bytes(100_000)) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]
    assert len(data) < 1000
    await peer.send(frame(BINARY, data, rsv=4))
    assert await peer.read_to_close() == Frame(CLOSE, b"\x03\xf1")
    assert "1000" in str(ws._session.connection.machine.cause)


async def test_compression_not_wanted(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """``compression=False`` does not offer it, and accepts no such answer."""
    ws, peer, trace = await traced(nursery, DEFLATE, compression=False)
    assert b"permessage-deflate" not in peer.request
    assert trace == ["error", "close"]
    assert "expected no extension" in str(ws.failure)


async def test_tcp_ends_without_a_close(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """There is no ``error``, as in Chromium, but ``close`` with 1006, and ``failure`` has the
    cause."""
    ws, peer, trace = await traced(nursery)
    await peer.stream.aclose()
    assert (await ws.wait_closed()).code == 1006
    assert trace == ["open", "close"]
    assert isinstance(not_none(ws.failure).__cause__, EOFError)


async def test_way_to_the_peer_is_broken(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Where nothing can be written, reading goes on for two seconds at most."""
    ours, theirs = trio.testing.memory_stream_pair()
    ws, _, _ = await traced(nursery, pair=(ours, theirs))
    theirs.receive_stream.close()
    start = trio.current_time()
    ws.send("x")
    assert (await ws.wait_closed()).code == 1006
    assert trio.current_time() - start == pytest.approx(2)
    assert isinstance(not_none(ws.failure).__cause__, trio.BrokenResourceError)


async def test_a_close_of_a_peer_that_did_not_take_our_message_is_not_clean(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    ws, peer, _ = await traced(nursery, pair=(ours, theirs))
    theirs.receive_stream.close()
    ws.send("x")
    await trio.testing.wait_all_tasks_blocked()
    await peer.send(close(4000, "gone"))
    await peer.stream.aclose()
    event = await ws.wait_closed()
    assert (event.code, event.reason, event.wasClean) == (4000, "gone", False)
    assert "1 bytes of messages were not sent" in str(ws.failure)


async def test_tcp_ends_right_after_the_close(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The echo is still sent, if the peer reads."""
    ours, theirs = trio.testing.memory_stream_pair()
    ws, peer, _ = await traced(nursery, pair=(ours, theirs))
    await peer.send(close(1000))
    await theirs.send_stream.aclose()
    nursery.start_soon(peer.read_to_end)
    assert (await ws.wait_closed()).wasClean
    await trio.testing.wait_all_tasks_blocked()
    assert peer.close_code == 1000


async def test_peer_that_closed_and_does_not_read(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Our message and the echo have two seconds, and what was not sent by then makes it unclean."""
    ours, theirs = trio.testing.lockstep_stream_pair()
    ws, peer, _ = await traced(nursery, pair=(ours, theirs))
    ws.send(b"x" * 100)
    nursery.start_soon(peer.send, close(1000))
    await trio.testing.wait_all_tasks_blocked()
    start = trio.current_time()
    await theirs.send_stream.aclose()
    event = await ws.wait_closed()
    assert (event.code, event.wasClean) == (1000, False)
    assert "100 bytes of messages were not sent" in str(ws.failure)
    assert trio.current_time() - start <= 2


async def test_a_flood_leaves_others_their_turn(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A chunk that takes long to dispatch is interrupted, so that timeouts work."""
    ours, theirs = opened.new_pair()
    ws = WebSocket("ws://peer.test/", nursery=nursery, stream=ours)
    count = 0
    seen_at_turn: list[int] = []

    def listener(event: object) -> None:
        nonlocal count
        count += 1
        sum(range(2000))

    async def other() -> None:
        while True:
            await trio.lowlevel.checkpoint()
            seen_at_turn.append(count)

    ws.onmessage = listener
    peer = Peer(theirs)
    await peer.accept(then=frame(TEXT) * 5000)
    with trio.CancelScope() as scope:
        async with trio.open_nursery() as others:
            others.start_soon(other)
            while count < 5000:
                await trio.lowlevel.checkpoint()
            scope.cancel()
    assert len(set(seen_at_turn)) > 3


async def test_the_room_of_a_read_is_kept_by_the_allocator(
    nursery: trio.Nursery, autojump_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_memory, "_kept", 0)
    await traced(nursery)
    assert _memory._kept == READ_SIZE
