"""What docs/server.md says about a client that ends a server for all, and its remedy."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import trio
from support.raw_client import RawClient
from trio_websocket import serve_websocket

from trio_ws_dom import WebSocket, accept_websocket, open_websocket

if TYPE_CHECKING:
    from trio_websocket import WebSocketRequest

pytestmark = pytest.mark.real

PAGE: Final = Path(__file__).parents[2] / "docs" / "server.md"
HARMFUL: Final = ["Host: \xff", "Sec-WebSocket-Protocol: \xff", "Sec-WebSocket-Extensions: \xff"]


def documented() -> Any:
    """Return the page's ``serve_client``."""
    code = PAGE.read_text(encoding="utf-8").partition("## A client that means harm")[2]
    code = code.partition("```python\n")[2].partition("async def main")[0]
    scope: dict[str, Any] = {}
    exec(code, scope)
    return scope["serve_client"]


async def harm(port: int, header: str) -> None:
    """Send a request with this header, and wait until the server has ended TCP."""
    lines = [
        "GET / HTTP/1.1",
        *([] if header.startswith("Host") else ["Host: server.test"]),
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        header,
    ]
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all("\r\n".join([*lines, "", ""]).encode("latin-1"))
        await RawClient(stream).read_to_end()


@pytest.mark.parametrize("header", HARMFUL)
async def test_a_request_ends_a_server_for_all(header: str) -> None:
    """If it ends no longer, the page says too much."""

    async def handle(request: WebSocketRequest) -> None:
        async with accept_websocket(request) as ws:
            await ws.wait_closed()

    with pytest.raises(ExceptionGroup) as ended:
        async with trio.open_nursery() as nursery:
            serve = partial(serve_websocket, handle, "127.0.0.1", 0, None)
            server = await nursery.start(serve)
            await harm(server.port, header)
    assert ended.group_contains(UnicodeDecodeError)


async def test_the_documented_server_goes_on(
    nursery: trio.Nursery, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "server")
    listeners: list[trio.SocketListener] = await nursery.start(
        partial(trio.serve_tcp, documented(), 0, host="127.0.0.1")
    )
    port = listeners[0].socket.getsockname()[1]
    async with open_websocket(f"ws://127.0.0.1:{port}/") as ws:
        for header in HARMFUL:
            await harm(port, header)
        ws.send("still here")
        assert await ws.receive() == "still here"
    assert ws.readyState == WebSocket.CLOSED
    assert ws.closeEvent is not None
    assert ws.closeEvent.wasClean
    failed = [record for record in caplog.records if record.name == "server"]
    assert len(failed) == len(HARMFUL)
