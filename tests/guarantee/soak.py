"""The soak, with thousands of sockets at once and thousands of cycles, and figures for each step.

Run it by ``python -m guarantee.soak --sockets 5000 --cycles 5000`` in the folder of the tests. The
server is a separate process, so that the figures are the client's alone.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import trio
from support.patience import PATIENCE, run_steadily
from support.peer import Peer
from support.transports import count_files, count_tasks

from trio_ws_dom import open_websocket, open_websocket_nursery

SPARE = 100
"""File descriptors for everything else."""

PATIENT: Final[dict[str, Any]] = {
    "serialize_connects": False,
    "open_timeout": 300,
    "close_timeout": 300,
}
"""Seconds. A crowd that leaves at once keeps the server busy for longer than any default bound, and
other tests check the bounds."""

IN_FLIGHT = 50
"""Cycles that run at the same time."""

MOST_GROWTH = 1.05
"""Memory at the end, relative to the start. trio's heap of deadlines keeps up to a thousand that
are over."""


class Row(NamedTuple):
    """What the process holds at one moment.

    Attributes:
      resident: KiB in memory. The allocator returns an arena when the last object in it is gone, so
        after a crowd it stays near the highest level, and shows little of what is alive.
      blocks: of memory that Python's objects have, to which a leak would add.
    """

    label: str
    resident: int
    blocks: int
    files: int
    tasks: int


class Figures:
    """Print and keep what the process holds."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._start = time.monotonic()

    def take(self, label: str) -> Row:
        gc.collect()
        row = Row(label, resident(), sys.getallocatedblocks(), count_files(), count_tasks())
        self.rows.append(row)
        seconds = time.monotonic() - self._start
        memory = f"{row.resident / 1024:8.1f} MiB {row.blocks:9} blocks"
        print(f"{label:20} {memory} {row.files:6} files {row.tasks:6} tasks {seconds:6.1f} s")
        return row


def resident() -> int:
    """Return the KiB in memory now, or the maximum so far where the system does not report it."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmRSS"))
        return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def allow_files(wanted: int) -> int:
    """Raise the limit of open files as far as needed and allowed, and return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        soft = min(wanted, hard) if hard != resource.RLIM_INFINITY else wanted
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


async def at_once(url: str, sockets: int, figures: Figures) -> None:
    """Open this many sockets, use each once, and leave."""
    opened = closed = 0
    async with open_websocket_nursery() as scope:
        every = [scope.connect(url, **PATIENT) for _ in range(sockets)]
        with trio.fail_after(10 * PATIENCE):
            for ws in every:
                if ws.readyState == ws.CONNECTING:
                    await ws.when("open", "close").receive()
                opened += ws.readyState == ws.OPEN
                ws.send("hello")
        figures.take(f"{opened} open at once")
    closed = sum(ws.closeEvent is not None and ws.closeEvent.wasClean for ws in every)
    print(f"{closed} of {sockets} closed clean")
    assert opened == closed == sockets


async def cycles(url: str, count: int, figures: Figures, seed: int) -> None:
    """Open, use and leave sockets over and over, some of them cancelled at a random moment."""
    chance = random.Random(seed)
    outcomes: dict[str, int] = {}
    left = iter(range(count))

    async def worker() -> None:
        for number in left:
            with trio.move_on_after(chance.choice([chance.uniform(0, 0.05), 30.0])) as scope:
                async with open_websocket(url, serialize_connects=False) as ws:
                    ws.send("hello" * chance.randrange(1000))
                    await ws.receive()
            outcome = "cancelled" if scope.cancelled_caught else "left"
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            if number in (count // 10, count // 2):
                figures.take(f"cycle {number}")

    async with trio.open_nursery() as nursery:
        for _ in range(IN_FLIGHT):
            nursery.start_soon(worker)
    print(f"cycles: {outcomes}")


async def soak(url: str, sockets: int, count: int, seed: int) -> Figures:
    figures = Figures()
    await cycles(url, min(count, 200), figures, seed)  # makes what is made once and kept
    before = figures.take("start")
    await at_once(url, sockets, figures)
    crowd = figures.take("all closed")
    await cycles(url, count, figures, seed)
    after = figures.take("end")
    for row in (crowd, after):
        assert (row.files, row.tasks) == (before.files, before.tasks), "files or tasks left over"
        assert row.blocks < before.blocks * MOST_GROWTH, f"{row.label}: objects are left over"
    assert after.resident < crowd.resident * MOST_GROWTH, "memory grew with the cycles"
    return figures


async def serve() -> None:
    """Run the server's process, which greets each client and answers its Close."""

    async def one(stream: trio.SocketStream) -> None:
        peer = Peer(stream, patience=float("inf"))  # a crowd takes its time
        try:
            await peer.accept(then=b"\x81\x05hello")
            await peer.finish()
        except (trio.BrokenResourceError, AssertionError):
            await trio.aclose_forcefully(stream)  # the client has given up

    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1", backlog=4096)
    print(listeners[0].socket.getsockname()[1], flush=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, one, listeners)
        await trio.to_thread.run_sync(sys.stdin.read)  # until the parent is gone
        nursery.cancel_scope.cancel()


def run(sockets: int, count: int, seed: int = 0) -> Figures:
    """Run the whole soak, with fewer sockets where the system does not allow so many files."""
    sockets = min(sockets, allow_files(sockets + SPARE) - SPARE)
    server = subprocess.Popen(
        [sys.executable, "-m", "guarantee.soak", "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    with server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            port = int(server.stdout.readline())
            return run_steadily(soak, f"ws://127.0.0.1:{port}", sockets, count, seed)
        finally:
            server.stdin.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="guarantee.soak", description=__doc__)
    parser.add_argument("--sockets", type=int, default=5000)
    parser.add_argument("--cycles", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        allow_files(1 << 16)
        trio.run(serve)
    else:
        run(arguments.sockets, arguments.cycles, arguments.seed)


if __name__ == "__main__":
    main()
