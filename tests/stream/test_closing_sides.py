"""Closing one side of a stream, which closes both, and channels in generic code."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from support.fake_server import say
from support.streams import CLOSERS

from trio_ws_dom import WebSocketError

pytestmark = pytest.mark.usefixtures("every_stream")


@pytest.mark.parametrize(
    ("side", "method", "arguments", "code", "reason"),
    [
        ("writable", "aclose", (), 1000, ""),
        ("readable", "aclose", (), 1000, ""),
        *(
            (side, method, arguments, code, reason)
            for side, method in (("writable", "abort"), ("readable", "cancel"))
            for arguments, code, reason in (
                ((), 1005, ""),
                ((ValueError("why"),), 1005, ""),
                ((WebSocketError("why"),), 1005, ""),
                ((WebSocketError("why", closeCode=4001, reason="you"),), 4001, "you"),
                ((WebSocketError("why", reason="you"),), 1000, "you"),
                ((WebSocketError._create("lost", 1006, "who knows"),), 1005, ""),
            )
        ),
    ],
)
async def test_what_closing_a_side_sends(
    side: str,
    method: str,
    arguments: tuple[object, ...],
    code: int,
    reason: str,
    with_connection: Any,
    autojump_clock: Any,
) -> None:
    """``aclose()`` sends 1000, a WebSocketError its code and reason, and all else no code."""
    stream, connection = await with_connection()
    await getattr(getattr(stream, side), method)(*arguments)
    assert (connection.closeCode, connection.reason) == (code, reason)
    assert repr(stream).endswith("CLOSED>")  # it has waited for the whole handshake


@pytest.mark.parametrize("closer", [name for name in CLOSERS if name != "stream.close"])
async def test_cancelled_close_is_bounded(
    closer: str, with_connection: Any, autojump_clock: Any
) -> None:
    """Under cancellation the close has ``cancelled_close_timeout``, and all is closed after it."""
    stream, connection = await with_connection(cancelled_close_timeout=0.5)
    connection.stall()
    start = trio.current_time()
    with trio.CancelScope() as scope:
        scope.cancel()
        await CLOSERS[closer](stream)
    assert scope.cancelled_caught
    assert trio.current_time() - start == pytest.approx(0.5)
    assert repr(stream).endswith("CLOSED>")


async def test_cancelled_during_the_close(with_connection: Any, autojump_clock: Any) -> None:
    """The same holds where the cancellation comes while it waits for the peer."""
    stream, connection = await with_connection(cancelled_close_timeout=0.5)
    connection.stall()
    start = trio.current_time()
    with trio.move_on_after(1) as scope:
        await stream.writable.aclose()
    assert scope.cancelled_caught
    assert trio.current_time() - start == pytest.approx(1.5)


async def test_generic_code_carries_messages(
    with_connection: Any, nursery: trio.Nursery, autojump_clock: Any
) -> None:
    """Code that only knows channels can carry messages from one stream to another."""
    source, one = await with_connection()
    target, other = await with_connection()

    async def carry(
        receive: trio.abc.ReceiveChannel[str | bytes], send: trio.abc.SendChannel[str | bytes]
    ) -> None:
        async with receive, send:
            async for value in receive:
                await send.send(value)

    await say(one, "one", b"two")
    nursery.start_soon(one.close)
    await carry(source.readable, target.writable)
    assert (other.sent, other.closeCode) == (["one", b"two"], 1000)
