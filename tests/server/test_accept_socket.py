"""The server's end as a socket, with its attributes and options, and where messages wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.checked import not_none
from support.frames import BINARY, CLOSE, PING, PONG, TEXT
from support.peer import Frame
from support.raw_client import RawClient, headers_of, masked, masked_close
from trio_websocket import WebSocketRequest

from trio_ws_dom import Blob, MessageEvent, WebSocket, WebSocketError, accept_websocket

from .conftest import handle_stream

if TYPE_CHECKING:
    from .conftest import AcceptHarness


async def leave(ws: WebSocket) -> None:
    """A block that ends at once."""


async def test_attributes_of_request_and_answer(harness: AcceptHarness, clock: object) -> None:
    """They are what the client asked for, and what it was answered."""

    async def handle(request: WebSocketRequest) -> None:
        async with accept_websocket(request, "chat.v2", headers={"X-Room": "7"}) as ws:
            assert (ws.readyState, ws.bufferedAmount, ws.binaryType) == (ws.OPEN, 0, "blob")
            assert (ws.protocol, ws.extensions, ws.status) == ("chat.v2", "", 101)
            assert not_none(ws.headers)["Origin"] == "https://page.example"
            assert ws.url.startswith("ws://")
            assert ws.url.endswith("/room?ada")
            assert "OPEN" in repr(ws)
            assert (ws.remote_address is not None) == harness.real
            assert (ws.local_address is not None) == harness.real

    async with harness.connect(handle) as stream:
        client = RawClient(stream)
        await client.call(
            "/room?ada",
            "Origin: https://page.example",
            "Sec-WebSocket-Protocol: chat.v1, chat.v2",
        )
        await client.finish()
    answer = headers_of(client.answer)
    assert (answer["sec-websocket-protocol"], answer["x-room"]) == ("chat.v2", "7")


async def test_url_of_a_whole_target(harness: AcceptHarness, clock: object) -> None:
    urls: list[str] = []

    async def handle(request: WebSocketRequest) -> None:
        async with accept_websocket(request) as ws:
            urls.append(ws.url)

    async with harness.connect(handle) as stream:
        client = RawClient(stream)
        await client.call("http://server.test/room")
        await client.finish()
    assert urls == ["http://server.test/room"]


async def test_errors_and_repr_name_both_addresses(harness: AcceptHarness, clock: object) -> None:
    """Errors and the repr name both ends, where there are addresses."""
    await harness.play(leave, RawClient.read_to_close)
    if harness.real:
        assert " from 127.0.0.1:" in str(harness.ws.failure)
    else:
        assert repr(harness.ws) == "<WebSocket ws://localhost/ CLOSED>"


async def test_a_protocol_that_was_not_proposed(harness: AcceptHarness, clock: object) -> None:
    """It is a ValueError that shows none of them, and the client is not answered."""

    async def handle(request: WebSocketRequest) -> None:
        with pytest.raises(ValueError, match=r"one of the 2 subprotocols .* proposed, got another"):
            accept_websocket(request, "c")
        await request.reject(400)

    async with harness.connect(handle) as stream:
        client = RawClient(stream)
        await client.call("/", "Sec-WebSocket-Protocol: a, b")
    assert client.answer.startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"compression": True}, TypeError, "compression"),
        ({"max_message_size": 1}, TypeError, "max_message_size"),
        ({"close_timeout": "1"}, TypeError, "close_timeout"),
        ({"close_timeout": -1}, ValueError, "close_timeout"),
        ({"ping_timeout": 1}, ValueError, "ping_interval"),
        ({"headers": {"Upgrade": "x"}}, ValueError, "Upgrade"),
    ],
)
async def test_bad_options_are_refused_by_name(
    harness: AcceptHarness, clock: object, options: Any, error: type[Exception], words: str
) -> None:
    """They are refused by name, before the client is answered."""

    async def handle(request: WebSocketRequest) -> None:
        with pytest.raises(error, match=words):
            accept_websocket(request, **options)
        await request.reject(500)

    async with harness.connect(handle) as stream:
        client = RawClient(stream)
        await client.call()
    assert client.answer.startswith(b"HTTP/1.1 500 ")


async def test_answering_twice_is_an_error(harness: AcceptHarness, clock: object) -> None:
    """Accepting a request a second time is a RuntimeError."""

    async def handle(request: WebSocketRequest) -> None:
        await request.accept()
        with pytest.raises(RuntimeError, match="not answered yet"):
            async with accept_websocket(request):
                raise AssertionError("the block is not entered")

    async with harness.connect(handle) as stream:
        await RawClient(stream).call()


async def test_both_types_both_ways(harness: AcceptHarness, clock: object) -> None:
    """Text is str and binary is bytes, and a Blob can be sent."""
    got: list[str | bytes] = []

    async def block(ws: WebSocket) -> None:
        got.extend([await ws.receive(), await ws.receive()])
        ws.send("grüß dich")
        ws.send(b"\x00\xff")
        ws.send(Blob([b"blob"]))

    async def part(client: RawClient) -> None:
        await client.send(masked(TEXT, "schön".encode()), masked(BINARY, b"\xff\x00"))
        await client.finish()

    await harness.play(block, part)
    assert got == ["schön", b"\xff\x00"]
    assert [(got.opcode, got.payload) for got in harness.client.frames[:-1]] == [
        (TEXT, "grüß dich".encode()),
        (BINARY, b"\x00\xff"),
        (BINARY, b"blob"),
    ]


async def test_origin_of_events(harness: AcceptHarness, clock: object) -> None:
    """It is the request's Origin, the page that sends."""
    events: list[MessageEvent] = []

    async def handle(request: WebSocketRequest) -> None:
        async with accept_websocket(request) as ws:
            ws.onmessage = events.append
            await ws.wait_closed()

    async with harness.connect(handle) as stream:
        client = RawClient(stream)
        await client.call("/", "Origin: https://page.example")
        await client.send(masked(TEXT, b"hello"), masked_close())
        await client.read_to_end()
    assert [(event.data, event.origin) for event in events] == [("hello", "https://page.example")]


async def test_messages_are_held_until_there_is_a_listener(
    harness: AcceptHarness, clock: object
) -> None:
    got: list[object] = []

    all_dispatched = trio.Event()

    def take(event: MessageEvent) -> None:
        got.append(event.data)
        if len(got) == 20:
            all_dispatched.set()

    async def block(ws: WebSocket) -> None:
        await trio.sleep(0.05)
        ws.onmessage = take
        await ws.wait_closed()

    async def part(client: RawClient) -> None:
        await client.send(*[masked(TEXT, b"%d" % number) for number in range(20)])
        await all_dispatched.wait()
        await client.send(masked_close())
        await client.read_to_end()

    await harness.play(block, part)
    assert got == [f"{number}" for number in range(20)]


@pytest.mark.parametrize("kind", ["sockets"])  # a memory stream takes any amount
async def test_a_program_that_does_not_consume_stops_the_client(
    harness: AcceptHarness, clock: object
) -> None:
    """What waits is bounded by trio-websocket's queue and one message, and then by TCP."""
    stuck = trio.Event()

    async def block(ws: WebSocket) -> None:
        await stuck.wait()

    async def part(client: RawClient) -> None:
        flood = masked(BINARY, b"x" * 60_000)
        with trio.CancelScope() as scope:
            while True:
                scope.deadline = trio.current_time() + 0.3
                await client.send(flood)
        assert scope.cancelled_caught
        stuck.set()
        await client.read_to_end()

    await harness.play(block, part)
    assert harness.client.close_code == 1000


async def test_close_while_messages_wait(harness: AcceptHarness, clock: object) -> None:
    """close() finds the client's Close after messages that were not consumed."""

    async def block(ws: WebSocket) -> None:
        closed = trio.Event()
        ws.onclose = lambda event: closed.set()
        await trio.sleep(0.05)
        ws.close(3000)
        await closed.wait()

    async def part(client: RawClient) -> None:
        await client.send(masked(TEXT, b"unread") * 5)
        await client.finish()

    start = trio.current_time()
    await harness.play(block, part)
    assert harness.code == (3000, True)
    if not harness.real:  # at once, and not when close_timeout is over
        assert harness.left - start < 0.1


async def test_messages_are_dropped_while_closing(harness: AcceptHarness, clock: object) -> None:
    """What had come and was not consumed before our close() is not dispatched any more."""
    got: list[object] = []

    async def block(ws: WebSocket) -> None:
        await trio.sleep(0.05)
        ws.close(3000)
        ws.onmessage = got.append
        await ws.wait_closed()

    async def part(client: RawClient) -> None:
        await client.send(masked(TEXT, b"too late") * 5)
        await client.finish()

    await harness.play(block, part)
    assert got == []


async def test_drain_waits_until_data_is_sent(harness: AcceptHarness, clock: object) -> None:
    """``bufferedAmount`` falls as messages are sent, and never between two checkpoints."""

    async def block(ws: WebSocket) -> None:
        ws.send("x" * 100)
        assert ws.bufferedAmount == 100
        await ws.drain()
        assert ws.bufferedAmount == 0

    await harness.play(block)


# Keepalive.


async def answer_pings(client: RawClient) -> None:
    """Answer pings as RFC 6455 asks of a client."""
    while (got := await client.next()) is not None:
        if got.opcode == PING:
            await trio.sleep(0.02)
            await client.send(masked(PONG, got.payload))
        elif got.opcode == CLOSE:
            await client.send(masked_close(1000))


async def test_ping_returns_the_round_trip(harness: AcceptHarness, clock: object) -> None:
    """``ping()`` returns the round trip time.

    Pings go one at a time, and the third waits for the Pong that answers the first two.
    """
    seconds: dict[int, float] = {}

    async def block(ws: WebSocket) -> None:
        async def measure(number: int) -> None:
            seconds[number] = await ws.ping()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(measure, 1)
            nursery.start_soon(measure, 2)
            await trio.sleep(0.01)
            nursery.start_soon(measure, 3)

    await harness.play(block, answer_pings)
    assert [got.opcode for got in harness.client.frames] == [PING, PING, CLOSE]
    if not harness.real:
        assert seconds == {n: pytest.approx(s) for n, s in ((1, 0.02), (2, 0.02), (3, 0.03))}


async def test_pongs_that_no_ping_asked_for(harness: AcceptHarness, clock: object) -> None:
    async def block(ws: WebSocket) -> None:
        ws.pong(b"1")
        ws.pong(b"2")
        await trio.sleep(0.1)
        ws.pong(b"3")
        await trio.sleep(0.1)
        ws.close(3000)
        ws.pong(b"4")

    await harness.play(block, RawClient.finish)
    pongs = [got.payload for got in harness.client.frames if got.opcode == PONG]
    assert pongs == [b"1", b"2", b"3"]


async def test_pongs_for_a_client_that_leaves(harness: AcceptHarness, clock: object) -> None:
    async def block(ws: WebSocket) -> None:
        for _ in range(10):
            ws.pong(b"x")
            await trio.sleep(0.02)

    async def part(client: RawClient) -> None:
        await client.next()

    await harness.play(block, part)


async def test_ping_of_a_client_that_leaves(harness: AcceptHarness, clock: object) -> None:
    """``ping()`` raises when the connection ends first."""

    async def block(ws: WebSocket) -> None:
        with pytest.raises(WebSocketError, match="before the answer"):
            await ws.ping()
        with pytest.raises(WebSocketError, match="before the answer"):
            await ws.ping()

    async def part(client: RawClient) -> None:
        await client.next()

    await harness.play(block, part)


async def test_ping_while_closing(harness: AcceptHarness, clock: object) -> None:
    """After our Close no Ping is sent, and ``ping()`` raises at the end."""

    async def block(ws: WebSocket) -> None:
        ws.close(3000)
        with pytest.raises(WebSocketError, match="before the answer"):
            await ws.ping()

    await harness.play(block)
    assert harness.client.close_code == 3000


async def test_keepalive_of_a_client_that_answers(harness: AcceptHarness, clock: object) -> None:
    """Pongs alone keep the connection."""

    async def block(ws: WebSocket) -> None:
        await trio.sleep(0.5)

    await harness.play(block, answer_pings, ping_interval=0.1, ping_timeout=0.09)
    assert harness.code == (1000, True)
    assert sum(got.opcode == PING for got in harness.client.frames) >= 4


async def test_keepalive_of_a_client_that_sends(harness: AcceptHarness, clock: object) -> None:
    """Messages count as answers, too, from a client that answers no Ping."""

    async def block(ws: WebSocket) -> None:
        async for _ in ws:
            ws.send("thanks")

    async def part(client: RawClient) -> None:
        for _ in range(20):
            await client.send(masked(TEXT, b"x"))
            await trio.sleep(0.025)
        await client.send(masked_close(1000))
        await client.read_to_end()

    await harness.play(block, part, ping_interval=0.1, ping_timeout=0.2)
    assert harness.code == (1000, True)


async def test_keepalive_of_a_dead_client(harness: AcceptHarness, clock: object) -> None:
    """Silence after a Ping is ``error``, and 1006 that says for how long."""

    async def block(ws: WebSocket) -> None:
        await ws.wait_closed()

    start = trio.current_time()
    await harness.play(block, RawClient.read_to_end, ping_interval=0.1, ping_timeout=0.2)
    assert harness.recorder.events == ["error", "close"]
    assert harness.code == (1006, False)
    assert "silent for" in str(harness.ws.failure)
    if not harness.real:
        assert harness.left - start == pytest.approx(0.3)


async def test_keepalive_while_the_program_does_not_consume(
    harness: AcceptHarness, clock: object
) -> None:
    """A client whose messages are not consumed is not dead."""
    got: list[str | bytes] = []

    async def block(ws: WebSocket) -> None:
        await trio.sleep(0.6)
        got.extend([message async for message in ws])

    async def part(client: RawClient) -> None:
        await client.send(*[masked(TEXT, b"x")] * 5, masked_close(1000))
        await client.read_to_end()

    await harness.play(block, part, ping_interval=0.1, ping_timeout=0.1)
    assert got == ["x"] * 5
    assert harness.code == (1000, True)


async def test_pongs_while_the_program_does_not_consume(
    harness: AcceptHarness, clock: object
) -> None:
    """A Pong may pass a message that is not consumed, and counts as an answer."""

    async def block(ws: WebSocket) -> None:
        await trio.sleep(0.5)
        assert await ws.receive() == "x"

    async def part(client: RawClient) -> None:
        await client.send(masked(TEXT, b"x"))
        await answer_pings(client)

    await harness.play(block, part, ping_interval=0.1, ping_timeout=0.1)
    assert harness.code == (1000, True)


async def test_keepalive_counts_from_the_ping(harness: AcceptHarness, clock: object) -> None:
    """What we send after an answered Ping needs no answer."""

    async def block(ws: WebSocket) -> None:
        await trio.sleep(0.35)
        ws.send("news")
        await trio.sleep(0.2)

    await harness.play(block, answer_pings, ping_interval=0.3, ping_timeout=0.1)
    assert harness.code == (1000, True)


async def test_keepalive_counts_from_when_the_ping_leaves(autojump_clock: Any) -> None:
    """A Ping that waits for a message counts from when that is sent."""
    ours, theirs = trio.testing.lockstep_stream_pair()  # sends wait until they are read
    codes: list[int] = []

    async def handle(request: WebSocketRequest) -> None:
        async with accept_websocket(request, ping_interval=0.1, ping_timeout=0.15) as ws:
            ws.send("a message")
            codes.append((await ws.wait_closed()).code)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(handle_stream, handle, theirs)
        client = RawClient(ours)
        await client.call()
        await trio.sleep(0.2)
        assert await client.next() == Frame(TEXT, b"a message")
        ping = await client.next()
        assert ping is not None
        await trio.sleep(0.1)
        await client.send(masked(PONG, ping.payload), masked_close(1000))
        await client.read_to_end()
    assert codes == [1000]


@pytest.mark.parametrize("kind", ["sockets"])  # a memory stream takes any amount
async def test_keepalive_while_much_is_sent(harness: AcceptHarness, clock: object) -> None:
    """A Ping that waits for a long message counts only from when that is sent.

    A client that takes nothing is found dead all the same.
    """
    gone = trio.Event()

    async def block(ws: WebSocket) -> None:
        ws.send(b"x" * 16_000_000)
        await ws.wait_closed()
        gone.set()

    async def part(client: RawClient) -> None:
        await gone.wait()

    await harness.play(block, part, ping_interval=0.1, ping_timeout=0.1)
    assert "silent for" in str(harness.ws.failure)
