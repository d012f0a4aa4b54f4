"""Messages in pieces, by ``receive_pieces()``, and ``receive()`` of the same messages."""

from __future__ import annotations

import zlib
from contextlib import nullcontext
from typing import Any

import pytest
import trio
import trio.testing
from support.floods import Peak
from support.frames import BINARY, CLOSE, PING, PONG, TEXT, close, frame
from support.peer import Frame
from support.streams import closes_by_peer, is_blocked

from trio_ws_dom import WebSocketError
from trio_ws_dom._stream._readable import PIECE_SIZE

LONG = b"x" * (5 * PIECE_SIZE)
HALF = frame(TEXT, b"one ", fin=False)
REST = frame(0, b"two")


async def taken(stream: Any) -> list[str | bytes]:
    """Return the pieces of the next message."""
    async with await stream.readable.receive_pieces() as pieces:
        return [piece async for piece in pieces]


async def test_pieces_as_they_come(
    with_peer: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """A fragment is returned when it has come, even if the next has not."""
    stream, peer = await with_peer()
    await peer.send(HALF)
    async with await stream.readable.receive_pieces() as pieces:
        assert await pieces.receive() == "one "
        box = await is_blocked(nursery, pieces.receive)
        await peer.send(frame(0, b"two ", fin=False))
        await trio.testing.wait_all_tasks_blocked()
        assert box == ["two "]
        await peer.send(frame(0, b"three"))
        assert await pieces.receive() == "three"
        for _ in range(2):
            with trio.testing.assert_checkpoints(), pytest.raises(trio.EndOfChannel):
                await pieces.receive()


@pytest.mark.parametrize("data", [b"", b"small"])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
async def test_a_short_message_is_one_piece(
    opcode: int, data: bytes, with_peer: Any, autojump_clock: Any
) -> None:
    """An empty message is one piece, too, which shows its kind."""
    stream, peer = await with_peer()
    await peer.send(frame(opcode, data))
    assert await taken(stream) == [data.decode() if opcode == TEXT else data]


async def test_an_empty_end_is_no_piece(with_peer: Any, autojump_clock: Any) -> None:
    """An empty last fragment, as of ``send_fragments()``, is no piece."""
    stream, peer = await with_peer()
    await peer.send(HALF)
    async with await stream.readable.receive_pieces() as pieces:
        assert await pieces.receive() == "one "
        await peer.send(frame(0), frame(TEXT, b"next"))
        with pytest.raises(trio.EndOfChannel):
            await pieces.receive()
    assert await stream.readable.receive() == "next"


@pytest.mark.parametrize("text", [False, True])
async def test_pieces_are_plain(text: bool, with_peer: Any, autojump_clock: Any) -> None:
    """They are ``str`` and ``bytes`` themselves, none longer than one read."""
    stream, peer = await with_peer()
    await peer.send(frame(TEXT if text else BINARY, 4 * LONG, fin=False))
    await trio.testing.wait_all_tasks_blocked()
    await peer.send(frame(0, LONG))
    got = await taken(stream)
    assert len(got) > 2
    assert {type(piece) for piece in got} == {str if text else bytes}
    assert sum(map(len, got)) == 5 * len(LONG)


@pytest.mark.parametrize("way", ["receive", "iterate", "pieces"])
async def test_a_long_message_whole(way: str, with_peer: Any, autojump_clock: Any) -> None:
    """However it is taken, it is the same, and so is the next one."""
    stream, peer = await with_peer()
    await peer.send(frame(BINARY, LONG), HALF)
    await trio.testing.wait_all_tasks_blocked()
    await peer.send(REST)
    got: list[Any] = []
    for _ in range(2):
        if way == "pieces":
            pieces = await taken(stream)
            got.append(pieces[0][:0].join(pieces))  # type: ignore[arg-type]  # all of one kind
        else:
            got.append(
                await getattr(stream.readable, {"receive": way, "iterate": "__anext__"}[way])()
            )
    assert got == [LONG, "one two"]
    assert [type(message) for message in got] == [bytes, str]


async def test_memory_of_tiny_fragments(
    with_peer: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """While it is joined, a message that comes byte by byte costs its size, not a hundred times."""
    stream, peer = await with_peer()
    box = await is_blocked(nursery, stream.readable.receive)
    await peer.send(frame(BINARY, b"x", fin=False))
    with Peak() as peak:
        for _ in range(3000):
            await peer.send(frame(0, b"x", fin=False))
            await trio.testing.wait_all_tasks_blocked()
    print(f"3000 fragments of a byte: peak {peak.bytes} bytes")
    assert peak.bytes < 100_000
    await peer.send(frame(0, b"x"))
    await trio.testing.wait_all_tasks_blocked()
    assert box == [b"x" * 3002]


async def test_a_compressed_message(with_peer: Any, autojump_clock: Any) -> None:
    """Pieces are what was sent, inflated."""
    stream, peer = await with_peer("Sec-WebSocket-Extensions: permessage-deflate")
    compressor = zlib.compressobj(wbits=-15)
    payload = (compressor.compress(LONG) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]
    await peer.send(frame(TEXT, payload[:9], fin=False, rsv=4), frame(0, payload[9:]))
    assert "".join(map(str, await taken(stream))).encode() == LONG


async def test_cancelled_in_the_middle_of_a_message(with_peer: Any, autojump_clock: Any) -> None:
    """A cancelled ``receive()`` has taken nothing, and the next one takes all."""
    stream, peer = await with_peer()
    for chunk in (HALF, frame(0, b"more ", fin=False)):
        await peer.send(chunk)
        with trio.move_on_after(1) as scope:
            await stream.readable.receive()
        assert scope.cancelled_caught
    with trio.move_on_after(1) as scope:
        await anext(stream.readable)
    assert scope.cancelled_caught
    await peer.send(REST)
    assert await stream.readable.receive() == "one more two"


async def test_pieces_of_what_was_begun(with_peer: Any, autojump_clock: Any) -> None:
    """A message that a cancelled ``receive()`` has begun can be taken in pieces, from its start."""
    stream, peer = await with_peer()
    await peer.send(frame(BINARY, b"one ", fin=False))
    with trio.move_on_after(1):
        await stream.readable.receive()
    await peer.send(REST)
    assert await taken(stream) == [b"one ", b"two"]


async def test_cancelled_pieces_take_nothing(with_peer: Any, autojump_clock: Any) -> None:
    """Cancelled calls have taken nothing, and within its block a message goes on."""
    stream, peer = await with_peer()
    with trio.move_on_after(1) as scope:
        await stream.readable.receive_pieces()
    assert scope.cancelled_caught
    await peer.send(HALF)
    async with await stream.readable.receive_pieces() as pieces:
        with trio.CancelScope() as scope:
            scope.cancel()
            await pieces.receive()
        assert scope.cancelled_caught
        assert await pieces.receive() == "one "
        with trio.move_on_after(1):
            await pieces.receive()
        await peer.send(REST)
        assert await pieces.receive() == "two"


async def test_no_next_message(with_peer: Any, autojump_clock: Any) -> None:
    """After the last message the end is raised as by ``receive()``, not as no pieces."""
    stream, peer = await with_peer()
    await peer.send(frame(TEXT, b"last"))
    await closes_by_peer(peer)
    assert await taken(stream) == ["last"]
    for _ in range(2):
        with pytest.raises(trio.EndOfChannel):
            await stream.readable.receive_pieces()


@pytest.mark.parametrize("how", ["clean", "lost", "broken", "too big"])
async def test_the_end_in_the_middle_of_a_message(
    how: str, with_peer: Any, autojump_clock: Any
) -> None:
    """It never looks like the end of the message, and pieces from before it are returned."""
    stream, peer = await with_peer(max_message_size=100)
    await peer.send(HALF)
    if how == "clean":
        await closes_by_peer(peer)
    elif how == "lost":
        await peer.stream.aclose()
    elif how == "broken":
        await peer.send(frame(0, b"\xff"))
    else:
        await peer.send(frame(0, b"x" * 97))
    async with await stream.readable.receive_pieces() as pieces:
        assert await pieces.receive() == "one "
        for _ in range(2):
            with pytest.raises(WebSocketError) as caught:
                await pieces.receive()
            assert caught.value.closeCode == (4000 if how == "clean" else 1006)
            assert caught.value.reason == ("bye" if how == "clean" else "")
    with pytest.raises(trio.EndOfChannel if how == "clean" else WebSocketError):
        await stream.readable.receive()
    if how in ("broken", "too big"):
        await peer.read_to_close()
        assert peer.close_code == (1007 if how == "broken" else 1009)


@pytest.mark.parametrize("how", ["clean", "lost"])
async def test_receiving_half_a_message(how: str, with_peer: Any, autojump_clock: Any) -> None:
    """``receive()`` drops a message that has no end."""
    stream, peer = await with_peer()
    await peer.send(HALF)
    await (closes_by_peer(peer) if how == "clean" else peer.stream.aclose())
    for _ in range(2):
        with pytest.raises(trio.EndOfChannel if how == "clean" else WebSocketError):
            await stream.readable.receive()
    if how == "clean":
        assert [message async for message in stream.readable] == []


async def test_iterating_to_half_a_message(with_peer: Any, autojump_clock: Any) -> None:
    """A loop ends with a clean close, even if the last message was incomplete."""
    stream, peer = await with_peer()
    await peer.send(frame(TEXT, b"whole"), HALF)
    await closes_by_peer(peer)
    assert [message async for message in stream.readable] == ["whole"]


async def leave_half_way(how: str, stream: Any) -> None:
    async with await stream.readable.receive_pieces() as pieces:
        assert await pieces.receive() == "one "
        if how == "raise":
            raise ValueError("boom")
        if how == "aclose":
            await pieces.aclose()
            with pytest.raises(trio.ClosedResourceError):
                await pieces.receive()
        elif how == "cancel":
            with trio.fail_after(1):
                await pieces.receive()


@pytest.mark.parametrize("how", ["break", "aclose", "raise", "cancel"])
async def test_left_half_way(how: str, with_peer: Any, autojump_clock: Any) -> None:
    """The connection is closed with 1001, and the block's own exception comes out."""
    stream, peer = await with_peer()
    await peer.send(HALF)
    raised = {"raise": ValueError, "cancel": trio.TooSlowError}.get(how)
    with pytest.raises(raised) if raised else nullcontext():
        await leave_half_way(how, stream)
    for receiving in (stream.readable.receive, stream.readable.receive_pieces):
        with pytest.raises(trio.ClosedResourceError):
            await receiving()
    with pytest.raises(trio.ClosedResourceError):
        await stream.writable.send("no more")
    await peer.finish()
    assert peer.close_code == 1001
    assert (await stream.closed).closeCode == 1001


async def test_left_before_its_only_piece(with_peer: Any, autojump_clock: Any) -> None:
    """A message of which nothing was taken is not skipped, either."""
    stream, peer = await with_peer()
    await peer.send(frame(TEXT, b"whole"))
    async with await stream.readable.receive_pieces():
        pass
    await peer.finish()
    assert peer.close_code == 1001


async def test_an_error_under_cancellation(with_peer: Any, autojump_clock: Any) -> None:
    """A cancellation does not hide an exception that leaves the block."""
    stream, peer = await with_peer()
    await peer.send(HALF)
    with pytest.raises(ValueError, match="boom"), trio.CancelScope() as scope:
        async with await stream.readable.receive_pieces():
            scope.cancel()
            raise ValueError("boom")


async def test_left_after_its_last_piece(with_peer: Any, autojump_clock: Any) -> None:
    """With all pieces taken there is no reason to close the connection."""
    stream, peer = await with_peer()
    await peer.send(frame(TEXT, b"one"), frame(TEXT, b"two"))
    async with await stream.readable.receive_pieces() as pieces:
        assert await pieces.receive() == "one"
    with pytest.raises(trio.ClosedResourceError):
        await pieces.receive()
    with trio.testing.assert_checkpoints():
        await pieces.aclose()
    assert await stream.readable.receive() == "two"


async def test_leaving_is_a_checkpoint(with_peer: Any, autojump_clock: Any) -> None:
    """It is one as for any channel."""
    stream, peer = await with_peer()
    await peer.send(frame(TEXT, b"one"))
    pieces = await stream.readable.receive_pieces()
    await pieces.receive()
    with trio.testing.assert_checkpoints():
        async with pieces:
            pass


async def test_one_at_a_time(with_peer: Any, nursery: trio.Nursery, autojump_clock: Any) -> None:
    """While a message is taken in pieces, ``receive()`` raises, and the other way round."""
    stream, peer = await with_peer()
    readable = stream.readable
    box = await is_blocked(nursery, readable.receive)
    for receiving in (readable.receive, readable.receive_pieces):
        with pytest.raises(trio.BusyResourceError):
            await receiving()
    await peer.send(HALF)
    await trio.testing.wait_all_tasks_blocked()
    with pytest.raises(trio.BusyResourceError):
        await readable.receive_pieces()
    await peer.send(REST, HALF)
    await trio.testing.wait_all_tasks_blocked()
    assert box == ["one two"]
    pieces = await readable.receive_pieces()
    for receiving in (readable.receive, readable.receive_pieces, readable.__anext__):
        with pytest.raises(trio.BusyResourceError, match="receive_pieces"):
            await receiving()
    await pieces.receive()
    await is_blocked(nursery, pieces.receive)
    with pytest.raises(trio.BusyResourceError):
        await pieces.receive()


@pytest.mark.parametrize("closer", ["readable", "pieces"])
async def test_closed_while_waiting_for_a_piece(
    closer: str, with_peer: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """A waiting call raises at once, whichever of the two is closed."""
    stream, peer = await with_peer()
    await peer.send(HALF)
    pieces = await stream.readable.receive_pieces()
    await pieces.receive()
    box = await is_blocked(nursery, pieces.receive)
    nursery.start_soon((pieces if closer == "pieces" else stream.readable).aclose)
    await trio.testing.wait_all_tasks_blocked()
    assert isinstance(box[0], trio.ClosedResourceError)
    await peer.finish()
    assert peer.close_code == (1001 if closer == "pieces" else 1000)


async def test_ones_own_close_in_the_middle(
    with_peer: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """What comes after ``stream.close()`` is dropped, so the message has no end."""
    stream, peer = await with_peer()
    await peer.send(HALF)
    async with await stream.readable.receive_pieces() as pieces:
        stream.close(closeCode=4001)
        await peer.send(REST)
        nursery.start_soon(peer.finish)
        assert await pieces.receive() == "one "
        with pytest.raises(WebSocketError, match="the rest of a message") as caught:
            await pieces.receive()
    assert caught.value.closeCode == 4001
    assert peer.frames == [Frame(CLOSE, b"\x0f\xa1")]


async def test_pings_between_pieces(with_peer: Any, autojump_clock: Any) -> None:
    """They are answered in the middle of a message."""
    stream, peer = await with_peer()
    await peer.send(HALF, frame(PING, b"ping"))
    async with await stream.readable.receive_pieces() as pieces:
        assert await pieces.receive() == "one "
        assert await peer.next() == Frame(PONG, b"ping")
        await peer.send(REST)
        assert await pieces.receive() == "two"


async def test_the_peers_close_code_in_the_middle(with_peer: Any, autojump_clock: Any) -> None:
    """A Close without a code is 1005 here as everywhere."""
    stream, peer = await with_peer()
    await peer.send(HALF, close())
    async with await stream.readable.receive_pieces() as pieces:
        await pieces.receive()
        await peer.read_to_close()
        await peer.stream.aclose()
        with pytest.raises(WebSocketError) as caught:
            await pieces.receive()
    assert caught.value.closeCode == 1005
