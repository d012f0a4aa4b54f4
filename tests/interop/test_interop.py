"""The client with third-party servers, over real sockets."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
import trio
from support.patience import PATIENCE

from trio_ws_dom import open_websocket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from trio_ws_dom import WebSocket

    from .conftest import Server

pytestmark = pytest.mark.interop

SIZES = [0, 1, 125, 126, 65535, 65536, 1 << 20]  # bytes


@pytest.fixture(params=[True, False], ids=["deflate", "plain"])
def compression(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(autouse=True)
async def no_hang() -> AsyncIterator[None]:
    with trio.fail_after(PATIENCE):
        yield


def text(size: int) -> str:
    """Return this many bytes of UTF-8, with characters of one to four bytes."""
    return ("aü€\N{GRINNING FACE}" * (size // 10)).ljust(size // 10 * 4 + size % 10)


def binary(size: int) -> bytes:
    """Return bytes that do not compress."""
    return random.Random(size).randbytes(size)


async def echo(ws: WebSocket, message: str | bytes) -> str | bytes:
    ws.send(message)
    return await ws.receive()


@pytest.mark.parametrize("size", SIZES)
async def test_text_comes_back(server: Server, compression: bool, size: int) -> None:
    """Sizes of every class come back twice, so that compression has a context."""
    async with open_websocket(server.url("echo"), compression=compression) as ws:
        for _ in range(2):
            assert await echo(ws, text(size)) == text(size)


@pytest.mark.parametrize("size", SIZES)
async def test_binary_comes_back(server: Server, compression: bool, size: int) -> None:
    """Sizes of every class come back twice, so that compression has a context."""
    async with open_websocket(server.url("echo"), compression=compression) as ws:
        for _ in range(2):
            assert await echo(ws, binary(size)) == binary(size)


@pytest.mark.can("fragments")
@pytest.mark.parametrize("size", SIZES)
async def test_fragments_are_joined(server: Server, compression: bool, size: int) -> None:
    """Where the server cuts bytes, text is cut within characters."""
    async with open_websocket(server.url("fragments"), compression=compression) as ws:
        assert await echo(ws, text(size)) == text(size)
        assert await echo(ws, binary(size)) == binary(size)


async def test_many_messages_keep_their_order(server: Server, compression: bool) -> None:
    """All are queued before the first comes back."""
    sent: list[str | bytes] = [f"message {i}" if i % 2 else b"%d" % i for i in range(1000)]
    async with open_websocket(server.url("echo"), compression=compression) as ws:
        for message in sent:
            ws.send(message)
        assert [await ws.receive() for _ in sent] == sent


async def test_compression_is_what_both_want(server: Server, compression: bool) -> None:
    """The extension is in use where the server has it and we offer it."""
    async with open_websocket(server.url("echo"), compression=compression) as ws:
        in_use = ws.extensions.startswith("permessage-deflate")
        assert in_use == (compression and server.make.deflate)


@pytest.mark.can("pings")
async def test_pings_are_answered(server: Server) -> None:
    async with open_websocket(server.url("ping")) as ws:
        assert await ws.receive() == "yes"


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (3001, "bye"), (4999, "x" * 123)])
async def test_our_close_completes_the_handshake(
    server: Server, compression: bool, code: int, reason: str
) -> None:
    """A close with code and reason completes the handshake, after what was sent has come back."""
    async with open_websocket(server.url("echo"), compression=compression) as ws:
        assert await echo(ws, "last words") == "last words"
        await ws.aclose(code, reason)
    assert ws.closeEvent is not None
    assert (ws.closeEvent.wasClean, ws.failure) == (True, None)
    assert ws.closeEvent.code == (code if server.make.echoes_code else 1000)


async def test_the_block_ends(server: Server) -> None:
    """Leaving the block is a clean close."""
    async with open_websocket(server.url("echo")) as ws:
        pass
    assert ws.closeEvent is not None
    assert (ws.closeEvent.code, ws.closeEvent.wasClean) == (1000, True)


async def test_the_server_closes(server: Server, compression: bool) -> None:
    """The server's code and reason arrive."""
    async with open_websocket(server.url("close"), compression=compression) as ws:
        assert [message async for message in ws] == []
    event = ws.closeEvent
    assert event is not None
    assert (event.code, event.reason, event.wasClean) == (3001, "the server's own", True)
