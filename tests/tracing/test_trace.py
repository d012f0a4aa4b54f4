"""The option ``trace``, which records for the program what goes over the wire."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import trio
import trio.testing
from support.frames import PING, TEXT, close, frame
from support.patience import PATIENCE
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
from trio_ws_dom._net._traced import SLICE_SIZE, TracedStream
from trio_ws_dom._socket._options import Arguments


@pytest.fixture
async def harness(transport: Transport, nursery: trio.Nursery) -> ScopeHarness:
    return ScopeHarness(transport, nursery)


def brief(record: TraceRecord) -> tuple[str, str]:
    """Return a record's direction and kind."""
    match record:
        case TraceHead():
            return record.direction, record.start_line
        case TraceFrame():
            return record.direction, f"{record.name} {record.payload!r}"
        case _:
            return record.direction, type(record).__name__


async def test_a_whole_connection_is_recorded_in_order(
    harness: ScopeHarness, clock: object
) -> None:
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


async def test_other_tasks_run_while_much_is_recorded(
    harness: ScopeHarness, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trio_ws_dom._net._traced.TURN_SECONDS", -1.0)
    turn = 0
    turns: Counter[int] = Counter()

    async def take_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await trio.lowlevel.checkpoint()

    async def flood(peer: Peer) -> None:
        await peer.accept(then=frame(TEXT, b"") * 5000)
        await peer.finish()

    def count(record: TraceRecord) -> None:
        turns[turn] += 1

    nursery.start_soon(take_turns)
    await harness.play(flood)
    options = harness.transport.options(trace=count)
    async with open_websocket(harness.transport.url, **options) as ws:
        for _ in range(5000):
            await ws.receive()
    assert turns.total() > 5000
    assert max(turns.values()) <= SLICE_SIZE + 1  # two slices, as trio shuffles


class Kept:
    """A trace that keeps its records.

    Args:
      attributes: of the trace, as the option documents them.
    """

    def __init__(self, **attributes: object) -> None:
        self.records: list[TraceRecord] = []
        vars(self).update(attributes)

    def __call__(self, record: TraceRecord) -> None:
        self.records.append(record)


@pytest.mark.parametrize("secrets", [False, True])
async def test_secrets_are_recorded_if_the_trace_asks_for_them(
    secrets: bool, harness: ScopeHarness, clock: object
) -> None:
    trace = Kept(secrets=secrets)
    await harness.play()
    url = harness.transport.url.replace("://", "://user:hunter2@") + "room?hunter2"
    async with open_websocket(url, **harness.transport.options(trace=trace)):
        pass
    request = trace.records[0]
    assert isinstance(request, TraceHead)
    assert (("Authorization", "Basic dXNlcjpodW50ZXIy") in request.headers) is secrets
    assert {record.url for record in trace.records} == {
        f"{harness.transport.url}room" + ("?hunter2" if secrets else "")
    }
    assert ("hunter2" in repr(trace.records)) is secrets
    assert ("hunter2" in str(request)) is secrets


async def test_each_connection_has_its_own_number(harness: ScopeHarness, clock: object) -> None:
    records: list[TraceRecord] = []
    for _ in range(2):
        await harness.play()
        async with open_websocket(
            harness.transport.url, **harness.transport.options(trace=records.append)
        ):
            pass
    first, second = sorted({record.connection for record in records})
    assert [record.connection for record in records] == [first] * 6 + [second] * 6


async def test_a_trace_sets_how_much_of_a_payload_it_gets(
    harness: ScopeHarness, clock: object
) -> None:
    greedy = Kept(payload_limit=1000)
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


async def test_compressed_messages_are_inflated(harness: ScopeHarness, clock: object) -> None:
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


async def test_a_refusal_is_recorded_with_its_body(harness: ScopeHarness, clock: object) -> None:
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


async def test_a_lost_connection_is_an_end_with_the_transports_error(nursery: trio.Nursery) -> None:
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


async def test_a_failed_write_is_an_end_with_the_transports_error(nursery: trio.Nursery) -> None:
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
async def test_what_a_trace_raises_comes_out_of_the_scope_once(
    at: int, harness: ScopeHarness, clock: object
) -> None:
    calls = 0
    boom = ValueError("boom")

    def trace(record: TraceRecord) -> None:
        nonlocal calls
        calls += 1
        if calls == at + 1:
            raise boom

    async def greet(peer: Peer) -> None:
        if at > 0:  # otherwise no request is sent
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


async def test_ctrl_c_in_a_trace_comes_out_bare(harness: ScopeHarness, clock: object) -> None:

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


async def test_a_websocket_stream_is_traced(harness: ScopeHarness, clock: object) -> None:
    records: list[TraceRecord] = []
    await harness.play()
    options = harness.transport.options(trace=records.append)
    async with open_websocket_stream(harness.transport.url, **options) as stream:
        await stream.writable.send("x")
    assert ("sent", "text b'x'") in map(brief, records)


@pytest.mark.parametrize("trace", ["print", 1, trio.sleep])
async def test_a_trace_must_be_a_function_that_is_not_async(trace: Any) -> None:
    with pytest.raises(TypeError, match="expected trace as a function"):
        async with open_websocket("ws://peer.test/", trace=trace):
            raise AssertionError("the block is never entered")


async def test_nothing_is_recorded_where_nothing_was_dialled(nursery: trio.Nursery) -> None:
    records: list[TraceRecord] = []
    with pytest.raises(WebSocketError):
        async with open_websocket("ws://127.0.0.1:1/", trace=records.append):
            raise AssertionError("the block is never entered")
    assert records == []


async def test_a_traced_stream_waits_as_its_transport() -> None:
    settings = Arguments("ws://peer.test/", (), {"trace": print}).resolve()
    ours, theirs = trio.testing.memory_stream_pair()
    asked = 0

    async def hook() -> None:
        nonlocal asked
        asked += 1

    ours.send_stream.wait_send_all_might_not_block_hook = hook
    await TracedStream(ours, settings, print).wait_send_all_might_not_block()
    assert asked == 1
    await theirs.aclose()


async def test_a_traced_connection_that_fails_is_half_closed(nursery: trio.Nursery) -> None:
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
    with trio.fail_after(PATIENCE):
        async with open_websocket(f"ws://127.0.0.1:{port}/", trace=records.append) as ws:
            await ws.wait_closed()
    await trio.testing.wait_all_tasks_blocked()
    assert (peers[0].close_code, peers[0].ended) == (1007, "eof")
    assert ("sent", f"close {close(1007)[2:]!r}") in map(brief, records)
    await listener.aclose()


async def test_a_traced_connection_is_reset_as_an_untraced_one(nursery: trio.Nursery) -> None:
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
    with trio.fail_after(PATIENCE):
        await over.wait()
    assert ended == ["reset"]
    await listener.aclose()
