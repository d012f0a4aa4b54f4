"""Scopes in async generators, also in those that nothing closes."""

from __future__ import annotations

import gc
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any

import pytest
import trio
from support.checked import close_event
from support.frames import TEXT, frame
from support.patience import PATIENCE, run_steadily
from support.scope_harness import ScopeHarness

from guarantee.peer_thread import Server
from trio_ws_dom import WebSocket, open_websocket

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

HELLO = frame(TEXT, b"hello")
BOUNDS: dict[str, Any] = {"close_timeout": PATIENCE, "cancelled_close_timeout": 1}
"""Seconds by the steady clock. Some are closed only after half of this."""

TRIO = tuple(map(int, trio.__version__.split(".")[:2]))


async def messages(
    url: str, options: dict[str, Any], sockets: list[WebSocket]
) -> AsyncGenerator[str | bytes]:
    async with open_websocket(url, **options) as ws:
        sockets.append(ws)
        async for message in ws:
            yield message


async def test_a_generator_that_is_closed_sends_1001(harness: ScopeHarness, clock: object) -> None:
    sockets: list[WebSocket] = []
    options = harness.hire(HELLO, HELLO)
    async with aclosing(messages(harness.url, options, sockets)) as source:
        async for message in source:
            assert message == "hello"
            break
    assert harness.peer.close_code == 1001
    assert close_event(sockets[0]).wasClean


async def test_an_error_of_a_listener_comes_out_of_a_generator_that_is_closed(
    harness: ScopeHarness, clock: object
) -> None:
    """It comes out without ``GeneratorExit`` beside it, which ``except Exception`` would miss."""
    boom = ValueError("boom")

    def fail(event: object) -> None:
        raise boom

    sockets: list[WebSocket] = []
    options = harness.hire(HELLO)
    with pytest.raises(ExceptionGroup) as caught:
        async with aclosing(messages(harness.url, options, sockets)) as source:
            async for _ in source:
                sockets[0].onclose = fail
                break
    assert caught.value.exceptions == (boom,)


# A generator that is not closed is a fault of the program's, after which trio promises nothing
# (https://trio.readthedocs.io/en/stable/reference-core.html#async-generators). The connection is
# closed nevertheless, and never outlives the run.


class Play:
    """Ways to abandon a generator, as methods that are a run's main task."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.sockets: list[WebSocket] = []
        self.kept: list[object] = []

    async def take_one(self) -> None:
        async for _ in messages(self.url, BOUNDS, self.sockets):
            break

    async def dropped(self) -> None:
        """It is collected while its task goes on."""
        await self.take_one()
        await self.sockets[0].wait_closed()

    async def dropped_at_the_end(self) -> None:
        """It is collected when the main task is about to end."""
        await self.take_one()

    async def in_a_cycle(self) -> None:
        """It is found by the garbage collector."""
        source = messages(self.url, BOUNDS, self.sockets)
        self.kept.append((source, self.kept))
        await anext(source)
        del source
        self.kept = []
        gc.collect()
        await self.sockets[0].wait_closed()

    async def kept_to_the_end(self) -> None:
        """It is alive when the main task ends, and later."""
        source = messages(self.url, BOUNDS, self.sockets)
        self.kept.append(source)
        await anext(source)

    async def of_a_task_that_is_over(self) -> None:
        """It is alive, but the task that began it is over."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.kept_to_the_end)

    async def of_a_task_that_is_over_while_others_go_on(self) -> None:
        """It is alive, but the task that began it is over, while the run goes on."""
        with suppress(ExceptionGroup):
            await self.of_a_task_that_is_over()
        await self.sockets[0].wait_closed()

    async def by_hand(self) -> None:
        """A scope without a generator is entered and never left."""
        self.sockets.append(await open_websocket(self.url, **BOUNDS).__aenter__())


WAYS = (
    Play.dropped,
    Play.dropped_at_the_end,
    Play.in_a_cycle,
    Play.kept_to_the_end,
    Play.by_hand,
    Play.of_a_task_that_is_over,
    pytest.param(
        Play.of_a_task_that_is_over_while_others_go_on,
        marks=pytest.mark.skipif(TRIO < (0, 31), reason="trio notices it from 0.31 on"),
    ),
)


@pytest.mark.real
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # trio's warning about it
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_an_abandoned_generators_socket_is_closed_when_the_run_is_over(
    way: Callable[[Play], Awaitable[None]],
) -> None:
    server = Server()
    play = Play(server.url)
    with suppress(RuntimeError, ExceptionGroup):  # raised by the versions of trio that notice
        run_steadily(way, play)
    server.join()
    (ws,) = play.sockets
    assert (ws.readyState, close_event(ws).code) == (WebSocket.CLOSED, 1001)
    assert server.peer.close_code == 1001


@pytest.mark.real
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # trio's warning about it
def test_the_next_scope_after_an_abandoned_one_is_as_any_other() -> None:
    first, second = Server(), Server()
    play = Play(first.url)

    async def main() -> None:
        await play.take_one()
        while trio.lowlevel.current_task().child_nurseries:  # trio closes the generator
            await trio.sleep(0.01)
        async with open_websocket(second.url, **BOUNDS) as ws:
            assert await ws.receive() == "hello"
        assert (close_event(ws).code, close_event(ws).wasClean) == (1000, True)

    run_steadily(main)
    first.join()
    second.join()
    assert (first.peer.close_code, second.peer.close_code) == (1001, 1000)
