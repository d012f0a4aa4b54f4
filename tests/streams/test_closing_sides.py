"""Closing one side of a stream, which closes both; and channels in generic code."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.peer import BINARY, CLOSE, TEXT, Frame, frame
from support.streams import BIG, CLOSERS, closes_by_peer
from support.world import SocketWorld

from trio_ws_dom import WebSocketError, WebSocketStream


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
