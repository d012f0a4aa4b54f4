"""Unusual places outside of a plain ``trio.run()``, as a host loop and an interpreter that ends."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap

import pytest
import trio
from support.checked import close_event
from support.patience import PATIENCE, SteadyClock
from support.peer import Peer
from support.scope_harness import PATIENT

from guarantee.peer_thread import Server
from trio_ws_dom import open_websocket


def test_a_scope_runs_and_ends_in_guest_mode() -> None:
    seen: list[object] = []

    async def main() -> None:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(serve_one, listener)
            port = listener.socket.getsockname()[1]
            with trio.CancelScope() as scope:
                async with open_websocket(f"ws://127.0.0.1:{port}") as ws:
                    scope.deadline = trio.current_time() + 0.05
                    await trio.sleep_forever()
            seen.append((close_event(ws).code, close_event(ws).wasClean))

    async def serve_one(listener: trio.SocketListener) -> None:
        async with listener:
            await Peer(await listener.accept()).serve()

    async def host() -> None:
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        trio.lowlevel.start_guest_run(
            main,
            run_sync_soon_threadsafe=loop.call_soon_threadsafe,
            done_callback=done.set_result,
            clock=SteadyClock(),
        )
        (await done).unwrap()

    asyncio.run(host())
    assert seen == [(1001, True)]


def test_a_scope_in_a_system_task_ends_when_the_main_task_is_over() -> None:
    server = Server()
    is_open = trio.Event()

    async def task() -> None:
        async with open_websocket(server.url, **PATIENT) as ws:
            is_open.set()
            try:
                await trio.sleep_forever()
            finally:
                for _ in range(10):
                    await trio.lowlevel.cancel_shielded_checkpoint()
                ws.send("goodbye")

    async def main() -> None:
        trio.lowlevel.spawn_system_task(task)
        await is_open.wait()

    trio.run(main)
    server.join()
    assert [got.payload for got in server.peer.frames] == [b"goodbye", (1001).to_bytes(2, "big")]


PROGRAM = """
import sys, threading, trio
from support.peer import Peer
from trio_ws_dom import open_websocket

is_open = threading.Event()

async def serve(listener):
    async with listener:
        await Peer(await listener.accept()).serve()

async def main():
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, listener)
        port = listener.socket.getsockname()[1]
        async with open_websocket(f"ws://127.0.0.1:{port}") as ws:
            is_open.set()
            await trio.sleep_forever()

def left_in_a_thread():
    threading.Thread(target=trio.run, args=(main,), daemon=True).start()
    assert is_open.wait(120)

def left_as_a_guest():
    from collections import deque
    jobs = deque()
    trio.lowlevel.start_guest_run(
        main, run_sync_soon_threadsafe=jobs.append, done_callback=print
    )
    while not is_open.is_set():
        if jobs:
            jobs.popleft()()
"""


@pytest.mark.real
@pytest.mark.parametrize("how", ["left_in_a_thread", "left_as_a_guest"])
def test_an_interpreter_ends_with_an_open_socket_without_noise_or_hang(
    how: str, request: pytest.FixtureRequest
) -> None:
    tests = request.config.rootpath / "tests"
    program = textwrap.dedent(PROGRAM) + f"\n{how}()\n"
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-c", program],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        cwd=tests,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == ""
    ours = [line for line in ran.stderr.splitlines() if "trio_ws_dom" in line]
    assert ours == []
