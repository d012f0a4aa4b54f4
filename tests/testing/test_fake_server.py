"""The fake server, which programs are tested with."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.patience import patience
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Ping, Request

from trio_ws_dom import HandshakeError, WebSocketError, open_websocket, open_websocket_stream
from trio_ws_dom.testing import FakeServer, open_fake_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

URL = "wss://chat.example"


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    """A server at URL. A test that needs virtual time requests ``autojump_clock`` too."""
    with trio.fail_after(patience()):
        async with open_fake_server(URL) as server:
            yield server


async def say_hello(target: str = "/room", protocols: tuple[str, ...] = ()) -> list[str | bytes]:
    """The program under test, which sends two messages and returns all that it receives."""
    async with open_websocket(URL + target, protocols) as ws:
        ws.send("hello")
        ws.send(b"\0" * 200)
        return [message async for message in ws]


async def test_messages_of_both_types_go_both_ways(
    server: FakeServer, nursery: trio.Nursery
) -> None:
    nursery.start_soon(say_hello)
    connection = await server.accept()
    await connection.send("welcome")
    assert await connection.receive() == "hello"
    assert await connection.receive() == b"\0" * 200
    await connection.close(4401, "token expired")
    assert connection.sent == ["hello", b"\0" * 200]
    assert (connection.closeCode, connection.reason) == (4401, "token expired")


async def test_request_has_what_the_client_asked_for(
    server: FakeServer, nursery: trio.Nursery
) -> None:
    nursery.start_soon(say_hello, "/room?name=ada", ("chat.v1", "chat.v2"))
    request = await server.request()
    assert (request.target, request.host) == ("/room?name=ada", "chat.example")
    assert request.protocols == ["chat.v1", "chat.v2"]
    assert request.headers["user-agent"].startswith("trio_ws_dom/")
    connection = await request.accept(protocol="chat.v2", headers=[("x-node", "7")])
    await connection.close()
    assert server.requests == [request]


async def test_header_that_is_repeated_keeps_its_values(
    server: FakeServer, nursery: trio.Nursery
) -> None:
    nursery.start_soon(server.accept)
    async with open_websocket(URL, headers=[("X-Tag", "a"), ("x-tag", "b")]):
        assert server.requests[0].headers["x-tag"] == "a, b"


async def test_headers_of_the_answer_reach_the_client(
    server: FakeServer, nursery: trio.Nursery
) -> None:

    async def answer() -> None:
        connection = await server.accept(protocol="b", headers=[("x-node", "7")])
        await connection.wait_closed()

    nursery.start_soon(answer)
    async with open_websocket(URL, ["a", "b"]) as ws:
        assert ws.headers is not None
        assert (ws.protocol, ws.headers["X-Node"]) == ("b", "7")


async def test_subprotocol_that_was_not_offered_is_refused(
    server: FakeServer, nursery: trio.Nursery
) -> None:
    nursery.start_soon(say_hello, "/", ("a",))
    request = await server.request()
    with pytest.raises(ValueError, match=r"expected a subprotocol among those offered, \['a'\]"):
        await request.accept(protocol="b")
    connection = await request.accept(protocol="a")
    await connection.close()


async def test_request_is_answered_once(server: FakeServer, nursery: trio.Nursery) -> None:
    nursery.start_soon(say_hello)
    request = await server.request()
    connection = await request.accept()
    with pytest.raises(RuntimeError, match="expected one answer"):
        await request.refuse(403)
    await connection.close()


async def test_refusal_has_status_headers_and_body(
    server: FakeServer, nursery: trio.Nursery
) -> None:
    nursery.start_soon(lambda: server.refuse(503, headers=[("Retry-After", "7")], body=b"busy"))
    with pytest.raises(HandshakeError) as caught:
        await say_hello()
    assert (caught.value.status, caught.value.body) == (503, b"busy")
    assert caught.value.headers["Retry-After"] == "7"


async def test_drop_before_or_after_the_answer_is_a_loss(
    server: FakeServer, nursery: trio.Nursery
) -> None:

    async def drop_twice() -> None:
        await (await server.request()).drop()
        await (await server.accept()).drop()

    nursery.start_soon(drop_twice)
    for _ in range(2):
        with pytest.raises(WebSocketError) as caught:
            await say_hello()
        assert caught.value.closeCode in (None, 1006)


async def test_server_that_is_down_refuses_as_a_network_does(server: FakeServer) -> None:
    server.is_up = False
    with pytest.raises(WebSocketError, match="/room: connection refused ") as caught:
        await say_hello()
    assert type(caught.value.__cause__) is ConnectionRefusedError
    assert caught.value.__cause__.errno == errno.ECONNREFUSED


async def test_stalled_server_costs_the_close_its_bound(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    """The server still learns that the client gave up."""
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


async def test_ignored_request_reports_that_its_client_gave_up(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
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


async def test_answer_that_comes_too_late_raises(
    server: FakeServer, autojump_clock: trio.testing.MockClock
) -> None:
    """Hanging up is no answer, and does not raise."""
    for _ in range(3):
        with trio.move_on_after(1):
            await say_hello()
    one, two, three = server.requests
    for answer in (one.accept(), two.refuse(503)):
        with pytest.raises(trio.BrokenResourceError, match="it has given up"):
            await answer
    await three.drop()
    assert server.connections == []


async def test_connections_are_those_accepted_in_order(
    server: FakeServer, nursery: trio.Nursery
) -> None:
    nursery.start_soon(lambda: server.refuse(403))
    with pytest.raises(HandshakeError):
        await say_hello()
    for _ in range(2):
        nursery.start_soon(server.accept)
        async with open_websocket(URL):
            pass
    assert [connection.request for connection in server.connections] == server.requests[1:]
    assert [connection.closeCode for connection in server.connections] == [1000] * 2


async def test_close_without_a_code(server: FakeServer, nursery: trio.Nursery) -> None:
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


@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [
        (1006, "", ValueError),
        (1015, "", ValueError),
        (1005, "why", ValueError),
        (999, "", ValueError),
        (5000, "", ValueError),
        ("bye", "", TypeError),
        (1000, b"bye", TypeError),
    ],
)
async def test_what_a_close_cannot_say_is_refused_and_not_sent(
    code: Any, reason: Any, error: Any, server: FakeServer, nursery: trio.Nursery
) -> None:
    nursery.start_soon(say_hello)
    connection = await server.accept()
    with pytest.raises(error, match=f"got {code!r} .*{reason!r}"):
        await connection.close(code, reason)
    await connection.close()
    assert connection.closeCode == 1000


@pytest.mark.parametrize("message", [{"op": "hello"}, 5, None, ["a", "b"]])
async def test_what_is_no_message_is_named(
    message: Any, server: FakeServer, nursery: trio.Nursery
) -> None:
    nursery.start_soon(say_hello)
    connection = await server.accept()
    kind = type(message).__name__
    with pytest.raises(TypeError, match=rf"as str or bytes, got {kind}.*json\.dumps"):
        await connection.send(message)
    buffer: Any = bytearray(b"ok")
    await connection.send(buffer)
    await connection.close()


async def test_answers_that_cannot_be_are_refused_and_the_request_can_still_be_answered(
    server: FakeServer, nursery: trio.Nursery
) -> None:
    nursery.start_soon(say_hello)
    request = await server.request()
    with pytest.raises(ValueError, match="from 200 to 999, got 101"):
        await request.refuse(101)
    with pytest.raises(TypeError, match="expected body as bytes, got str"):
        await request.refuse(503, body="busy")  # type: ignore[arg-type]  # as beginners do
    await (await request.accept(headers={"X-Node": "7"})).close()


async def test_ping_of_the_server_is_answered(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    nursery.start_soon(say_hello)
    connection = await server.accept()
    assert [await connection.ping(), await connection.ping()] == [0, 0]
    await connection._stream.send_all(b"\x8a\x00")  # an unasked Pong, which is ignored
    await connection.close()


@pytest.mark.parametrize("gone", [True, False])
async def test_ping_to_a_client_that_goes_raises(
    gone: bool, server: FakeServer, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:
    """It raises before the Ping, or before its Pong."""

    async def client() -> None:
        with pytest.raises(WebSocketError):
            await say_hello()

    async def drop() -> None:
        await trio.sleep(0 if gone else 5)
        await connection.drop()

    nursery.start_soon(client)
    connection = await server.accept()
    connection.stall()
    nursery.start_soon(drop)
    await trio.sleep(1)
    with pytest.raises(trio.BrokenResourceError, match="it is closed"):
        await connection.ping()


async def test_fragments_of_the_server_are_one_message(
    server: FakeServer, nursery: trio.Nursery
) -> None:
    received: list[str | bytes] = []

    async def client() -> None:
        received.extend(await say_hello())

    async with trio.open_nursery() as clients:
        clients.start_soon(client)
        connection = await server.accept()
        await connection.send("one ", finished=False)
        await connection.ping()
        with pytest.raises(TypeError, match=r"fragment of the message as str.* got bytes"):
            await connection.send(b"message")
        await connection.send("message")
        await connection.close()
    assert received == ["one message"]


async def test_pings_are_answered(server: FakeServer, nursery: trio.Nursery) -> None:
    nursery.start_soon(server.accept)
    async with open_websocket(URL) as ws:
        assert await ws.ping() >= 0


async def test_fragments_of_the_client_are_one_message(
    server: FakeServer, nursery: trio.Nursery
) -> None:

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


async def test_receive_waits_and_ends_after_the_last_message(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:

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


async def test_sending_after_the_close_raises_and_a_second_close_does_not(
    server: FakeServer, nursery: trio.Nursery
) -> None:
    nursery.start_soon(say_hello)
    connection = await server.accept()
    await connection.close(4000)
    with pytest.raises(trio.BrokenResourceError, match=r"it is closed \(4000\)"):
        await connection.send("too late")
    await connection.close(4001)
    assert connection.closeCode == 4000


async def test_ping_after_the_servers_close_is_not_answered(
    server: FakeServer, nursery: trio.Nursery
) -> None:
    """The Close was the last frame."""
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


async def test_request_may_come_in_pieces(server: FakeServer) -> None:
    """A request that ends before its end is none."""
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


async def test_client_that_resets_leaves_no_close_on_record(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: trio.testing.MockClock
) -> None:

    async def client() -> None:
        with trio.move_on_after(5):
            async with open_websocket(URL, cancelled_close_timeout=0):
                await trio.sleep_forever()

    nursery.start_soon(client)
    connection = await server.accept()
    await connection.wait_closed()
    assert (connection.closeCode, connection.reason) == (None, "")


async def test_there_is_one_server_at_an_address(server: FakeServer) -> None:
    with pytest.raises(RuntimeError, match=r"expected one fake server at wss://chat\.example"):
        async with open_fake_server(URL + ":443/elsewhere"):
            pass  # pragma: no cover  # it is not entered


async def test_another_scheme_is_another_server(server: FakeServer) -> None:
    async with open_fake_server("ws://chat.example") as other:
        other.is_up = False
        with pytest.raises(WebSocketError, match=r"the fake server ws://chat\.example is not up"):
            async with open_websocket("ws://chat.example/"):
                pass  # pragma: no cover  # it is not entered
