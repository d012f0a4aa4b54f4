"""The interface of WebSocketStream, with its start, its end, and the results of both."""

from __future__ import annotations

import gc
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing

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
from trio_ws_dom.testing import FakeServer

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def connecting(server: FakeServer, nursery: trio.Nursery) -> Callable[..., WebSocketStream]:
    """Make a stream that is in its opening handshake."""
    return partial(WebSocketStream, f"{server.url}/chat", nursery=nursery)


async def test_opened_has_what_was_agreed(
    connecting: Any, with_connection: Any, server: FakeServer, autojump_clock: Any
) -> None:
    """``opened`` has both channels, the extensions and the protocol."""
    stream = connecting(protocols=["a", "b"])
    extensions = ("Sec-WebSocket-Extensions", "permessage-deflate")
    connection = await server.accept(protocol="b", headers=[extensions])
    info = await stream.opened
    assert isinstance(info, WebSocketOpenInfo)
    assert (info.protocol, info.extensions) == ("b", "permessage-deflate")
    assert (info.readable, info.writable) == (stream.readable, stream.writable)
    assert connection.request.protocols == ["a", "b"]


async def test_url_and_repr_of_a_stream(
    connecting: Any, with_connection: Any, server: FakeServer, autojump_clock: Any
) -> None:
    """``url`` is the serialized URL, and the repr shows it with the stream's state."""
    stream = connecting()
    assert stream.url == "ws://peer.test/chat"
    assert repr(stream) == "<WebSocketStream ws://peer.test/chat CONNECTING>"
    await server.accept()
    await stream.opened
    assert repr(stream) == "<WebSocketStream ws://peer.test/chat OPEN>"


async def test_channels_before_opened(
    connecting: Any, with_connection: Any, autojump_clock: Any
) -> None:
    """Reading and writing before the stream is open is an error."""
    stream = connecting()
    for name in ("readable", "writable"):
        with pytest.raises(DOMException, match="opened") as caught:
            getattr(stream, name)
        assert caught.value.name == "InvalidStateError"


async def test_opened_and_closed_by_many(
    connecting: Any, with_connection: Any, server: FakeServer, autojump_clock: Any
) -> None:
    """Several tasks can await both, before it happens and after, with the same result."""
    stream = connecting()
    assert stream.opened is stream.opened
    results: list[object] = []

    async def await_both() -> None:
        results.append(await stream.opened)
        results.append(await stream.closed)

    async with trio.open_nursery() as tasks:
        for _ in range(3):
            tasks.start_soon(await_both)
        await (await server.accept()).close(4321, "enough")
    results += [await stream.opened, await stream.closed]
    assert results.count(await stream.opened) == 4
    assert results.count(WebSocketCloseInfo(closeCode=4321, reason="enough")) == 4


async def test_a_failure_is_raised_afresh(
    connecting: Any, with_connection: Any, server: FakeServer, autojump_clock: Any
) -> None:
    """Each task that awaits a failed stream gets its own exception, with the cause.

    What was never open was not closed with a code, which only ``closed`` has.
    """
    stream = connecting()
    await (await server.request()).drop()
    errors: list[WebSocketError] = []
    for promise in (stream.opened, stream.opened, stream.closed):
        with pytest.raises(WebSocketError) as caught:
            await promise
        errors.append(caught.value)
    assert len(set(map(id, errors))) == 3
    assert [error.closeCode for error in errors] == [None, None, 1006]
    assert all(error.__cause__ is not None for error in errors)


async def test_refusal_has_the_servers_answer(
    connecting: Any, with_connection: Any, server: FakeServer, autojump_clock: Any
) -> None:
    """The error has the answer of a server that refused."""
    stream = connecting()
    await server.refuse(403, body=b"no")
    with pytest.raises(HandshakeError) as caught:
        await stream.opened
    assert (caught.value.status, caught.value.body) == (403, b"no")
    with pytest.raises(HandshakeError):
        await stream.closed


async def test_closed_raises_after_an_unclean_end(
    with_connection: Any, autojump_clock: Any
) -> None:
    """``closed`` raises where TCP is lost, but ``opened`` still returns."""
    stream, connection = await with_connection()
    await connection.drop()
    with pytest.raises(WebSocketError) as caught:
        await stream.closed
    assert caught.value.closeCode == 1006
    await stream.opened


async def test_failures_that_are_not_awaited(
    server: FakeServer, with_connection: Any, autojump_clock: Any, recwarn: Any
) -> None:
    """A stream that fails and is forgotten raises nothing and warns of nothing."""
    async with trio.open_nursery() as nursery:
        stream = WebSocketStream(server.url, nursery=nursery)
        assert stream.opened is not None  # read, not awaited
        await (await server.request()).drop()
    del stream
    gc.collect()
    assert not recwarn


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        ({}, 1005, ""),
        ({"closeCode": 1000}, 1000, ""),
        ({"closeCode": 3456, "reason": "pizza"}, 3456, "pizza"),
        ({"reason": "non-empty"}, 1000, "non-empty"),
        ({"reason": ""}, 1005, ""),
    ],
)
async def test_close_sends_code_and_reason(
    arguments: Any, code: int, reason: str, with_connection: Any, autojump_clock: Any
) -> None:
    """``close()`` sends its code and reason, or 1000 with a reason alone."""
    stream, connection = await with_connection()
    assert stream.close(**arguments) is None
    assert (await stream.closed).closeCode == code
    assert (connection.closeCode, connection.reason) == (code, reason)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        *(({"closeCode": code}, "InvalidAccessError") for code in (999, 1001, 2999, 5000)),
        ({"reason": "." * 124}, "SyntaxError"),
        ({"closeCode": 3000, "reason": "ä" * 62}, "SyntaxError"),
    ],
)
async def test_close_refuses_other_codes_and_long_reasons(
    arguments: Any,
    name: str,
    connecting: Any,
    with_connection: Any,
    server: FakeServer,
    autojump_clock: Any,
) -> None:
    """Other codes and longer reasons are refused without an effect, also before open."""
    stream = connecting()
    for _ in range(2):
        with pytest.raises(DOMException) as caught:
            stream.close(**arguments)
        assert caught.value.name == name
        if not server.requests:
            await server.accept()
            await stream.opened
    await stream.writable.send("still open")
    assert await server.connections[0].receive() == "still open"


async def test_close_while_connecting(
    connecting: Any, with_connection: Any, server: FakeServer, autojump_clock: Any
) -> None:
    """It cancels the handshake, and both raise, with neither the code nor the reason."""
    stream = connecting()
    request = await server.request()
    stream.close(closeCode=3001, reason="ignored")
    for promise, code in ((stream.opened, None), (stream.closed, 1006)):
        with pytest.raises(WebSocketError) as caught:
            await promise
        assert (caught.value.closeCode, caught.value.reason) == (code, "")
    await request.ignore()  # TCP has ended


async def test_close_twice_sends_the_first_code(with_connection: Any, autojump_clock: Any) -> None:
    """The first close is the one that counts."""
    stream, connection = await with_connection()
    stream.close(closeCode=3001)
    stream.close(closeCode=3002)
    await connection.wait_closed()
    assert connection.closeCode == 3001
    stream.close(closeCode=3003)
    assert (await stream.closed).closeCode == 3001


# The signal.


async def test_signal_aborts_the_handshake(
    connecting: Any, with_connection: Any, server: FakeServer, autojump_clock: Any
) -> None:
    """Both raise the signal's reason, as the same object, and the server sees TCP end."""
    controller, reason = AbortController(), ValueError("changed my mind")
    stream = connecting(signal=controller.signal)
    request = await server.request()
    controller.abort(reason)
    for promise in (stream.opened, stream.closed, stream.opened):
        with pytest.raises(ValueError, match="changed my mind") as caught:
            await promise
        assert caught.value is reason
    await request.ignore()


async def test_signal_without_a_reason(
    connecting: Any, with_connection: Any, autojump_clock: Any
) -> None:
    """An abort without a reason, or with one that cannot be raised, is an AbortError."""
    for given in (None, "a string"):
        controller = AbortController()
        stream = connecting(signal=controller.signal)
        controller.abort(given)
        with pytest.raises(DOMException) as caught:
            await stream.opened
        assert caught.value.name == "AbortError"


async def test_signal_that_has_aborted(
    connecting: Any, with_connection: Any, autojump_clock: Any
) -> None:
    """Nothing is sent at all, and the given stream is closed."""
    reason = KeyError("before")
    ours, theirs = trio.testing.memory_stream_pair()
    stream = connecting(signal=AbortSignal.abort(reason), stream=ours)
    for promise in (stream.opened, stream.closed):
        with pytest.raises(KeyError) as caught:
            await promise
        assert caught.value is reason
    assert await theirs.receive_some() == b""


async def test_signal_does_nothing_later(with_connection: Any, autojump_clock: Any) -> None:
    """Once open, the stream ignores the signal, which does not keep it alive."""
    controller = AbortController()
    stream, connection = await with_connection(signal=controller.signal)
    assert not controller.signal._algorithms
    controller.abort()
    await stream.writable.send("still here")
    assert await connection.receive() == "still here"
    stream.close()
    await stream.closed


async def test_signal_after_a_close(
    connecting: Any, with_connection: Any, autojump_clock: Any
) -> None:
    """Until a closed handshake is reported, a signal that aborts replaces its error."""
    controller, reason = AbortController(), ValueError("changed my mind")
    stream = connecting(signal=controller.signal)
    stream.close()
    controller.abort(reason)
    for promise in (stream.opened, stream.closed):
        with pytest.raises(ValueError, match="changed my mind"):
            await promise


async def test_signal_after_a_failure(
    connecting: Any, with_connection: Any, autojump_clock: Any
) -> None:
    """A handshake whose failure was reported keeps that failure."""
    controller = AbortController()
    stream = connecting(signal=controller.signal)
    stream.close()
    with pytest.raises(WebSocketError):
        await stream.opened
    assert not controller.signal._algorithms
    controller.abort()
    with pytest.raises(WebSocketError):
        await stream.closed


async def test_timeout_signal_limits_the_handshake(
    connecting: Any, with_connection: Any, server: FakeServer, autojump_clock: Any
) -> None:
    """A signal with a time limit limits the handshake."""
    stream = connecting(signal=AbortSignal.timeout(500))
    await server.request()
    start = trio.current_time()
    with pytest.raises(DOMException) as caught:
        await stream.opened
    assert caught.value.name == "TimeoutError"
    assert trio.current_time() - start == pytest.approx(0.5)


@pytest.mark.parametrize("when", ["before", "during"])
async def test_signal_in_open_websocket_stream(
    when: str, server: FakeServer, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """The block is not entered, and the reason comes out as it is."""
    controller, reason = AbortController(), ValueError("changed my mind")
    given_up = trio.Event()
    if when == "before":
        controller.abort(reason)

    async def part() -> None:
        request = await server.request()
        controller.abort(reason)
        await request.ignore()
        given_up.set()

    nursery.start_soon(part)
    with pytest.raises(ValueError, match="changed my mind") as caught:
        async with open_websocket_stream(server.url, signal=controller.signal):
            raise AssertionError("the stream is never open")
    assert caught.value is reason
    if when == "during":
        await given_up.wait()
    else:
        assert server.requests == []


async def test_bad_arguments_raise_at_once(nursery: trio.Nursery) -> None:
    """The constructor raises at once, and nothing is started."""
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
