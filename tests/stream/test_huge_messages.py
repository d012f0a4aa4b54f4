"""Messages larger than the bounds, over real sockets, with figures (``pytest -rP``)."""

from __future__ import annotations

import zlib
from itertools import repeat
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from support.floods import KERNEL, MEMORY, Flood, MiB, Peak
from support.frames import BINARY, close, frame
from support.peer import Peer

from trio_ws_dom import open_websocket_stream
from trio_ws_dom._wire._memory import keep_memory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from support.transports import SocketTransport

BLOCK = bytes(64 * 1024)


def as_one_frame(size: int) -> Iterator[bytes]:
    yield b"\x82\x7f" + size.to_bytes(8, "big")
    yield from repeat(BLOCK, size // len(BLOCK))


def as_fragments(size: int) -> Iterator[bytes]:
    yield frame(BINARY, b"", fin=False)
    yield from repeat(frame(0, BLOCK, fin=False), size // len(BLOCK))
    yield frame(0)


def as_one_frame_compressed(size: int) -> Iterator[bytes]:
    compressor = zlib.compressobj(wbits=-15)
    data = b"".join(compressor.compress(block) for block in repeat(BLOCK, size // len(BLOCK)))
    yield frame(BINARY, data + compressor.flush(zlib.Z_SYNC_FLUSH)[:-4], rsv=4)


SENDERS = (as_one_frame, as_fragments, as_one_frame_compressed)


async def pass_through(sender: Any, size: int, sockets: SocketTransport) -> int:
    """Receive a message of this size in pieces, and return the peak of memory."""

    async def send() -> None:
        peer = await sockets.peer()
        async with peer.stream:
            await peer.accept("Sec-WebSocket-Extensions: permessage-deflate")
            for data in sender(size):
                await peer.send(data)
            await peer.send(close(1000))
            await peer.read_to_close()

    came = 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        options = sockets.options(max_message_size=None)
        async with open_websocket_stream(sockets.url, **options) as stream:
            keep_memory(MiB)  # here, as its block would count, of which no page is touched
            with Peak() as peak:
                async with await stream.readable.receive_pieces() as pieces:
                    async for piece in pieces:
                        came += len(piece)
    assert came == size
    return peak.bytes


@pytest.mark.real
@pytest.mark.parametrize("sender", SENDERS)
async def test_memory_of_a_huge_message(sender: Any, sockets: SocketTransport) -> None:
    """It is never held whole, and does not depend on how it was sent."""
    peak = await pass_through(sender, 256 * MiB, sockets)
    print(f"256 MiB {sender.__name__} came, peak {peak} bytes")
    assert peak < MEMORY


@pytest.mark.soak
@pytest.mark.real
@pytest.mark.parametrize("sender", SENDERS[:2])
async def test_memory_of_a_message_of_gigabytes(sender: Any, sockets: SocketTransport) -> None:
    """The memory does not grow with it."""
    peak = await pass_through(sender, 4096 * MiB, sockets)
    print(f"4 GiB {sender.__name__} came, peak {peak} bytes")
    assert peak < MEMORY


@pytest.mark.real
@pytest.mark.parametrize("take", [0, 3])
async def test_a_reader_stops_in_the_middle(
    take: int, sockets: SocketTransport, nursery: trio.Nursery
) -> None:
    """Where no more pieces are taken, the peer stops in the middle of its message."""
    flood = Flood(sockets, frame(0, BLOCK, fin=False), 1024 * MiB, begins=frame(BINARY, fin=False))
    nursery.start_soon(flood.run)
    options = sockets.options(max_message_size=None, close_timeout=0.2)
    async with open_websocket_stream(sockets.url, **options) as stream:
        with Peak() as peak:
            pieces = await stream.readable.receive_pieces()
            for _ in range(take):
                await pieces.receive()
            await flood.until_stuck()
            stuck_at = flood.sent
    print(f"the peer was stuck after {stuck_at} bytes, peak {peak.bytes} bytes")
    assert stuck_at < KERNEL
    assert peak.bytes < MEMORY


async def echo(peer: Peer) -> None:
    """Send each fragment back as it came, with FIN on the empty one, as ours sends it."""
    await peer.accept("Sec-WebSocket-Extensions: permessage-deflate")
    while (got := await peer.next()) is not None:
        await peer.send(frame(got.opcode, got.payload, fin=got.opcode == 8 or got == (0, b"")))
        if got.opcode == 8:
            return await peer.stream.aclose()


async def there_and_back(fragments: list[Any]) -> list[Any]:
    """Send fragments, and return the pieces that come back."""

    async def given_out() -> AsyncIterator[Any]:
        for fragment in fragments:
            yield fragment

    ours, theirs = trio.testing.memory_stream_pair()
    got: list[str | bytes] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(echo, Peer(theirs))
        async with open_websocket_stream("ws://peer.test/", stream=ours) as stream:
            nursery.start_soon(stream.writable.send_fragments, given_out())
            async with await stream.readable.receive_pieces() as pieces:
                got += [piece async for piece in pieces]
    return got


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.text(min_size=1), min_size=1) | st.lists(st.binary(min_size=1), min_size=1),
    st.sampled_from([1, 1, 3000]),
)
def test_fragments_come_back_in_pieces(fragments: list[Any], times: int) -> None:
    """What ``send_fragments()`` sends is what ``receive_pieces()`` returns, long or short."""
    fragments = [fragment * times for fragment in fragments]
    empty = fragments[0][:0]
    assert empty.join(trio.run(there_and_back, fragments)) == empty.join(fragments)
