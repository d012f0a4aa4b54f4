"""The entry points, with what they raise and what they refuse."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import trio
import trio.testing
from support.checked import close_event, instance, members

from trio_ws_dom import (
    DOMException,
    HandshakeError,
    WebSocket,
    WebSocketError,
    WebSocketNursery,
    open_websocket,
    open_websocket_nursery,
    open_websocket_stream,
)
from trio_ws_dom.testing import FakeServer, open_fake_server


def raiser(exc: BaseException) -> Any:
    """Return a listener that raises this."""

    def listener(event: object) -> None:
        raise exc

    return listener


async def test_connect_before_and_after_the_block(autojump_clock: Any) -> None:
    """Outside of its block a WebSocketNursery takes no sockets and raises RuntimeError."""
    sockets = instance(WebSocketNursery, open_websocket_nursery())
    with pytest.raises(RuntimeError):
        sockets.connect("ws://peer.test/")
    async with sockets as same:
        assert same is sockets
    with pytest.raises(RuntimeError):
        sockets.connect("ws://peer.test/")


async def test_connect_from_another_task_after_the_block(
    host: FakeServer, autojump_clock: Any
) -> None:
    """This also holds while the block's sockets are still closing."""
    errors: list[BaseException] = []

    def late(event: object) -> None:
        try:
            sockets.connect("ws://peer.test/")
        except RuntimeError as exc:
            errors.append(exc)

    async with open_websocket_nursery() as sockets:
        ws = sockets.connect(host.url)
        await ws.when("open").receive()
        ws.onclose = late
    assert len(errors) == 1


async def test_connect_returns_at_once(host: FakeServer, autojump_clock: Any) -> None:
    """It is CONNECTING, bad arguments raise from the call, and the block goes on."""
    async with open_websocket_nursery() as sockets:
        with pytest.raises(DOMException):
            sockets.connect("ws://peer.test/#")
        with pytest.raises(TypeError):
            sockets.connect("ws://peer.test/", timeout=1)  # type: ignore[call-arg]  # the subject
        ws = sockets.connect(host.url)
        assert ws.readyState == WebSocket.CONNECTING
        await ws.when("open").receive()
    assert close_event(ws).wasClean


async def test_cancelled_nursery_closes_with_1001(host: FakeServer, autojump_clock: Any) -> None:
    """Under cancellation each OPEN socket closes with 1001, and a new one fails at once."""
    with trio.CancelScope() as scope:
        async with open_websocket_nursery() as sockets:
            one = sockets.connect(host.url)
            await one.when("open").receive()
            scope.cancel()
            two = sockets.connect(host.url)
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert (host.connections[0].closeCode, close_event(one).wasClean) == (1001, True)
    assert close_event(two).code == 1006


async def test_nursery_block_raises(host: FakeServer, autojump_clock: Any) -> None:
    """Each socket closes with 1001, and the same exception object comes out."""
    boom = ValueError("boom")
    with pytest.raises(ValueError, match="boom") as caught:
        async with open_websocket_nursery() as sockets:
            for _ in range(2):
                ws = sockets.connect(host.url)
                await ws.when("open").receive()
            raise boom
    assert caught.value is boom
    assert [connection.closeCode for connection in host.connections] == [1001] * 2


async def test_one_socket_fails(host: FakeServer, autojump_clock: Any) -> None:
    """A socket's failure changes nothing for the others, nor for the block."""
    async with open_websocket_nursery() as sockets:
        good = sockets.connect(host.url)
        async with open_fake_server("ws://other.test") as other:
            bad = sockets.connect(other.url)
            await (await other.request()).drop()
            await bad.wait_closed()
        await trio.testing.wait_all_tasks_blocked()
        assert (close_event(bad).code, good.readyState) == (1006, WebSocket.OPEN)


async def test_a_closed_socket_is_forgotten(host: FakeServer, autojump_clock: Any) -> None:
    """A nursery that lives for long keeps nothing of the sockets that are gone."""
    async with open_websocket_nursery() as sockets:
        for _ in range(3):
            ws = sockets.connect(host.url)
            await ws.when("open").receive()
            await ws.aclose()
        await trio.testing.wait_all_tasks_blocked()
        assert not sockets._sessions


async def test_listener_of_one_of_several(host: FakeServer, autojump_clock: Any) -> None:
    """Its exception ends the whole scope, and the others close with 1001."""
    boom = ValueError("boom")
    with pytest.raises(ExceptionGroup) as caught:
        async with open_websocket_nursery() as sockets:
            one = sockets.connect(host.url)
            two = sockets.connect(host.url)
            await two.when("open").receive()
            one.onmessage = raiser(boom)
            await host.connections[0].send("")
            await trio.sleep_forever()
    assert caught.value.exceptions == (boom,)
    assert [connection.closeCode for connection in host.connections] == [1001] * 2
    assert close_event(two).wasClean


async def test_group_is_the_same_object(host: FakeServer, autojump_clock: Any) -> None:
    """A group of the block's is neither unwrapped nor copied, with its context and traceback."""
    group = BaseExceptionGroup("mine", [ValueError("one"), SystemExit(2)])
    with pytest.raises(BaseExceptionGroup) as caught:
        async with open_websocket(host.url):
            try:
                raise KeyError("context")
            except KeyError:
                raise group  # noqa: B904  # the implicit context is what the test checks
    assert caught.value is group
    assert isinstance(group.__context__, KeyError)


async def test_cause_is_kept(host: FakeServer, autojump_clock: Any) -> None:
    """``raise ... from`` in the block stays what it was."""
    cause = OSError("cause")
    with pytest.raises(ValueError, match="boom") as caught:
        async with open_websocket(host.url):
            raise ValueError("boom") from cause
    assert caught.value.__cause__ is cause


async def test_exception_under_an_outer_cancellation(host: FakeServer, autojump_clock: Any) -> None:
    """What the block raises instead of Cancelled comes out bare, and is not treated as one."""
    boom = ValueError("boom")
    with pytest.raises(ValueError, match="boom") as caught:
        with trio.move_on_after(1) as scope:
            async with open_websocket(host.url):
                try:
                    await trio.sleep_forever()
                finally:
                    raise boom
    assert caught.value is boom
    assert not scope.cancelled_caught
    assert host.connections[0].closeCode == 1001


async def test_group_with_cancelled_inside(host: FakeServer, autojump_clock: Any) -> None:
    """A crash in a nursery of the block's, under an outer cancellation, comes out."""
    boom = ValueError("boom")

    async def crash_late() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise boom

    with pytest.raises(ExceptionGroup) as caught:
        with trio.move_on_after(1):
            async with open_websocket(host.url):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(crash_late)
                    nursery.start_soon(trio.sleep_forever)
    assert caught.value.exceptions == (boom,)
    assert host.connections[0].closeCode == 1001


async def test_listener_and_group_with_cancelled_inside(
    host: FakeServer, autojump_clock: Any
) -> None:
    """Beside a listener's exception it is one flat group, without a Cancelled in it."""
    boom, own = ValueError("boom"), KeyError("own")

    async def crash_late() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise own

    with pytest.raises(ExceptionGroup) as caught:
        async with open_websocket(host.url) as ws:
            ws.onmessage = raiser(boom)
            await host.connections[0].send("")
            async with trio.open_nursery() as nursery:
                nursery.start_soon(crash_late)
                nursery.start_soon(trio.sleep_forever)
    first, second = caught.value.exceptions
    assert first is boom
    assert members(second) == (own,)


async def test_listener_under_an_outer_cancellation(host: FakeServer, autojump_clock: Any) -> None:
    """A listener's exception comes out, though the scope was cancelled from outside, too."""
    boom = ValueError("boom")
    with pytest.raises(ExceptionGroup) as caught:
        with trio.move_on_after(1):
            async with open_websocket(host.url) as ws:
                ws.onclose = raiser(boom)
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep_forever)
                    nursery.start_soon(trio.sleep_forever)
    assert caught.value.exceptions == (boom,)


async def test_listener_and_a_bare_cancelled(host: FakeServer, autojump_clock: Any) -> None:
    """It comes out where the block raises one Cancelled, in no group."""
    boom = ValueError("boom")
    with pytest.raises(ExceptionGroup) as caught:
        with trio.move_on_after(1):
            async with open_websocket(host.url) as ws:
                ws.onclose = raiser(boom)
                await trio.sleep_forever()
    assert caught.value.exceptions == (boom,)


async def test_listener_raises_what_is_no_exception(host: FakeServer, autojump_clock: Any) -> None:
    """SystemExit in a listener comes out in a group, as all exceptions of listeners."""
    leave = SystemExit(3)
    with pytest.raises(BaseExceptionGroup) as caught:
        async with open_websocket(host.url) as ws:
            ws.onclose = raiser(leave)
    assert caught.value.exceptions == (leave,)


async def test_ctrl_c_in_a_listener_is_bare(host: FakeServer, autojump_clock: Any) -> None:
    """A KeyboardInterrupt that landed in a listener is not the listener's, and comes out bare."""
    interrupt = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt) as caught:
        async with open_websocket(host.url) as ws:
            ws.onmessage = raiser(interrupt)
            await host.connections[0].send("")
            await trio.sleep_forever()
    assert caught.value is interrupt
    assert host.connections[0].closeCode == 1001


async def test_block_that_swallows_the_cancellation(host: FakeServer, autojump_clock: Any) -> None:
    """A listener's exception comes out also where the block caught everything."""
    boom = ValueError("boom")
    with pytest.raises(ExceptionGroup) as caught:
        async with open_websocket(host.url) as ws:
            ws.onmessage = raiser(boom)
            await host.connections[0].send("")
            with suppress(trio.Cancelled):
                await trio.sleep_forever()
    assert caught.value.exceptions == (boom,)


async def test_leaving_by_return(host: FakeServer, autojump_clock: Any) -> None:
    """A value returned from the block is not lost, and the close is 1000."""

    async def talk() -> str:
        async with open_websocket(host.url):
            return "value"

    assert await talk() == "value"
    assert host.connections[0].closeCode == 1000


async def test_refusal_is_a_bare_handshake_error(
    server: FakeServer, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """It is a bare HandshakeError with the answer, which is also its cause."""
    nursery.start_soon(lambda: server.refuse(403, headers=[("X-Why", "because")], body=b"Go!\n"))
    with pytest.raises(HandshakeError) as caught:
        async with open_websocket(server.url):
            raise AssertionError("the socket is never open")
    error = caught.value
    assert (error.status, error.headers["x-why"], error.body) == (403, "because", b"Go!\n")
    assert (error.closeCode, error.name) == (1006, "WebSocketError")
    assert server.url in str(error)
    assert "403" in str(error)


async def test_bad_arguments_raise_bare(autojump_clock: Any) -> None:
    """They raise as the constructor's do, bare."""
    with pytest.raises(DOMException) as caught:
        async with open_websocket("ws://peer.test/", ["a", "a"]):
            raise AssertionError("the block is never entered")
    assert caught.value.name == "SyntaxError"


async def test_silent_server_ends_after_open_timeout(
    server: FakeServer, autojump_clock: Any
) -> None:
    """A silent server ends it after ``open_timeout``, counted from dialling."""
    start = trio.current_time()
    with pytest.raises(WebSocketError) as caught:
        async with open_websocket(server.url, open_timeout=7):
            raise AssertionError("the socket is never open")
    assert trio.current_time() - start == pytest.approx(7)
    assert isinstance(caught.value.__cause__, TimeoutError)
    assert "7 seconds" in str(caught.value)


async def test_exit_of_a_socket_that_is_closed(host: FakeServer, autojump_clock: Any) -> None:
    """Where the peer closed already, the exit has nothing to do, and adds nothing."""
    async with open_websocket(host.url) as ws:
        ws.close(3005)
        await ws.wait_closed()
        start = trio.current_time()
    assert trio.current_time() == start
    assert close_event(ws).code == 3005


async def test_ctrl_c_before_a_socket_has_begun(server: FakeServer, autojump_clock: Any) -> None:
    """A KeyboardInterrupt right after connect() comes out bare, and the socket never dials."""
    with pytest.raises(KeyboardInterrupt):
        async with open_websocket_nursery() as sockets:
            ws = sockets.connect(server.url)
            raise KeyboardInterrupt
    assert ws.closeEvent is not None
    assert ws.closeEvent.code == 1006
    assert server.requests == []


@pytest.mark.parametrize("door", [open_websocket, open_websocket_nursery, open_websocket_stream])
async def test_entering_a_scope_twice_is_an_error(
    door: Any, host: FakeServer, autojump_clock: Any
) -> None:
    """A scope is for one block, whether over or not, and trio's stacks stay whole."""
    scope = door(*(() if door is open_websocket_nursery else (host.url,)))
    async with scope:
        with pytest.raises(RuntimeError, match="for each block"):
            async with scope:
                raise AssertionError("it is not entered")
    with pytest.raises(RuntimeError, match="for each block"):
        async with scope:
            raise AssertionError("it is not entered")
