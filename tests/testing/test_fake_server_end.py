"""The end of a fake server's block, with its connections and what the block raises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing
from support.checked import instance

from trio_ws_dom import WebSocketError, connect_websocket, open_websocket
from trio_ws_dom.testing import FakeConnection, FakeServer, open_fake_server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

URL = "wss://chat.example"


async def greet() -> None:
    """A program under test, which ends when the server closes cleanly."""
    async with open_websocket(URL) as ws:
        async for name in ws:
            ws.send("Hello " + instance(str, name) + "!")


async def greet_in_a_nursery() -> None:
    """The same over a socket in a nursery of the program's own."""
    async with trio.open_nursery() as nursery:
        ws = await connect_websocket(nursery, URL)
        async for name in ws:
            ws.send("Hello " + instance(str, name) + "!")


@pytest.mark.parametrize("program", [greet, greet_in_a_nursery])
@pytest.mark.parametrize("seed", range(10))
async def test_program_that_is_not_closed_ends_cleanly(
    seed: int,
    program: Callable[[], Awaitable[None]],
    nursery: trio.Nursery,
    autojump_clock: trio.testing.MockClock,
) -> None:
    """It ends cleanly in any order of the scheduler, which is random."""
    async with open_fake_server(URL) as server:
        nursery.start_soon(program)
        connection = await server.accept()
        await connection.send("Ada")
        assert await connection.receive() == "Hello Ada!"
    assert connection.closeCode == 1001


async def test_end_waits_for_the_closes_in_parallel_and_takes_no_time(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with trio.open_nursery() as clients:
        async with open_fake_server(URL) as server:
            for _ in range(3):
                clients.start_soon(greet)
                await server.accept()
        assert trio.current_time() == 0
        assert [connection.closeCode for connection in server.connections] == [1001] * 3


async def lose() -> None:
    with pytest.raises(WebSocketError) as caught:
        await greet()
    assert caught.value.closeCode == 1006


def stall(connection: FakeConnection) -> None:
    connection.stall()


def pause(connection: FakeConnection) -> None:
    connection.pause_reading()


@pytest.mark.parametrize("play", [stall, pause])
async def test_peer_that_does_not_react_does_not_close_either(
    play: object, autojump_clock: trio.testing.MockClock
) -> None:
    async with trio.open_nursery() as clients:
        async with open_fake_server(URL) as server:
            clients.start_soon(lose)
            play(await server.accept())  # type: ignore[operator]  # it is one of the two above
        assert trio.current_time() == 0


async def silent_client(server: FakeServer) -> trio.abc.Stream:
    """Open a connection whose client will not answer a Close, and return the client's end."""
    stream = server._connect()
    await stream.send_all(
        b"GET / HTTP/1.1\r\nHost: chat.example\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    await server.accept()
    return stream


async def test_client_that_does_not_answer_gets_a_second(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with open_fake_server(URL) as server:
        stream = await silent_client(server)
    assert trio.current_time() == 1
    received = b""
    while data := await stream.receive_some():
        received += data
    assert received.endswith(b"\x88\x02\x03\xe9")


async def test_request_without_an_answer_loses_its_tcp(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async with trio.open_nursery() as clients:
        async with open_fake_server(URL) as server:
            clients.start_soon(lose)
            await server.request()
        assert trio.current_time() == 0


async def test_server_that_goes_away_refuses_connections(
    autojump_clock: trio.testing.MockClock,
) -> None:
    async def come_back() -> None:
        await greet()
        with pytest.raises(WebSocketError, match="connection refused"):
            await greet()

    async with trio.open_nursery() as clients:
        async with open_fake_server(URL) as server:
            await silent_client(server)  # so that the server is there for another second
            clients.start_soon(come_back)
            await server.accept()
    assert len(server.requests) == 2


async def test_exception_of_the_block_comes_out_as_it_is() -> None:
    """Connections are closed with 1001 all the same, and the address is free again."""
    boom = KeyError("boom")
    for _ in range(2):
        async with trio.open_nursery() as clients:
            with pytest.raises(KeyError) as caught:
                async with open_fake_server(URL) as server:
                    clients.start_soon(greet)
                    connection = await server.accept()
                    raise boom
        assert caught.value is boom
        assert connection.closeCode == 1001


async def test_cancelled_block_closes_all_the_same(autojump_clock: trio.testing.MockClock) -> None:
    async with trio.open_nursery() as clients:
        with trio.move_on_after(5) as scope:
            async with open_fake_server(URL) as server:
                clients.start_soon(greet)
                connection = await server.accept()
                await trio.sleep_forever()
    assert scope.cancelled_caught
    assert connection.closeCode == 1001
