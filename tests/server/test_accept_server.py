"""The server's end within whole servers, with real clients, the server's own end, and Ctrl-C."""

from __future__ import annotations

import signal
import socket
import struct
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.patience import PATIENCE
from support.raw_client import RawClient
from trio_websocket import serve_websocket
from websockets.trio.client import connect

from trio_ws_dom import WebSocket, WebSocketError, accept_websocket, open_websocket

from .conftest import handle_stream

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from trio_websocket import WebSocketRequest

pytestmark = pytest.mark.real

Handler = "Callable[[WebSocketRequest], Awaitable[None]]"


async def start(nursery: trio.Nursery, handle: Any, **options: Any) -> str:
    """Run a server on loopback, and return its URL."""
    serve = partial(serve_websocket, handle, "127.0.0.1", 0, None, **options)
    server = await nursery.start(serve)
    return f"ws://127.0.0.1:{server.port}"


async def echo(ws: WebSocket) -> None:
    async for message in ws:
        ws.send(message)


async def raise_(ws: WebSocket) -> None:
    raise ValueError("boom")


async def be_cancelled(ws: WebSocket) -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        async with ws:
            await trio.sleep_forever()


WAYS: list[tuple[Any, int]] = [(WebSocket.receive, 1000), (raise_, 1001), (be_cancelled, 1001)]


@pytest.mark.parametrize(("block", "code"), WAYS)
async def test_our_own_client(
    nursery: trio.Nursery, block: Callable[[WebSocket], Awaitable[None]], code: int
) -> None:
    """Both ends have the same event model, and see the same clean close."""
    ended: list[WebSocket] = []

    async def handle(request: WebSocketRequest) -> None:
        try:
            async with accept_websocket(request, cancelled_close_timeout=20) as ws:
                ended.append(ws)
                await block(ws)
        except ValueError:
            pass

    async with open_websocket(await start(nursery, handle)) as client:
        client.send("hello")
        event = await client.wait_closed()
    await ended[0].wait_closed()
    assert ended[0].closeEvent is not None
    ends = [(end.code, end.wasClean) for end in (event, ended[0].closeEvent)]
    assert ends == [(code, True), (code, True)]


async def test_our_own_client_leaves(nursery: trio.Nursery) -> None:
    """A client that is cancelled sends 1001, and the server's loop ends with it."""
    ended: list[WebSocket] = []
    done = trio.Event()

    async def handle(request: WebSocketRequest) -> None:
        async with accept_websocket(request) as ws:
            ended.append(ws)
            await echo(ws)
        done.set()

    url = await start(nursery, handle)
    with trio.CancelScope() as scope:
        async with open_websocket(url) as client:
            client.send("hello")
            assert await client.receive() == "hello"
            scope.cancel()
    await done.wait()
    assert ended[0].closeEvent is not None
    assert (ended[0].closeEvent.code, ended[0].closeEvent.wasClean) == (1001, True)


@pytest.mark.parametrize(("block", "code"), WAYS)
async def test_a_client_of_another_make(
    nursery: trio.Nursery, block: Callable[[WebSocket], Awaitable[None]], code: int
) -> None:
    """The websockets library's client sees the same."""

    async def handle(request: WebSocketRequest) -> None:
        try:
            async with accept_websocket(request, "chat", cancelled_close_timeout=20) as ws:
                ws.send("welcome")
                await block(ws)
        except ValueError:
            pass

    async with connect(await start(nursery, handle), subprotocols=["chat"]) as client:  # type: ignore[list-item]  # a NewType of str
        assert client.subprotocol == "chat"
        assert await client.recv() == "welcome"
        await client.send("hello")
        async for _ in client:
            pass
        with pytest.raises(Exception, match=f"received {code}"):
            await client.recv()


@pytest.mark.parametrize("goodbye", [["goodbye"], []])
async def test_the_whole_server_is_cancelled(goodbye: list[str]) -> None:
    """If trio-websocket's reader is cancelled with the handler, the client sees 1001.

    Its answer is not received, and the handler does not wait for it.
    """
    ended: list[WebSocket] = []

    async def handle(request: WebSocketRequest) -> None:
        async with accept_websocket(request, cancelled_close_timeout=20) as ws:
            ended.append(ws)
            ws.send("hello")
            try:
                await trio.sleep_forever()
            finally:
                for word in goodbye:
                    ws.send(word)

    for _ in range(5):  # trio shuffles the order in which tasks see the cancellation
        async with trio.open_nursery() as clients:
            async with trio.open_nursery() as servers:
                client = WebSocket(await start(servers, handle), nursery=clients)
                assert await client.receive() == "hello"
                start_time = trio.current_time()
                servers.cancel_scope.cancel()
            assert trio.current_time() - start_time < 10
            assert [message async for message in client] == goodbye
        assert client.closeEvent is not None
        assert (client.closeEvent.code, client.closeEvent.wasClean) == (1001, True)
        server = ended.pop()
        assert server.closeEvent is not None
        assert server.closeEvent.code == 1006
        assert "server was cancelled" in str(server.failure)


async def test_the_reader_alone_is_cancelled(autojump_clock: Any) -> None:
    """A handler that goes on without trio-websocket's reader has ``close_timeout`` to leave."""
    ours, theirs = trio.testing.memory_stream_pair()
    ended: list[WebSocket] = []

    async def handle(request: WebSocketRequest) -> None:
        with trio.CancelScope(shield=True):
            async with accept_websocket(request, close_timeout=5) as ws:
                ended.append(ws)
                with pytest.raises(WebSocketError, match="server was cancelled"):
                    await ws.receive()

    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(handle_stream, handle, theirs)
            await RawClient(ours).call()
            nursery.cancel_scope.deadline = trio.current_time() + 1
    assert trio.current_time() == pytest.approx(6)
    assert ended[0].closeEvent is not None
    assert ended[0].closeEvent.code == 1006


async def test_reset_before_it_was_accepted() -> None:
    """A client that is gone has no address any more, but it is still a WebSocketError."""
    failures: list[WebSocketError] = []

    async def handle(request: WebSocketRequest) -> None:
        with pytest.raises(OSError):  # which one depends on the system
            while True:
                str(request.remote)
                await trio.sleep(0.01)
        with pytest.raises(WebSocketError, match="the client was gone") as caught:
            async with accept_websocket(request):
                raise AssertionError("the block is not entered")
        failures.append(caught.value)
        over.set()

    over = trio.Event()
    async with trio.open_nursery() as nursery:
        url = await start(nursery, handle)
        stream = await trio.open_tcp_stream("127.0.0.1", int(url.rpartition(":")[2]))
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with trio.move_on_after(0.2):
            await RawClient(stream).call()
        await stream.aclose()
        await over.wait()
        nursery.cancel_scope.cancel()
    assert failures[0].closeCode == 1006


async def test_an_answer_that_does_not_leave(autojump_clock: Any) -> None:
    """A client that takes nothing, not even the answer, has two seconds."""
    ours, theirs = trio.testing.lockstep_stream_pair()  # sends wait until they are read

    async def handle(request: WebSocketRequest) -> None:
        start = trio.current_time()
        with pytest.raises(WebSocketError, match="the client was gone"):
            async with accept_websocket(request):
                raise AssertionError("the block is not entered")
        assert trio.current_time() - start == pytest.approx(2)

    request = (
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(handle_stream, handle, theirs)
            await ours.send_all(request)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT can be sent to one process")
def test_ctrl_c_in_the_block_closes_with_1001() -> None:
    """Ctrl-C in the block comes out bare, and the client sees 1001."""
    ended: list[WebSocket] = []
    codes: list[int | None] = []

    async def call(stream: trio.abc.Stream) -> None:
        client = RawClient(stream)
        await client.call()
        with trio.CancelScope(shield=True):
            await client.finish()
        codes.append(client.close_code)

    async def main() -> None:
        ours, theirs = trio.testing.memory_stream_pair()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(call, ours)

            async def handle(request: WebSocketRequest) -> None:
                with pytest.raises(KeyboardInterrupt):
                    async with accept_websocket(request) as ws:
                        ended.append(ws)
                        signal.raise_signal(signal.SIGINT)

            await handle_stream(handle, theirs)

    trio.run(main)
    assert codes == [1001]
    assert ended[0].closeEvent is not None
    assert ended[0].closeEvent.code == 1001
