"""From a URL's host to an answer, by TCP, and the refusals on the way."""

from __future__ import annotations

import errno
import socket
import struct
from contextlib import suppress
from typing import Any

import pytest
import trio
import trio.testing
from support.checked import not_none
from support.failing import failure_to_open
from support.peer import Peer
from support.tls import server_context

from trio_ws_dom import HandshakeError, WebSocket, WebSocketError

PEER = {"peer.test": ["192.0.2.1"]}
SILENT = {"192.0.2.1": None}


@pytest.mark.parametrize("timeout", [3, 60])
async def test_host_that_never_answers_fails_after_open_timeout(
    timeout: float, network: Any, autojump_clock: Any
) -> None:
    network(PEER, SILENT)
    start = trio.current_time()
    error = await failure_to_open("ws://peer.test/", open_timeout=timeout)
    assert isinstance(error.__cause__, TimeoutError)
    assert trio.current_time() - start == pytest.approx(timeout)


@pytest.mark.parametrize(
    ("url", "names", "says", "step"),
    [
        ("ws://peer.test/", {"peer.test": trio.sleep_forever}, {}, "the addresses of peer.test"),
        ("ws://peer.test/", PEER, SILENT, "TCP to 192.0.2.1:80"),
        ("wss://peer.test/", PEER, {}, "the TLS handshake"),
        ("ws://peer.test/", PEER, {}, "the server's answer"),
    ],
    ids=["name", "TCP", "TLS", "answer"],
)
async def test_timeout_says_what_was_waited_for(
    url: str, names: Any, says: Any, step: str, network: Any, autojump_clock: Any
) -> None:
    network(names, says)
    error = await failure_to_open(url, open_timeout=5)
    expected = f"timed out: not open within open_timeout (5 seconds), waiting for {step}"
    assert str(error) == f"{url}: {expected}"


async def test_close_ends_connecting_at_once(
    nursery: trio.Nursery, network: Any, autojump_clock: Any
) -> None:
    made = network(PEER, SILENT)
    ws = WebSocket("ws://peer.test/", nursery=nursery)
    await trio.testing.wait_all_tasks_blocked()
    assert made.addresses == ["192.0.2.1"]
    await given_up_at_once(ws)


@pytest.mark.parametrize("url", ["ws://peer.test/", "wss://peer.test/"])
async def test_close_ends_tls_and_the_handshake_at_once(
    url: str, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The peer sees the end of TCP."""
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
    assert isinstance(not_none(ws.failure).__cause__, ConnectionAbortedError)


async def test_101_that_arrived_before_close_and_was_not_read_changes_nothing(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    ws = WebSocket("ws://peer.test/", nursery=nursery, stream=ours)
    events = ws.when("open", "error", "close")
    peer = Peer(theirs)
    await peer.read_request()
    await trio.testing.wait_all_tasks_blocked()
    ours.receive_stream.put_data(peer.response())
    ws.close()
    assert [event.type async for event in events] == ["error", "close"]


async def test_101_may_come_byte_by_byte(nursery: trio.Nursery, autojump_clock: Any) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    ws = WebSocket("ws://peer.test/", nursery=nursery, stream=ours)
    peer = Peer(theirs)
    await peer.read_request()
    for byte in peer.response():
        assert ws.readyState == WebSocket.CONNECTING
        await peer.send(bytes([byte]))
        await trio.testing.wait_all_tasks_blocked()
    assert ws.readyState == WebSocket.OPEN


async def test_exception_without_a_message_is_named(autojump_clock: Any) -> None:

    async def break_down() -> None:
        raise trio.BrokenResourceError

    ours, _ = trio.testing.memory_stream_pair()
    ours.send_stream.send_all_hook = break_down
    error = await failure_to_open("ws://peer.test/", stream=ours)
    assert str(error) == "ws://peer.test/: BrokenResourceError"


# Servers with TLS.

HINT = "; a server that expects TLS has wss: URLs"


async def tls_server(listener: trio.SocketListener, *, reset: bool) -> None:
    """Fail as a server that expects TLS."""
    async with await listener.accept() as tcp:
        if reset:
            await tcp.receive_some(1)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            tls = trio.SSLStream(tcp, server_context(), server_side=True)
            with suppress(trio.BrokenResourceError):
                await tls.do_handshake()


@pytest.mark.parametrize("reset", [False, True])
async def test_ws_url_of_a_server_with_tls_is_hinted_at(reset: bool, nursery: trio.Nursery) -> None:
    """trio's server ends the connection, with a reset as it has not read all of the request."""
    async with (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0] as listener:
        nursery.start_soon(lambda: tls_server(listener, reset=reset))
        url = f"ws://127.0.0.1:{listener.socket.getsockname()[1]}/"
        error = await failure_to_open(url)
    assert str(error).endswith(HINT)
    if reset:
        assert str(error) == f"{url}: connection reset before the server answered{HINT}"
        assert type(error.__cause__) is ConnectionResetError
        assert error.__cause__.errno == errno.ECONNRESET


async def test_loss_after_the_beginning_of_an_answer_has_no_hint(nursery: trio.Nursery) -> None:
    async with (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0] as listener:

        async def serve() -> None:
            async with await listener.accept() as tcp:
                await tcp.send_all(b"HTTP/1.1 ")
                await tcp.receive_some(1)
                tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        nursery.start_soon(serve)
        url = f"ws://127.0.0.1:{listener.socket.getsockname()[1]}/"
        error = await failure_to_open(url)
    assert str(error) == f"{url}: connection reset before the server answered"


# Refusals.


async def refuse(peer: Peer, *pieces: bytes, end: bool = False) -> None:
    await peer.read_request()
    with suppress(trio.BrokenResourceError):  # the client may have closed
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
async def test_refusals_body_is_waited_for_at_most_two_seconds(
    pieces: list[bytes],
    end: bool,
    seconds: float,
    body: bytes,
    nursery: trio.Nursery,
    autojump_clock: Any,
) -> None:
    """It is in the error as far as it came."""
    ours, theirs = trio.testing.memory_stream_pair()
    nursery.start_soon(lambda: refuse(Peer(theirs), *pieces, end=end))
    start = trio.current_time()
    error = await failure_to_open("ws://peer.test/", stream=ours)
    assert isinstance(error, HandshakeError)
    assert (error.status, error.headers["retry-after"]) == (503, "5")
    assert error.body == body
    assert trio.current_time() - start == pytest.approx(seconds)


async def test_bad_101_is_a_handshake_error(nursery: trio.Nursery, autojump_clock: Any) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    nursery.start_soon(Peer(theirs).accept, "Sec-WebSocket-Protocol: unasked")
    error = await failure_to_open("ws://peer.test/", stream=ours)
    assert isinstance(error, HandshakeError)
    assert (error.status, error.body) == (101, b"")
    assert "expected no subprotocol" in str(error)


async def test_answer_that_is_no_http_is_a_plain_websocket_error(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    nursery.start_soon(refuse, Peer(theirs), b"SSH-2.0-x\r\n")
    error = await failure_to_open("ws://peer.test/", stream=ours)
    assert type(error) is WebSocketError
    assert "SSH-2.0" in str(error)
