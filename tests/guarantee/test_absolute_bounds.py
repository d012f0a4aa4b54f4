"""The bound of a cancelled close is the moment of the cancellation plus the timeout, for all
sockets.

Time is virtual, and the peers accept and then send nothing, unless a test says otherwise.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.frames import close
from support.peer import Peer
from support.tls import client_context, server_context

from trio_ws_dom import (
    WebSocket,
    open_websocket,
    open_websocket_nursery,
    open_websocket_stream,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

TIMEOUT = 1.0


class Peers:
    """Make the options of connections whose peers are silent after the 101."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery
        self.all: list[Peer] = []

    def options(self, answers_after: float | None = None) -> dict[str, Any]:
        ours, theirs = trio.testing.memory_stream_pair()
        peer = Peer(theirs)
        self.all.append(peer)

        async def serve() -> None:
            await peer.accept()
            if answers_after is not None and await peer.read_to_close() is not None:
                await trio.sleep(answers_after)
                await peer.send(close(1000))
                await peer.stream.aclose()

        self._nursery.start_soon(serve)
        return {"stream": ours, "cancelled_close_timeout": TIMEOUT}


@pytest.fixture
def peers(nursery: trio.Nursery) -> Peers:
    return Peers(nursery)


async def seconds_after_cancelling(block: Callable[[trio.Event], Awaitable[object]]) -> float:
    """Cancel a block once it is ready, and return the seconds until it is out."""
    ready = trio.Event()
    async with trio.open_nursery() as nursery:
        with trio.CancelScope() as scope:
            start = 0.0

            async def cancel() -> None:
                nonlocal start
                await ready.wait()
                await trio.testing.wait_all_tasks_blocked()
                scope.cancel()
                start = trio.current_time()

            nursery.start_soon(cancel)
            await block(ready)
        return trio.current_time() - start


async def sleep(ready: trio.Event) -> None:
    ready.set()
    await trio.sleep_forever()


async def test_five_sockets_of_one_scope_entered_one_by_one(
    peers: Peers, autojump_clock: Any
) -> None:
    async def block(ready: trio.Event) -> None:
        async with open_websocket_nursery() as sockets:
            made = [sockets.connect("ws://peer.test/", **peers.options()) for _ in range(5)]
            await trio.testing.wait_all_tasks_blocked()
            a, b, c, d, e = made
            async with a, b, c, d, e:
                await sleep(ready)

    assert await seconds_after_cancelling(block) == pytest.approx(TIMEOUT)
    await trio.testing.wait_all_tasks_blocked()
    for peer in peers.all:
        await peer.read_to_end()
        assert peer.close_code == 1001


async def test_five_sockets_of_the_programs_nursery_entered_one_by_one(
    peers: Peers, autojump_clock: Any
) -> None:
    async def block(ready: trio.Event) -> None:
        async with trio.open_nursery() as nursery, AsyncExitStack() as stack:
            for _ in range(5):
                ws = WebSocket("ws://peer.test/", nursery=nursery, **peers.options())
                await trio.testing.wait_all_tasks_blocked()
                await stack.enter_async_context(ws)
            await sleep(ready)

    assert await seconds_after_cancelling(block) == pytest.approx(TIMEOUT)


@pytest.mark.parametrize("how", ["aclose", "with"])
async def test_a_block_that_waits_for_one_of_two_sockets(
    how: str, peers: Peers, autojump_clock: Any
) -> None:
    async def block(ready: trio.Event) -> None:
        async with open_websocket_nursery() as sockets:
            one, _ = (sockets.connect("ws://p.test/", **peers.options()) for _ in range(2))
            await trio.testing.wait_all_tasks_blocked()
            ready.set()
            if how == "aclose":
                await one.aclose()
            else:
                async with one:
                    pass

    assert await seconds_after_cancelling(block) == pytest.approx(TIMEOUT)
    await trio.testing.wait_all_tasks_blocked()
    codes: list[int | None] = []
    for peer in peers.all:
        await peer.read_to_end()
        codes.append(peer.close_code)
    assert codes == [1000, 1001]


async def test_a_block_that_waits_for_a_stream_beside_a_socket(
    peers: Peers, autojump_clock: Any
) -> None:
    async def block(ready: trio.Event) -> None:
        async with (
            open_websocket("ws://peer.test/", **peers.options()),
            open_websocket_stream("ws://peer.test/", **peers.options()) as stream,
        ):
            ready.set()
            async with stream.writable:
                pass

    assert await seconds_after_cancelling(block) == pytest.approx(TIMEOUT)


async def test_nested_scopes_whose_inner_peer_answers_late(
    peers: Peers, autojump_clock: Any
) -> None:
    async def block(ready: trio.Event) -> None:
        async with (
            open_websocket("ws://peer.test/", **peers.options()),
            open_websocket("ws://peer.test/", **peers.options(answers_after=0.49)),
        ):
            await sleep(ready)

    assert await seconds_after_cancelling(block) == pytest.approx(TIMEOUT)


async def test_four_nested_scopes_with_silent_peers(peers: Peers, autojump_clock: Any) -> None:
    async def block(ready: trio.Event) -> None:
        async with AsyncExitStack() as stack:
            for _ in range(4):
                await stack.enter_async_context(
                    open_websocket("ws://peer.test/", **peers.options())
                )
            await sleep(ready)

    assert await seconds_after_cancelling(block) == pytest.approx(TIMEOUT)
    for peer in peers.all:
        await peer.read_to_end()
        assert peer.close_code == 1001


async def test_a_task_within_the_block_that_waits(peers: Peers, autojump_clock: Any) -> None:
    async def block(ready: trio.Event) -> None:
        async with (
            open_websocket_nursery() as sockets,
            trio.open_nursery() as nursery,
        ):
            one, _ = (sockets.connect("ws://p.test/", **peers.options()) for _ in range(2))
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(one.aclose)
            await sleep(ready)

    assert await seconds_after_cancelling(block) == pytest.approx(TIMEOUT)


async def test_an_exit_that_is_under_way(peers: Peers, autojump_clock: Any) -> None:
    async def block(ready: trio.Event) -> None:
        async with (
            open_websocket("ws://peer.test/", **peers.options()),
            open_websocket("ws://peer.test/", **peers.options()),
        ):
            ready.set()

    assert await seconds_after_cancelling(block) == pytest.approx(TIMEOUT)


async def test_time_of_the_programs_own_is_not_charged(peers: Peers, autojump_clock: Any) -> None:
    """The outer socket still sends its Close, after a shielded clean-up of the program."""

    async def block(ready: trio.Event) -> None:
        async with open_websocket("ws://peer.test/", **peers.options()):
            try:
                await sleep(ready)
            finally:
                with trio.CancelScope(shield=True):
                    await trio.sleep(5)

    assert await seconds_after_cancelling(block) == pytest.approx(5 + TIMEOUT)
    (peer,) = peers.all
    await peer.read_to_end()
    assert peer.close_code == 1001


async def test_an_outer_scope_that_is_not_cancelled_keeps_its_socket(
    peers: Peers, autojump_clock: Any
) -> None:
    async with open_websocket("ws://peer.test/", **peers.options(answers_after=0)) as outer:
        inner = partial(open_websocket, "ws://peer.test/", **peers.options())

        async def block(ready: trio.Event) -> None:
            async with inner():
                await sleep(ready)

        assert await seconds_after_cancelling(block) == pytest.approx(TIMEOUT)
        assert outer.readyState == WebSocket.OPEN


async def test_ctrl_c_that_comes_out_of_a_nursery_bounds_the_close(
    peers: Peers, autojump_clock: Any
) -> None:
    start = trio.current_time()
    with pytest.raises(BaseExceptionGroup):
        async with open_websocket("ws://peer.test/", **peers.options()):
            raise BaseExceptionGroup("of a nursery", [KeyboardInterrupt()])
    assert trio.current_time() - start == pytest.approx(TIMEOUT)


async def test_ctrl_c_in_a_listener_bounds_the_other_sockets_of_the_scope(
    peers: Peers, autojump_clock: Any
) -> None:
    """Ctrl-C ends the block once its own socket is CLOSED, and then the others have that bound."""

    def interrupted(event: object) -> None:
        raise KeyboardInterrupt

    start = trio.current_time()
    with pytest.raises(KeyboardInterrupt):
        async with open_websocket_nursery() as sockets:
            one, _ = (sockets.connect("ws://p.test/", **peers.options()) for _ in range(2))
            one.onopen = interrupted
            await trio.sleep_forever()
    assert trio.current_time() - start == pytest.approx(2 * TIMEOUT)


class BlockedTransport(trio.abc.Stream):
    """A transport that sends nothing after a while, and receives nothing."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self.is_blocked = False

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if self.is_blocked:
            await trio.sleep_forever()
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self._stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        await self._stream.aclose()


async def test_an_ssl_stream_of_the_caller_whose_transport_blocks(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    transport = BlockedTransport(ours)
    tls = trio.SSLStream(transport, client_context(), server_hostname="127.0.0.1")
    peer = Peer(trio.SSLStream(theirs, server_context(), server_side=True))
    nursery.start_soon(peer.accept)

    async def block(ready: trio.Event) -> None:
        async with open_websocket("wss://127.0.0.1/", stream=tls, cancelled_close_timeout=TIMEOUT):
            transport.is_blocked = True
            await sleep(ready)

    assert await seconds_after_cancelling(block) == pytest.approx(TIMEOUT)
