"""A peer that outlives the client's trio run."""

from __future__ import annotations

import queue
import threading

import trio
from support.frames import TEXT, frame
from support.peer import Peer

HELLO = frame(TEXT, b"hello")


class Server(threading.Thread):
    """One connection's peer, on a thread. It sends two messages and answers the Close."""

    def __init__(self) -> None:
        super().__init__()
        self._ports: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.peer: Peer
        self.start()
        self.url = f"ws://127.0.0.1:{self._ports.get()}/"

    def run(self) -> None:
        trio.run(self._serve)

    async def _serve(self) -> None:
        async with (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0] as listener:
            self._ports.put(listener.socket.getsockname()[1])
            self.peer = Peer(await listener.accept())
        async with self.peer.stream:
            await self.peer.accept(then=HELLO + HELLO)
            await self.peer.finish()
