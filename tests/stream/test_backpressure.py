"""Where data waits, over real sockets, with a side that stops, and figures.

The peers are plain trio in the same process, and hold one frame that is sent again and again, or
nothing. ``pytest -rP`` shows the figures.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
import trio
from support.floods import KERNEL, MEMORY, Flood, MiB, Peak
from support.frames import BINARY, PING, PONG, TEXT, frame

from trio_ws_dom import (
    open_websocket,
    open_websocket_stream,
)
from trio_ws_dom._stream._writable import MAX_QUEUED

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.transports import SocketTransport

pytestmark = pytest.mark.real

FLOOD = 32 * MiB
FLOOD_TOO = 16 * MiB
FLOOD_OF_TWO = 40 * MiB
"""More than two connections take while nobody reads at the end."""
SMALL = frame(BINARY, b"x" * 1000) * 64
LARGE = frame(BINARY, b"x" * 200_000)


@pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])
async def test_reader_that_stops_stops_the_peer(
    data: bytes, sockets: SocketTransport, nursery: trio.Nursery
) -> None:
    """A reader that takes nothing stops the peer, with bounded memory and no loss."""
    flood = Flood(sockets, data, FLOOD)
    nursery.start_soon(flood.run)
    async with open_websocket_stream(sockets.url, **sockets.options()) as stream:
        with Peak() as peak:
            await flood.until_stuck()
            stuck_at = flood.sent
        received = 0
        async for message in stream.readable:
            received += len(message)
    print(f"the peer was stuck after {stuck_at} bytes, peak {peak.bytes} bytes")
    assert stuck_at < KERNEL
    assert peak.bytes < MEMORY
    assert received >= FLOOD * 0.99  # headers count as sent
    assert (await stream.closed).closeCode == 1000


@pytest.mark.soak
async def test_reader_stops_again_and_again(
    sockets: SocketTransport, nursery: trio.Nursery
) -> None:
    """Memory stays bounded for gigabytes past a reader that stops again and again."""
    flood = Flood(sockets, SMALL, 4096 * MiB)
    nursery.start_soon(flood.run)
    received = 0
    with Peak() as peak:
        async with open_websocket_stream(sockets.url, **sockets.options()) as stream:
            async for message in stream.readable:
                if received // (64 * MiB) < (received + len(message)) // (64 * MiB):
                    await trio.sleep(0.1)
                received += len(message)
    print(f"{received} bytes came, peak {peak.bytes} bytes")
    assert received >= 4096 * MiB * 0.99
    assert peak.bytes < MEMORY


async def test_close_with_a_stopped_reader(sockets: SocketTransport, nursery: trio.Nursery) -> None:
    """Unread data does not hold up our own close, as the peer's Close is found after it."""
    flood = Flood(sockets, SMALL, FLOOD_TOO)
    nursery.start_soon(flood.run)
    async with open_websocket_stream(sockets.url, **sockets.options()) as stream:
        await flood.until_stuck()
        start = trio.current_time()
        await stream.writable.aclose()
        assert trio.current_time() - start < 5
    assert (await stream.closed).closeCode == 1000
    assert flood.sent >= FLOOD_TOO


async def test_pings_while_the_reader_is_stopped(
    sockets: SocketTransport, nursery: trio.Nursery
) -> None:
    """Pings are answered while the inbox is not full, even if the program does not receive."""
    answers: list[bytes] = []

    async def part() -> None:
        peer = await sockets.peer()
        await peer.accept()
        for number in range(10):
            await peer.send(frame(TEXT, b"unread"), frame(PING, b"%d" % number))
            got = await peer.next()
            assert got is not None
            assert got.opcode == PONG
            answers.append(got.payload)
        await peer.finish()

    nursery.start_soon(part)
    async with open_websocket_stream(sockets.url, **sockets.options()):
        while len(answers) < 10:
            await trio.sleep(0.01)
    assert answers == [b"%d" % number for number in range(10)]


async def stopped_peer(sockets: SocketTransport, goes_on: trio.Event, received: list[int]) -> None:
    """Run a peer that first reads nothing, and then counts the bytes of each message."""
    peer = await sockets.peer()
    async with peer.stream:
        await peer.accept()
        await goes_on.wait()
        with suppress(trio.BrokenResourceError):  # it answers no Close, and is reset in the end
            while data := await peer.stream.receive_some(MiB):
                received.append(len(data))


async def test_writer_waits_for_a_peer_that_stops(
    sockets: SocketTransport, nursery: trio.Nursery
) -> None:
    """Against a peer that does not read, ``send()`` waits after a bounded amount."""
    goes_on, received = trio.Event(), list[int]()
    nursery.start_soon(stopped_peer, sockets, goes_on, received)
    sent = 0
    async with open_websocket_stream(sockets.url, **sockets.options(close_timeout=1)) as stream:
        with Peak() as peak:
            while True:
                with trio.move_on_after(0.5) as scope:
                    await stream.writable.send(b"x" * 10_000)
                if scope.cancelled_caught:
                    break
                sent += 10_000
        print(f"the writer was stuck after {sent} bytes, peak {peak.bytes} bytes")
        assert sent < KERNEL
        assert peak.bytes < MEMORY
        assert stream._session.connection.buffered_amount <= MAX_QUEUED + 10_000
        goes_on.set()
        await stream.writable.send("goes on")
        while sum(received) < sent:
            await trio.sleep(0.01)


async def test_fragments_wait_for_a_peer_that_stops(
    sockets: SocketTransport, nursery: trio.Nursery
) -> None:
    """One message of any size, in pieces, is not held whole anywhere."""
    goes_on, received = trio.Event(), list[int]()
    nursery.start_soon(stopped_peer, sockets, goes_on, received)
    asked = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal asked
        while asked < FLOOD_TOO:
            asked += 64 * 1024
            yield b"x" * 64 * 1024

    async with open_websocket_stream(sockets.url, **sockets.options(close_timeout=1)) as stream:
        with Peak() as peak:
            async with trio.open_nursery() as sending:
                sending.start_soon(stream.writable.send_fragments, pieces())
                await trio.sleep(0.5)
                stuck_at = asked
                goes_on.set()
        print(f"the writer was stuck after {stuck_at} bytes, peak {peak.bytes} bytes")
        assert stuck_at < KERNEL
        assert peak.bytes < MEMORY
        while sum(received) < FLOOD_TOO:
            await trio.sleep(0.01)


async def test_slow_reader_at_the_other_end(
    sockets: SocketTransport, nursery: trio.Nursery
) -> None:
    """With two streams that are connected, a reader that stops at one end stops the other end."""
    flood = Flood(sockets, LARGE, FLOOD_OF_TWO)
    nursery.start_soon(flood.run)
    goes_on, received = trio.Event(), list[int]()
    async with open_websocket_stream(sockets.url, **sockets.options()) as source:
        nursery.start_soon(stopped_peer, sockets, goes_on, received)
        options = sockets.options(close_timeout=1)
        async with open_websocket_stream(sockets.url, **options) as target:
            with Peak() as peak:
                async with trio.open_nursery() as carrying:

                    async def carry() -> None:
                        async for message in source.readable:
                            await target.writable.send(message)

                    carrying.start_soon(carry)
                    await flood.until_stuck(0.5)
                    stuck_at = flood.sent
                    goes_on.set()
            print(f"the peer was stuck after {stuck_at} bytes, peak {peak.bytes} bytes")
            assert stuck_at < 2 * KERNEL
            assert peak.bytes < MEMORY
            while sum(received) < FLOOD_OF_TWO:
                await trio.sleep(0.01)


# The same for WebSocket.


@pytest.mark.parametrize("look", ["hold", "receive", "when"])
async def test_websocket_reader_stops(
    look: str, sockets: SocketTransport, nursery: trio.Nursery
) -> None:
    """A socket that is not read, or not any more, stops the peer, too."""
    flood = Flood(sockets, SMALL, FLOOD_TOO)
    nursery.start_soon(flood.run)
    async with open_websocket(sockets.url, **sockets.options()) as ws:
        with Peak() as peak:
            if look == "receive":
                await ws.receive()
            elif look == "when":
                ws.when("message", max_buffer_size=10)
            await flood.until_stuck()
        print(f"the peer was stuck after {flood.sent} bytes, peak {peak.bytes} bytes")
        assert flood.sent < KERNEL
        assert peak.bytes < MEMORY
    assert ws.closeEvent is not None
    assert ws.closeEvent.wasClean


async def test_websocket_drain_waits_for_a_peer_that_stops(
    sockets: SocketTransport, nursery: trio.Nursery
) -> None:
    """A writer that drains waits after a bounded amount."""
    goes_on, received = trio.Event(), list[int]()
    nursery.start_soon(stopped_peer, sockets, goes_on, received)
    sent = 0
    async with open_websocket(sockets.url, **sockets.options(close_timeout=1)) as ws:
        with Peak() as peak, trio.move_on_after(1):
            while True:
                ws.send(b"x" * 10_000)
                sent += 10_000
                await ws.drain(below=MAX_QUEUED)
        print(f"the writer was stuck after {sent} bytes, peak {peak.bytes} bytes")
        assert sent < KERNEL
        assert peak.bytes < MEMORY
        goes_on.set()
        await ws.drain()
