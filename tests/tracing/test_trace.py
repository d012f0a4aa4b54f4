"""The option ``trace``: what goes over the wire, told to the program."""

from __future__ import annotations

from typing import Any

import pytest
import trio
import trio.testing
from support.frames import PING, TEXT, close, frame
from support.peer import Peer
from support.scope_harness import SHORT, ScopeHarness
from support.transports import EventRecorder, Transport

from trio_ws_dom import (
    HandshakeError,
    TraceData,
    TraceEnd,
    TraceFrame,
    TraceHead,
    TraceRecord,
    WebSocketError,
    open_websocket,
    open_websocket_stream,
)
from trio_ws_dom._net._traced import TracedStream
from trio_ws_dom._socket._options import resolve


@pytest.fixture
async def harness(transport: Transport, nursery: trio.Nursery) -> ScopeHarness:
    return ScopeHarness(transport, nursery)


def brief(record: TraceRecord) -> tuple[str, str]:
    """The direction, and what it was."""
    match record:
        case TraceHead():
            return record.direction, record.start_line
        case TraceFrame():
            return record.direction, f"{record.name} {record.payload!r}"
        case _:
            return record.direction, type(record).__name__


async def test_a_connection_from_end_to_end(harness: ScopeHarness, clock: object) -> None:
    """The handshake, each frame, and the end of TCP, in the order in which they went."""
    records: list[TraceRecord] = []

    async def greet(peer: Peer) -> None:
        await peer.accept(then=frame(TEXT, b"hello"))
        await peer.next()
        await peer.finish()

    await harness.play(greet)
    options = harness.transport.options(trace=records.append)
    async with open_websocket(harness.transport.url, **options) as ws:
        assert await ws.receive() == "hello"
        ws.send(b"\x01")
    assert [brief(record) for record in records] == [
        ("sent", "GET / HTTP/1.1"),
        ("received", "HTTP/1.1 101 Switching Protocols"),
        ("received", "text b'hello'"),
        ("sent", "binary b'\\x01'"),
        ("sent", "close b'\\x03\\xe8'"),
        ("received", "close b'\\x03\\xe8'"),
        ("received", "TraceEnd"),
        ("sent", "TraceEnd"),
    ]
    assert {record.url for record in records} == {harness.transport.url}
    times = [record.elapsed for record in records]
    assert times == sorted(times)
    took = records[-1].time - records[0].time
    assert took == pytest.approx(times[-1] - times[0], abs=1e-5)


async def test_credentials_stay_out_of_the_url(harness: ScopeHarness, clock: object) -> None:
    """They are in the header, and nowhere else."""
    records: list[TraceRecord] = []
    await harness.play()
    url = harness.transport.url.replace("://", "://user:hunter2@")
    async with open_websocket(url, **harness.transport.options(trace=records.append)):
        pass
    assert "hunter2" not in repr(records)
    assert isinstance(records[0], TraceHead)
    assert ("Authorization", "Basic dXNlcjpodW50ZXIy") in records[0].headers
    assert "hunter2" not in "".join(map(str, records))


async def test_two_connections_are_told_apart(harness: ScopeHarness, clock: object) -> None:
    """By a number of their own."""
    records: list[TraceRecord] = []
    for _ in range(2):
        await harness.play()
        async with open_websocket(
            harness.transport.url, **harness.transport.options(trace=records.append)
        ):
            pass
    first, second = sorted({record.connection for record in records})
    assert [record.connection for record in records] == [first] * 6 + [second] * 6


async def test_payloads_limit(harness: ScopeHarness, clock: object) -> None:
    """256 bytes, unless the trace wants others."""

    class Greedy:
        payload_limit = 1000

        def __init__(self) -> None:
            self.records: list[TraceRecord] = []

        def __call__(self, record: TraceRecord) -> None:
            self.records.append(record)

    greedy = Greedy()
    records: list[TraceRecord] = []
    for trace in (greedy, records.append):
        await harness.play()
        async with open_websocket(
            harness.transport.url, **harness.transport.options(trace=trace)
        ) as ws:
            ws.send(bytes(2000))
    sizes = [
        len(record.payload)
        for record in greedy.records + records
        if isinstance(record, TraceFrame) and record.opcode == 2
    ]
    assert sizes == [1000, 256]


async def test_what_is_compressed_is_read(harness: ScopeHarness, clock: object) -> None:
    """As agreed in the handshake that it has seen."""
    records: list[TraceRecord] = []

    async def compress(peer: Peer) -> None:
        await peer.accept("Sec-WebSocket-Extensions: permessage-deflate")
        await peer.finish()

    await harness.play(compress)
    async with open_websocket(
        harness.transport.url, **harness.transport.options(trace=records.append)
    ) as ws:
        ws.send("Hello " * 100)
    (text,) = [one for one in records if isinstance(one, TraceFrame) and one.text]
    assert (text.compressed, text.inflated, text.length) == (True, True, 600)
    assert text.payload.startswith(b"Hello Hello")
    assert text.size < 100


async def test_a_refusal_is_seen(harness: ScopeHarness, clock: object) -> None:
    """With its body."""
    records: list[TraceRecord] = []

    async def refuse(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\n\r\nnot you")

    await harness.play(refuse)
    with pytest.raises(HandshakeError):
        async with open_websocket(
            harness.transport.url, **harness.transport.options(trace=records.append)
        ):
            pass
    assert brief(records[1]) == ("received", "HTTP/1.1 403 Forbidden")
    (body,) = [record for record in records if isinstance(record, TraceData)]
    assert body.payload == b"not you"


async def test_a_lost_connection_is_seen(nursery: trio.Nursery) -> None:
    """As the end of its direction, with the transport's word."""
    records: list[TraceRecord] = []
    ours, theirs = trio.testing.memory_stream_pair()
    peer = Peer(theirs)
    nursery.start_soon(peer.accept)
    async with open_websocket("ws://peer.test/", stream=ours, trace=records.append, **SHORT) as ws:
        ws.onmessage = None

        async def broken(max_bytes: int | None = None) -> bytes:
            raise trio.BrokenResourceError("the cable is gone")

        ours.receive_some = ours.send_all = broken  # type: ignore[assignment]  # a fault
        await theirs.send_all(frame(PING))
        await ws.wait_closed()
    ends = [record for record in records if isinstance(record, TraceEnd)]
    assert ("received", "the cable is gone") in [(one.direction, one.error) for one in ends]


async def test_writing_to_a_lost_connection_is_seen(nursery: trio.Nursery) -> None:
    """Likewise, of ours."""
    records: list[TraceRecord] = []
    ours, theirs = trio.testing.memory_stream_pair()
    nursery.start_soon(Peer(theirs).accept)
    async with open_websocket("ws://peer.test/", stream=ours, trace=records.append, **SHORT) as ws:

        async def broken(data: bytes) -> None:
            raise trio.BrokenResourceError("the cable is gone")

        ours.send_all = broken  # type: ignore[assignment, method-assign]  # a fault
        ws.send("x")
        await ws.wait_closed()
    ends = [record for record in records if isinstance(record, TraceEnd)]
    assert ("sent", "the cable is gone") in [(one.direction, one.error) for one in ends]


@pytest.mark.parametrize("at", range(8))
async def test_a_trace_that_raises(at: int, harness: ScopeHarness, clock: object) -> None:
    """As a listener's: at whatever record, it comes out of the scope, and is not called again."""
    calls = 0
    boom = ValueError("boom")

    def trace(record: TraceRecord) -> None:
        nonlocal calls
        calls += 1
        if calls == at + 1:
            raise boom

    async def greet(peer: Peer) -> None:
        if at > 0:  # else no request leaves
            await peer.accept(then=frame(TEXT, b"hello"))
            await peer.finish()

    await harness.play(greet)
    recorder = None
    with pytest.raises(ExceptionGroup) as caught:
        async with open_websocket(
            harness.transport.url, **harness.transport.options(trace=trace)
        ) as ws:
            recorder = EventRecorder(ws)
            ws.onmessage = None
            ws.send("x")
            if at < 4:
                await trio.sleep_forever()  # the scope is cancelled
    assert caught.value.exceptions[0] is boom
    assert calls == at + 1
    if recorder is not None:
        recorder.check()
        assert harness.peer.close_code == (1001 if at < 4 else 1000)


async def test_ctrl_c_in_a_trace(harness: ScopeHarness, clock: object) -> None:
    """It is no error of the trace's: it comes out bare."""

    def trace(record: TraceRecord) -> None:
        if isinstance(record, TraceFrame):
            raise KeyboardInterrupt

    await harness.play()
    with pytest.raises(KeyboardInterrupt):
        async with open_websocket(
            harness.transport.url, **harness.transport.options(trace=trace)
        ) as ws:
            ws.send("x")
            await trio.sleep_forever()
    assert harness.peer.close_code == 1001


async def test_streams_are_traced_too(harness: ScopeHarness, clock: object) -> None:
    """Each door takes it."""
    records: list[TraceRecord] = []
    await harness.play()
    options = harness.transport.options(trace=records.append)
    async with open_websocket_stream(harness.transport.url, **options) as stream:
        await stream.writable.send("x")
    assert ("sent", "text b'x'") in map(brief, records)


@pytest.mark.parametrize("trace", ["print", 1, trio.sleep])
async def test_what_is_no_trace(trace: Any) -> None:
    """A TypeError for what cannot be called at once."""
    with pytest.raises(TypeError, match="expected trace as a function"):
        async with open_websocket("ws://peer.test/", trace=trace):
            raise AssertionError("the block is never entered")


async def test_where_nobody_is(nursery: trio.Nursery) -> None:
    """Nothing went over a wire, so nothing is told."""
    records: list[TraceRecord] = []
    with pytest.raises(WebSocketError):
        async with open_websocket("ws://127.0.0.1:1/", trace=records.append):
            raise AssertionError("the block is never entered")
    assert records == []


async def test_an_onlooker_is_a_stream() -> None:
    """What it does not look at goes through."""
    settings = resolve("ws://peer.test/", (), {"trace": print})[1]
    ours, theirs = trio.testing.memory_stream_pair()
    asked = 0

    async def hook() -> None:
        nonlocal asked
        asked += 1

    ours.send_stream.wait_send_all_might_not_block_hook = hook
    await TracedStream(ours, settings, print).wait_send_all_might_not_block()
    assert asked == 1
    await theirs.aclose()


async def test_a_failing_connection_is_half_closed(nursery: trio.Nursery) -> None:
    """A server that waits for our end of TCP sees it behind the Close, traced or not."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    peers: list[Peer] = []

    async def break_a_rule() -> None:
        async with await listener.accept() as stream:
            peers.append(Peer(stream))
            await peers[0].accept(then=frame(TEXT, b"\xff"))
            await peers[0].read_to_end()

    nursery.start_soon(break_a_rule)
    records: list[TraceRecord] = []
    with trio.fail_after(30):
        async with open_websocket(f"ws://127.0.0.1:{port}/", trace=records.append) as ws:
            await ws.wait_closed()
    await trio.testing.wait_all_tasks_blocked()
    assert (peers[0].close_code, peers[0].ended) == (1007, "eof")
    assert ("sent", f"close {close(1007)[2:]!r}") in map(brief, records)
    await listener.aclose()


async def test_a_reset_is_one(nursery: trio.Nursery) -> None:
    """A socket that is cancelled without a goodbye resets TCP, traced or not."""
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    ended: list[str | None] = []
    over = trio.Event()

    async def listen() -> None:
        async with await listener.accept() as stream:
            peer = Peer(stream)
            await peer.accept()
            await peer.read_to_end()
            ended.append(peer.ended)
            over.set()

    nursery.start_soon(listen)
    options: dict[str, Any] = {"trace": print, "cancelled_close_timeout": 0}
    with trio.CancelScope() as scope:
        async with open_websocket(f"ws://127.0.0.1:{port}/", **options):
            scope.cancel()
            await trio.lowlevel.checkpoint()
    with trio.fail_after(30):
        await over.wait()
    assert ended == ["reset"]
    await listener.aclose()
