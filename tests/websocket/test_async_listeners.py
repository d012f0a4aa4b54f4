"""When async listeners start, and what happens to them at the end."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from math import inf
from typing import Any

import pytest
import trio
import trio.testing
from support.checked import instance, not_none
from support.frames import BINARY, TEXT, close, frame
from support.opened import socket_and_peer
from support.peer import Peer

from trio_ws_dom import WebSocket, open_websocket
from trio_ws_dom.testing import open_fake_server

TEN = b"".join(frame(TEXT, b"%d" % number) for number in range(10))


async def test_async_listeners_start_in_the_order_of_the_messages(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    for _ in range(20):  # trio shuffles the tasks that are ready
        ws, peer = await socket_and_peer(nursery)

        async def echo(event: Any, ws: WebSocket = ws) -> None:
            ws.send(event.data)
            await trio.lowlevel.checkpoint()

        ws.onmessage = echo
        await peer.send(TEN)
        assert [not_none(await peer.next()).payload for _ in range(10)] == [
            b"%d" % n for n in range(10)
        ]
        nursery.start_soon(peer.finish)
        await ws.aclose()


async def test_async_listeners_keep_the_order_of_blobs(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, peer = await socket_and_peer(nursery)
    starts: list[bytes] = []

    async def listener(event: Any) -> None:
        starts.append(bytes(event.data))
        await event.data.arrayBuffer()

    ws.onmessage = listener
    await peer.send(*(frame(BINARY, b"%d" % number) for number in range(10)))
    await trio.testing.wait_all_tasks_blocked()
    assert starts == [b"%d" % number for number in range(10)]
    nursery.start_soon(peer.finish)
    await ws.aclose()


async def test_each_async_listener_of_a_message_runs_to_its_first_await_before_the_next_is_called(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, peer = await socket_and_peer(nursery)
    trace: list[str] = []

    def noting(name: str) -> Callable[[object], Awaitable[None]]:
        async def listener(event: object) -> None:
            trace.append(name)
            await trio.lowlevel.checkpoint()

        return listener

    for name in "abc":
        ws.addEventListener("message", noting(name))
        ws.addEventListener("message", lambda event: trace.append("sync"))
    await peer.send(frame(TEXT, b"hello"))
    await trio.testing.wait_all_tasks_blocked()
    assert trace == ["a", "sync", "b", "sync", "c", "sync"]
    nursery.start_soon(peer.finish)
    await ws.aclose()


async def test_an_async_listener_sends_before_a_later_sync_one(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    ws = WebSocket("ws://peer.test/", nursery=nursery, stream=ours)

    async def login(event: object) -> None:
        ws.send("login")

    ws.addEventListener("open", login)
    ws.addEventListener("open", lambda event: ws.send("subscribe"))
    peer = Peer(theirs)
    await peer.accept()
    assert [not_none(await peer.next()).payload for _ in range(2)] == [b"login", b"subscribe"]
    nursery.start_soon(peer.finish)
    await ws.aclose()


async def test_an_async_message_listener_sends_before_a_later_sync_one(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, peer = await socket_and_peer(nursery)

    async def first(event: Any) -> None:
        ws.send(f"first {event.data}")

    ws.addEventListener("message", first)
    ws.addEventListener("message", lambda event: ws.send("second " + instance(str, event.data)))
    await peer.send(frame(TEXT, b"1"), frame(TEXT, b"2"))
    sent = [not_none(await peer.next()).payload for _ in range(4)]
    assert sent == [b"first 1", b"second 1", b"first 2", b"second 2"]
    nursery.start_soon(peer.finish)
    await ws.aclose()


async def test_an_async_onopen_attaches_onmessage_in_time(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    ws = WebSocket("ws://peer.test/", nursery=nursery, stream=ours)
    got: list[object] = []

    async def onopen(event: object) -> None:
        ws.onmessage = lambda event: got.append(event.data)

    ws.onopen = onopen
    peer = Peer(theirs)
    await peer.accept(then=frame(TEXT, b"hello"))
    await trio.testing.wait_all_tasks_blocked()
    assert got == ["hello"]
    nursery.start_soon(peer.finish)
    await ws.aclose()


async def test_an_async_listener_answers_a_message_with_a_close_right_after_it(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, peer = await socket_and_peer(nursery)
    states: list[int] = []

    async def answer(event: object) -> None:
        states.append(ws.readyState)
        ws.send("answer")

    ws.onmessage = answer
    await peer.send(frame(TEXT, b"question") + close(4000))
    assert not_none(await peer.next()).payload == b"answer"
    assert states == [WebSocket.OPEN]
    nursery.start_soon(peer.finish)
    assert (await ws.wait_closed()).wasClean


async def test_async_listeners_are_called_in_the_dispatch(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, peer = await socket_and_peer(nursery)
    targets: list[object] = []

    async def listener(event: Any) -> None:
        targets.append(event.currentTarget)
        event.stopImmediatePropagation()
        await trio.sleep(1)
        targets.append(event.currentTarget)

    ws.addEventListener("message", listener)
    ws.addEventListener("message", lambda event: targets.append("not called"))
    await peer.send(frame(TEXT, b"1"))
    await trio.sleep(2)
    assert targets == [ws, None]
    nursery.start_soon(peer.finish)
    await ws.aclose()


async def test_a_closed_sockets_async_listener_goes_on_while_the_block_does(
    autojump_clock: Any,
) -> None:
    done = trio.Event()

    async def onclose(event: object) -> None:
        await trio.sleep(30)
        done.set()

    async with open_fake_server("ws://peer.test") as server, trio.open_nursery() as nursery:
        nursery.start_soon(server.accept)
        async with open_websocket("ws://peer.test/") as ws:
            ws.onclose = onclose
            ws.close()
            await done.wait()
    assert trio.current_time() >= 30


async def test_async_listeners_that_finish_in_time_are_waited_for(autojump_clock: Any) -> None:
    finished: list[str] = []

    async def job(event: Any) -> None:
        await trio.sleep(8)
        finished.append(event.data)

    async with open_fake_server("ws://peer.test") as server:

        async def serve() -> None:
            connection = await server.accept()
            for number in range(3):
                await connection.send(str(number))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve)
            async with open_websocket("ws://peer.test/") as ws:
                ws.onmessage = job
                await trio.sleep(1)
    assert sorted(finished) == ["0", "1", "2"]


async def test_an_async_listener_that_takes_too_long_is_an_error_and_a_warning(
    autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def slow(event: object) -> None:
        await trio.sleep(60)

    start = trio.current_time()
    async with open_fake_server("ws://peer.test") as server, trio.open_nursery() as nursery:
        nursery.start_soon(server.accept)
        with pytest.raises(ExceptionGroup) as caught:
            async with open_websocket("ws://peer.test/", close_timeout=3) as ws:
                ws.addEventListener("close", slow)
    assert trio.current_time() - start == pytest.approx(10)
    (error,) = caught.value.exceptions
    assert isinstance(error, trio.TooSlowError)
    assert "close listener" in str(error)
    assert "slow" in str(error)
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.getMessage() for record in warnings] == [str(error)]


async def test_an_infinite_listener_timeout_waits_for_ever(autojump_clock: Any) -> None:
    async def slow(event: object) -> None:
        await trio.sleep(80_000)

    async with open_fake_server("ws://peer.test") as server, trio.open_nursery() as nursery:
        nursery.start_soon(server.accept)
        async with open_websocket("ws://peer.test/", listener_timeout=inf) as ws:
            ws.onclose = slow
    assert trio.current_time() >= 80_000


async def test_an_exception_cancels_async_listeners_at_once(
    autojump_clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    outcomes: list[str] = []

    async def slow(event: object) -> None:
        try:
            await trio.sleep(60)
        except trio.Cancelled:
            outcomes.append("cancelled")
            raise

    async with open_fake_server("ws://peer.test") as server:
        with trio.CancelScope():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(server.accept)
                with pytest.raises(ValueError, match="boom"):
                    async with open_websocket("ws://peer.test/") as ws:
                        ws.addEventListener("close", slow)
                        ws.close()
                        await ws.wait_closed()
                        raise ValueError("boom")
    assert outcomes == ["cancelled"]
    assert trio.current_time() < 1
    assert not caplog.records or caplog.records[-1].levelno < logging.WARNING


async def test_in_a_nursery_of_the_program_async_listeners_have_no_bound(
    autojump_clock: Any,
) -> None:
    finished: list[object] = []

    async def slow(event: object) -> None:
        await trio.sleep(1000)
        finished.append(event)

    async with open_fake_server("ws://peer.test") as server, trio.open_nursery() as nursery:
        nursery.start_soon(server.accept)
        async with trio.open_nursery() as own:
            ws = WebSocket("ws://peer.test/", nursery=own, listener_timeout=1)
            ws.onopen = lambda event: ws.close()
            ws.onclose = slow
    assert len(finished) == 1


async def test_messages_in_unfinished_async_listeners_are_bounded_in_bytes(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ws, peer = await socket_and_peer(nursery)
    started, go_on = 0, trio.Event()

    async def slow(event: object) -> None:
        nonlocal started
        started += 1
        await go_on.wait()

    ws.onmessage = slow
    await peer.send(*[frame(TEXT, b"x" * 300_000)] * 10)
    await trio.testing.wait_all_tasks_blocked()
    assert started == 4  # the fourth passes 1 MiB
    go_on.set()
    await trio.testing.wait_all_tasks_blocked()
    assert started == 10
    nursery.start_soon(peer.finish)
    await ws.aclose()


async def test_a_listener_that_raises_after_an_async_one_closes_the_socket(
    autojump_clock: Any,
) -> None:
    boom = ValueError("boom")

    async def first(event: object) -> None:
        await trio.lowlevel.checkpoint()

    def second(event: object) -> None:
        raise boom

    async with open_fake_server("ws://peer.test") as server, trio.open_nursery() as nursery:

        async def serve() -> None:
            connection = await server.accept()
            await connection.send("hello")

        nursery.start_soon(serve)
        with pytest.raises(ExceptionGroup) as caught:
            async with open_websocket("ws://peer.test/") as ws:
                ws.addEventListener("message", first)
                ws.addEventListener("message", second)
                await ws.wait_closed()
    assert caught.value.exceptions == (boom,)
