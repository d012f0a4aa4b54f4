"""The interface of WebSocketStream: its start, its end, and what it tells of both."""

from __future__ import annotations

import gc
from typing import Any

import pytest
import trio
import trio.testing
from support.peer import CLOSE, TEXT, Frame, Peer, close, frame
from support.world import MemoryWorld

from trio_ws_dom import (
    AbortController,
    AbortSignal,
    DOMException,
    HandshakeError,
    WebSocketCloseInfo,
    WebSocketError,
    WebSocketOpenInfo,
    WebSocketStream,
    open_websocket_stream,
)


def connecting(nursery: trio.Nursery, **options: Any) -> tuple[WebSocketStream, Peer]:
    """A stream in its opening handshake, and its peer."""
    ours, theirs = trio.testing.memory_stream_pair()
    stream = WebSocketStream("ws://peer.test/chat", nursery=nursery, stream=ours, **options)
    return stream, Peer(theirs)


async def test_opened_tells_what_was_agreed(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """``opened`` gives both channels, the extensions and the protocol."""
    stream, peer = connecting(nursery, protocols=["a", "b"])
    await peer.accept("Sec-WebSocket-Protocol: b", "Sec-WebSocket-Extensions: permessage-deflate")
    info = await stream.opened
    assert isinstance(info, WebSocketOpenInfo)
    assert (info.protocol, info.extensions) == ("b", "permessage-deflate")
    assert (info.readable, info.writable) == (stream.readable, stream.writable)
    assert b"Sec-WebSocket-Protocol: a, b" in peer.request


async def test_url_and_repr(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """``url`` is the serialized URL; the repr shows it, and where the stream stands."""
    stream, peer = connecting(nursery)
    assert stream.url == "ws://peer.test/chat"
    assert repr(stream) == "<WebSocketStream ws://peer.test/chat CONNECTING>"
    await peer.accept()
    await stream.opened
    assert repr(stream) == "<WebSocketStream ws://peer.test/chat OPEN>"


async def test_channels_before_opened(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """There is nothing to read from or write to before the stream is open."""
    stream, _ = connecting(nursery)
    for name in ("readable", "writable"):
        with pytest.raises(DOMException, match="opened") as caught:
            getattr(stream, name)
        assert caught.value.name == "InvalidStateError"


async def test_opened_and_closed_by_many(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Both are awaited by several tasks, before it happens and after, and agree."""
    stream, peer = connecting(nursery)
    assert stream.opened is stream.opened
    results: list[object] = []

    async def await_both() -> None:
        results.append(await stream.opened)
        results.append(await stream.closed)

    async with trio.open_nursery() as tasks:
        for _ in range(3):
            tasks.start_soon(await_both)
        await peer.accept(then=close(4321, "enough"))
        await peer.read_to_close()
        await peer.stream.aclose()
    results += [await stream.opened, await stream.closed]
    assert results.count(await stream.opened) == 4
    assert results.count(WebSocketCloseInfo(closeCode=4321, reason="enough")) == 4


async def test_a_failure_is_raised_afresh(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Each who awaits a failed stream gets an exception of his own, with the cause. What was never
    open was not closed with a code: that is in ``closed`` alone."""
    stream, peer = connecting(nursery)
    await peer.read_request()
    await peer.stream.aclose()
    errors: list[WebSocketError] = []
    for promise in (stream.opened, stream.opened, stream.closed):
        with pytest.raises(WebSocketError) as caught:
            await promise
        errors.append(caught.value)
    assert len(set(map(id, errors))) == 3
    assert [error.closeCode for error in errors] == [None, None, 1006]
    assert all(error.__cause__ is not None for error in errors)


async def test_refused(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Where a server answered with something else, its answer is told."""
    stream, peer = connecting(nursery)
    await peer.read_request()
    await peer.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
    with pytest.raises(HandshakeError) as caught:
        await stream.opened
    assert (caught.value.status, caught.value.body) == (403, b"no")
    with pytest.raises(HandshakeError):
        await stream.closed


@pytest.mark.parametrize("end", [b"", frame(3)])
async def test_closed_uncleanly(end: bytes, nursery: trio.Nursery, autojump_clock: Any) -> None:
    """``closed`` raises where TCP is lost, and where a rule is broken; ``opened`` still gives."""
    stream, peer = connecting(nursery)
    await peer.accept()
    await stream.opened
    await peer.send(end)
    await peer.stream.aclose()
    with pytest.raises(WebSocketError) as caught:
        await stream.closed
    assert caught.value.closeCode == 1006
    await stream.opened


async def test_failures_that_nobody_awaits(autojump_clock: Any, recwarn: Any) -> None:
    """A stream that fails and is forgotten raises nothing and warns of nothing."""
    async with trio.open_nursery() as nursery:
        stream, peer = connecting(nursery)
        assert stream.opened  # looked at, not awaited
        await peer.stream.aclose()
    del stream
    gc.collect()
    assert not recwarn


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        ({}, b""),
        ({"closeCode": 1000}, b"\x03\xe8"),
        ({"closeCode": 3456, "reason": "pizza"}, b"\x0d\x80pizza"),
        ({"reason": "non-empty"}, b"\x03\xe8non-empty"),
        ({"reason": ""}, b""),
    ],
)
async def test_close(arguments: Any, sent: bytes, accepted: Any, autojump_clock: Any) -> None:
    """``close()`` sends its code and reason; 1000 where there is a reason alone."""
    stream, peer = await accepted()
    assert stream.close(**arguments) is None
    await peer.finish()
    assert peer.frames == [Frame(CLOSE, sent)]
    code = int.from_bytes(sent[:2], "big") or 1005
    assert await stream.closed == WebSocketCloseInfo(closeCode=code, reason="")


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        *(({"closeCode": code}, "InvalidAccessError") for code in (999, 1001, 2999, 5000)),
        ({"reason": "." * 124}, "SyntaxError"),
        ({"closeCode": 3000, "reason": "ä" * 62}, "SyntaxError"),
    ],
)
async def test_close_refuses(
    arguments: Any, name: str, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Other codes and longer reasons are refused, and nothing has happened; also before open."""
    stream, peer = connecting(nursery)
    for _ in range(2):
        with pytest.raises(DOMException) as caught:
            stream.close(**arguments)
        assert caught.value.name == name
        if not peer.request:
            await peer.accept()
            await stream.opened
    await stream.writable.send("still open")
    assert await peer.next() == Frame(TEXT, b"still open")


async def test_close_while_connecting(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """It gives the handshake up: both raise, with neither the code nor the reason."""
    stream, peer = connecting(nursery)
    await peer.read_request()
    stream.close(closeCode=3001, reason="ignored")
    for promise, code in ((stream.opened, None), (stream.closed, 1006)):
        with pytest.raises(WebSocketError) as caught:
            await promise
        assert (caught.value.closeCode, caught.value.reason) == (code, "")
    assert await peer.next() is None


async def test_close_twice(accepted: Any, autojump_clock: Any) -> None:
    """The first close is the one that counts."""
    stream, peer = await accepted()
    stream.close(closeCode=3001)
    stream.close(closeCode=3002)
    await peer.finish()
    assert peer.close_code == 3001
    stream.close(closeCode=3003)
    assert (await stream.closed).closeCode == 3001


# The signal.


async def test_signal_aborts_the_handshake(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Both raise the signal's reason, the very object; the peer sees TCP end."""
    controller, reason = AbortController(), ValueError("changed my mind")
    stream, peer = connecting(nursery, signal=controller.signal)
    await peer.read_request()
    controller.abort(reason)
    for promise in (stream.opened, stream.closed, stream.opened):
        with pytest.raises(ValueError, match="changed my mind") as caught:
            await promise
        assert caught.value is reason
    assert await peer.next() is None


async def test_signal_without_a_reason(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """An abort without a reason, or with one that cannot be raised, is an AbortError."""
    for given in (None, "a string"):
        controller = AbortController()
        stream, _ = connecting(nursery, signal=controller.signal)
        controller.abort(given)
        with pytest.raises(DOMException) as caught:
            await stream.opened
        assert caught.value.name == "AbortError"


async def test_signal_that_has_aborted(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Nothing is sent at all, and the given stream is closed."""
    reason = KeyError("before")
    stream, peer = connecting(nursery, signal=AbortSignal.abort(reason))
    for promise in (stream.opened, stream.closed):
        with pytest.raises(KeyError) as caught:
            await promise
        assert caught.value is reason
    assert await peer.stream.receive_some() == b""


async def test_signal_does_nothing_later(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """Once open, the stream is none of the signal's business; nor does the signal keep it."""
    controller = AbortController()
    stream, peer = connecting(nursery, signal=controller.signal)
    await peer.accept()
    await stream.opened
    assert not controller.signal._algorithms
    controller.abort()
    await stream.writable.send("still here")
    assert await peer.next() == Frame(TEXT, b"still here")
    stream.close()
    await peer.finish()
    await stream.closed


async def test_signal_behind_a_close(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """While a given-up handshake has not been told of, the signal's reason is told in its place."""
    controller, reason = AbortController(), ValueError("changed my mind")
    stream, _ = connecting(nursery, signal=controller.signal)
    stream.close()
    controller.abort(reason)
    for promise in (stream.opened, stream.closed):
        with pytest.raises(ValueError, match="changed my mind"):
            await promise


async def test_signal_after_a_failure(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A handshake that has failed, and was told of, keeps its own failure."""
    controller = AbortController()
    stream, _ = connecting(nursery, signal=controller.signal)
    stream.close()
    with pytest.raises(WebSocketError):
        await stream.opened
    assert not controller.signal._algorithms
    controller.abort()
    with pytest.raises(WebSocketError):
        await stream.closed


async def test_timeout_signal(nursery: trio.Nursery, autojump_clock: Any) -> None:
    """A signal with a time limit limits the handshake."""
    stream, peer = connecting(nursery, signal=AbortSignal.timeout(500))
    await peer.read_request()
    start = trio.current_time()
    with pytest.raises(DOMException) as caught:
        await stream.opened
    assert caught.value.name == "TimeoutError"
    assert trio.current_time() - start == pytest.approx(0.5)


@pytest.mark.parametrize("when", ["before", "during"])
async def test_signal_and_the_door(when: str, nursery: trio.Nursery, autojump_clock: Any) -> None:
    """The block is not entered, and the reason comes out of the door as it is."""
    controller, reason = AbortController(), ValueError("changed my mind")
    world = MemoryWorld()
    if when == "before":
        controller.abort(reason)

    async def part() -> None:
        peer = await world.peer()
        if when == "during":
            await peer.read_request()
            controller.abort(reason)
        await peer.read_to_end()
        assert peer.ended == "eof"

    nursery.start_soon(part)
    with pytest.raises(ValueError, match="changed my mind") as caught:
        async with open_websocket_stream(world.url, signal=controller.signal, **world.options()):
            raise AssertionError("the stream is never open")
    assert caught.value is reason


async def test_bad_arguments(nursery: trio.Nursery) -> None:
    """What is wrong is said at once, by the constructor, and nothing is started."""
    with pytest.raises(DOMException) as caught:
        WebSocketStream("ws://peer.test/#", nursery=nursery)
    assert caught.value.name == "SyntaxError"
    with pytest.raises(DOMException):
        WebSocketStream("ws://peer.test/", protocols="a b", nursery=nursery)
    with pytest.raises(TypeError, match="AbortSignal"):
        WebSocketStream("ws://peer.test/", signal=AbortController(), nursery=nursery)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(TypeError, match="AbortSignal"):
        open_websocket_stream("ws://peer.test/", signal=0)  # type: ignore[arg-type]  # on purpose
    assert not nursery.child_tasks
