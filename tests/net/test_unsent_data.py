"""Data that is queued when the peer closes, by what is still sent and how the end reports it."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest
import trio
import trio.testing
from support.frames import BINARY, CLOSE, TEXT, close, frame
from support.opened import socket_and_peer, stream_and_peer
from support.patience import PATIENCE
from support.peer import Frame, Peer
from support.transports import LateStream

from trio_ws_dom import WebSocket, WebSocketError, open_websocket
from trio_ws_dom._net._connection import EOF_GRACE

MIB = 1024 * 1024


async def over_sockets(nursery: trio.Nursery, **options: Any) -> tuple[WebSocket, Peer]:
    """Return a socket over TCP with small buffers, and its peer."""
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    listener.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    port = listener.socket.getsockname()[1]
    ws = WebSocket(f"ws://127.0.0.1:{port}/", nursery=nursery, **options)
    peer = Peer(await listener.accept())
    await listener.aclose()
    await peer.accept()
    while ws.readyState == WebSocket.CONNECTING:
        await trio.lowlevel.checkpoint()
    return ws, peer


async def test_a_peer_that_closes_and_reads_nothing(nursery: trio.Nursery) -> None:
    """With 20 MB queued, the peer sends a Close, reads nothing, and ends TCP."""
    ws, peer = await over_sockets(nursery)
    for _ in range(20):
        ws.send(bytes(MIB))
    await peer.send(close(4567, "bye"))
    await trio.sleep(0.2)
    await peer.stream.aclose()
    event = await ws.wait_closed()
    assert (event.code, event.reason, event.wasClean) == (4567, "bye", False)
    assert ws.close_sent is None
    assert isinstance(ws.failure, WebSocketError)
    unsent = int(str(ws.failure).rpartition("; ")[2].split()[0])
    assert 10 * MIB < unsent <= 20 * MIB
    assert f"{unsent} bytes of messages were not sent" in str(ws.failure)
    with pytest.raises(WebSocketError, match="were not sent"):
        await ws.receive()


async def test_a_peer_that_closes_and_reads_on_slowly(nursery: trio.Nursery) -> None:
    """The message in progress is finished, the others are dropped, and the echo follows at once."""
    ws, peer = await over_sockets(nursery)
    for _ in range(200):
        ws.send(bytes(65536))
    await peer.send(close(4567))
    with trio.fail_after(PATIENCE):
        while ws.readyState != WebSocket.CLOSING:
            await trio.sleep(0.01)
    await trio.sleep(0.1)
    got: list[Frame] = []
    while (one := await peer.next()) is not None:
        got.append(one)
        if one.opcode == CLOSE:
            await peer.stream.aclose()
            break
    messages = [one for one in got if one.opcode == BINARY]
    assert all(len(one.payload) == 65536 for one in messages)
    assert len(messages) < 150
    assert got[-1].opcode == CLOSE
    event = await ws.wait_closed()
    assert (event.code, event.wasClean) == (4567, False)
    assert f"{(200 - len(messages)) * 65536} bytes of messages" in str(ws.failure)
    assert ws.close_sent is not None
    assert ws.close_sent.closeCode == 4567


@pytest.mark.parametrize("kind", ["memory", "sockets"])
async def test_a_small_queue_leaves_whole_and_the_end_is_clean(
    kind: str, nursery: trio.Nursery
) -> None:
    ws, peer = await (over_sockets(nursery) if kind == "sockets" else socket_and_peer(nursery))
    ws.onmessage = lambda event: [ws.send(f"answer {number}") for number in range(50)]
    await peer.send(frame(TEXT, b"question") + close(4567))
    await peer.read_to_close()
    await peer.stream.aclose()
    answers = [one.payload for one in peer.frames if one.opcode == TEXT]
    assert answers == [b"answer %d" % number for number in range(50)]
    event = await ws.wait_closed()
    assert (event.code, event.wasClean) == (4567, True)


async def test_a_message_in_fragments_ends_at_its_next_fragment(
    nursery: trio.Nursery, autojump_clock: Any
) -> None:
    pair = trio.testing.lockstep_stream_pair()
    stream, peer = await stream_and_peer(nursery, pair=pair)

    async def send() -> None:
        with pytest.raises(WebSocketError):
            await stream.writable.send_fragments(["x" * 40_000] * 10)

    nursery.start_soon(send)
    await trio.testing.wait_all_tasks_blocked()
    await peer.send(close(4567))
    await trio.testing.wait_all_tasks_blocked()
    await peer.read_to_close()
    await peer.stream.aclose()
    *fragments, echo = peer.frames
    assert 1 <= len(fragments) <= 2
    assert echo.opcode == CLOSE


async def test_what_the_socket_has_taken_does_not_count_when_its_echo_is_dispatched(
    nursery: trio.Nursery,
) -> None:
    ws, peer = await over_sockets(nursery)
    amounts: list[int] = []
    ws.onmessage = lambda event: amounts.append(ws.bufferedAmount)

    async def echo() -> None:
        while (got := await peer.next()) is not None and got.opcode == TEXT:
            await peer.send(frame(TEXT, got.payload))
        await peer.send(close(1000))
        await peer.stream.aclose()

    nursery.start_soon(echo)
    for _ in range(200):
        ws.send("hello")
        count = len(amounts)
        while len(amounts) == count:
            await trio.lowlevel.checkpoint()
    assert amounts == [0] * 200
    await ws.aclose()


async def test_nothing_is_written_to_a_number_that_is_another_files_by_now(
    nursery: trio.Nursery,
) -> None:
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    peer = Peer(trio.SocketStream(trio.socket.from_stdlib_socket(theirs)))
    raw = trio.socket.from_stdlib_socket(ours)
    nursery.start_soon(peer.accept)
    stream = trio.SocketStream(raw)
    reader, writer = os.pipe()
    async with open_websocket("ws://peer.test/", stream=stream, close_timeout=0.1) as ws:
        number = ours.fileno()
        trio.lowlevel.notify_closing(ours)
        ours.close()  # its former owner closes it
        os.dup2(writer, number)  # the number now belongs to another file
        ws.send("secret")
    os.set_blocking(reader, False)
    with pytest.raises(BlockingIOError):
        os.read(reader, 100)
    for each in (reader, writer, number):
        os.close(each)
    await peer.stream.aclose()


async def test_a_server_that_waits_for_our_end_of_tcp_costs_little(nursery: trio.Nursery) -> None:
    """Some servers answer the Close, and end TCP only after the client has (ejabberd)."""
    ended: list[float] = []
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    port = listener.socket.getsockname()[1]

    async def serve() -> None:
        peer = Peer(await listener.accept())
        await peer.accept()
        await peer.read_to_close()
        await peer.send(close(1000))
        await peer.read_to_end()
        ended.append(trio.current_time())
        await peer.stream.aclose()

    nursery.start_soon(serve)
    async with open_websocket(f"ws://127.0.0.1:{port}/") as ws:
        pass
    assert ws.closeEvent is not None
    assert ws.closeEvent.wasClean
    assert ended  # it saw our end, and did not wait for its own timeout
    await listener.aclose()


async def test_a_stream_that_can_be_half_closed_is_as_tcp(
    nursery: trio.Nursery, autojump_clock: object
) -> None:
    ws, peer = await socket_and_peer(nursery)

    async def end_after_the_client() -> None:
        await peer.read_to_close()
        await peer.send(close(1000))
        await peer.read_to_end()
        await peer.stream.aclose()

    nursery.start_soon(end_after_the_client)
    start = trio.current_time()
    await ws.aclose()
    assert trio.current_time() - start == pytest.approx(EOF_GRACE)
    assert ws.closeEvent is not None
    assert ws.closeEvent.wasClean


class BadlyHalfCloseable(LateStream, trio.abc.HalfCloseableStream):
    """A stream whose ``send_eof`` raises, or waits for ever."""

    def __init__(self, stream: trio.abc.Stream, *, raises: bool) -> None:
        super().__init__(stream, prompt=9)  # also the handshake
        self._raises = raises

    async def send_eof(self) -> None:
        if self._raises:
            raise trio.BusyResourceError
        await trio.sleep_forever()


@pytest.mark.parametrize("raises", [True, False])
async def test_a_half_close_that_fails_or_hangs_does_not_hide_the_end_of_tcp(
    raises: bool, nursery: trio.Nursery, autojump_clock: object
) -> None:
    ours, theirs = trio.testing.memory_stream_pair()
    ws, peer = await socket_and_peer(
        nursery, pair=(BadlyHalfCloseable(ours, raises=raises), theirs)
    )

    async def end_after_a_second() -> None:
        await peer.read_to_close()
        await peer.send(close(1000))
        await trio.sleep(1)
        await peer.stream.aclose()

    nursery.start_soon(end_after_a_second)
    start = trio.current_time()
    await ws.aclose()
    assert trio.current_time() - start == pytest.approx(1)
    assert ws.closeEvent is not None
    assert ws.closeEvent.wasClean
