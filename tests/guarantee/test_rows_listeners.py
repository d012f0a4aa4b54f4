"""The guarantee's rows for listeners, by what they raise and how long they may take."""

from __future__ import annotations

import contextvars
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing
from support.checked import close_event
from support.frames import TEXT, frame
from support.scope_harness import ScopeHarness
from support.transports import EventRecorder

from trio_ws_dom import WebSocket

if TYPE_CHECKING:
    from collections.abc import Callable


async def test_a_listeners_exception_sends_1001_and_cancels_the_block_once_closed(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play()
    boom = ValueError("boom")

    def raise_boom(event: object) -> None:
        raise boom

    state_when_cancelled = None
    with pytest.raises(ExceptionGroup) as caught:
        async with harness.open() as ws:
            recorder = EventRecorder(ws)
            ws.addEventListener("message", raise_boom)
            try:
                await harness.peer.send(frame(TEXT, b"hello"))
                await trio.sleep_forever()
            finally:
                state_when_cancelled = ws.readyState
    assert caught.value.exceptions == (boom,)
    assert state_when_cancelled == WebSocket.CLOSED
    recorder.check()
    assert harness.peer.close_code == 1001


async def test_exceptions_of_listeners_and_of_the_block_come_out_in_one_flat_group(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play()
    first, second, own = ValueError("first"), KeyError("second"), OSError("own")

    def raise_(exc: Exception) -> Callable[[object], None]:
        def listener(event: object) -> None:
            raise exc

        return listener

    with pytest.raises(ExceptionGroup) as caught:
        async with harness.open() as ws:
            ws.addEventListener("message", raise_(first))
            ws.addEventListener("message", raise_(second))
            await harness.peer.send(frame(TEXT, b"hello"))
            try:
                await trio.sleep_forever()
            finally:
                raise own
    assert caught.value.exceptions == (first, second, own)


async def test_an_async_listeners_exception_ends_the_scope(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play()
    boom = ValueError("boom")

    async def listener(event: object) -> None:
        await trio.lowlevel.checkpoint()
        raise boom

    with pytest.raises(ExceptionGroup) as caught:
        async with harness.open() as ws:
            recorder = EventRecorder(ws)
            ws.onmessage = listener
            await harness.peer.send(frame(TEXT, b"hello"))
            await trio.sleep_forever()
    assert caught.value.exceptions == (boom,)
    recorder.check()
    assert harness.peer.close_code == 1001


async def test_an_exception_in_a_close_listener_comes_out(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play()
    boom = ValueError("boom")

    def listener(event: object) -> None:
        raise boom

    with pytest.raises(ExceptionGroup) as caught:
        async with harness.open() as ws:
            ws.onclose = listener
    assert caught.value.exceptions == (boom,)
    assert close_event(ws).code == 1000


async def test_unfinished_async_listeners_are_cancelled_after_listener_timeout_as_an_error(
    harness: ScopeHarness, clock: object
) -> None:
    await harness.play()
    outcomes: list[str] = []

    async def listener(event: object) -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            outcomes.append("cancelled")
            raise

    with pytest.raises(ExceptionGroup) as caught:
        async with harness.open(listener_timeout=0.1) as ws:
            ws.onmessage = listener
            await harness.peer.send(frame(TEXT, b"hello"))
            ws.addEventListener("close", lambda event: outcomes.append("close"))
            await trio.testing.wait_all_tasks_blocked()
    assert outcomes == ["close", "cancelled"]
    (error,) = caught.value.exceptions
    assert isinstance(error, trio.TooSlowError)
    assert "message listener" in str(error)
    assert "listener_timeout" in str(error)


async def test_listeners_run_in_the_constructors_context(
    harness: ScopeHarness, clock: object
) -> None:
    """Listeners see the context variables of the constructor's caller."""
    await harness.play()
    variable = contextvars.ContextVar("variable", default="nobody's")
    variable.set("caller's")
    seen: list[str] = []
    async with harness.open() as ws:
        variable.set("changed later")
        ws.onclose = lambda event: seen.append(variable.get())
    assert seen == ["caller's"]
