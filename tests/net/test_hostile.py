"""Servers that attack once the connection is open, by what they see and what they cost."""

from __future__ import annotations

import tracemalloc
import zlib
from typing import Any

import pytest
import trio
import trio.testing
from support.checked import instance
from support.frames import BINARY, CLOSE, PING, PONG, TEXT, frame
from support.opened import socket_and_peer
from support.peer import Frame, Peer

from trio_ws_dom import WebSocket
from trio_ws_dom._net import _reader
from trio_ws_dom._net._connection import Connection
from trio_ws_dom._wire._outbox import MAX_PENDING_PONGS

KIB, MIB = 1024, 1024 * 1024


pytestmark = pytest.mark.usefixtures("every_stream")


@pytest.mark.parametrize(
    "begun",
    [
        b"\x01\x02ab" + b"\x80\x7e\x03\xe8ab",
        b"\x81\x7e\x03\xe8ab",
        b"\x81\x7f\x00\x00\x00\x00\x00\x10\x00\x00" + b"a" * 70_000,
    ],
    ids=["fragment", "frame", "large frame"],
)
async def test_invalid_text_fails_when_it_arrives(
    begun: bytes, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The offending byte is enough, though neither frame nor message is complete."""
    ws, peer = await socket_and_peer(nursery)
    await peer.send(begun)
    await trio.testing.wait_all_tasks_blocked()
    assert ws.readyState == WebSocket.OPEN
    await peer.send(b"\xff")
    assert await peer.read_to_close() == Frame(CLOSE, b"\x03\xef")
    await ws.wait_closed()
    assert "expected UTF-8 in a text message, got bytes ff" in str(ws.failure)


async def test_bomb_costs_no_more_than_the_limit(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """1 GiB in 1 MiB is refused with 1009, at the cost of the limit, an eighth of it, and a few
    chunks."""
    ws, peer = await socket_and_peer(nursery, "Sec-WebSocket-Extensions: permessage-deflate")
    unit = zlib.compressobj(wbits=-15)
    payload = (unit.compress(bytes(MIB)) + unit.flush(zlib.Z_FULL_FLUSH)) * 1024
    tracemalloc.start()
    try:
        await peer.send(frame(BINARY, payload, rsv=4))
        tracemalloc.reset_peak()
        assert await peer.read_to_close() == Frame(CLOSE, b"\x03\xf1")
        assert tracemalloc.get_traced_memory()[1] < 16 * MIB * 9 / 8 + 5 * MIB
    finally:
        tracemalloc.stop()
    await ws.wait_closed()
    assert "at most 16777216 bytes (max_message_size), got one of more" in str(ws.failure)


async def test_flood_after_a_failure(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It is read, so that the server may end TCP, and costs nothing."""
    ws, peer = await socket_and_peer(nursery)
    await peer.send(frame(3))
    await peer.read_to_close()
    chunk = frame(TEXT, b"x" * 100_000)
    tracemalloc.start()
    try:
        for _ in range(100):
            await peer.send(chunk)
            await trio.testing.wait_all_tasks_blocked()
        assert tracemalloc.get_traced_memory()[0] < MIB
    finally:
        tracemalloc.stop()
    assert (await ws.wait_closed()).code == 1006


async def test_answers_to_the_pings_of_a_turn_leave_in_one_write(
    nursery: trio.Nursery, autojump_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_reader, "TURN_SECONDS", 1000)  # never reached, however busy the machine is
    ours, theirs = trio.testing.memory_stream_pair()
    _, peer = await socket_and_peer(nursery, pair=(ours, theirs))
    writes, pump = 0, ours.send_stream.send_all_hook
    assert pump is not None

    async def count_and_pump() -> None:
        nonlocal writes
        writes += 1
        await pump()

    ours.send_stream.send_all_hook = count_and_pump
    await peer.send(frame(PING) * MAX_PENDING_PONGS)
    assert [await peer.next() for _ in range(MAX_PENDING_PONGS)] == (
        [Frame(PONG, b"")] * MAX_PENDING_PONGS
    )
    assert writes == 1


async def test_flood_of_pings_to_a_full_socket(nursery: trio.Nursery) -> None:
    """Over real sockets what TCP does not take is dropped, and memory is bounded."""
    async with (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0] as listener:
        listener.socket.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_RCVBUF, 4096)
        stream = await trio.testing.open_stream_to_socket_listener(listener)
        stream.setsockopt(trio.socket.SOL_SOCKET, trio.socket.SO_SNDBUF, 4096)
        ws = WebSocket("ws://peer.test/", nursery=nursery, stream=stream)
        opened = ws.when("open")
        peer = Peer(await listener.accept())
        await peer.accept()
        await opened.receive()
        pings = frame(PING, b"x" * 125) * 1000
        tracemalloc.start()
        try:
            for _ in range(20):
                await peer.send(pings)
                await trio.testing.wait_all_tasks_blocked()
            assert tracemalloc.get_traced_memory()[0] < MIB  # a chunk, and what is written
        finally:
            tracemalloc.stop()
        assert ws.readyState == WebSocket.OPEN
        assert instance(
            Connection, ws._session.connection
        ).protocol.outbox  # not all Pongs were sent
        await peer.stream.aclose()
        assert (await ws.wait_closed()).code == 1006
