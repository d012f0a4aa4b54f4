"""The servers of a storm, in the manner that the URL's path names."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import trio
from support.frames import TEXT, close, frame
from support.peer import Peer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

MESSAGES = frame(TEXT, b"x" * 50) * 1000


async def good(peer: Peer) -> None:
    """Answer the Close, and wait for the end."""
    await peer.send(peer.response())
    if await peer.read_to_close():
        await peer.send(close(1000))
        await peer.send_eof()
        await peer.read_to_end()


async def slow(peer: Peer) -> None:
    """Answer the Close, and wait for the end, after a 101 that comes byte by byte."""
    for byte in peer.response():
        await peer.send(bytes((byte,)))
        await trio.sleep(0.0003)
    if await peer.read_to_close():
        await peer.send(close(1000))
        await peer.send_eof()
        await peer.read_to_end()


async def silent(peer: Peer) -> None:
    """Never answer the Close."""
    await peer.send(peer.response())
    await peer.read_to_end()


async def mute(peer: Peer) -> None:
    """Do not even answer the handshake."""
    await peer.read_to_end()


async def stuck(peer: Peer) -> None:
    """Do not read until the very end."""
    await peer.send(peer.response())
    await trio.sleep(1)
    await peer.read_to_end()


async def flood(peer: Peer) -> None:
    """Send without end until the Close comes, then end TCP, maybe in the middle of a frame."""
    await peer.send(peer.response())

    async def send() -> None:
        with suppress(trio.BrokenResourceError):  # the reader notices, too
            while True:
                await peer.send(MESSAGES)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        await peer.read_to_close()
        nursery.cancel_scope.cancel()
    if peer.ended is None:
        await peer.send_eof()
        await peer.read_to_end()


MANNERS: dict[str, Callable[[Peer], Awaitable[None]]] = {
    "good": good,
    "slow": slow,
    "silent": silent,
    "mute": mute,
    "stuck": stuck,
    "flood": flood,
}


class Servers:
    """The servers for every connection of a storm."""

    def __init__(self) -> None:
        self.peers: dict[str, list[Peer]] = {}
        self.open = 0

    async def serve(self, stream: trio.SocketStream) -> None:
        peer = Peer(stream)
        self.open += 1
        try:
            async with stream:
                await self._play(peer)
        except trio.BrokenResourceError:
            peer.ended = "reset"
        finally:
            self.open -= 1

    async def _play(self, peer: Peer) -> None:
        try:
            await peer.read_request()
        except AssertionError:
            return  # the client has closed already
        path = peer.request.split(b" ")[1].decode().strip("/")
        self.peers.setdefault(path, []).append(peer)
        await MANNERS[path.partition("/")[0]](peer)
