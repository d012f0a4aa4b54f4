"""From a URL's host to an answer: TCP, and the refusals on the way."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

import pytest
import trio
import trio.testing
from support.failing import failure_to_open
from support.peer import Peer

from trio_ws_dom import HandshakeError, WebSocket, WebSocketError

# A network of our own.


class Network(trio.abc.SocketFactory, trio.abc.HostnameResolver):
    """Where names resolve to an address, or not, and connecting takes for ever."""

    def __init__(self, error: OSError | None = None) -> None:
        self.error = error
        self.connecting = 0

    def socket(self, *args: Any) -> Any:
        real = trio.socket.from_stdlib_socket(socket.socket())

        async def connect(address: Any) -> None:
            self.connecting += 1
            await trio.sleep_forever()

        real.connect = connect  # type: ignore[method-assign]  # ten-line fake
        return real

    async def getaddrinfo(self, *args: Any) -> Any:
        if self.error is not None:
            raise self.error
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("192.0.2.1", 80))]

    async def getnameinfo(self, *args: Any) -> Any:
        raise AssertionError("nobody asks")


async def test_name_that_does_not_resolve(autojump_clock: Any) -> None:
    """The resolver's own error is the cause."""
    error = socket.gaierror(socket.EAI_NONAME, "no such name")
    trio.socket.set_custom_hostname_resolver(Network(error))
    failure = await failure_to_open("ws://nonexistent.invalid/")
    assert failure.__cause__ is error
    assert "ws://nonexistent.invalid/" in str(failure)
    assert "no such name" in str(failure)


async def test_refused_tcp() -> None:
    """Nobody listens: an OSError is the cause, and the message names the place."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"ws://127.0.0.1:{reserved.getsockname()[1]}/"
        error = await failure_to_open(url)
    assert isinstance(error.__cause__, OSError)
    assert url in str(error)


@pytest.mark.parametrize("timeout", [3, 60])
async def test_open_timeout(timeout: float, autojump_clock: Any) -> None:
    """A host that never answers has so many seconds, counted from dialling."""
    network = Network()
    trio.socket.set_custom_hostname_resolver(network)
    trio.socket.set_custom_socket_factory(network)
    start = trio.current_time()
    error = await failure_to_open("ws://peer.test/", open_timeout=timeout)
    assert isinstance(error.__cause__, TimeoutError)
    assert trio.current_time() - start == pytest.approx(timeout)


async def test_close_while_tcp_connects(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It is given up at once."""
    network = Network()
    trio.socket.set_custom_hostname_resolver(network)
    trio.socket.set_custom_socket_factory(network)
    ws = WebSocket("ws://peer.test/", nursery=nursery)
    await trio.testing.wait_all_tasks_blocked()
    assert network.connecting
    await given_up_at_once(ws)


@pytest.mark.parametrize("url", ["ws://peer.test/", "wss://peer.test/"])
async def test_close_while_shaking_hands(
    url: str, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The same in TLS's handshake and in HTTP's; the peer sees the end of TCP."""
    ours, theirs = trio.testing.memory_stream_pair()
    ws = WebSocket(url, nursery=nursery, stream=ours)
    await trio.testing.wait_all_tasks_blocked()
    assert await theirs.receive_some()
    await given_up_at_once(ws)
    assert await theirs.receive_some() == b""


async def given_up_at_once(ws: WebSocket) -> None:
    start = trio.current_time()
    ws.close()
    assert (await ws.wait_closed()).code == 1006
    assert trio.current_time() == start
    assert isinstance(ws.failure.__cause__, ConnectionAbortedError)


async def test_close_in_the_moment_of_the_answer(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """A 101 that has arrived, and was not seen yet, changes nothing any more."""
    ours, theirs = trio.testing.memory_stream_pair()
    ws = WebSocket("ws://peer.test/", nursery=nursery, stream=ours)
    events = ws.when("open", "error", "close")
    peer = Peer(theirs)
    await peer.read_request()
    await trio.testing.wait_all_tasks_blocked()
    ours.receive_stream.put_data(peer.response())
    ws.close()
    assert [event.type async for event in events] == ["error", "close"]


async def test_answer_in_pieces(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A 101 may come byte by byte."""
    ours, theirs = trio.testing.memory_stream_pair()
    ws = WebSocket("ws://peer.test/", nursery=nursery, stream=ours)
    peer = Peer(theirs)
    await peer.read_request()
    for byte in peer.response():
        assert ws.readyState == WebSocket.CONNECTING
        await peer.send(bytes([byte]))
        await trio.testing.wait_all_tasks_blocked()
    assert ws.readyState == WebSocket.OPEN


async def test_failure_without_words(autojump_clock: Any) -> None:
    """A stream of the user's that breaks and says nothing: its exception is named."""

    async def break_down() -> None:
        raise trio.BrokenResourceError

    ours, _ = trio.testing.memory_stream_pair()
    ours.send_stream.send_all_hook = break_down
    error = await failure_to_open("ws://peer.test/", stream=ours)
    assert str(error) == "ws://peer.test/: BrokenResourceError"


# Refusals.


async def refuse(peer: Peer, *pieces: bytes, end: bool = False) -> None:
    await peer.read_request()
    with suppress(trio.BrokenResourceError):  # the client may have had enough
        for piece in pieces:
            await peer.send(piece)
            await trio.sleep(0.75)
    if end:
        await peer.stream.aclose()


HEAD = b"HTTP/1.1 503 Sorry\r\nRetry-After: 5\r\nContent-Length: 10\r\n\r\n"


@pytest.mark.parametrize(
    ("pieces", "end", "seconds", "body"),
    [
        ([HEAD + b"0123456789"], False, 0, b"0123456789"),
        ([HEAD + b"01234", b"56789"], False, 0.75, b"0123456789"),
        ([HEAD + b"01234"], True, 0.75, b"01234"),
        ([HEAD + b"01234"], False, 2, b"01234"),
        ([HEAD, *([b"0"] * 5)], False, 2, b"00"),
        ([HEAD], False, 2, b""),
    ],
    ids=["whole", "late", "ended", "stuck", "dripping", "head alone"],
)
async def test_body_of_a_refusal(
    pieces: list[bytes],
    end: bool,
    seconds: float,
    body: bytes,
    nursery: trio.Nursery,
    autojump_clock: Any,
) -> None:
    """It is waited for, but for two seconds in all, and is in the error as far as it came."""
    ours, theirs = trio.testing.memory_stream_pair()
    nursery.start_soon(lambda: refuse(Peer(theirs), *pieces, end=end))
    start = trio.current_time()
    error = await failure_to_open("ws://peer.test/", stream=ours)
    assert isinstance(error, HandshakeError)
    assert (error.status, error.headers["retry-after"]) == (503, "5")
    assert error.body == body
    assert trio.current_time() - start == pytest.approx(seconds)


async def test_bad_101(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A 101 that is not good is a HandshakeError too: the server did answer."""
    ours, theirs = trio.testing.memory_stream_pair()
    nursery.start_soon(Peer(theirs).accept, "Sec-WebSocket-Protocol: unasked")
    error = await failure_to_open("ws://peer.test/", stream=ours)
    assert isinstance(error, HandshakeError)
    assert (error.status, error.body) == (101, b"")
    assert "expected no subprotocol" in str(error)


async def test_no_http(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Junk has no status: a plain WebSocketError."""
    ours, theirs = trio.testing.memory_stream_pair()
    nursery.start_soon(refuse, Peer(theirs), b"SSH-2.0-x\r\n")
    error = await failure_to_open("ws://peer.test/", stream=ours)
    assert type(error) is WebSocketError
    assert "SSH-2.0" in str(error)
