"""The memory that messages of the maximal size cost, for each way to consume them.

Compressed they are 16 KB each, so a peer has many of them on the wire at once. What the program
does not take is at most the buffer's bound, the message that exceeded it, and the one in the
reader's hands. While a message is joined its pieces are there, too.
"""

from __future__ import annotations

import gc
import inspect
import tracemalloc
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pytest
import trio
import trio.testing
from support.attacks import EMOJI, PACKED_BINARY, PACKED_TEXT, deflated
from support.frames import TEXT, frame, raw_frame
from support.opened import new_pair, stream_and_peer
from support.peer import Peer

from trio_ws_dom import EventTarget, WebSocket, WebSocketError, WebSocketStream, connect_websocket
from trio_ws_dom._socket._flow import FlowControl
from trio_ws_dom._socket._inbox import MAX_WAITING, MAX_WAITING_BYTES, new_inbox
from trio_ws_dom._socket._listener_tasks import MAX_UNFINISHED, MAX_UNFINISHED_BYTES, ListenerTasks
from trio_ws_dom._socket._options import DEFAULT_MAX_MESSAGE_SIZE as LARGEST
from trio_ws_dom._wire._decoder import MAX_WORK
from trio_ws_dom._wire._memory import keep_memory

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

COUNT: Final = 5
DEFLATE: Final = "Sec-WebSocket-Extensions: permessage-deflate"

CHANNEL_BYTES: Final = inspect.signature(WebSocket.when).parameters["max_buffer_bytes"].default

SLACK: Final = 512 * 1024
"""Bytes for all but messages, as what was read, zlib's windows, tasks and events."""


class Flood(NamedTuple):
    """Messages of the maximal size, each of whose bytes takes this many in memory."""

    frame: bytes
    width: int

    @property
    def held(self) -> int:
        """Return the bytes that one message takes in memory."""
        return self.width * LARGEST


FLOODS: Final = {
    "binary": Flood(raw_frame(PACKED_BINARY, deflated(bytes(LARGEST))), 1),
    # this one character makes all of them four bytes wide
    "text with one emoji": Flood(raw_frame(PACKED_TEXT, deflated(b"x" * (LARGEST - 4) + EMOJI)), 4),
}


@pytest.fixture(params=FLOODS)
def flood(request: pytest.FixtureRequest) -> Flood:
    return FLOODS[request.param]


async def growth(
    peer: Peer, flood: Flood, consume: Callable[[], Awaitable[object]]
) -> tuple[int, int]:
    """Return the bytes held when nothing moves any more, and the most that were."""
    keep_memory(LARGEST)  # once, and without touching its pages
    tracemalloc.start()
    try:
        await peer.send(flood.frame * COUNT)
        await trio.testing.wait_all_tasks_blocked()
        kept = await consume()  # what a program keeps, such as a channel
        await trio.testing.wait_all_tasks_blocked()
        return tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        del kept


async def opened(nursery: trio.Nursery) -> tuple[WebSocket, Peer]:
    """Return a socket that holds messages until they are consumed."""
    ours, theirs = new_pair()
    peer = Peer(theirs)
    nursery.start_soon(peer.accept, DEFLATE)
    return await connect_websocket(nursery, "ws://peer.test/", stream=ours), peer


async def nothing(ws: object) -> None:
    """Consume nothing."""


async def receive(ws: WebSocket) -> None:
    await ws.receive()


async def when(ws: WebSocket) -> object:
    return ws.when("message")


async def listen(ws: WebSocket) -> None:
    ws.onmessage = id


async def listen_and_wait(ws: WebSocket) -> None:
    async def onmessage(event: object) -> None:
        await trio.sleep_forever()

    ws.onmessage = onmessage


async def listen_and_receive(ws: WebSocket) -> None:
    ws.onmessage = id
    await ws.receive()


class Consumer(NamedTuple):
    """A program's way to consume, its buffer's bytes, and how many more messages may be there."""

    consume: Callable[[WebSocket], Awaitable[object]]
    bound: int
    beyond: int = 2


CONSUMERS: Final = {
    "nothing": Consumer(nothing, MAX_WAITING_BYTES),
    "receive()": Consumer(receive, MAX_WAITING_BYTES),
    "a listener, and receive()": Consumer(listen_and_receive, MAX_WAITING_BYTES),
    "when()": Consumer(when, CHANNEL_BYTES),
    "an async listener": Consumer(listen_and_wait, MAX_UNFINISHED_BYTES),
    "a listener": Consumer(listen, 0, beyond=0),
}


@pytest.mark.parametrize("consumer", CONSUMERS)
async def test_messages_that_were_held(
    consumer: str, flood: Flood, nursery: trio.Nursery, autojump_clock: object
) -> None:
    consume, bound, beyond = CONSUMERS[consumer]
    ws, peer = await opened(nursery)
    held, most = await growth(peer, flood, lambda: consume(ws))
    nursery.cancel_scope.cancel()
    assert held <= bound + beyond * flood.held + SLACK
    assert most <= bound + 3 * flood.held + SLACK


@pytest.mark.parametrize("consumer", ["when()", "an async listener", "a listener"])
async def test_messages_that_are_consumed_from_the_start(
    consumer: str, flood: Flood, nursery: trio.Nursery, autojump_clock: object
) -> None:
    consume, bound, beyond = CONSUMERS[consumer]
    ws, peer = await opened(nursery)
    kept = await consume(ws)
    held, most = await growth(peer, flood, lambda: nothing(kept))
    nursery.cancel_scope.cancel()
    assert held <= bound + beyond * flood.held + SLACK
    assert most <= bound + 3 * flood.held + SLACK


async def receive_whole(stream: WebSocketStream) -> None:
    await stream.readable.receive()


async def receive_a_piece(stream: WebSocketStream) -> object:
    pieces = await stream.readable.receive_pieces()
    await pieces.receive()
    return pieces


@pytest.mark.parametrize("consume", [nothing, receive_whole, receive_a_piece])
async def test_a_stream_holds_pieces(
    consume: Any, flood: Flood, nursery: trio.Nursery, autojump_clock: object
) -> None:
    stream, peer = await stream_and_peer(nursery, DEFLATE)
    held, most = await growth(peer, flood, lambda: consume(stream))
    nursery.cancel_scope.cancel()
    piece = flood.width * MAX_WORK
    assert held <= MAX_WAITING_BYTES + 2 * piece + SLACK
    if consume is not receive_whole:  # which joins them
        assert most <= MAX_WAITING_BYTES + 3 * piece + SLACK


async def half_a_message(peer: Peer) -> None:
    await peer.send(frame(TEXT, b"x" * 500_000, fin=False))


async def compressed_both_ways(peer: Peer) -> None:
    await peer.send(raw_frame(PACKED_TEXT, deflated(b"x" * 50_000)))


async def invalid_text(peer: Peer) -> None:
    await peer.send(frame(TEXT, b"x" * 500_000 + b"\xff"))


@pytest.mark.parametrize("part", [nothing, half_a_message, compressed_both_ways, invalid_text])
async def test_kept_failures_keep_nothing_of_messages(
    part: Callable[[Peer], Awaitable[None]], autojump_clock: object
) -> None:
    """The frame in an error's traceback refers to the program's socket."""

    async def fail() -> WebSocketError:
        async with trio.open_nursery() as nursery:
            ws, peer = await opened(nursery)
            ws.onmessage = None
            ws.send("x" * 5000)
            await part(peer)
            await trio.testing.wait_all_tasks_blocked()
            await peer.stream.aclose()
            ws.send("not sent" * 50_000)
            return await error_of(ws)

    await fail()
    gc.collect()
    tracemalloc.start()
    try:
        kept = [await fail() for _ in range(5)]
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] / len(kept) < 32 * 1024
    finally:
        tracemalloc.stop()


async def error_of(ws: WebSocket) -> WebSocketError:
    try:
        await ws.receive()
    except WebSocketError as exc:
        return exc
    raise AssertionError


def do_nothing() -> None:
    """What flow control may call."""


def many(more: int) -> list[str | bytes]:
    return [b""] * (MAX_WAITING + more)


def two_large(more: int) -> list[str | bytes]:
    return [bytes(MAX_WAITING_BYTES // 2), bytes(MAX_WAITING_BYTES // 2 + more)]


def wide_text(more: int) -> list[str | bytes]:
    return ["x" * (MAX_WAITING_BYTES // 4 + more - 1) + "\N{GRINNING FACE}"]


@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize(
    "messages",
    [
        many,
        two_large,
        wide_text,
    ],
    ids=["number", "bytes", "text, 4 bytes a character"],
)
@pytest.mark.parametrize("receives", [False, True])
def test_the_reading_stops_at_the_bound(
    messages: Callable[[int], list[str | bytes]], more: int, receives: bool
) -> None:
    flow = FlowControl(EventTarget(), lambda: new_inbox(do_nothing, do_nothing), holds=True)
    flow.hold(messages(more))
    if receives:
        flow.begin_receiving()
    full = "inbox" if receives else "held messages"
    assert flow.full_buffer() == (None if more < 0 else full)


@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize("size", [0, MAX_UNFINISHED_BYTES // 4])
async def test_the_reading_stops_at_the_bound_of_async_listeners(
    more: int, size: int, nursery: trio.Nursery
) -> None:
    tasks = ListenerTasks(nursery, "ws://peer.test/", nothing, lambda: None)
    count = 4 if size else MAX_UNFINISHED
    for number in range(count if size else count + more):
        call = trio.Event().wait()
        tasks.add(call, "message", size + (more if size and not number else 0))
    await tasks.wait_started()
    assert tasks.full == (more >= 0)
    nursery.cancel_scope.cancel()
