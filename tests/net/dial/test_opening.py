"""The opening handshake, as it is sent, and servers that misbehave."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import Any

import pytest
import trio
import trio.testing
from support.failing import failure_to_open
from support.peer import Peer

from trio_ws_dom import DOMException, HandshakeError, WebSocket

# The request, in which a program's text cannot leave its place.

EVIL = "x\r\nX-Evil: 1"


async def request(nursery: trio.Nursery, url: str, protocols: Any = (), **options: Any) -> str:
    """Return the request that a server receives."""
    ours, theirs = trio.testing.memory_stream_pair()
    WebSocket(url, protocols, nursery=nursery, stream=ours, **options)
    peer = Peer(theirs)
    await peer.read_request()
    return peer.request.decode("latin-1")


@pytest.mark.parametrize(
    "url",
    [
        f"ws://peer.test/{EVIL}",
        f"ws://peer.test/?{EVIL}",
        "ws://peer.test/%0d%0aX-Evil:%201",
        f"ws://{EVIL}:pass@peer.test/",
        "ws://user%0d%0aX-Evil:%201:pass@peer.test/",
    ],
    ids=["path", "query", "escaped", "user", "escaped user"],
)
async def test_url_cannot_add_a_header(
    url: str, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The URL's parser removes line breaks, and leaves escaped ones escaped."""
    lines = (await request(nursery, url)).split("\r\n")
    assert not [line for line in lines if line.lower().startswith("x-evil")]
    assert all("\n" not in line for line in lines)


@pytest.mark.parametrize("url", ["ws://peer.test\0/", "ws://a b/", "ws://peer.test:80\r\n1x/"])
async def test_host_with_a_line_break_is_a_syntax_error(url: str, nursery: trio.Nursery) -> None:
    with pytest.raises(DOMException, match="URL") as caught:
        WebSocket(url, nursery=nursery)
    assert caught.value.name == "SyntaxError"


@pytest.mark.parametrize("text", [EVIL, "x\ny", "x\ry", "x\0y"])
@pytest.mark.parametrize("option", ["origin", "headers", "name"])
async def test_header_with_a_line_break_is_a_value_error(
    option: str, text: str, nursery: trio.Nursery
) -> None:
    """The message does not repeat the value, which may be a secret."""
    given: Any = {"origin": text, "headers": {"X-Good": text}, "name": {text: "x"}}[option]
    name = "headers" if option == "name" else option
    with pytest.raises(ValueError, match="header") as caught:
        WebSocket("ws://peer.test/", nursery=nursery, **{name: given})
    assert option == "name" or "Evil" not in str(caught.value)


@pytest.mark.parametrize("protocol", [EVIL, "a, b", "a\0", "", "é"])
async def test_subprotocol_that_is_no_token_is_a_syntax_error(
    protocol: str, nursery: trio.Nursery
) -> None:
    with pytest.raises(DOMException) as caught:
        WebSocket("ws://peer.test/", [protocol], nursery=nursery)
    assert caught.value.name == "SyntaxError"


async def test_keys_are_random(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """They are sixteen bytes each, all different, and no bit is the same in all of them."""
    keys: list[int] = []
    for _ in range(64):
        lines = (await request(nursery, "ws://peer.test/")).split("\r\n")
        (key,) = (line[19:] for line in lines if line.startswith("Sec-WebSocket-Key: "))
        keys.append(int.from_bytes(base64.b64decode(key, validate=True)))
        assert len(base64.b64decode(key)) == 16
    assert len(set(keys)) == 64
    always, never = (1 << 128) - 1, (1 << 128) - 1
    for number in keys:
        always, never = always & number, never & ~number
    assert (always, never) == (0, 0)


async def test_without_compression_no_extension_is_offered(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    plain = await request(nursery, "ws://peer.test/", compression=False)
    assert "sec-websocket-extensions" not in plain.lower()
    offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
    assert offer in await request(nursery, "ws://peer.test/")


# The answer.


async def trickle(stream: trio.abc.Stream) -> None:
    """Send a good answer, one byte each second."""
    peer = Peer(stream)
    await peer.read_request()
    with suppress(trio.BrokenResourceError):  # when the client has closed
        for byte in peer.response():
            await trio.sleep(1)
            await peer.send(bytes([byte]))


@pytest.mark.parametrize("timeout", [5, 60])
async def test_bytes_of_an_answer_do_not_extend_open_timeout(
    timeout: int, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    nursery.start_soon(trickle, theirs)
    start = trio.current_time()
    error = await failure_to_open("ws://peer.test/", stream=ours, open_timeout=timeout)
    assert isinstance(error.__cause__, TimeoutError)
    assert f"open_timeout ({timeout} seconds)" in str(error)
    assert trio.current_time() - start == pytest.approx(timeout)


@pytest.mark.parametrize(
    ("status", "header"),
    [
        ("301 Moved Permanently", "Location: wss://other.test/"),
        ("400 Bad Request", "X-Reason: none"),
        ("401 Unauthorized", 'WWW-Authenticate: Basic realm="x"'),
        ("403 Forbidden", "X-Reason: none"),
        ("407 Proxy Authentication Required", "Proxy-Authenticate: Basic"),
        ("426 Upgrade Required", "Upgrade: h2c"),
        ("429 Too Many Requests", "Retry-After: 30"),
        ("500 Internal Server Error", "X-Trace: 1"),
        ("503 Service Unavailable", "Retry-After: Fri, 01 Jan 2100 00:00:00 GMT"),
    ],
)
async def test_refusals_status_headers_and_body_are_the_errors(
    status: str, header: str, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    peer = Peer(theirs)

    async def refuse() -> None:
        await peer.read_request()
        body = b"why" * 2000
        await peer.send(f"HTTP/1.1 {status}\r\n{header}\r\nContent-Length: 6000\r\n\r\n".encode())
        await peer.send(body)

    nursery.start_soon(refuse)
    error = await failure_to_open("ws://peer.test/", stream=ours)
    assert isinstance(error, HandshakeError)
    name, value = header.split(": ", 1)
    assert (error.status, error.headers[name]) == (int(status[:3]), value)
    assert error.body == (b"why" * 2000)[:4096]
    assert f"expected status 101, got {status}" in str(error)
    assert ("wss://other.test/" in str(error)) == (error.status == 301)
