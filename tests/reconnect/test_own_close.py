"""Which side began the close, as reported by ``Retry.own_close`` and the log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from support.checked import instance
from support.scripted_server import (
    AT_ONCE,
    ScriptedServer,
    closing,
    lost,
    refusing,
    stalling,
    staying,
)

from trio_ws_dom import CloseEvent, Retry, WebSocket, reconnecting_websocket

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from trio_ws_dom.testing import FakeRequest


async def leave(ws: WebSocket) -> None:
    """End the block."""


async def wait(ws: WebSocket) -> None:
    await ws.wait_closed()


async def close(ws: WebSocket) -> None:
    ws.close(4000, "enough")
    await ws.wait_closed()


async def fail(ws: WebSocket) -> None:
    raise ValueError("boom")


async def flood(ws: WebSocket) -> None:
    """Send so much that the Close cannot be sent."""
    ws.send(bytes(1_000_000))


async def flood_and_close(ws: WebSocket) -> None:
    await flood(ws)
    await close(ws)


async def not_reading(request: FakeRequest) -> None:
    (await request.accept()).pause_reading()


async def breaking(request: FakeRequest) -> None:
    """Send a frame that has a reserved bit."""
    await (await request.accept())._stream.send_all(b"\xf1\x00")


async def first_retry(
    memory: ScriptedServer, part: Any, block: Callable[[WebSocket], Awaitable[None]]
) -> Retry:
    """Return the retry after a connection on which server and program did these things."""
    memory.parts.append(part)
    async for attempt in reconnecting_websocket(
        memory.server.url, is_transient=lambda cause: True, **AT_ONCE
    ):
        try:
            async with attempt as ws:
                if attempt.retry is not None:
                    break
                await block(ws)
        except ValueError:
            pass
    assert attempt.retry is not None
    return attempt.retry


@pytest.mark.parametrize(
    ("part", "block", "own", "text"),
    [
        (staying, leave, True, "closed with 1000 '', by us"),
        (staying, close, True, "closed with 4000 'enough', by us"),
        (staying, fail, True, "closed with 1001 '', by us"),
        (closing(1000, "bye"), wait, False, "closed with 1000 'bye', by the server"),
        (closing(1012), wait, False, "closed with 1012 '', by the server"),
        (lost, wait, False, "EOFError: the server ended TCP without a Close frame"),
        (breaking, wait, False, "ProtocolError, answered with 1002"),
        (refusing(403), wait, False, "Refused, status 403"),
        (stalling, leave, True, ", after we had begun to close"),
        (stalling, close, True, ", after we had begun to close"),
        (not_reading, flood, True, ", after we had begun to close"),
        (not_reading, flood_and_close, True, ", after we had begun to close"),
    ],
)
async def test_who_began_the_close(
    part: Any,
    block: Any,
    own: bool,
    text: str,
    memory: ScriptedServer,
    autojump_clock: object,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "trio_ws_dom")
    retry = await first_retry(memory, part, block)
    assert retry.own_close is own
    (line,) = caplog.messages
    assert line.endswith(f"{text}; trying again in 0.0 s (1)")


async def test_closes_that_cross_are_the_programs(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    async def close_both(ws: WebSocket) -> None:
        await memory.connections[0]._stream.send_all(b"\x88\x02\x03\xf4")  # 1012, not read yet
        assert ws.readyState == ws.OPEN

    retry = await first_retry(memory, staying, close_both)
    assert retry.own_close
    assert instance(CloseEvent, retry.cause).code == 1012
