"""Behaviours of browsers that surprise, as the standard defines them.

Each has a short test here. The files of their subjects look at most of them from more sides.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.frames import CLOSE, TEXT, close, frame
from support.opened import socket_and_peer
from support.patience import PATIENCE
from support.peer import Frame, Peer
from support.transports import MemoryTransport

from trio_ws_dom import DOMException, WebSocket

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_ws_dom import CloseEvent


pytestmark = pytest.mark.usefixtures("every_stream")


async def connect(
    nursery: trio.Nursery, url: str = "ws://peer.test/", protocols: Any = ()
) -> tuple[WebSocket, Peer]:
    """Return a socket that is CONNECTING, and its peer."""
    transport = MemoryTransport()
    ws = WebSocket(url, protocols, nursery=nursery, **transport.options())
    return ws, await transport.peer()


def record(ws: WebSocket) -> list[tuple[str, int]]:
    """Return a list for what will be dispatched, with the readyState at that moment."""
    trace: list[tuple[str, int]] = []
    for name in ("open", "message", "error", "close"):
        ws.addEventListener(name, lambda event: trace.append((event.type, ws.readyState)))
    return trace


async def test_send_while_closing_is_silent(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """``send()`` while CLOSING returns, sends nothing, and ``bufferedAmount`` grows."""
    ws, peer = await socket_and_peer(nursery)
    ws.close()
    ws.send("lost")
    assert ws.bufferedAmount == 4
    assert await peer.next() == Frame(CLOSE, b"")


async def test_send_once_closed_is_silent(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """``send()`` while CLOSED returns, sends nothing, and ``bufferedAmount`` grows."""
    ws, peer = await socket_and_peer(nursery)
    await peer.stream.aclose()
    await ws.wait_closed()
    ws.send("lost")
    assert ws.bufferedAmount == 4


async def test_send_while_connecting_raises(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It is an InvalidStateError, even where the argument is wrong, too."""
    ws, _ = await connect(nursery)
    with pytest.raises(DOMException) as caught:
        ws.send(object())  # type: ignore[arg-type]  # the wrong type is the subject
    assert caught.value.name == "InvalidStateError"


async def test_buffered_amount_rises_at_once(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It rises at once, by bytes of UTF-8, and does not fall between two checkpoints."""
    ws, _ = await socket_and_peer(nursery)
    ws.send("€")
    ws.send("\ud800")
    assert ws.bufferedAmount == 6
    await ws.drain()
    assert ws.bufferedAmount == 0


async def test_close_while_connecting(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It is CLOSING at once, and ``error`` and an unclean ``close`` come later, never in the
    call."""
    ws, _ = await connect(nursery)
    trace = record(ws)
    ws.close()
    assert (ws.readyState, trace) == (WebSocket.CLOSING, [])
    event = await ws.wait_closed()
    assert trace == [("error", WebSocket.CLOSED), ("close", WebSocket.CLOSED)]
    assert (event.code, event.wasClean) == (1006, False)


async def test_close_takes_1000_and_3000_to_4999(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Of the codes below 3000, programs may send 1000 alone."""
    ws, _ = await connect(nursery)
    for code in (1001, 1005, 1006, 2999, 5000):
        with pytest.raises(DOMException) as caught:
            ws.close(code)
        assert caught.value.name == "InvalidAccessError"


async def test_close_reason_has_at_most_123_bytes(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """It has 123 bytes of UTF-8 at most, counted when lone surrogates have become U+FFFD."""
    ws, peer = await socket_and_peer(nursery)
    with pytest.raises(DOMException) as caught:
        ws.close(1000, "\ud800" * 42)
    assert caught.value.name == "SyntaxError"
    ws.close(1000, "\ud800" * 41)
    assert await peer.next() == Frame(CLOSE, b"\x03\xe8" + b"\xef\xbf\xbd" * 41)


async def test_close_without_code(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The Close and its echo have no body, and the event has 1005."""
    ws, peer = await socket_and_peer(nursery)
    ws.close()
    nursery.start_soon(peer.finish)
    event = await ws.wait_closed()
    assert peer.frames == [Frame(CLOSE, b"")]
    assert (event.code, event.wasClean) == (1005, True)


@pytest.mark.parametrize("url", ["ws://peer.test/#", "ws://peer.test/#part", "ws://peer.test#"])
async def test_fragment_in_a_url_is_a_syntax_error(url: str, nursery: trio.Nursery) -> None:
    """Any ``#`` in a URL, even with nothing after it, is a SyntaxError."""
    with pytest.raises(DOMException) as caught:
        WebSocket(url, nursery=nursery)
    assert caught.value.name == "SyntaxError"


async def test_query_is_utf8(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The request's query is percent-encoded UTF-8."""
    _, peer = await connect(nursery, "ws://peer.test/?ä")
    await peer.read_request()
    assert peer.request.startswith(b"GET /?%C3%A4 HTTP/1.1\r\n")


async def test_international_host_is_punycode(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """An international host shows as punycode in ``event.origin``, and in the Host header."""
    ws, peer = await connect(nursery, "ws://bücher.test:81/")
    messages = ws.when("message")
    await peer.accept(then=frame(TEXT))
    assert (await messages.receive()).origin == "ws://xn--bcher-kva.test:81"
    assert b"\r\nHost: xn--bcher-kva.test:81" in peer.request


async def test_credentials_become_a_header(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """``ws://user:pass@host/`` sends Authorization, and nothing of it in the Host header."""
    _, peer = await connect(nursery, "ws://us%40er:p%C3%A4ss@peer.test/")
    await peer.read_request()
    expected = base64.b64encode("us@er:päss".encode())
    assert b"\r\nAuthorization: Basic " + expected in peer.request
    assert b"\r\nHost: peer.test\r\n" in peer.request


@pytest.mark.parametrize("protocols", ["", [""], ["a", "a"], ["a", "A"], "a b", "a,b", ["ä"], "@"])
async def test_bad_protocols_are_a_syntax_error(protocols: Any, nursery: trio.Nursery) -> None:
    """One that is empty, repeated (in whatever case), or no token is a SyntaxError."""
    with pytest.raises(DOMException) as caught:
        WebSocket("ws://peer.test/", protocols, nursery=nursery)
    assert caught.value.name == "SyntaxError"


@pytest.mark.parametrize(
    ("offered", "answer"),
    [
        ([], ["Sec-WebSocket-Protocol: a"]),
        (["a"], ["Sec-WebSocket-Protocol: b"]),
        (["a"], ["Sec-WebSocket-Protocol: A"]),
        (["a", "b"], []),
        (["a", "b"], ["Sec-WebSocket-Protocol: a, b"]),
    ],
)
async def test_server_picks_wrongly(
    offered: list[str], answer: list[str], nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """One that was not offered, in another case, or none though some were, is a failure."""
    ws, peer = await connect(nursery, protocols=offered)
    trace = record(ws)
    await peer.accept(*answer)
    assert (await ws.wait_closed()).code == 1006
    assert trace == [("error", 3), ("close", 3)]


async def test_twenty_five_sockets_to_one_host(nursery: trio.Nursery) -> None:
    """They connect one after the other, and all succeed."""
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    connecting = most = 0

    async def serve(stream: trio.SocketStream) -> None:
        nonlocal connecting, most
        connecting += 1
        most = max(most, connecting)
        peer = Peer(stream)
        await peer.read_request()
        connecting -= 1
        await peer.send(peer.response() + close(1000))
        await peer.finish()

    nursery.start_soon(trio.serve_listeners, serve, [listener])
    url = "ws://{}:{}/".format(*listener.socket.getsockname())
    sockets = [WebSocket(url, nursery=nursery) for _ in range(25)]
    with trio.fail_after(PATIENCE):
        assert [(await ws.wait_closed()).code for ws in sockets] == [1000] * 25
    assert most == 1


def junk(peer: Peer) -> bytes:
    return b"\x00\x01 this is not HTTP\r\n\r\n"


def redirect(peer: Peer) -> bytes:
    return b"HTTP/1.1 302 Found\r\nLocation: ws://other.test/\r\nContent-Length: 0\r\n\r\n"


def wrong_key(peer: Peer) -> bytes:
    return peer.response().replace(b"Sec-WebSocket-Accept: ", b"Sec-WebSocket-Accept: x")


@pytest.mark.parametrize("answer", [junk, redirect, wrong_key])
async def test_bad_answers_are_error_and_1006(
    answer: Callable[[Peer], bytes], nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Junk, a redirect (which is not followed) or a wrong key is ``error``, then ``close`` with
    1006."""
    ws, peer = await connect(nursery)
    trace = record(ws)
    await peer.read_request()
    await peer.send(answer(peer))
    assert (await ws.wait_closed()).code == 1006
    assert trace == [("error", WebSocket.CLOSED), ("close", WebSocket.CLOSED)]


async def test_error_comes_when_closed_already(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """After a broken rule ``error`` fires right before ``close``, in CLOSED, not when it broke."""
    ws, peer = await socket_and_peer(nursery)
    trace = record(ws)
    await peer.send(frame(TEXT, b"\xff"))
    await peer.read_to_close()
    await trio.testing.wait_all_tasks_blocked()
    assert (ws.readyState, trace) == (WebSocket.CLOSING, [])
    await peer.stream.aclose()
    await ws.wait_closed()
    assert trace == [("error", WebSocket.CLOSED), ("close", WebSocket.CLOSED)]


async def test_junk_binary_type(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """What is no value of the enumeration is ignored, without an error."""
    ws, _ = await connect(nursery)
    ws.binaryType = "arraybuffer"
    for value in ("junk", "Blob", "", None):
        ws.binaryType = value  # type: ignore[assignment]  # the wrong value is the subject
        assert ws.binaryType == "arraybuffer"


async def test_messages_after_close_are_dropped(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """What arrives after the program's own ``close()`` fires nothing."""
    ws, peer = await socket_and_peer(nursery)
    trace = record(ws)
    ws.close()
    await peer.send(frame(TEXT, b"late"), close(1000))
    await peer.stream.aclose()
    event: CloseEvent = await ws.wait_closed()
    assert trace == [("close", WebSocket.CLOSED)]
    assert event.code == 1000


async def test_messages_of_the_same_segment_are_dropped(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Messages that arrived with the one whose listener closes fire nothing, either."""
    ws, peer = await socket_and_peer(nursery)
    seen: list[str] = []

    def listener(event: Any) -> None:
        seen.append(event.data)
        ws.close()

    ws.onmessage = listener
    await peer.send(frame(TEXT, b"1") + frame(TEXT, b"2"))
    await trio.testing.wait_all_tasks_blocked()
    assert seen == ["1"]
