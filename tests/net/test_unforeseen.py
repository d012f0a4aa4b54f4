"""Exceptions that no rule foresees, which end the connection and are its cause."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.failing import failure_to_open
from support.frames import close
from support.peer import Peer

from trio_ws_dom import ProxyError, WebSocket, WebSocketError, open_websocket


class OddStream(trio.abc.Stream):
    """A stream on which, from ``fails`` on, a method of that name raises what no stream should."""

    def __init__(self, stream: trio.abc.Stream, *fails: str) -> None:
        self._stream = stream
        self.fails = fails
        self.closed = False

    def _may(self, name: str) -> None:
        if name in self.fails:
            raise LookupError(name)

    async def send_all(self, data: Any) -> None:
        self._may("send_all")
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None: ...

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        self._may("receive_some")
        data = await self._stream.receive_some(max_bytes)
        self._may("received")
        return bytes(data)

    async def aclose(self) -> None:
        self.closed = True
        try:
            await self._stream.aclose()
        finally:
            self._may("aclose")


@pytest.mark.parametrize("url", ["ws://a..b/", f"ws://{'a' * 64}.test/"])
async def test_a_name_that_cannot_be_one(url: str) -> None:
    """The URL parser accepts it, as browsers' do, and it fails where it is resolved."""
    failure = await failure_to_open(url)
    assert isinstance(failure.__cause__, UnicodeError)


async def test_a_proxys_name_that_cannot_be_one() -> None:
    failure = await failure_to_open("ws://peer.test/", proxy="http://a..b:1")
    assert isinstance(failure.__cause__, ProxyError)


@pytest.mark.parametrize("name", ["send_all", "receive_some"])
async def test_odd_exception_in_the_handshake(name: str, autojump_clock: Any) -> None:
    """A stream of the program's own raises what no stream should."""
    stream = OddStream(trio.testing.memory_stream_pair()[0], name, "aclose")
    failure = await failure_to_open("ws://peer.test/", stream=stream)
    assert isinstance(failure.__cause__, LookupError)
    assert stream.closed


@pytest.mark.parametrize("name", ["send_all", "received"])
async def test_odd_exception_while_open(
    name: str, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """An exception from the writer or the reader is CLOSED and 1006, with the cause."""
    ours, theirs = trio.testing.memory_stream_pair()
    stream, peer = OddStream(ours), Peer(theirs)
    nursery.start_soon(peer.accept)
    with pytest.raises(WebSocketError) as caught:
        async with open_websocket("ws://peer.test/", stream=stream) as ws:
            stream.fails = (name, "aclose")
            ws.send("hello")
            await peer.send(close(1000) if name == "received" else b"")
            await ws.receive()
    assert isinstance(caught.value.__cause__, LookupError)
    assert (ws.readyState, stream.closed) == (WebSocket.CLOSED, True)
    assert ws.closeEvent is not None
    assert ws.closeEvent.code == 1006


async def test_odd_exception_at_the_end(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A stream that cannot even be closed does not make a clean end unclean."""
    ours, theirs = trio.testing.memory_stream_pair()
    nursery.start_soon(Peer(theirs).serve)
    async with open_websocket("ws://peer.test/", stream=OddStream(ours, "aclose")) as ws:
        pass
    assert ws.closeEvent is not None
    assert ws.closeEvent.wasClean
