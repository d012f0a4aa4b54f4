"""The examples with streams, run by their commands, against real servers."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import trio
from support.frames import CLOSE, TEXT, close, frame
from support.patience import PATIENCE
from support.peer import Frame, Peer
from trio_websocket import serve_websocket

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

pytestmark = [pytest.mark.real, pytest.mark.slow]

ROOT = Path(__file__).parents[2]


async def run(example: str, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    """Run an example in the checkout with its warnings shown."""
    command = [sys.executable, "-W", "default", "-m", f"examples.{example}", *map(str, arguments)]
    with trio.fail_after(PATIENCE):
        return await trio.run_process(
            command, cwd=ROOT, capture_stdout=True, capture_stderr=True, check=False
        )


@pytest.mark.parametrize("size", [0, 1, 5_000_000])
async def test_a_file_gets_there(size: int, nursery: trio.Nursery, tmp_path: Path) -> None:
    """What is sent is what is received, and the bars reach their end."""
    handle = runpy.run_path(str(ROOT / "examples" / "meeting_point.py"))["MeetingPoint"]().handle
    server = await nursery.start(partial(serve_websocket, handle, "127.0.0.1", 0, None))
    url = f"ws://127.0.0.1:{server.port}/file"
    source, folder = tmp_path / "file.bin", tmp_path / "received"
    source.write_bytes(os.urandom(size))
    folder.mkdir()
    results: list[subprocess.CompletedProcess[bytes]] = []

    async def keep(example: str, argument: Path) -> None:
        results.append(await run(example, argument, url))

    async with trio.open_nursery() as both:
        both.start_soon(keep, "send_file", source)
        both.start_soon(keep, "receive_file", folder)
    for result in results:
        assert (result.returncode, result.stderr) == (0, b"")
        assert b"file.bin" in result.stdout
        assert b"100%" in result.stdout or size == 0
    assert (folder / "file.bin").read_bytes() == source.read_bytes()


async def serve(nursery: trio.Nursery, part: Callable[[Peer], Awaitable[None]]) -> str:
    """Have a peer wait for one connection, and return its URL."""
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]

    async def accept() -> None:
        async with listener:
            stream = await listener.accept()
        async with stream:
            await part(Peer(stream))

    nursery.start_soon(accept)
    host, port = listener.socket.getsockname()[:2]
    return f"ws://{host}:{port}/"


async def test_the_relay_carries_messages_and_the_close(nursery: trio.Nursery) -> None:
    """It carries messages both ways, and one server's close to the other."""
    listening: list[Peer] = []

    async def talk(peer: Peer) -> None:
        await peer.accept()
        assert await peer.next() == Frame(TEXT, b"hello")
        await peer.send(*(frame(TEXT, b"%d" % number) for number in range(1000)))
        await peer.send(close(4001, "enough"))
        await peer.read_to_close()

    async def listen(peer: Peer) -> None:
        listening.append(peer)
        await peer.accept()
        await peer.send(frame(TEXT, b"hello"))
        await peer.finish()

    one, other = await serve(nursery, talk), await serve(nursery, listen)
    result = await run("relay", one, other)
    assert (result.returncode, result.stderr) == (0, b"")
    assert f"{one} closed: 4001 enough" in result.stdout.decode()
    frames = listening[0].frames
    assert [got.payload for got in frames[:-1]] == [b"%d" % number for number in range(1000)]
    assert frames[-1] == Frame(CLOSE, (4001).to_bytes(2, "big") + b"enough")


async def test_the_relay_loses_a_server(nursery: trio.Nursery) -> None:
    """When one server vanishes, the other is closed without a code."""
    listening: list[Peer] = []

    async def vanish(peer: Peer) -> None:
        await peer.accept()
        await peer.next()

    async def listen(peer: Peer) -> None:
        listening.append(peer)
        await peer.accept()
        await peer.send(frame(TEXT, b"hello"))
        await peer.finish()

    result = await run("relay", await serve(nursery, vanish), await serve(nursery, listen))
    assert (result.returncode, result.stderr) == (0, b"")
    assert listening[0].frames == [Frame(CLOSE, b"")]


@pytest.mark.parametrize(
    ("example", "arguments"),
    [("relay", ()), ("send_file", (__file__,)), ("receive_file", (".",))],
)
async def test_a_server_that_hangs_up_is_reported_in_one_line(
    example: str, arguments: Any, nursery: trio.Nursery
) -> None:
    """A server that hangs up is reported in one line, without a traceback."""

    async def hang_up(peer: Peer) -> None:
        await peer.read_request()

    urls = [await serve(nursery, hang_up) for _ in range(2)]
    result = await run(example, *arguments, *(urls if example == "relay" else urls[:1]))
    nursery.cancel_scope.cancel()
    assert result.returncode == 1
    assert b"Traceback" not in result.stderr
    assert urls[0].encode() in result.stderr
