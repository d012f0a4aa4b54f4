"""``address_timeout`` goes on after an address that accepts TCP and then sends nothing."""

from __future__ import annotations

import errno
import math
from typing import TYPE_CHECKING, Any

import pytest
import trio
from support.checked import close_event
from support.failing import failure_to_open
from support.peer import Peer
from support.tls import client_context, server_context

from trio_ws_dom import open_websocket

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.fake_network import FakeNetwork

ONE, TWO = "192.0.2.1", "192.0.2.2"
HOST = {"peer.test": [ONE, TWO]}


async def serve(network: FakeNetwork, index: int, *, tls: bool = False) -> None:
    """Serve at the address that accepts at this place in the order, and be silent at the others."""
    while len(network.accepted) <= index:
        await trio.sleep(0.1)
    stream: trio.abc.Stream = network.accepted[index]
    if tls:
        stream = trio.SSLStream(
            stream, server_context("peer.test"), server_side=True, https_compatible=True
        )
    await Peer(stream).serve()


@pytest.mark.parametrize(("scheme", "timeout"), [("ws", 10), ("wss", 10), ("ws", 3)])
async def test_silent_address_is_followed_by_the_next(
    scheme: str,
    timeout: float,
    network: Callable[..., FakeNetwork],
    nursery: trio.Nursery,
    autojump_clock: Any,
) -> None:
    made = network(HOST)
    nursery.start_soon(lambda: serve(made, 1, tls=scheme == "wss"))
    options: Any = {} if timeout == 10 else {"address_timeout": timeout}
    start = trio.current_time()
    async with open_websocket(
        f"{scheme}://peer.test/", ssl_context=client_context(), **options
    ) as ws:
        assert trio.current_time() - start == pytest.approx(timeout, abs=0.2)
        assert made.addresses == [ONE, TWO]
        while await made.accepted[0].receive_some():  # the request, then the end
            pass
    assert close_event(ws).wasClean


async def test_silence_is_counted_again_after_tls(
    network: Callable[..., FakeNetwork], nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The first address completes TLS's handshake after 8 seconds, then sends nothing more."""
    made = network(HOST)

    async def half_serve() -> None:
        await trio.sleep(8)
        context = server_context("peer.test")
        stream = trio.SSLStream(made.accepted[0], context, server_side=True)
        await stream.do_handshake()

    nursery.start_soon(half_serve)
    nursery.start_soon(lambda: serve(made, 1, tls=True))
    start = trio.current_time()
    async with open_websocket("wss://peer.test/", ssl_context=client_context()):
        assert trio.current_time() - start == pytest.approx(18, abs=0.2)


async def test_address_that_has_begun_to_answer_is_waited_for(
    network: Callable[..., FakeNetwork], nursery: trio.Nursery, autojump_clock: Any
) -> None:
    made = network(HOST)

    async def trickle() -> None:
        while not made.accepted:
            await trio.sleep(0.1)
        peer = Peer(made.accepted[0])
        await peer.read_request()
        response = peer.response()
        await peer.send(response[:1])
        await trio.sleep(30)
        await peer.send(response[1:])
        await peer.finish()

    nursery.start_soon(trickle)
    async with open_websocket("ws://peer.test/"):
        assert made.addresses == [ONE]


@pytest.mark.parametrize("names", [{"peer.test": [ONE]}, HOST])
async def test_last_address_has_what_remains_of_open_timeout(
    names: Any, network: Callable[..., FakeNetwork], autojump_clock: Any
) -> None:
    network(names)
    start = trio.current_time()
    error = await failure_to_open("ws://peer.test/", open_timeout=30)
    assert isinstance(error.__cause__, TimeoutError)
    assert "within open_timeout (30 seconds), waiting for the server's answer" in str(error)
    assert trio.current_time() - start == pytest.approx(30)


async def test_infinite_address_timeout_stays_with_the_first_address(
    network: Callable[..., FakeNetwork], autojump_clock: Any
) -> None:
    made = network(HOST)
    await failure_to_open("ws://peer.test/", address_timeout=math.inf)
    assert made.addresses == [ONE]


async def test_silent_address_is_named_when_the_others_fail(
    network: Callable[..., FakeNetwork], autojump_clock: Any
) -> None:
    network(HOST, {TWO: errno.ECONNREFUSED})
    error = await failure_to_open("ws://peer.test/")
    assert str(error) == (
        f"ws://peer.test/: no address accepts connections:"
        f" {ONE}:80 (silent for address_timeout, 10 seconds), {TWO}:80 (connection refused)"
    )


async def test_address_that_was_slow_to_accept_is_tried_again(
    network: Callable[..., FakeNetwork], nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The first address had not answered when the second one accepted, which is then silent."""
    made = network(HOST, {ONE: 5.0})
    nursery.start_soon(lambda: serve(made, 1))
    async with open_websocket("ws://peer.test/"):
        assert made.addresses == [ONE, TWO, ONE]


async def test_trace_has_each_connection(
    network: Callable[..., FakeNetwork], nursery: trio.Nursery, autojump_clock: Any
) -> None:
    made = network(HOST)
    nursery.start_soon(lambda: serve(made, 1))
    records: list[Any] = []
    async with open_websocket("ws://peer.test/", trace=records.append):
        sent = [type(record).__name__ for record in records if record.direction == "sent"]
        assert sent == ["TraceHead", "TraceEnd", "TraceHead"]


@pytest.mark.parametrize(("answers", "seconds"), [(0, 30), (1, 40)])
async def test_silent_address_of_a_proxy_is_followed_by_the_next(
    answers: int,
    seconds: float,
    network: Callable[..., FakeNetwork],
    nursery: trio.Nursery,
    autojump_clock: Any,
) -> None:
    """Once the proxy has answered, the server behind it has what remains of ``open_timeout``."""
    made = network({"proxy.test": [ONE, TWO]})

    async def proxy() -> None:
        while len(made.accepted) <= answers:
            await trio.sleep(0.1)
        stream = made.accepted[answers]
        await stream.receive_some()
        await stream.send_all(b"HTTP/1.1 200 OK\r\n\r\n")
        await trio.sleep(30)
        await Peer(stream).serve()

    nursery.start_soon(proxy)
    start = trio.current_time()
    async with open_websocket("ws://peer.test/", proxy="http://proxy.test"):
        assert trio.current_time() - start == pytest.approx(seconds, abs=0.2)
