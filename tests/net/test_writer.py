"""The writer, by which task writes, and what happens when the stream is closed."""

from __future__ import annotations

import os
import socket
import sys
from itertools import pairwise
from typing import Any

import pytest
import trio
import trio.testing
from support.checked import not_none
from support.peer import Peer

from trio_ws_dom._net._masks import new_masks
from trio_ws_dom._net._writer import MAX_AT_ONCE, Writer
from trio_ws_dom._wire import _frames
from trio_ws_dom._wire._frames import LONG, Close
from trio_ws_dom._wire._protocol import Protocol


class Log:
    """What a writer reports to its connection."""

    def __init__(self) -> None:
        self.sent = 0
        self.lost: list[Exception] = []

    def on_sent(self) -> None:
        self.sent += 1

    def writer(self) -> Writer:
        return Writer(established(), self.on_sent, self.lost.append)


def established() -> Protocol:
    """Return a protocol that is OPEN."""
    protocol = Protocol(new_masks)
    protocol.establish()
    return protocol


def put(writer: Writer, payload: bytes) -> None:
    writer._protocol.send_text(payload)
    writer.wake()


async def test_nothing_is_written_before_there_is_a_stream(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """What was queued before ``start`` is sent by it."""
    writer = Log().writer()
    put(writer, b"early")
    ours, theirs = trio.testing.memory_stream_pair()
    writer.start(ours, nursery)
    assert not_none(await Peer(theirs).next()).payload == b"early"


async def test_idle_writer_has_no_task(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The task begins with the first need, and there is only one."""
    writer = Log().writer()
    ours, theirs = trio.testing.memory_stream_pair()
    writer.start(ours, nursery)
    assert len(nursery.child_tasks) == 0
    for _ in range(3):
        put(writer, b"x")
    assert len(nursery.child_tasks) == 1
    await trio.testing.wait_all_tasks_blocked()
    put(writer, b"again")
    peer = Peer(theirs)
    assert [not_none(await peer.next()).payload for _ in range(4)] == [b"x", b"x", b"x", b"again"]
    assert len(nursery.child_tasks) == 1


async def test_held_writer_is_not_woken(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """While it is held it is not woken, and the holder must call ``flush``."""
    writer = Log().writer()
    ours, _ = trio.testing.memory_stream_pair()
    writer.start(ours, nursery)
    writer.held = True
    put(writer, b"x")
    assert len(nursery.child_tasks) == 0
    writer.held = False
    writer.flush()
    assert len(nursery.child_tasks) == 1


async def test_each_write_is_reported(nursery: trio.Nursery, autojump_clock: Any) -> None:
    log = Log()
    writer = log.writer()
    ours, _ = trio.testing.memory_stream_pair()
    put(writer, b"x")
    writer.start(ours, nursery)
    await trio.testing.wait_all_tasks_blocked()
    writer._protocol.close(Close(1000))
    writer.wake()
    await trio.testing.wait_all_tasks_blocked()
    assert (log.sent, writer.progress) == (2, 2)
    assert writer._protocol.machine.sent == Close(1000)


async def test_broken_stream_is_reported_once(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It is reported once, and never raised."""
    log = Log()
    writer = log.writer()
    ours, theirs = trio.testing.memory_stream_pair()
    await theirs.aclose()
    writer.start(ours, nursery)
    put(writer, b"x")
    await trio.testing.wait_all_tasks_blocked()
    put(writer, b"y")
    await trio.testing.wait_all_tasks_blocked()
    assert [type(exc) for exc in log.lost] == [trio.BrokenResourceError]
    assert writer._protocol.outbox.amount == 2


def socket_streams() -> tuple[trio.SocketStream, trio.SocketStream]:
    """Return two ends of a real connection."""
    ours, theirs = socket.socketpair()
    return tuple(  # type: ignore[return-value]  # there are two
        trio.SocketStream(trio.socket.from_stdlib_socket(each)) for each in (ours, theirs)
    )


async def test_flush_writes_a_socket_at_once(nursery: trio.Nursery) -> None:
    """On a socket the bytes are sent in the call, and no task is needed."""
    ours, theirs = socket_streams()
    async with ours, theirs:
        log = Log()
        writer = log.writer()
        writer.start(ours, nursery)
        writer.held = True
        put(writer, b"hello")
        writer.held = False
        writer.flush()
        assert (log.sent, len(nursery.child_tasks)) == (1, 0)
        assert not_none(await Peer(theirs).next()).payload == b"hello"


async def test_flush_of_more_than_the_socket_takes(nursery: trio.Nursery) -> None:
    """The task sends the rest, during which ``flush`` does nothing, and no frame is interleaved."""
    ours, theirs = socket_streams()
    async with ours, theirs:
        log = Log()
        writer = log.writer()
        writer.start(ours, nursery)
        for number in range(50):
            put(writer, b"%d" % number * 50_000)
        writer.flush()
        await trio.testing.wait_all_tasks_blocked()
        put(writer, b"last")
        writer.flush()
        peer = Peer(theirs)
        got = [not_none(await peer.next()).payload for _ in range(51)]
        assert got == [b"%d" % number * 50_000 for number in range(50)] + [b"last"]


async def test_flush_of_a_broken_socket(nursery: trio.Nursery) -> None:
    """The task meets the error, which is reported once."""
    ours, theirs = socket_streams()
    async with ours:
        log = Log()
        writer = log.writer()
        writer.start(ours, nursery)
        await theirs.aclose()
        put(writer, b"x" * 1000)
        writer.flush()
        await trio.testing.wait_all_tasks_blocked()
        assert [type(exc) for exc in log.lost] == [BrokenPipeError]


@pytest.mark.skipif(sys.platform == "win32", reason="there the task writes")
async def test_a_long_message_gives_way(
    nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much the network takes, other tasks get their turn after a mebibyte or two."""
    ours, theirs = socket_streams()
    written = 0

    def take_all(fd: int, data: bytes) -> int:
        nonlocal written
        written += len(data)
        return len(data)

    async def take_all_later(data: bytes) -> None:
        take_all(0, data)
        await trio.lowlevel.checkpoint()

    monkeypatch.setattr(os, "write", take_all)
    monkeypatch.setattr(ours, "send_all", take_all_later)
    async with ours, theirs:
        writer = Log().writer()
        writer.start(ours, nursery)
        writer.held = True
        size = 10 * MAX_AT_ONCE
        put(writer, bytes(size))
        writer.held = False
        writer.flush()
        turns = [written]
        while writer._protocol.outbox:
            await trio.lowlevel.checkpoint()
            turns.append(written)
        assert turns[-1] > size
        steps = [after - before for before, after in pairwise([0, *turns])]
        assert max(steps) < 3 * MAX_AT_ONCE


@pytest.mark.parametrize("where", ["flush", "task", "stream"])
async def test_a_block_that_cannot_be_made(
    where: str, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As half of its frame may be sent, the error is reported, never raised, and nothing
    follows."""
    ours, theirs = trio.testing.memory_stream_pair() if where == "stream" else socket_streams()
    blocks = iter([b"the first"])

    def broken(payload: bytes, mask: bytes) -> bytes:
        if len(payload) < LONG:
            return payload
        for block in blocks:
            return block
        raise MemoryError

    monkeypatch.setattr(_frames, "xor", broken)
    log = Log()
    writer = log.writer()
    async with ours, theirs:
        writer.start(ours, nursery)
        writer.held = where == "flush"
        put(writer, bytes(3 * LONG))
        put(writer, b"after")
        if where == "flush":
            writer.flush()
            writer.flush()
        else:
            await trio.testing.wait_all_tasks_blocked()
        assert [type(exc) for exc in log.lost] == [MemoryError]
        assert (await theirs.receive_some(1000)).endswith(b"the first")
        await ours.aclose()
        assert await theirs.receive_some(1000) == b""
