"""connect_websocket(), for objects that own their socket."""

from __future__ import annotations

import signal
from typing import Any

import pytest
import trio
from support.frames import TEXT, frame
from support.opened import new_pair
from support.peer import Peer

from trio_ws_dom import HandshakeError, WebSocket, WebSocketError, connect_websocket
from trio_ws_dom.testing import FakeServer


class Client:
    """Such an object, as in a port of an engine.io client."""

    def __init__(self, nursery: trio.Nursery) -> None:
        self._nursery = nursery

    async def connect(self, url: str, **options: Any) -> object:
        self.ws = await connect_websocket(self._nursery, url, **options)
        return await self.ws.receive()


async def test_what_the_server_says_first_is_never_lost(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    for _ in range(20):  # trio shuffles the tasks that are ready
        ours, theirs = new_pair()
        peer = Peer(theirs)

        async def serve(peer: Peer = peer) -> None:
            await peer.accept(then=frame(TEXT, b"hello"))
            await peer.finish()

        nursery.start_soon(serve)
        client = Client(nursery)
        assert await client.connect("ws://peer.test/", stream=ours) == "hello"
        assert client.ws.readyState == WebSocket.OPEN
        await client.ws.aclose()


async def test_it_is_open_with_what_was_negotiated(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    async def accept() -> None:
        await server.accept(protocol="chat")

    nursery.start_soon(accept)
    ws = await connect_websocket(nursery, server.url, ["chat"])
    assert (ws.readyState, ws.protocol, ws.status) == (WebSocket.OPEN, "chat", 101)
    await ws.aclose()


async def test_a_refusal_is_raised_and_the_nursery_lives_on(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    async def refuse() -> None:
        await server.refuse(403)

    nursery.start_soon(refuse)
    with pytest.raises(HandshakeError) as caught:
        await connect_websocket(nursery, server.url)
    assert caught.value.status == 403
    assert not nursery.cancel_scope.cancel_called


async def test_cancelled_while_connecting_nothing_is_left(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    before = len(nursery.child_tasks)
    with trio.move_on_after(1):
        await connect_websocket(nursery, server.url)
    assert trio.current_time() == pytest.approx(1)
    assert len(nursery.child_tasks) == before


async def test_the_nursery_waits_for_the_socket(server: FakeServer, autojump_clock: Any) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.accept)
        ws = await connect_websocket(nursery, server.url)

        async def close_later() -> None:
            await trio.sleep(100)
            ws.close(1000)

        nursery.start_soon(close_later)
    assert trio.current_time() >= 100
    assert ws.readyState == WebSocket.CLOSED


async def test_a_cancelled_nursery_closes_with_1001(
    server: FakeServer, autojump_clock: Any
) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(server.accept)
        ws = await connect_websocket(nursery, server.url)
        nursery.cancel_scope.cancel()
    assert ws.closeEvent is not None
    assert ws.closeEvent.wasClean
    assert server.connections[0].closeCode == 1001


async def test_an_exception_of_a_listener_comes_out_of_the_nursery(
    server: FakeServer, autojump_clock: Any
) -> None:
    boom = ValueError("boom")

    def listener(event: object) -> None:
        raise boom

    with pytest.raises(ExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.accept)
            ws = await connect_websocket(nursery, server.url)
            ws.onclose = listener
            ws.close()
    assert caught.group_contains(ValueError, match="boom")


async def test_no_nursery_is_refused(autojump_clock: Any) -> None:
    with pytest.raises(TypeError, match=r"expected nursery as a trio\.Nursery"):
        await connect_websocket("ws://peer.test/", "ws://peer.test/")  # type: ignore[arg-type]  # a mistake


async def test_a_server_that_is_down(server: FakeServer, nursery: trio.Nursery) -> None:
    server.is_up = False
    with pytest.raises(WebSocketError, match="refused"):
        await connect_websocket(nursery, server.url)


def test_ctrl_c_while_a_cancelled_call_waits_is_raised() -> None:
    ours, theirs = new_pair()
    scope = trio.CancelScope()
    came: list[BaseException] = []

    @trio.lowlevel.enable_ki_protection
    async def press() -> None:
        await Peer(theirs).read_request()
        scope.cancel()
        for _ in range(3):
            await trio.lowlevel.checkpoint()
        signal.raise_signal(signal.SIGINT)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(press)
            try:
                with scope:
                    await connect_websocket(nursery, "ws://peer.test/", stream=StubbornStream(ours))
            except KeyboardInterrupt as exc:
                came.append(exc)

    trio.run(main)
    assert len(came) == 1


class StubbornStream(trio.abc.Stream):
    """A stream whose end takes a while, whatever is cancelled."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self._stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        with trio.CancelScope(shield=True):
            for _ in range(10):
                await trio.lowlevel.checkpoint()
        await self._stream.aclose()
