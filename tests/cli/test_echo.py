"""``trio-ws-dom echo``, a server to try clients with."""

from __future__ import annotations

import re
import signal
import socket
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing
from support.cli import run
from support.echo_server import EchoServer, run_echo_server

from trio_ws_dom import HandshakeError, WebSocketError, open_websocket
from trio_ws_dom._cli import _echo
from trio_ws_dom._cli._output import FULL, FileSink

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real


REQUEST = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    with run_echo_server("--port", "0") as server:
        yield server


async def test_it_sends_back_what_it_is_sent(echo: EchoServer) -> None:
    assert re.fullmatch(r"ws://localhost:\d+", echo.url)
    async with open_websocket(f"{echo.url}/room?hunter2", ["chat.v1", "chat.v2"]) as ws:
        ws.send("hello")
        ws.send(b"\x00\xff")
        assert [await ws.receive(), await ws.receive()] == ["hello", b"\x00\xff"]
        assert ws.protocol == "chat.v1"
    assert echo.stop() == ["client 1 open, /room", "client 1 closed, 1000"]


async def test_a_path_asks_it_to_close(echo: EchoServer) -> None:
    async with open_websocket(f"{echo.url}/close/4401/log%20in%1b") as ws:
        event = await ws.wait_closed()
    assert (event.code, event.reason) == (4401, "log in\x1b")
    async with open_websocket(f"{echo.url}/close/1000") as ws:
        assert (await ws.wait_closed()).code == 1000
    rows = echo.stop()
    assert rows[:2] == [
        r"client 1 open, /close/4401/log in\x1b",
        r"client 1 closed, 4401 log in\x1b",
    ]
    assert rows[2:] == ["client 2 open, /close/1000", "client 2 closed, 1000"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/refuse/403", 403),
        ("/refuse/503", 503),
        ("/refuse/200", 400),
        ("/close/1001", 400),
        ("/close/4000/" + "%e2%82%ac" * 42, 400),
    ],
)
async def test_a_path_asks_it_to_refuse(echo: EchoServer, path: str, status: int) -> None:
    with pytest.raises(HandshakeError) as caught:
        async with open_websocket(echo.url + path):
            pass
    assert caught.value.status == status
    assert caught.value.body.startswith(b"Refused: ")
    assert echo.stop() == [f"client 1 refused with {status}"]


async def test_a_path_asks_it_to_drop_the_connection(echo: EchoServer) -> None:
    async with open_websocket(f"{echo.url}/drop") as ws:
        with pytest.raises(WebSocketError):
            await ws.receive()
    assert ws.closeEvent is not None
    assert ws.closeEvent.code == 1006
    assert echo.stop() == ["client 1 dropped"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_closes_its_connections_with_1001(echo: EchoServer, number: int) -> None:
    async with open_websocket(echo.url) as ws:
        ws.send("hello")
        await ws.receive()
        rows = await trio.to_thread.run_sync(echo.stop, number)
        event = await ws.wait_closed()
    assert (event.code, event.wasClean) == (1001, True)
    assert rows == ["client 1 open, /", "client 1 closed, 1001"]


async def test_a_client_that_does_not_read_is_not_read_from(echo: EchoServer) -> None:
    async with await trio.open_tcp_stream("localhost", echo.port) as stream:
        await stream.send_all(REQUEST)
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 101 ")
        message = b"\x82\xff" + (1 << 20).to_bytes(8, "big") + bytes(4 + (1 << 20))
        sent = 0
        with trio.move_on_after(1):
            while sent < 100:
                await stream.send_all(message)
                sent += 1
        assert sent < 50  # megabytes that the kernel holds in both directions, and few messages


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Protocol: \x80\r\nUpgrade: websocket\r\n\r\n",
    ],
)
async def test_a_client_that_speaks_no_websocket_harms_no_other(
    echo: EchoServer, junk: bytes
) -> None:
    for _ in range(3):
        with socket.create_connection(("localhost", echo.port)) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01" + bytes(7))  # resets
            client.sendall(junk)
    async with open_websocket(echo.url) as ws:
        ws.send("hello")
        assert await ws.receive() == "hello"


def test_a_port_that_is_in_use(echo: EchoServer) -> None:
    done = run("echo", "--port", str(echo.port))
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"Address already in use" in done.stderr
    assert b"--port 0 takes a free one" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_an_address_of_another_machine() -> None:
    done = run("echo", "--port", "0", "--host", "192.0.2.1")
    assert done.returncode == 1
    assert b"error: 192.0.2.1, port 0: Cannot assign requested address\n" in done.stderr


@pytest.mark.parametrize(
    ("host", "url"), [("::1", r"ws://\[::1\]:\d+"), ("0.0.0.0", r"ws://localhost:\d+")]
)
def test_it_listens_where_it_is_asked_to(host: str, url: str) -> None:
    with run_echo_server("--port", "0", "--host", host) as echo:
        assert re.fullmatch(url, echo.url)
        assert run(echo.url, "--wait", "0.3", "-m", "hello").stdout == b"hello\n"


@pytest.mark.parametrize("when", ["before it is answered", "later"])
async def test_a_client_that_is_lost_harms_no_other(echo: EchoServer, when: str) -> None:
    for _ in range(10):
        async with await trio.open_tcp_stream("localhost", echo.port) as stream:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01" + bytes(7))  # resets
            await stream.send_all(REQUEST)
            if when == "later":
                assert (await stream.receive_some()).startswith(b"HTTP/1.1 101 ")
    async with open_websocket(echo.url) as ws:
        ws.send("hello")
        assert await ws.receive() == "hello"
    rows = await trio.to_thread.run_sync(echo.stop)
    assert ("client 10 closed, 1006, not clean" in rows) or when == "before it is answered"


def test_rows_are_dropped_while_nobody_reads_them(tmp_path: Path) -> None:
    with (tmp_path / "rows").open("w") as file:
        sink = FileSink(file)
        show = _echo.row_writer(sink)
    for _ in range(FULL // 500):
        show("x" * 1000)
    assert len(sink._waiting) < FULL + 1100


async def test_a_client_without_a_request_is_left_after_a_while(
    autojump_clock: trio.testing.MockClock,
) -> None:
    client, stream = trio.testing.memory_stream_pair()
    shown: list[str] = []
    async with client:
        await _echo.EchoServer(shown.append)._serve(stream)  # type: ignore[arg-type]  # any stream will do
    assert (shown, trio.current_time()) == ([], 10)
