"""The guarantee's rows for streams, with what the peer saw and what we report."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.frames import CLOSE, TEXT, close, frame
from support.peer import Frame, Peer
from support.scope_harness import (
    StreamHarness,
    accept_and_flood,
    accept_and_listen,
    accept_and_stop,
    close_first,
    flood_then_answer,
    hang_up,
)
from support.transports import SocketTransport, Transport, count_files, count_tasks

from trio_ws_dom import WebSocketCloseInfo, WebSocketError, WebSocketStream


@pytest.fixture
async def harness(transport: Transport, nursery: trio.Nursery) -> StreamHarness:
    return StreamHarness(transport, nursery)


async def test_block_ends_with_1000(harness: StreamHarness, clock: object) -> None:
    """The end of the block closes with 1000 after all that was sent, and closes both channels."""
    await harness.play()
    async with harness.open() as stream:
        for number in range(100):
            await stream.writable.send(f"{number}")
    await harness.check(stream, 1000)
    assert [got.payload for got in harness.peer.frames[:-1]] == [b"%d" % n for n in range(100)]
    with pytest.raises(trio.ClosedResourceError):
        await stream.readable.receive()
    with pytest.raises(trio.ClosedResourceError):
        await stream.writable.send("too late")


@pytest.mark.parametrize("error", [ValueError("boom"), ExceptionGroup("mine", [KeyError("one")])])
async def test_block_raises_with_1001(
    error: Exception, harness: StreamHarness, clock: object
) -> None:
    """An exception in the block closes with 1001, and comes out as the same object."""
    await harness.play()
    with pytest.raises(type(error)) as caught:
        async with harness.open() as stream:
            raise error
    assert caught.value is error
    await harness.check(stream, 1001)


async def test_deadline_closes_with_1001(harness: StreamHarness, clock: object) -> None:
    """A deadline closes cleanly with 1001, after what a ``finally`` sends."""
    await harness.play()
    with trio.CancelScope() as scope:
        async with harness.open() as stream:
            scope.deadline = trio.current_time() + 0.05
            try:
                await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True):
                    await stream.writable.send("goodbye")
    assert scope.cancelled_caught
    await harness.check(stream, 1001)
    assert harness.peer.frames[0] == Frame(TEXT, b"goodbye")


async def test_cancelled_at_the_exit(harness: StreamHarness, clock: object) -> None:
    """A block that ends without exception in a cancelled scope closes with 1001."""
    await harness.play()
    with trio.CancelScope() as scope:
        async with harness.open() as stream:
            scope.cancel()
    assert scope.cancelled_caught
    await harness.check(stream, 1001)


async def test_sibling_crashes_and_the_block_closes_with_1001(
    harness: StreamHarness, clock: object
) -> None:
    """A sibling's crash cancels the block, closes with 1001, and is what comes out."""
    await harness.play()
    boom = ValueError("boom")
    streams: list[WebSocketStream] = []
    is_open = trio.Event()

    async def talk() -> None:
        async with harness.open() as stream:
            streams.append(stream)
            is_open.set()
            await stream.readable.receive()

    with pytest.raises(ExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(talk)
            await is_open.wait()
            raise boom
    assert caught.value.exceptions == (boom,)
    await harness.check(streams[0], 1001)


async def test_peer_closes_first(harness: StreamHarness, clock: object) -> None:
    """The peer's Close ends ``readable``, and ``closed`` has its code and reason."""

    async def part(peer: Peer) -> None:
        await peer.accept(then=frame(TEXT, b"last") + close(4321, "enough"))
        await peer.read_to_close()
        await peer.stream.aclose()

    await harness.play(part)
    async with harness.open() as stream:
        assert [message async for message in stream.readable] == ["last"]
    harness.check_gone(stream)
    assert await stream.closed == WebSocketCloseInfo(closeCode=4321, reason="enough")
    assert harness.peer.close_code == 4321


async def test_program_closes_with_its_own_code(harness: StreamHarness, clock: object) -> None:
    """The program's own code and reason are sent, and the block's end adds nothing."""
    await harness.play()
    async with harness.open() as stream:
        stream.close(closeCode=3001, reason="see you")
    await harness.check(stream, 3001)
    assert harness.peer.frames == [Frame(CLOSE, b"\x0b\xb9see you")]


@pytest.mark.parametrize("part", [accept_and_listen, accept_and_flood])
async def test_peer_does_not_answer(part: Any, harness: StreamHarness, clock: object) -> None:
    """A peer that never answers the Close, or floods, ends with 1006 after ``close_timeout``."""
    await harness.play(part)
    async with harness.open() as stream:
        await trio.sleep(0.05)
        start = trio.current_time()
    await harness.check_unclean(stream)
    if not harness.transport.real:
        assert trio.current_time() - start == pytest.approx(0.3)


@pytest.mark.parametrize("part", [accept_and_listen, accept_and_flood])
async def test_peer_does_not_answer_and_we_are_cancelled(
    part: Any, harness: StreamHarness, clock: object
) -> None:
    """Under cancellation such a peer has ``cancelled_close_timeout`` in all."""
    await harness.play(part)
    with trio.CancelScope() as scope:
        async with harness.open() as stream:
            scope.deadline = trio.current_time() + 0.05
            start = trio.current_time()
            await trio.sleep_forever()
    await harness.check_unclean(stream)
    if not harness.transport.real:
        assert trio.current_time() - start == pytest.approx(0.15)


async def test_peer_floods_and_then_answers(harness: StreamHarness, clock: object) -> None:
    """After any amount of unread messages the peer's Close is found."""
    await harness.play(flood_then_answer)
    async with harness.open() as stream:
        await trio.sleep(0.01)
    await harness.check(stream, 1000)


@pytest.mark.parametrize("kind", ["sockets"])  # a memory stream takes any amount
async def test_peer_never_reads(harness: StreamHarness, clock: object) -> None:
    """With a ``send()`` that waits for a peer that reads nothing, the end is 1006 at the bound."""
    await harness.play(accept_and_stop)
    with trio.CancelScope() as scope:
        async with harness.open() as stream:
            scope.deadline = trio.current_time() + 0.2
            while True:
                await stream.writable.send(b"x" * 1_000_000)
    await harness.check_unclean(stream)


@pytest.mark.parametrize("message", [b"", frame(TEXT, b"x" * 1000)[:500], frame(3)])
async def test_lost_connection_raises_in_the_channels(
    message: bytes, harness: StreamHarness, clock: object
) -> None:
    """When TCP is lost, the channels raise, but the block's end does not.

    It may be lost in the middle of a message or after a broken rule.
    """

    async def part(peer: Peer) -> None:
        await peer.accept(then=message)
        await trio.aclose_forcefully(peer.stream)

    await harness.play(part)
    async with harness.open() as stream:
        with pytest.raises(WebSocketError):
            await stream.readable.receive()
        with pytest.raises(WebSocketError):
            await stream.writable.send("too late")
    await harness.check_unclean(stream)


async def test_cancelled_while_connecting(harness: StreamHarness, clock: object) -> None:
    """Before the 101 it ends at once and without a Close, as there is no WebSocket."""
    scope = trio.CancelScope()

    async def part(peer: Peer) -> None:
        await peer.read_request()
        scope.cancel()
        await peer.read_to_end()

    await harness.play(part)
    with scope:
        async with harness.open():
            raise AssertionError("the stream is never open")
    assert scope.cancelled_caught
    await harness.over.wait()
    assert harness.peer.frames == []


async def test_failure_to_open(harness: StreamHarness, clock: object) -> None:
    """A connection that cannot be opened is a bare WebSocketError with the cause."""
    await harness.play(hang_up)
    with pytest.raises(WebSocketError) as caught:
        async with harness.open():
            raise AssertionError("the stream is never open")
    assert caught.value.__cause__ is not None


async def test_bare_constructor_ends_normally(harness: StreamHarness, clock: object) -> None:
    """A bare stream's nursery waits for it, as for any task, and closes nothing."""
    await harness.play(close_first)
    async with trio.open_nursery() as nursery:
        stream = WebSocketStream(harness.url, nursery=nursery, **harness.transport.options())
    await harness.check(stream, 1000)


async def test_bare_constructor_is_cancelled(harness: StreamHarness, clock: object) -> None:
    """A bare stream's nursery that is cancelled closes with 1001, and a sender elsewhere gets an
    error."""
    await harness.play()
    async with trio.open_nursery() as nursery:
        stream = WebSocketStream(harness.url, nursery=nursery, **harness.options())
        await stream.opened
        nursery.cancel_scope.cancel()
    await harness.check(stream, 1001)
    with pytest.raises(WebSocketError):
        await stream.writable.send("too late")


async def test_a_sender_while_the_nursery_is_cancelled(
    harness: StreamHarness, clock: object
) -> None:
    """A ``send()`` between a bare stream's 1001 and the peer's answer raises."""
    await harness.play(accept_and_listen)
    streams: list[WebSocketStream] = []

    closing = trio.Event()

    async def live() -> None:
        async with trio.open_nursery() as nursery:
            streams.append(WebSocketStream(harness.url, nursery=nursery, **harness.options()))
            await streams[0].opened
            nursery.cancel_scope.cancel()
            closing.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(live)
        await closing.wait()
        await trio.sleep(0.05)
        with pytest.raises(WebSocketError, match="closed"):
            await streams[0].writable.send("too late")


async def test_cancelled_close_without_time_for_a_close(
    sockets: SocketTransport, nursery: trio.Nursery
) -> None:
    """With ``cancelled_close_timeout=0`` no Close is sent, in whatever order tasks run."""
    for _ in range(20):
        stream = WebSocketStream(sockets.url, nursery=nursery, cancelled_close_timeout=0)
        peer = await sockets.peer()
        await peer.accept()
        await stream.opened
        with trio.CancelScope() as scope:
            scope.cancel()
            await stream.writable.aclose()
        async with peer.stream:
            await peer.read_to_end()
        assert peer.frames == []


async def test_a_task_outside_of_the_block(harness: StreamHarness, clock: object) -> None:
    """At the block's end tasks elsewhere that send or receive get ClosedResourceError."""
    await harness.play()
    outcomes: list[type[Exception]] = []

    async def receive(stream: WebSocketStream) -> None:
        try:
            await stream.readable.receive()
        except trio.ClosedResourceError as exc:
            outcomes.append(type(exc))

    async with trio.open_nursery() as nursery:
        async with harness.open() as stream:
            nursery.start_soon(receive, stream)
            await trio.testing.wait_all_tasks_blocked()
    assert outcomes == [trio.ClosedResourceError]


async def test_nothing_is_left(harness: StreamHarness, clock: object) -> None:
    """No task and no file descriptor outlives a scope."""
    files, tasks = count_files(), count_tasks()
    for _ in range(3):
        await harness.play()
        async with harness.open() as stream:
            await stream.writable.send("hello")
        await harness.over.wait()
    await trio.testing.wait_all_tasks_blocked()
    assert (count_files(), count_tasks()) == (files, tasks)
