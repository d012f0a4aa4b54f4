"""``readable`` and ``writable`` as trio's channels: what trio.abc says, clause by clause."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.peer import BINARY, CLOSE, TEXT, Frame, Peer, close, frame
from support.world import SocketWorld

from trio_ws_dom import WebSocketError, WebSocketStream
from trio_ws_dom._stream_channels import MAX_QUEUED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

BIG = b"x" * (MAX_QUEUED + 1)
"""One message of this leaves no room for a next one."""


async def closes_by_peer(peer: Peer, code: int = 4000) -> None:
    """The peer closes, and TCP ends."""
    await peer.send(close(code, "bye"))
    await peer.read_to_close()
    await peer.stream.aclose()


async def is_blocked(nursery: trio.Nursery, function: Callable[[], Awaitable[object]]) -> Any:
    """Start a task that is to block; gives a box for its outcome, "waits" so far."""
    box: list[Any] = ["waits"]

    async def run() -> None:
        try:
            box[0] = await function()
        except Exception as exc:
            box[0] = exc

    nursery.start_soon(run)
    await trio.testing.wait_all_tasks_blocked()
    assert box == ["waits"]
    return box


def is_closed_error(box: list[Any]) -> bool:
    return isinstance(box[0], trio.ClosedResourceError)


# Sending.


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("ä", Frame(TEXT, "ä".encode())),
        ("a\ud800b", Frame(TEXT, "a\ufffdb".encode())),
        ("", Frame(TEXT, b"")),
        (b"\xff", Frame(BINARY, b"\xff")),
        (bytearray(b"array"), Frame(BINARY, b"array")),
        (memoryview(b"abcdef")[::2], Frame(BINARY, b"ace")),
    ],
)
async def test_what_can_be_sent(
    value: Any, sent: Frame, accepted: Any, autojump_clock: Any
) -> None:
    """Text and anything bytes-like, each as one message."""
    stream, peer = await accepted()
    await stream.writable.send(value)
    assert await peer.next() == sent


@pytest.mark.parametrize("value", [None, 1, ["a"], object()])
async def test_what_cannot_be_sent(value: Any, accepted: Any, autojump_clock: Any) -> None:
    """Anything else is a TypeError, and the stream goes on."""
    stream, peer = await accepted()
    with pytest.raises(TypeError):
        await stream.writable.send(value)
    await stream.writable.send("next")
    assert await peer.next() == Frame(TEXT, b"next")


async def test_each_call_is_a_checkpoint(accepted: Any, autojump_clock: Any) -> None:
    """Sending, receiving and closing let others run, also where nothing has to be waited for."""
    stream, peer = await accepted()
    with trio.testing.assert_checkpoints():
        await stream.writable.send("hello")
    await peer.send(frame(TEXT, b"hello"))
    await trio.testing.wait_all_tasks_blocked()
    with trio.testing.assert_checkpoints():
        await stream.readable.receive()
    await closes_by_peer(peer)
    await stream.closed
    for aclose in (stream.writable.aclose, stream.readable.aclose, stream.readable.aclose):
        with trio.testing.assert_checkpoints():
            await aclose()


async def test_cancelled_send(accepted: Any, autojump_clock: Any) -> None:
    """A ``send()`` that was cancelled has queued nothing, whether or not it would have waited."""
    stream, peer = await accepted(lockstep=True)
    with trio.CancelScope() as scope:
        scope.cancel()
        await stream.writable.send("not sent")
    assert scope.cancelled_caught
    await stream.writable.send(BIG)
    with trio.move_on_after(1) as scope:
        await stream.writable.send("not sent either")
    assert scope.cancelled_caught
    stream.close()
    await peer.read_to_close()
    assert [got.opcode for got in peer.frames] == [BINARY, CLOSE]


async def test_send_waits_for_room(
    accepted: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """At most MAX_QUEUED bytes may wait; who comes then waits too, in the order of coming."""
    stream, peer = await accepted(lockstep=True)
    await stream.writable.send(b"x" * MAX_QUEUED)
    await stream.writable.send("fits, as it was not more than the bound")
    for letter in "abc":
        await is_blocked(nursery, lambda letter=letter: stream.writable.send(letter))
    for _ in range(5):
        await peer.next()
    assert [got.payload for got in peer.frames[2:]] == [b"a", b"b", b"c"]


async def test_bytes_are_copied_at_the_call(
    accepted: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """A bytearray that is changed while its ``send()`` waits is sent as it was."""
    stream, peer = await accepted(lockstep=True)
    await stream.writable.send(BIG)
    data = bytearray(b"before")
    await is_blocked(nursery, lambda: stream.writable.send(data))
    data[:] = b"behind"
    await peer.next()
    assert await peer.next() == Frame(BINARY, b"before")


@pytest.mark.parametrize("size", [100, 1000])
async def test_smaller_max_buffered_amount(
    size: int, accepted: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """With less allowed to be queued than MAX_QUEUED, sending waits sooner, and does not fail."""
    stream, peer = await accepted(lockstep=True, max_buffered_amount=1000)
    await stream.writable.send(b"x" * 901)
    box = await is_blocked(nursery, lambda: stream.writable.send(b"y" * size))
    await peer.next()
    assert await peer.next() == Frame(BINARY, b"y" * size)
    assert box == [None]


async def test_a_message_beyond_max_buffered_amount(accepted: Any, autojump_clock: Any) -> None:
    """One that can never fit fails the connection, and the call says so."""
    stream, _ = await accepted(max_buffered_amount=1000)
    with pytest.raises(WebSocketError, match="max_buffered_amount"):
        await stream.writable.send(b"x" * 1001)
    with pytest.raises(WebSocketError, match="max_buffered_amount"):
        await stream.writable.send("more")
    with pytest.raises(WebSocketError):
        await stream.closed


async def test_send_when_the_peer_has_closed(accepted: Any, autojump_clock: Any) -> None:
    """Also a clean end is a broken channel to the one who sends; the error has the peer's code."""
    stream, peer = await accepted()
    await closes_by_peer(peer)
    await stream.closed
    with pytest.raises(trio.BrokenResourceError) as caught:
        await stream.writable.send("too late")
    assert isinstance(caught.value, WebSocketError)
    assert (caught.value.closeCode, caught.value.reason) == (4000, "bye")
    assert caught.value.__cause__ is None  # nothing went wrong


async def test_send_when_the_connection_is_lost(accepted: Any, autojump_clock: Any) -> None:
    """The error has 1006, and the cause."""
    stream, peer = await accepted()
    await peer.stream.aclose()
    with pytest.raises(WebSocketError):
        await stream.closed
    with pytest.raises(WebSocketError) as caught:
        await stream.writable.send("too late")
    assert caught.value.closeCode == 1006
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("how", ["close", "lost"])
async def test_blocked_sender_and_the_peers_end(
    how: str, accepted: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Those who wait in ``send()`` are told that the connection is gone."""
    stream, peer = await accepted(lockstep=True)
    await stream.writable.send(BIG)
    boxes = [await is_blocked(nursery, lambda: stream.writable.send("waits")) for _ in range(2)]
    if how == "close":
        await peer.send(close(4000))
    await peer.stream.aclose()
    await trio.sleep(3)
    for box in boxes:
        assert isinstance(box[0], WebSocketError)
        assert box[0].closeCode == (4000 if how == "close" else 1006)


async def close_stream(stream: WebSocketStream) -> None:
    stream.close()


CLOSERS: dict[str, Callable[[Any], Awaitable[object]]] = {
    "stream.close": close_stream,
    "writable.aclose": lambda stream: stream.writable.aclose(),
    "writable.abort": lambda stream: stream.writable.abort(),
    "readable.aclose": lambda stream: stream.readable.aclose(),
    "readable.cancel": lambda stream: stream.readable.cancel(),
}


@pytest.mark.parametrize("closer", CLOSERS)
async def test_blocked_sender_and_ones_own_close(
    closer: str, accepted: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Those who wait in ``send()`` get ClosedResourceError at once; so does who comes later."""
    stream, _ = await accepted(lockstep=True)
    await stream.writable.send(BIG)
    boxes = [await is_blocked(nursery, lambda: stream.writable.send("waits")) for _ in range(2)]
    start = trio.current_time()
    nursery.start_soon(CLOSERS[closer], stream)
    await trio.testing.wait_all_tasks_blocked()
    assert all(map(is_closed_error, boxes))
    with pytest.raises(trio.ClosedResourceError):
        await stream.writable.send("too late")
    assert trio.current_time() == start
    with pytest.raises(WebSocketError):  # the peer reads nothing
        await stream.closed


# Receiving.


async def test_all_messages_then_the_end(accepted: Any, autojump_clock: Any) -> None:
    """Everything that came before a clean close, then EndOfChannel, as often as asked."""
    stream, peer = await accepted()
    await peer.send(frame(TEXT, b"one"), frame(BINARY, b"two"))
    await closes_by_peer(peer)
    await stream.closed
    assert [message async for message in stream.readable] == ["one", b"two"]
    for _ in range(2):
        with pytest.raises(trio.EndOfChannel):
            await stream.readable.receive()
    assert [message async for message in stream.readable] == []


async def test_all_messages_then_the_failure(accepted: Any, autojump_clock: Any) -> None:
    """Everything that came before an unclean end, then WebSocketError, as often as asked."""
    stream, peer = await accepted()
    await peer.send(frame(TEXT, b"one"), frame(TEXT, b"two"))
    await peer.stream.aclose()
    assert [await stream.readable.receive() for _ in range(2)] == ["one", "two"]
    for _ in range(2):
        with pytest.raises(WebSocketError) as caught:
            await stream.readable.receive()
        assert caught.value.closeCode == 1006
    with pytest.raises(trio.BrokenResourceError):
        async for message in stream.readable:
            raise AssertionError(message)


async def test_messages_in_the_same_segment_as_the_answer(
    nursery: trio.Nursery, accepted: Any, autojump_clock: Any
) -> None:
    """Nothing is lost between the handshake and the first ``receive()``, however late that is."""
    stream, peer = await accepted()
    await peer.send(*(frame(TEXT, b"%d" % number) for number in range(3000)), close(1000))
    await trio.sleep(1)
    nursery.start_soon(peer.read_to_close)
    assert [await stream.readable.receive() for _ in range(3000)] == [str(n) for n in range(3000)]
    with pytest.raises(trio.EndOfChannel):
        await stream.readable.receive()


async def test_cancelled_receive(accepted: Any, autojump_clock: Any) -> None:
    """A ``receive()`` that was cancelled has taken nothing."""
    stream, peer = await accepted()
    with trio.move_on_after(1) as scope:
        await stream.readable.receive()
    assert scope.cancelled_caught
    await peer.send(frame(TEXT, b"one"))
    await trio.testing.wait_all_tasks_blocked()
    with trio.CancelScope() as scope:
        scope.cancel()
        await stream.readable.receive()
    assert scope.cancelled_caught
    assert await stream.readable.receive() == "one"


async def test_two_receivers(accepted: Any, nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A second task that receives is told that the side is busy."""
    stream, peer = await accepted()
    box = await is_blocked(nursery, stream.readable.receive)
    with pytest.raises(trio.BusyResourceError):
        await stream.readable.receive()
    await peer.send(frame(TEXT, b"one"))
    await trio.testing.wait_all_tasks_blocked()
    assert box == ["one"]


@pytest.mark.parametrize("closer", ["readable.aclose", "readable.cancel"])
async def test_blocked_receiver_and_ones_own_close(
    closer: str, accepted: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Who waits in ``receive()`` gets ClosedResourceError at once, and what waits is dropped."""
    stream, peer = await accepted()
    box = await is_blocked(nursery, stream.readable.receive)
    nursery.start_soon(CLOSERS[closer], stream)
    await trio.testing.wait_all_tasks_blocked()
    assert is_closed_error(box)
    await peer.finish()
    await stream.closed
    with pytest.raises(trio.ClosedResourceError):
        await stream.readable.receive()


@pytest.mark.parametrize("closer", ["stream.close", "writable.aclose", "writable.abort"])
async def test_what_was_received_outlives_the_close(
    closer: str, accepted: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Closing the other side drops nothing that was received; what comes later is dropped."""
    stream, peer = await accepted()
    await peer.send(frame(TEXT, b"before"))
    await trio.testing.wait_all_tasks_blocked()
    nursery.start_soon(CLOSERS[closer], stream)
    await trio.testing.wait_all_tasks_blocked()
    await peer.send(frame(TEXT, b"behind"))
    await peer.finish()
    assert [message async for message in stream.readable] == ["before"]


# Closing.


@pytest.mark.parametrize(
    ("side", "method", "arguments", "sent"),
    [
        ("writable", "aclose", (), b"\x03\xe8"),
        ("readable", "aclose", (), b"\x03\xe8"),
        *(
            (side, method, arguments, sent)
            for side, method in (("writable", "abort"), ("readable", "cancel"))
            for arguments, sent in (
                ((), b""),
                ((ValueError("why"),), b""),
                ((WebSocketError("why"),), b""),
                ((WebSocketError("why", closeCode=4001, reason="you"),), b"\x0f\xa1you"),
                ((WebSocketError("why", reason="you"),), b"\x03\xe8you"),
                ((WebSocketError._create("lost", 1006, "who knows"),), b""),
            )
        ),
    ],
)
async def test_what_closing_a_side_sends(
    side: str,
    method: str,
    arguments: tuple[object, ...],
    sent: bytes,
    accepted: Any,
    nursery: trio.Nursery,
    autojump_clock: Any,
) -> None:
    """1000 for ``aclose()``; of a WebSocketError its code and reason; for all else no code."""
    stream, peer = await accepted()
    nursery.start_soon(peer.finish)
    await getattr(getattr(stream, side), method)(*arguments)
    assert peer.frames == [Frame(CLOSE, sent)]
    assert peer.ended is None
    assert repr(stream).endswith("CLOSED>")  # it has waited for the whole handshake


async def test_close_is_behind_what_was_sent(
    accepted: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """What ``send()`` has taken goes out before the Close."""
    stream, peer = await accepted(lockstep=True)
    await stream.writable.send(BIG)
    nursery.start_soon(stream.writable.aclose)
    await trio.testing.wait_all_tasks_blocked()
    await peer.finish()
    assert [got.opcode for got in peer.frames] == [BINARY, CLOSE]


@pytest.mark.parametrize("closer", [name for name in CLOSERS if name != "stream.close"])
async def test_cancelled_close(
    closer: str, accepted: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Under cancellation the goodbye gets ``cancelled_close_timeout``; all is closed behind it."""
    stream, peer = await accepted(cancelled_close_timeout=0.5)
    nursery.start_soon(peer.read_to_end)
    start = trio.current_time()
    with trio.CancelScope() as scope:
        scope.cancel()
        await CLOSERS[closer](stream)
    assert scope.cancelled_caught
    assert trio.current_time() - start == pytest.approx(0.5)
    assert repr(stream).endswith("CLOSED>")


async def test_cancelled_close_without_a_goodbye(nursery: trio.Nursery) -> None:
    """With ``cancelled_close_timeout=0`` no Close is sent, in whatever order tasks get to run."""
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    world = SocketWorld(listener)
    async with listener:
        for _ in range(20):
            stream = WebSocketStream(world.url, nursery=nursery, cancelled_close_timeout=0)
            peer = await world.peer()
            await peer.accept()
            await stream.opened
            with trio.CancelScope() as scope:
                scope.cancel()
                await stream.writable.aclose()
            async with peer.stream:
                await peer.read_to_end()
            assert peer.frames == []


async def test_cancelled_during_the_close(
    accepted: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Likewise where the cancellation comes while it waits for the peer."""
    stream, peer = await accepted(cancelled_close_timeout=0.5)
    nursery.start_soon(peer.read_to_end)
    start = trio.current_time()
    with trio.move_on_after(1) as scope:
        await stream.writable.aclose()
    assert scope.cancelled_caught
    assert trio.current_time() - start == pytest.approx(1.5)


async def test_generic_code(accepted: Any, nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Code that knows of nothing but channels can carry messages from one stream to another."""
    source, source_peer = await accepted()
    target, target_peer = await accepted()
    nursery.start_soon(target_peer.finish)

    async def carry(
        receive: trio.abc.ReceiveChannel[str | bytes], send: trio.abc.SendChannel[str | bytes]
    ) -> None:
        async with receive, send:
            async for value in receive:
                await send.send(value)

    await source_peer.send(frame(TEXT, b"one"), frame(BINARY, b"two"))
    nursery.start_soon(closes_by_peer, source_peer)
    await carry(source.readable, target.writable)
    assert target_peer.frames[:2] == [Frame(TEXT, b"one"), Frame(BINARY, b"two")]
    assert target_peer.close_code == 1000
