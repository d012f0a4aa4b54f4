"""Programs that Ctrl-C interrupts, each in its own process, and the peers that they talk to."""

from __future__ import annotations

import json
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import trio
from support.child_process import started
from support.frames import TEXT, frame
from support.peer import Peer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable


PROGRAM = """
import json, sys, trio, trio.testing
from support.patience import PATIENCE, run_steadily
from trio_ws_dom import WebSocket, open_websocket
from trio_ws_dom._net._connection import Connection

url, sockets, events, notes = sys.argv[1], [], [], []

def say(word):
    print(word, flush=True)

def watch(ws):
    sockets.append(ws)
    for name in ("error", "close"):
        ws.addEventListener(name, lambda event: events.append(event.type))

PATIENT = {"close_timeout": PATIENCE, "cancelled_close_timeout": PATIENCE}

async def main():
    %s

try:
    run_steadily(main)
    outcome = "nothing"
except KeyboardInterrupt:
    outcome = "bare"
except BaseException as exc:
    outcome = repr(exc)
(ws,) = sockets
end = ws.closeEvent
say(json.dumps({"outcome": outcome, "events": events, "state": ws.readyState, "notes": notes,
                "code": end and end.code, "clean": end and end.wasClean}))
"""
"""The child. It writes ``ready`` when it may be interrupted, and at the end a report."""

IN_THE_BODY = """
    async with open_websocket(url, **PATIENT) as ws:
        watch(ws)
        say("ready")
        await trio.sleep_forever()
"""

IN_THE_BODY_WITH_A_SHORT_BOUND = """
    async with open_websocket(url, close_timeout=PATIENCE, cancelled_close_timeout=0.2) as ws:
        watch(ws)
        say("ready")
        await trio.sleep_forever()
"""

IN_RECEIVE = """
    async with open_websocket(url, **PATIENT) as ws:
        watch(ws)
        say("ready")
        async for message in ws:
            notes.append(message)
"""

IN_A_BARE_NURSERY = """
    async with trio.open_nursery() as nursery:
        ws = WebSocket(url, nursery=nursery, **PATIENT)
        watch(ws)
        ws.onopen = lambda event: say("ready")
        await ws.wait_closed()
"""

IN_THE_EXIT = """
    async with open_websocket(url, close_timeout=PATIENCE, cancelled_close_timeout=0.2) as ws:
        watch(ws)
"""

IN_THE_EXIT_WITH_LONG_BOUNDS = """
    limit_close = Connection.limit_close
    Connection.limit_close = lambda self, moment: (limit_close(self, moment), say("hurried"))
    async with open_websocket(url, **PATIENT) as ws:
        watch(ws)
"""

IN_A_SPINNING_LISTENER = """
    def spin(event):
        say("ready")
        while True:
            pass
    async with open_websocket(url, **PATIENT) as ws:
        watch(ws)
        ws.onmessage = spin
        await trio.sleep_forever()
"""

IN_A_FLOOD = """
    def count(event):
        notes[:] = [1] if not notes else [notes[0] + 1]
        if notes == [1000]:
            say("ready")
    async with open_websocket(url, **PATIENT) as ws:
        watch(ws)
        ws.onmessage = count
        await trio.sleep_forever()
"""

IN_AN_ASYNC_LISTENER = """
    async def spin(event):
        await trio.lowlevel.checkpoint()
        say("ready")
        while True:
            pass
    async with open_websocket(url, **PATIENT) as ws:
        watch(ws)
        ws.onmessage = spin
        await trio.sleep_forever()
"""

IN_A_SLEEPING_LISTENER = """
    begun = trio.Event()
    async def sleep(event):
        try:
            begun.set()
            await trio.sleep_forever()
        except BaseException as exc:
            notes.append(type(exc).__name__)
            raise
    async with open_websocket(url, **PATIENT) as ws:
        watch(ws)
        ws.onmessage = sleep
        await begun.wait()
        await trio.testing.wait_all_tasks_blocked()
        say("ready")
        await trio.sleep_forever()
"""


class Program:
    """One of these programs and its connection to us.

    Attributes:
      peer: the server's end, once the connection is accepted.
      report: what the program writes at its end.
    """

    def __init__(self, listener: trio.SocketListener, nursery: trio.Nursery) -> None:
        self._listener = listener
        self._nursery = nursery
        self.report: dict[str, Any] = {}

    @asynccontextmanager
    async def runs(
        self, body: str, part: Callable[[Peer], Awaitable[None]]
    ) -> AsyncGenerator[Program]:
        """Run a program against a peer, in a block that ends with the program's report."""
        url = f"ws://127.0.0.1:{self._listener.socket.getsockname()[1]}/"
        over = trio.Event()
        self._nursery.start_soon(self._serve, part, over)
        async with started("-c", PROGRAM % body.strip(), url) as self._child:
            yield self
            while not (line := await self._child.line()).startswith("{"):
                pass  # other output while it is interrupted
            self.report = json.loads(line)
            await self._child.ends()
        await over.wait()

    async def _serve(self, part: Callable[[Peer], Awaitable[None]], over: trio.Event) -> None:
        self.peer = Peer(await self._listener.accept())
        async with self.peer.stream:
            await part(self.peer)
        over.set()

    async def says(self, word: str) -> None:
        assert await self._child.line() == word

    def interrupt(self) -> None:
        self._child.send_signal(signal.SIGINT)

    def check(self, *, clean: bool) -> None:
        """Check that it raised a bare KeyboardInterrupt, CLOSED and with exactly one close
        event."""
        assert self.report["outcome"] == "bare"
        assert (self.report["state"], self.report["events"]) == (3, ["close"])
        assert self.report["clean"] is clean


async def serve_with_a_message(peer: Peer) -> None:
    await peer.accept(then=frame(TEXT, b"hello"))
    await peer.finish()


async def serve_with_a_flood(peer: Peer) -> None:
    """Send without end until the Close arrives, then complete the closing handshake."""
    await peer.accept()

    async def flood() -> None:
        while True:
            await peer.send(frame(TEXT, b"x" * 50) * 1000)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(flood)
        got = await peer.read_to_close()
        nursery.cancel_scope.cancel()
    assert got is not None
    # the flood may be cut in the middle of a frame, so only TCP can be ended well


async def listen_and_say_nothing(peer: Peer) -> None:
    await peer.accept()
    await peer.read_to_end()
