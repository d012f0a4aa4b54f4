"""The fake server, which programs are tested with."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing
from support.peer import patience
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Ping, Request

from trio_ws_dom import HandshakeError, WebSocketError, open_websocket, open_websocket_stream
from trio_ws_dom.testing import FakeServer, open_fake_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

URL = "wss://chat.example"


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    """A server at URL; a test that wants virtual time asks for `autojump_clock` too."""
    with trio.fail_after(patience()):
        async with open_fake_server(URL) as server:
            yield server


async def say_hello(target: str = "/room", protocols: tuple[str, ...] = ()) -> list[str | bytes]:
    """The program under test: says two things, and takes all that it hears."""
    async with open_websocket(URL + target, protocols) as ws:
        ws.send("hello")
        ws.send(b"\0" * 200)
        return [message async for message in ws]


async def test_a_talk(server: FakeServer, nursery: trio.Nursery) -> None:
    """Messages of both types go both ways, and what the client sent is on record."""
    nursery.start_soon(say_hello)
    connection = await server.accept()
    await connection.send("welcome")
    assert await connection.receive() == "hello"
    assert await connection.receive() == b"\0" * 200
    await connection.close(4401, "token expired")
    assert connection.sent == ["hello", b"\0" * 200]
    assert (connection.closeCode, connection.reason) == (4401, "token expired")


async def test_the_request(server: FakeServer, nursery: trio.Nursery) -> None:
    """The server sees what was asked for, and says what it selects."""
    nursery.start_soon(say_hello, "/room?name=ada", ("chat.v1", "chat.v2"))
    request = await server.request()
    assert (request.target, request.host) == ("/room?name=ada", "chat.example")
    assert request.protocols == ["chat.v1", "chat.v2"]
    assert request.headers["user-agent"].startswith("trio_ws_dom/")
    connection = await request.accept(protocol="chat.v2", headers=[("x-node", "7")])
    await connection.close()
    assert server.requests == [request]


async def test_a_header_that_is_repeated(server: FakeServer, nursery: trio.Nursery) -> None:
    """None of its values is lost."""
    nursery.start_soon(server.accept)
    async with open_websocket(URL, headers=[("X-Tag", "a"), ("x-tag", "b")]):
        assert server.requests[0].headers["x-tag"] == "a, b"


async def test_headers_of_the_answer(server: FakeServer, nursery: trio.Nursery) -> None:
    """Further fields of the 101 reach the client."""

    async def answer() -> None:
        connection = await server.accept(protocol="b", headers=[("x-node", "7")])
        await connection.wait_closed()

    nursery.start_soon(answer)
    async with open_websocket(URL, ["a", "b"]) as ws:
        assert ws.headers is not None
        assert (ws.protocol, ws.headers["X-Node"]) == ("b", "7")


async def test_only_what_was_offered(server: FakeServer, nursery: trio.Nursery) -> None:
    """A subprotocol that was not asked for is a mistake in the test."""
    nursery.start_soon(say_hello, "/", ("a",))
    request = await server.request()
    with pytest.raises(ValueError, match=r"expected a subprotocol among those offered, \['a'\]"):
        await request.accept(protocol="b")
    connection = await request.accept(protocol="a")
    await connection.close()


async def test_one_answer(server: FakeServer, nursery: trio.Nursery) -> None:
    """A request that was answered cannot be answered again."""
    nursery.start_soon(say_hello)
    request = await server.request()
    connection = await request.accept()
    with pytest.raises(RuntimeError, match="expected one answer"):
        await request.refuse(403)
    await connection.close()


async def test_a_refusal(server: FakeServer, nursery: trio.Nursery) -> None:
    """Status, headers and body arrive."""
    nursery.start_soon(lambda: server.refuse(503, headers=[("Retry-After", "7")], body=b"busy"))
    with pytest.raises(HandshakeError) as caught:
        await say_hello()
    assert (caught.value.status, caught.value.body) == (503, b"busy")
    assert caught.value.headers["Retry-After"] == "7"


async def test_a_connection_that_is_lost(server: FakeServer, nursery: trio.Nursery) -> None:
    """TCP ends without a Close, before or after the answer."""

    async def drop_twice() -> None:
        await (await server.request()).drop()
        await (await server.accept()).drop()

    nursery.start_soon(drop_twice)
    for _ in range(2):
        with pytest.raises(WebSocketError) as caught:
            await say_hello()
        assert caught.value.closeCode in (None, 1006)


async def test_a_server_that_is_down(server: FakeServer) -> None:
    """Connecting is refused, as by a machine on which nobody listens."""
    server.is_up = False
    with pytest.raises(WebSocketError) as caught:
        await say_hello()
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


async def test_a_stall(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    """A server that answers nothing costs the close its bound, in virtual time; that the client
    gave up is seen all the same."""
    nursery.start_soon(server.accept)
    start = trio.current_time()
    async with open_websocket(URL, close_timeout=10) as ws:
        (connection,) = server.connections
        connection.stall()
        ws.send("unheard")
    assert trio.current_time() - start == 10
    assert ws.closeEvent is not None
    assert ws.closeEvent.code == 1006
    await connection.wait_closed()
    assert (connection.sent, connection.closeCode) == ([], None)


async def test_a_handshake_that_is_given_up(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    """A request that is not answered tells when its client is gone."""
    given_up: list[float] = []

    async def ignore() -> None:
        await (await server.request()).ignore()
        given_up.append(trio.current_time())

    nursery.start_soon(ignore)
    start = trio.current_time()
    with pytest.raises(WebSocketError, match="open_timeout"):
        async with open_websocket(URL, open_timeout=10):
            pass  # pragma: no cover  # it is not entered
    await trio.testing.wait_all_tasks_blocked()
    assert given_up == [start + 10]


async def test_an_answer_that_comes_too_late(
    server: FakeServer, autojump_clock: trio.testing.MockClock
) -> None:
    """Nobody hears it, whatever it is; hanging up is no answer."""
    for _ in range(3):
        with trio.move_on_after(1):
            await say_hello()
    one, two, three = server.requests
    for answer in (one.accept(), two.refuse(503)):
        with pytest.raises(trio.BrokenResourceError, match="it has given up"):
            await answer
    await three.drop()
    assert server.connections == []


async def test_connections_in_order(server: FakeServer, nursery: trio.Nursery) -> None:
    """All that were accepted, and no others."""
    nursery.start_soon(lambda: server.refuse(403))
    with pytest.raises(HandshakeError):
        await say_hello()
    for _ in range(2):
        nursery.start_soon(server.accept)
        async with open_websocket(URL):
            pass
    assert [connection.request for connection in server.connections] == server.requests[1:]
    assert [connection.closeCode for connection in server.connections] == [1000] * 2


async def test_a_close_without_a_code(server: FakeServer, nursery: trio.Nursery) -> None:
    """It is asked for by the number that stands for it."""
    events: list[tuple[int, bool]] = []

    async def client() -> None:
        async with open_websocket(URL) as ws:
            event = await ws.wait_closed()
            events.append((event.code, event.wasClean))

    async with trio.open_nursery() as clients:
        clients.start_soon(client)
        connection = await server.accept()
        await connection.close(1005)
    assert events == [(1005, True)]
    assert connection.closeCode == 1005


@pytest.mark.parametrize(("code", "reason"), [(1006, ""), (1015, ""), (1005, "why")])
async def test_what_a_close_cannot_say(
    code: int, reason: str, server: FakeServer, nursery: trio.Nursery
) -> None:
    """It is a mistake in the test, and nothing is sent."""
    nursery.start_soon(say_hello)
    connection = await server.accept()
    with pytest.raises(ValueError, match=f"got {code} {reason!r}"):
        await connection.close(code, reason)
    await connection.close()
    assert connection.closeCode == 1000


async def test_pings_are_answered(server: FakeServer, nursery: trio.Nursery) -> None:
    """Without a word of the test's."""
    nursery.start_soon(server.accept)
    async with open_websocket(URL) as ws:
        assert await ws.ping() >= 0


async def test_fragments_are_one_message(server: FakeServer, nursery: trio.Nursery) -> None:
    """What is on record are messages, however they were sent."""

    async def client() -> None:
        async def parts() -> AsyncIterator[str]:
            yield "one "
            yield "message"

        async with open_websocket_stream(URL) as stream:
            await stream.writable.send_fragments(parts())

    nursery.start_soon(client)
    connection = await server.accept()
    await connection.wait_closed()
    assert connection.sent == ["one message"]
    assert connection.closeCode == 1000


async def test_the_end_of_the_messages(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    """Behind the client's last message there is the end; before it, receiving waits."""

    async def client() -> None:
        async with open_websocket(URL) as ws:
            await trio.sleep(5)
            ws.send("late")

    nursery.start_soon(client)
    connection = await server.accept()
    assert await connection.receive() == "late"
    assert trio.current_time() >= 5
    with pytest.raises(trio.EndOfChannel, match="1000"):
        await connection.receive()


async def test_sending_to_nobody(server: FakeServer, nursery: trio.Nursery) -> None:
    """What the client cannot hear any more raises; a second close says nothing."""
    nursery.start_soon(say_hello)
    connection = await server.accept()
    await connection.close(4000)
    with pytest.raises(trio.BrokenResourceError, match=r"it is closed \(4000\)"):
        await connection.send("too late")
    await connection.close(4001)
    assert connection.closeCode == 4000


async def test_a_ping_behind_the_servers_close(server: FakeServer, nursery: trio.Nursery) -> None:
    """It is not answered, as the Close was the last frame."""
    stream, client = server._connect(), WSConnection(ConnectionType.CLIENT)
    await stream.send_all(client.send(Request(host="chat.example", target="/")))
    connection = await server.accept()
    client.receive_data(bytes(await stream.receive_some()))
    assert isinstance(next(client.events()), AcceptConnection)
    nursery.start_soon(connection.close)
    close = bytes(await stream.receive_some())
    await stream.send_all(client.send(Ping(b"late")) + client.send(CloseConnection(1000)))
    assert close == b"\x88\x02\x03\xe8"
    assert await stream.receive_some() == b""
    assert connection.closeCode == 1000


async def test_a_request_in_pieces(server: FakeServer) -> None:
    """It is there when all of it is; one that ends before is none."""
    whole = WSConnection(ConnectionType.CLIENT).send(Request(host="chat.example", target="/"))
    half, other = server._connect(), server._connect()
    await half.send_all(whole[:40])
    await other.send_all(whole[:40])
    await trio.testing.wait_all_tasks_blocked()
    await half.aclose()
    await other.send_all(whole[40:])
    await other.send_all(b"")
    assert (await server.request()) is server.requests[0]
    await trio.testing.wait_all_tasks_blocked()
    assert len(server.requests) == 1


async def test_a_client_that_goes_without_a_word(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    """Reset, it leaves no Close on record."""

    async def client() -> None:
        with trio.move_on_after(5):
            async with open_websocket(URL, cancelled_close_timeout=0):
                await trio.sleep_forever()

    nursery.start_soon(client)
    connection = await server.accept()
    await connection.wait_closed()
    assert (connection.closeCode, connection.reason) == (None, "")


async def test_one_server_at_an_address(server: FakeServer) -> None:
    """A second one would take the first one's connections."""
    with pytest.raises(RuntimeError, match=r"expected one fake server at wss://chat\.example"):
        async with open_fake_server(URL + ":443/elsewhere"):
            pass  # pragma: no cover  # it is not entered


async def test_other_addresses_are_as_ever(server: FakeServer) -> None:
    """Another scheme, or port, is another server; and behind the block there is none."""
    async with open_fake_server("ws://chat.example") as other:
        other.is_up = False
        with pytest.raises(WebSocketError, match=r"the fake server ws://chat\.example is not up"):
            async with open_websocket("ws://chat.example/"):
                pass  # pragma: no cover  # it is not entered


async def test_server_that_is_down_fails_as_the_network_does(server: FakeServer) -> None:
    server.is_up = False
    with pytest.raises(WebSocketError, match="/: connection refused ") as caught:
        async with open_websocket(server.url):
            pass  # pragma: no cover  # it is not entered
    assert type(caught.value.__cause__) is ConnectionRefusedError
    assert caught.value.__cause__.errno == errno.ECONNREFUSED


async def test_what_is_left_loses_its_tcp(nursery: trio.Nursery) -> None:
    """At the end of the server's block."""
    ends: list[type[BaseException]] = []

    async def client() -> None:
        try:
            await say_hello()
        except WebSocketError as exc:
            ends.append(type(exc))

    async with trio.open_nursery() as clients:
        async with open_fake_server(URL) as server:
            clients.start_soon(client)
            connection = await server.accept()
            await connection.receive()
    assert ends == [WebSocketError]


async def test_the_blocks_exception_comes_out_as_it_is() -> None:
    """So a test may stand around the server; the address is free again."""
    boom = KeyError("boom")
    for _ in range(2):
        with pytest.raises(KeyError) as caught:
            async with open_fake_server("ws://peer.test"):
                raise boom
        assert caught.value is boom
