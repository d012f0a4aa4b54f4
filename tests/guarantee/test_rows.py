"""The guarantee, row by row, with what the peer saw and what remains however a block is left."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.checked import close_event
from support.frames import CLOSE, close
from support.peer import Frame, Peer
from support.scope_harness import ScopeHarness, accept_and_listen
from support.transports import EventRecorder, count_files, count_tasks

from trio_ws_dom import open_websocket


async def test_the_end_of_the_block_sends_1000_after_what_was_queued(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play()
    async with harness.open() as ws:
        recorder = EventRecorder(ws)
        for number in range(100):
            ws.send(f"{number}")
    recorder.check()
    assert [got.payload for got in harness.peer.frames[:-1]] == [b"%d" % n for n in range(100)]
    assert harness.peer.close_code == 1000
    assert (close_event(ws).code, close_event(ws).wasClean) == (1000, True)
    assert recorder.events == ["close"]


async def test_an_exception_in_the_block_sends_1001_and_comes_out_as_the_same_object(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play()
    context, boom = KeyError("context"), ValueError("boom")
    with pytest.raises(ValueError, match="boom") as caught:
        async with harness.open() as ws:
            recorder = EventRecorder(ws)
            try:
                raise context
            except KeyError:
                raise boom  # noqa: B904  # the implicit context is what the test checks
    assert caught.value is boom
    assert boom.__context__ is context
    recorder.check()
    assert harness.peer.close_code == 1001
    assert close_event(ws).wasClean


async def test_a_group_of_the_block_comes_out_as_the_same_object(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play()
    group = ExceptionGroup("mine", [ValueError("one"), KeyError("two")])
    with pytest.raises(ExceptionGroup) as caught:
        async with harness.open():
            raise group
    assert caught.value is group
    assert harness.peer.close_code == 1001


async def test_a_deadline_sends_1001_and_raises_nothing_else(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play()
    with trio.CancelScope() as scope:
        async with harness.open() as ws:
            scope.deadline = trio.current_time() + 0.05
            recorder = EventRecorder(ws)
            await trio.sleep_forever()
    assert scope.cancelled_caught
    recorder.check()
    assert harness.peer.close_code == 1001
    assert (close_event(ws).code, close_event(ws).wasClean) == (1001, True)


async def test_a_cancelled_block_that_ends_without_exception_sends_1001_and_raises_cancelled(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play()
    with trio.CancelScope() as scope:
        async with harness.open() as ws:
            recorder = EventRecorder(ws)
            scope.cancel()
    assert scope.cancelled_caught
    recorder.check()
    assert harness.peer.close_code == 1001
    assert close_event(ws).wasClean


async def test_a_cancellation_bounds_a_close_that_has_begun(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play(accept_and_listen)
    with trio.CancelScope() as scope:
        async with harness.open() as ws:
            scope.deadline = trio.current_time() + 0.05
            recorder = EventRecorder(ws)
            start = trio.current_time()
    assert scope.cancelled_caught
    recorder.check()
    assert harness.peer.close_code == 1000
    assert (close_event(ws).code, close_event(ws).wasClean) == (1006, False)
    if not harness.transport.real:
        assert trio.current_time() - start == pytest.approx(0.15)


async def test_what_the_block_sends_in_a_finally_leaves_before_the_close(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play()
    with trio.CancelScope() as scope:
        async with harness.open() as ws:
            scope.deadline = trio.current_time() + 0.05
            try:
                await trio.sleep_forever()
            finally:
                ws.send("goodbye")
    assert [got.payload for got in harness.peer.frames] == [b"goodbye", (1001).to_bytes(2, "big")]
    assert close_event(ws).wasClean


async def test_a_siblings_crash_sends_1001_and_comes_out(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play()
    boom = ValueError("boom")
    sockets: list[Any] = []
    is_open = trio.Event()

    async def talk() -> None:
        async with harness.open() as ws:
            sockets.append(ws)
            is_open.set()
            await trio.sleep_forever()

    async def crash() -> None:
        await is_open.wait()
        raise boom

    with pytest.raises(ExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(talk)
            nursery.start_soon(crash)
    assert caught.value.exceptions == (boom,)
    assert harness.peer.close_code == 1001
    assert close_event(sockets[0]).wasClean


async def test_the_peers_close_is_echoed_and_reported(harness: ScopeHarness, clock: object) -> None:
    async def part(peer: Peer) -> None:
        await peer.accept(then=close(4321, "enough"))
        await peer.read_to_close()
        await peer.stream.aclose()

    await harness.play(part)
    async with harness.open() as ws:
        event = await ws.wait_closed()
    assert (event.code, event.reason, event.wasClean) == (4321, "enough", True)
    assert harness.peer.frames == [Frame(CLOSE, (4321).to_bytes(2, "big") + b"enough")]


async def test_the_programs_code_and_reason_are_sent_and_the_blocks_end_adds_nothing(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play()
    async with harness.open() as ws:
        recorder = EventRecorder(ws)
        ws.close(3001, "see you")
    recorder.check()
    assert harness.peer.frames == [Frame(CLOSE, b"\x0b\xb9see you")]
    assert close_event(ws).code == 3001


async def test_with_a_bound_of_zero_a_cancelled_socket_is_gone_without_a_close(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play(accept_and_listen)
    with trio.CancelScope() as scope:
        async with open_websocket(
            harness.url, **harness.transport.options(cancelled_close_timeout=0)
        ) as ws:
            scope.deadline = trio.current_time() + 0.05
            recorder = EventRecorder(ws)
            start = trio.current_time()
            await trio.sleep_forever()
    recorder.check()
    assert close_event(ws).code == 1006
    if not harness.transport.real:
        assert trio.current_time() - start == pytest.approx(0.05)
    await trio.testing.wait_all_tasks_blocked()
    assert harness.peer.close_code is None


async def test_no_task_and_no_file_descriptor_outlives_a_scope(
    harness: ScopeHarness, clock: object
) -> None:
    files, tasks = count_files(), count_tasks()
    for _ in range(3):
        await harness.play()
        async with harness.open() as ws:
            ws.send("hello")
            ws.onmessage = lambda event: trio.sleep_forever()  # noqa: ASYNC105  # a task awaits it
        await trio.testing.wait_all_tasks_blocked()
        await harness.peers[-1].stream.aclose()
    await trio.testing.wait_all_tasks_blocked()
    assert (count_files(), count_tasks()) == (files, tasks)
