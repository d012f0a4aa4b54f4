"""Calls from the wrong place, as other threads, asyncio, and without a trio run."""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest
import trio
from support.checked import not_none
from support.frames import TEXT
from support.opened import socket_and_peer, stream_and_peer

from trio_ws_dom import (
    AbortController,
    AbortSignal,
    DOMException,
    Event,
    EventTarget,
    WebSocket,
    WebSocketStream,
    connect_websocket,
    open_websocket,
    open_websocket_nursery,
    open_websocket_stream,
    reconnecting_websocket,
)
from trio_ws_dom.testing import open_fake_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from outcome import Outcome

CALLS: dict[str, Callable[[WebSocket], object]] = {
    "send": lambda ws: ws.send("x"),
    "close": lambda ws: ws.close(),
    "pong": lambda ws: ws.pong(),
    "addEventListener": lambda ws: ws.addEventListener("message", print),
    "removeEventListener": lambda ws: ws.removeEventListener("message", print),
    "dispatchEvent": lambda ws: ws.dispatchEvent(None),  # type: ignore[arg-type]  # refused first
    "when": lambda ws: ws.when("message"),
    "onmessage": lambda ws: setattr(ws, "onmessage", print),
    "binaryType": lambda ws: setattr(ws, "binaryType", "arraybuffer"),
}


async def error_in_a_thread(function: Callable[[], object]) -> BaseException | None:
    try:
        await trio.to_thread.run_sync(function)
    except RuntimeError as exc:
        return exc
    return None


@pytest.mark.parametrize("name", CALLS)
async def test_a_call_from_a_thread_is_refused_and_changes_nothing(
    name: str, nursery: trio.Nursery
) -> None:
    ws, peer = await socket_and_peer(nursery)
    before = (ws.readyState, ws.bufferedAmount, ws.onmessage, ws.binaryType)
    error = await error_in_a_thread(lambda: CALLS[name](ws))
    assert name in str(error)
    assert "trio.from_thread.run_sync" in str(error)
    assert (ws.readyState, ws.bufferedAmount, ws.onmessage, ws.binaryType) == before
    ws.send("still works")
    assert not_none(await peer.next()).payload == b"still works"
    nursery.start_soon(peer.finish)
    await ws.aclose()


async def test_calls_of_a_stream_from_a_thread_are_refused(nursery: trio.Nursery) -> None:
    stream, peer = await stream_and_peer(nursery)
    assert "trio.from_thread.run_sync" in str(await error_in_a_thread(stream.close))
    await stream.writable.send("still works")
    assert not_none(await peer.next()).payload == b"still works"
    nursery.start_soon(peer.finish)
    await stream.writable.aclose()


async def test_a_thread_may_not_abort_what_belongs_to_the_run(nursery: trio.Nursery) -> None:
    ws, peer = await socket_and_peer(nursery)
    ours, _ = trio.testing.memory_stream_pair()
    listening, opening = AbortController(), AbortController()
    ws.addEventListener("close", print, signal=AbortSignal.any([listening.signal]))
    stream = WebSocketStream("ws://peer.test/", nursery=nursery, stream=ours, signal=opening.signal)
    for controller in (listening, opening):
        error = await error_in_a_thread(controller.abort)
        assert "expected abort() in the thread of its trio run" in str(error)
        assert not controller.signal.aborted
        controller.abort()
        assert controller.signal.aborted
    with pytest.raises(DOMException):
        await stream.opened
    nursery.start_soon(peer.finish)
    await ws.aclose()


async def test_a_thread_may_abort_what_belongs_to_no_run() -> None:
    controller, target, received = AbortController(), EventTarget(), list[Event]()
    target.addEventListener("foo", received.append, signal=controller.signal)
    await trio.to_thread.run_sync(controller.abort)
    target.dispatchEvent(Event("foo"))
    assert received == []


async def test_connecting_from_a_thread_is_refused(nursery: trio.Nursery) -> None:
    async with open_websocket_nursery() as sockets:
        error = await error_in_a_thread(lambda: sockets.connect("ws://peer.test/"))
    assert "within trio.run()" in str(error)
    error = await error_in_a_thread(lambda: WebSocket("ws://peer.test/", nursery=nursery))
    assert "within trio.run()" in str(error)


async def test_from_thread_run_sync_works(nursery: trio.Nursery) -> None:
    ws, peer = await socket_and_peer(nursery)
    await trio.to_thread.run_sync(trio.from_thread.run_sync, ws.send, "hello")
    assert not_none(await peer.next()).payload == b"hello"
    nursery.start_soon(peer.finish)
    await ws.aclose()


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="Windows has no such signal")
async def test_a_signal_handler_may_send(nursery: trio.Nursery) -> None:
    ws, peer = await socket_and_peer(nursery)

    def handler(number: int, frame: object) -> None:
        ws.send("from the handler")

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert not_none(await peer.next()).payload == b"from the handler"
    nursery.start_soon(peer.finish)
    await ws.aclose()


def test_the_host_loops_callbacks_may_send_in_guest_mode() -> None:
    frames: list[Any] = []

    async def main(ready: Callable[[WebSocket], None]) -> None:
        async with trio.open_nursery() as nursery:
            ws, peer = await socket_and_peer(nursery)
            ready(ws)
            frames.append(await peer.next())
            nursery.start_soon(peer.finish)
            await ws.aclose()

    async def host() -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Outcome[None]] = loop.create_future()

        def ready(ws: WebSocket) -> None:
            loop.call_soon(ws.send, "from the host")

        trio.lowlevel.start_guest_run(
            main,
            ready,
            run_sync_soon_threadsafe=loop.call_soon_threadsafe,
            done_callback=done.set_result,
        )
        (await done).unwrap()

    asyncio.run(host())
    assert [(got.opcode, got.payload) for got in frames] == [(TEXT, b"from the host")]


async def enter(scope: Any) -> None:
    async with scope:
        raise AssertionError  # it is refused


async def attempt() -> None:
    async for one in reconnecting_websocket("ws://peer.test/"):
        await enter(one)


ENTRIES: dict[str, Callable[[], Any]] = {
    "open_websocket": lambda: enter(open_websocket("ws://peer.test/")),
    "open_websocket_stream": lambda: enter(open_websocket_stream("ws://peer.test/")),
    "open_websocket_nursery": lambda: enter(open_websocket_nursery()),
    "connect_websocket": lambda: connect_websocket(None, "ws://peer.test/"),  # type: ignore[arg-type]  # refused first
    "reconnecting_websocket": attempt,
    "open_fake_server": lambda: enter(open_fake_server("ws://peer.test/")),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_entry_points_name_trio_run_under_asyncio(name: str) -> None:
    with pytest.raises(RuntimeError, match=r"within trio\.run\(\), got a task of asyncio"):
        asyncio.run(ENTRIES[name]())


def test_a_socket_without_a_trio_run_is_refused() -> None:
    with pytest.raises((RuntimeError, TypeError), match="nursery"):
        WebSocket("ws://peer.test/", nursery=None)  # type: ignore[arg-type]  # what users do


def test_a_call_from_a_thread_that_has_a_run_of_its_own_is_refused() -> None:
    errors: list[str] = []

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            ws, peer = await socket_and_peer(nursery)

            async def other() -> None:
                with pytest.raises(RuntimeError) as caught:
                    ws.send("x")
                errors.append(str(caught.value))

            thread = threading.Thread(target=trio.run, args=(other,))
            thread.start()
            await trio.to_thread.run_sync(thread.join)
            nursery.start_soon(peer.finish)
            await ws.aclose()

    trio.run(main)
    assert "send()" in errors[0]
