"""Run one client in one row, in a process that prints the result as one cell of the table."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import trio
from support.checked import parts

from guarantee.peers.clients import CONNECT, receive
from guarantee.peers.server import Server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LIMIT = 15.0
"""Seconds that a client has for leaving its scope."""

AFTERMATH = 0.5
"""Seconds for TCP to be over once control is out, as a scope that has ended has closed its
socket."""


class Boom(Exception):
    pass


BOOM = Boom()


@dataclass
class Outcome:
    """The result of one cell."""

    leaving: float | None = None  # when leaving began, by time.monotonic()
    seconds: float | None = None  # that leaving took; None if over LIMIT
    raised: str = ""  # the shape of what came out
    note: str = ""


class Play:
    """The program's part, as one method for each row."""

    def __init__(self, client: str) -> None:
        self.client = client
        self.outcome = Outcome()

    def leave(self) -> None:
        self.outcome.leaving = time.monotonic()

    async def exit(self, ws: Any) -> None:
        await trio.sleep(0.2)
        self.leave()

    async def boom(self, ws: Any) -> None:
        await trio.sleep(0.2)
        self.leave()
        raise BOOM

    async def cancel(self, ws: Any) -> None:
        await trio.sleep(0.2)
        self.leave()
        self.scope.cancel()
        await trio.sleep_forever()

    async def interrupt(self, ws: Any) -> None:
        await trio.sleep(0.2)
        self.leave()
        signal.raise_signal(signal.SIGINT)
        await trio.sleep_forever()

    async def read_to_end(self, ws: Any) -> None:
        try:
            while True:
                await receive(self.client, ws)
        except Exception as exc:  # each client has its own types, which are reported
            self.outcome.note = f"receive raises {type(exc).__name__}"
        self.leave()

    async def listener(self, ws: Any) -> None:
        def raise_boom(event: object) -> None:
            self.leave()
            raise BOOM

        ws.addEventListener("message", raise_boom)
        await trio.sleep_forever()

    async def main(self, url: str, body: Callable[[Any], Awaitable[None]] | None) -> None:
        with trio.CancelScope() as self.scope:
            try:
                if body is None:  # the handshake is not answered
                    with trio.move_on_after(0.3) as self.scope:
                        async with CONNECT[self.client](url):
                            raise AssertionError("it cannot have connected")
                else:
                    async with CONNECT[self.client](url) as ws:
                        await body(ws)
            except BaseException as exc:
                self.outcome.raised = shape(exc)
        now = time.monotonic()
        started = self.outcome.leaving
        self.outcome.seconds = 0.0 if started is None else now - started
        self.out_at = now
        with suppress(KeyboardInterrupt):
            await trio.sleep(AFTERMATH)


def shape(exc: BaseException) -> str:
    """Return the exception's type, with its contents if it is a group."""
    kind = type(exc).__name__
    if found := parts(exc):
        if is_cancelled(exc):
            return "Cancelled in groups"  # a cancel scope swallows these, too
        return f"{kind}({', '.join(map(shape, found))})"
    return kind


def is_cancelled(exc: BaseException) -> bool:
    """Return whether this is a Cancelled, or a group of nothing else."""
    if found := parts(exc):
        return all(map(is_cancelled, found))
    return isinstance(exc, trio.Cancelled)


ROWS: dict[str, tuple[str, Callable[[Play], Callable[[Any], Awaitable[None]]] | None]] = {
    "normal exit": ("good", lambda play: play.exit),
    "body raises": ("good", lambda play: play.boom),
    "body cancelled": ("good", lambda play: play.cancel),
    "Ctrl-C in the body": ("good", lambda play: play.interrupt),
    "listener raises": ("floods", lambda play: play.listener),
    "peer closes first (4321)": ("closes first", lambda play: play.read_to_end),
    "peer never answers the Close": ("silent", lambda play: play.exit),
    "same, body cancelled": ("silent", lambda play: play.cancel),
    "peer floods, nobody reads, exit": ("floods", lambda play: play.exit),
    "same, body cancelled ": ("floods", lambda play: play.cancel),
    "cancelled while connecting": ("mute", None),
}
"""The server's manner and the program's part, by row."""


def report(server: Server, play: Play) -> None:
    record = server.record
    late = record.ended_at is None or record.ended_at > getattr(play, "out_at", 0) + AFTERMATH
    facts = {**asdict(play.outcome), **asdict(record), "tcp_open": late}
    print(json.dumps(facts), flush=True)


def main(client: str, row: str) -> None:
    manner, body = ROWS[row]
    server = Server(manner)
    play = Play(client)

    def give_up() -> None:
        report(server, play)
        os._exit(1)

    watchdog = threading.Timer(LIMIT, give_up)
    watchdog.daemon = True
    watchdog.start()
    with suppress(KeyboardInterrupt):
        trio.run(play.main, server.url, body and body(play))
    watchdog.cancel()
    report(server, play)


if __name__ == "__main__":
    main(*sys.argv[1:])
