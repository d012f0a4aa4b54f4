"""A tunnel through an HTTP proxy, in memory, with good and bad answers of the proxy."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing

from trio_ws_dom import ProxyError
from trio_ws_dom._net._dial._proxy import parse_proxy
from trio_ws_dom._net._dial._tunnel import ResumedStream, open_tunnel

PROXY = parse_proxy("http://user:hunter2@proxy.test:3128")


async def tunnel(
    *answer: bytes, end: bool = False
) -> tuple[trio.abc.Stream, trio.abc.Stream, bytes]:
    """Return the tunnel after this answer, the client's own stream, and what it asked."""
    ours, theirs = trio.testing.memory_stream_pair()
    for piece in answer:
        await theirs.send_all(piece)
    if end:
        await theirs.send_eof()
    stream = await open_tunnel(ours, PROXY, "peer.test", 80)
    return stream, ours, bytes(await theirs.receive_some())


async def failure(*answer: bytes, end: bool = False) -> ProxyError:
    """Return the error for this answer, and check that it names the proxy without credentials."""
    with pytest.raises(ProxyError) as caught:
        await tunnel(*answer, end=end)
    message = str(caught.value)
    assert message.startswith("proxy http://proxy.test:3128: expected ")
    assert "hunter2" not in message
    return caught.value


async def test_tunnel_is_the_stream_to_the_proxy() -> None:
    """So it is as fast as with a socket."""
    stream, ours, request = await tunnel(b"HTTP/1.1 200 OK\r\n\r\n")
    assert stream is ours
    assert request.startswith(b"CONNECT peer.test:80 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic dXNlcjpodW50ZXIy\r\n" in request


async def test_ipv6_address_is_asked_for_in_brackets() -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    await theirs.send_all(b"HTTP/1.1 200 OK\r\n\r\n")
    await open_tunnel(ours, PROXY, "::1", 8080)
    assert (await theirs.receive_some()).startswith(b"CONNECT [::1]:8080 HTTP/1.1\r\nHost: [::1]:")


async def test_bytes_beside_the_proxys_answer_are_read_first() -> None:
    stream, _, _ = await tunnel(b"HTTP/1.1 200 OK\r\n", b"\r\n503 Full", b", sorry", end=True)
    got = [bytes(await stream.receive_some(size)) for size in (2, 5, None, 3, None, None)]
    assert got == [b"50", b"3 Ful", b"l, sorry", b"", b"", b""]


async def test_everything_after_the_first_bytes_is_the_stream_below() -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    await theirs.send_all(b"HTTP/1.1 200 OK\r\n\r\nfirst")
    stream = await open_tunnel(ours, PROXY, "peer.test", 80)
    assert isinstance(stream, ResumedStream)
    assert await stream.receive_some() == b"first"
    await theirs.send_all(b"second")
    assert await stream.receive_some() == b"second"
    await theirs.receive_some()  # the CONNECT
    await stream.wait_send_all_might_not_block()
    await stream.send_all(b"third")
    assert await theirs.receive_some() == b"third"
    await stream.aclose()
    assert await theirs.receive_some() == b""


async def test_reading_first_bytes_is_a_checkpoint() -> None:
    """Cancelled, it has read nothing."""
    stream, _, _ = await tunnel(b"HTTP/1.1 200 OK\r\n\r\nfirst")
    with trio.CancelScope() as scope:
        scope.cancel()
        await stream.receive_some()
    assert scope.cancelled_caught
    with trio.testing.assert_checkpoints():
        assert await stream.receive_some() == b"first"


@pytest.mark.parametrize("status", [302, 400, 403, 407, 502, 503, 504])
async def test_proxys_status_is_the_errors_and_in_the_message(status: int) -> None:
    error = await failure(b"HTTP/1.1 %d Oh no\r\nContent-Length: 9\r\n\r\n" % status)
    assert error.status == status
    assert f"expected status 2xx to CONNECT peer.test:80, got {status} Oh no" in str(error)


async def test_message_of_a_407_has_the_kind_of_credentials() -> None:
    error = await failure(b'HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm="office"\r\n\r\n')
    assert error.status == 407
    assert 'got 407 Auth (Proxy-Authenticate: Basic realm="office")' in str(error)


@pytest.mark.parametrize(
    ("answer", "end", "message"),
    [
        (b"SSH-2.0-x\r\n", False, "expected an HTTP response, got b'SSH-2.0-x"),
        (b"\x05\xff", False, "expected an HTTP response"),
        (b"", True, "got the end of the connection after 0 bytes"),
        (b"HTTP/1.1 200 OK\r\nX", True, "got the end of the connection after 18 bytes"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000, False, "at most 65536 bytes of headers"),
    ],
    ids=["SSH", "SOCKS", "nothing", "half a head", "giant"],
)
async def test_bad_answer_to_connect_has_no_status(answer: bytes, end: bool, message: str) -> None:
    error = await failure(answer, end=end)
    assert error.status is None
    assert message in str(error)


async def test_loss_of_the_connection_to_a_proxy_is_the_cause() -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    await theirs.aclose()
    with pytest.raises(
        ProxyError, match=r"expected an answer to CONNECT, got the loss of"
    ) as caught:
        await open_tunnel(ours, PROXY, "peer.test", 80)
    assert isinstance(caught.value.__cause__, trio.BrokenResourceError)


async def test_proxy_that_trickles_can_be_cancelled(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ours, theirs = trio.testing.memory_stream_pair()

    async def trickle() -> None:
        await theirs.send_all(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            await trio.sleep(1)
            await theirs.send_all(b"y")

    nursery.start_soon(trickle)
    with trio.move_on_after(30) as scope:
        await open_tunnel(ours, PROXY, "peer.test", 80)
    assert scope.cancelled_caught
