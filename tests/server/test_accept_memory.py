"""The memory that a client can cost the server, and where its text is shown."""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import trio
import trio.testing
from support.attacks import EMOJI
from support.frames import CONTINUATION, TEXT
from support.raw_client import RawClient, masked, masked_close

from trio_ws_dom import WebSocketError, accept_websocket
from trio_ws_dom._socket._inbox import MAX_WAITING_BYTES
from trio_ws_dom._socket._options import DEFAULT_ACCEPTED_MAX_BUFFERED_AMOUNT

from .conftest import AcceptHarness

if TYPE_CHECKING:
    from trio_websocket import WebSocketRequest

    from trio_ws_dom import WebSocket

PAGE: Final = Path(__file__).parents[2] / "docs" / "server.md"
MIB: Final = 1024 * 1024
WIDEST: Final = 4 * MIB
"""Bytes in memory of the largest text that trio-websocket takes: 1 MiB characters."""

EVIL: Final = "\x1b[2J\r\n\u202e"


@pytest.fixture
def memory() -> AcceptHarness:
    return AcceptHarness("memory")


async def wait(ws: WebSocket) -> None:
    await trio.sleep(60)


def held() -> int:
    return tracemalloc.get_traced_memory()[0]


async def test_messages_that_are_not_taken(memory: AcceptHarness, autojump_clock: Any) -> None:
    """Messages wait in the inbox and in at most five more places.

    These are one message that filled the inbox, one in the connection, one in trio-websocket's
    queue, one in its reader's hands, and the frame that was read last.
    """
    grown = 0

    async def part(client: RawClient) -> None:
        nonlocal grown
        message = masked(TEXT, b"x" * (MIB - 4) + EMOJI)
        tracemalloc.start()
        try:
            before = held()
            async with trio.open_nursery() as nursery:
                for _ in range(8):
                    await client.send(message)
                    await trio.testing.wait_all_tasks_blocked()
                grown = held() - before - 8 * len(message)  # which the memory stream holds
                nursery.start_soon(client.finish)
        finally:
            tracemalloc.stop()

    await memory.play(wait, part)
    assert WIDEST < grown <= MAX_WAITING_BYTES + 4 * WIDEST + MIB


def echo_of_the_page() -> Any:
    """Return the handler that the page shows."""
    source = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    assert source is not None
    names: dict[str, Any] = {}
    exec(source[1].partition("\ntrio.run")[0], names)
    return names["echo"]


async def flood(handle: Any, patience: float) -> tuple[int, int]:
    """Send up to 48 MiB to a handler, and read nothing.

    Returns:
      The bytes that it took before it took none for this many seconds, and its most memory.
    """
    sent, message = 0, masked(TEXT, b"x" * 64 * 1024) * 4
    async with AcceptHarness("sockets").connect(handle) as stream:
        await RawClient(stream).call()
        tracemalloc.start()
        try:
            before = held()
            while sent < 48 * MIB:
                with trio.fail_after(patience):
                    await stream.send_all(message)
                sent += len(message)
        except (trio.TooSlowError, trio.BrokenResourceError):
            pass
        finally:
            most = tracemalloc.get_traced_memory()[1] - before
            tracemalloc.stop()
    return sent, most


@pytest.mark.real
async def test_the_echo_of_the_page_stops_a_client_that_does_not_read() -> None:
    sent, most = await flood(echo_of_the_page(), 0.5)
    assert sent < 48 * MIB
    assert most < 2 * MIB


@pytest.mark.real
async def test_an_echo_that_does_not_wait_ends_at_the_bound() -> None:
    raised: list[WebSocketError] = []

    async def echo(request: WebSocketRequest) -> None:
        with pytest.raises(WebSocketError) as caught:
            async with accept_websocket(request) as ws:
                async for message in ws:
                    ws.send(message)
        raised.append(caught.value)

    _, most = await flood(echo, 30)
    assert "(max_buffered_amount)" in str(raised[0])
    bound = DEFAULT_ACCEPTED_MAX_BUFFERED_AMOUNT
    assert bound < most < bound + 2 * MIB


async def test_empty_fragments_cost_what_the_page_says(
    memory: AcceptHarness, autojump_clock: Any
) -> None:
    count, grown = 100_000, 0

    async def part(client: RawClient) -> None:
        nonlocal grown
        await client.send(masked(TEXT, fin=False))
        fragments = masked(CONTINUATION, fin=False) * (count // 10)
        tracemalloc.start()
        try:
            before = held()
            for _ in range(10):
                await client.send(fragments)
                await trio.testing.wait_all_tasks_blocked()
            grown = held() - before
        finally:
            tracemalloc.stop()
        await client.finish()

    await memory.play(wait, part)
    assert 8 <= grown / count <= 11


async def test_a_clients_reason_is_escaped_where_it_is_shown(
    harness: AcceptHarness, clock: object
) -> None:
    """trio-websocket takes a Close with 1002 and a reason for its own failure."""
    shown: list[str] = []

    async def block(ws: WebSocket) -> None:
        ws.onerror = lambda event: shown.append(event.message)
        await ws.wait_closed()
        shown.append(str(ws.failure))
        shown.append(str(ws.failure and ws.failure.__cause__))

    async def part(client: RawClient) -> None:
        await client.send(masked_close(1002, EVIL))
        await client.read_to_end()

    await harness.play(block, part)
    assert len(shown) == 3
    assert all(r"\x1b[2J\r\n\u202e" in text and text.isprintable() for text in shown)
