"""The fake server's network, by the addresses that it takes, and a peer that does not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from trio_ws_dom import (
    WebSocketError,
    connect_websocket,
    is_transient,
    open_websocket,
    open_websocket_stream,
    reconnecting_websocket,
)
from trio_ws_dom.testing import open_fake_server
from trio_ws_dom.testing._stream import CAPACITY, memory_tcp_pair

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

URL = "wss://chat.example"


async def open_once(url: str) -> None:
    async with open_websocket(url):
        raise AssertionError("it is not open")


async def open_again_and_again(url: str) -> None:
    async for attempt in reconnecting_websocket(url):
        async with attempt:
            raise AssertionError("it is not open")


async def connect_in_a_nursery(url: str) -> None:
    failures: list[WebSocketError] = []
    async with trio.open_nursery() as nursery:
        try:
            await connect_websocket(nursery, url)
        except WebSocketError as exc:
            failures.append(exc)
    raise failures[0]


@pytest.mark.parametrize("connect", [open_once, connect_in_a_nursery, open_again_and_again])
async def test_only_refuses_addresses_without_a_fake_server(
    connect: Callable[[str], Awaitable[None]],
) -> None:
    """The refusal is permanent, so that a program that reconnects does not try forever."""
    async with open_fake_server(URL, only=True), open_fake_server("ws://[::1]:8080/room"):
        with pytest.raises(WebSocketError) as caught:
            await connect("ws://chat.example/room")
    assert isinstance(caught.value.__cause__, ValueError)
    assert str(caught.value.__cause__) == (
        "expected the address of a fake server (wss://chat.example:443, ws://[::1]:8080),"
        " got ws://chat.example:80; open_fake_server(only=True) refuses all others"
    )
    assert not is_transient(caught.value)


async def test_only_does_not_concern_streams_of_the_program() -> None:
    ours, theirs = memory_tcp_pair()
    await theirs.aclose()
    async with open_fake_server(URL, only=True):
        with pytest.raises(WebSocketError) as caught:
            async with open_websocket("ws://other.test", stream=ours):
                raise AssertionError("it is not open")
    assert isinstance(caught.value.__cause__, trio.BrokenResourceError)


@pytest.fixture
async def closed_port() -> int:
    """A port of loopback that refuses connections."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port: int = listener.socket.getsockname()[1]
    await listener.aclose()
    return port


async def test_failure_at_an_address_without_a_fake_server_says_which_there_are(
    closed_port: int,
) -> None:
    async with open_fake_server(URL):
        with pytest.raises(WebSocketError) as caught:
            await open_once(f"ws://127.0.0.1:{closed_port}")
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    assert caught.value.__cause__.__notes__ == [
        f"ws://127.0.0.1:{closed_port} was dialled by the network, as no fake server has this"
        " address; there are: wss://chat.example:443"
    ]


async def test_failure_at_a_fake_server_or_without_any_has_no_note(closed_port: int) -> None:
    async with open_fake_server(URL) as server:
        server.is_up = False
        with pytest.raises(WebSocketError) as fake:
            await open_once(URL)
    with pytest.raises(WebSocketError) as real:
        await open_once(f"ws://127.0.0.1:{closed_port}")
    for caught in fake, real:
        assert not hasattr(caught.value.__cause__, "__notes__")


async def test_peer_that_does_not_read_stops_the_writer(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    message = b"x" * 10_000
    async with open_fake_server(URL, only=True) as server:
        nursery.start_soon(server.accept)
        async with open_websocket(URL, compression=False) as ws:
            (connection,) = server.connections
            connection.pause_reading()
            for _ in range(10):
                ws.send(message)
            with trio.move_on_after(3600) as scope:
                await ws.drain()
            assert scope.cancelled_caught
            assert ws.bufferedAmount > 0
            assert connection.sent == []
            connection.resume_reading()
            await ws.drain()
        assert connection.sent == [message] * 10


async def test_backpressure_of_a_stream(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    async with open_fake_server(URL, only=True) as server:
        nursery.start_soon(server.accept)
        async with open_websocket_stream(URL, compression=False) as stream:
            (connection,) = server.connections
            connection.pause_reading()
            with trio.move_on_after(3600):
                for sent in range(1000):  # noqa: B007  # the count is what is tested
                    await stream.writable.send(bytes(10_000))
            assert sent < 20
            connection.resume_reading()


async def test_reading_can_be_paused_before_it_has_begun_and_ends_with_a_drop(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    async with open_fake_server(URL, only=True) as server:

        async def play() -> None:
            connection = await server.accept()
            connection.pause_reading()
            await trio.sleep(5)
            await connection.drop()

        nursery.start_soon(play)
        with pytest.raises(WebSocketError):
            async with open_websocket(URL) as ws:
                ws.send("unread")
                await ws.receive()
        (connection,) = server.connections
        await connection.wait_closed()
        assert connection.sent == []


async def test_a_thread_may_not_pause_the_reading(nursery: trio.Nursery) -> None:
    async with open_fake_server(URL, only=True) as server:
        nursery.start_soon(server.accept)
        async with open_websocket(URL) as ws:
            (connection,) = server.connections
            for call in (connection.pause_reading, connection.resume_reading):
                with pytest.raises(RuntimeError, match=rf"{call.__name__}\(\) within trio\.run"):
                    await trio.to_thread.run_sync(call)
            ws.send("hello")
            assert await connection.receive() == "hello"


async def test_client_that_does_not_read_stops_the_server(
    nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    sent = 0

    async def flood() -> None:
        nonlocal sent
        connection = await server.accept()
        while True:
            await connection.send(bytes(10_000))
            sent += 1

    async with open_fake_server(URL, only=True) as server:
        with trio.move_on_after(3600):
            async with trio.open_nursery() as floods:
                floods.start_soon(flood)
                async with open_websocket(URL) as ws:
                    await ws.receive()
                    await trio.sleep_forever()
    assert 0 < sent < 100


# The streams by themselves.


async def test_streams_are_what_trio_expects_of_streams() -> None:
    async def maker() -> tuple[trio.abc.HalfCloseableStream, trio.abc.HalfCloseableStream]:
        return memory_tcp_pair()

    async def clogged() -> tuple[trio.abc.HalfCloseableStream, trio.abc.HalfCloseableStream]:
        left, right = memory_tcp_pair()
        await left.send_all(bytes(CAPACITY))
        await right.send_all(bytes(CAPACITY))
        return left, right

    await trio.testing.check_half_closeable_stream(maker, clogged)


async def test_end_of_what_is_sent_needs_a_stream_that_is_not_closed() -> None:
    left, _ = memory_tcp_pair()
    await left.aclose()
    with pytest.raises(trio.ClosedResourceError):
        await left.send_eof()
