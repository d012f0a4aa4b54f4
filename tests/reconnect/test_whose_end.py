"""Ends that an attempt swallows, which are those of its own socket."""

from __future__ import annotations

import pytest
import trio
from support.checked import instance, not_none
from support.scripted_server import ScriptedServer, closing, lost

from trio_ws_dom import CloseEvent, WebSocket, WebSocketError


async def test_another_sockets_error_comes_out(scripted: ScriptedServer, clock: object) -> None:
    """This holds even if both sockets are lost."""
    with pytest.raises(WebSocketError) as caught:
        async for attempt in scripted.loop(lost):
            async with attempt as ws:
                await ws.wait_closed()
                async for inner in scripted.loop(lost):
                    async with inner as second:
                        await second.wait_closed()
                    raise not_none(second.failure)
    assert caught.value is second.failure


async def test_websocket_error_of_the_program_comes_out(
    scripted: ScriptedServer, clock: object
) -> None:
    mine = WebSocketError("mine")
    with pytest.raises(WebSocketError) as caught:
        async for attempt in scripted.loop():
            async with attempt:
                assert attempt.retry is None, "the attempt took it"
                raise mine
    assert caught.value is mine
    assert scripted.codes == [1001]


async def test_own_end_in_a_group_is_swallowed(scripted: ScriptedServer, clock: object) -> None:

    async def read(ws: WebSocket) -> None:
        await ws.receive()

    async for attempt in scripted.loop(lost):
        async with attempt as ws:
            if attempt.retry is not None:
                break
            async with trio.open_nursery() as nursery:
                nursery.start_soon(read, ws)
                nursery.start_soon(trio.sleep_forever)
    assert scripted.codes == [None, 1000]


async def test_own_failure_that_the_program_raises_is_swallowed(
    scripted: ScriptedServer, clock: object
) -> None:
    async for attempt in scripted.loop(lost):
        async with attempt as ws:
            if attempt.retry is not None:
                break
            await ws.wait_closed()
            raise not_none(ws.failure)
    assert scripted.codes == [None, 1000]


async def test_own_failure_that_a_listener_raises_is_swallowed(
    scripted: ScriptedServer, clock: object
) -> None:

    async for attempt in scripted.loop(lost):
        async with attempt as ws:
            if attempt.retry is not None:
                break

            def raise_failure(event: object, ws: WebSocket = ws) -> None:
                raise not_none(ws.failure)

            ws.onclose = raise_failure
            await trio.sleep_forever()
    assert scripted.codes == [None, 1000]


async def test_group_of_the_own_end_and_another_error_comes_out_as_it_is(
    scripted: ScriptedServer, clock: object
) -> None:
    boom = ValueError("boom")
    with pytest.raises(ExceptionGroup) as caught:
        async for attempt in scripted.loop(lost):
            async with attempt as ws:
                with pytest.raises(WebSocketError) as own:
                    await ws.receive()
                group = ExceptionGroup("mine", [own.value, boom])
                raise group
    assert caught.value is group


async def test_of_the_own_end_and_cancelled_only_cancelled_goes_on(
    memory: ScriptedServer, autojump_clock: object
) -> None:

    async def read(ws: WebSocket) -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await ws.receive()

    async for attempt in memory.loop(lost):
        with trio.move_on_after(1) as scope:
            async with attempt as ws:
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(read, ws)
                    nursery.start_soon(trio.sleep_forever)
        break
    assert scope.cancelled_caught


@pytest.mark.parametrize("how", ["lost", "clean"])
async def test_error_of_drain_is_swallowed(
    how: str, memory: ScriptedServer, autojump_clock: object
) -> None:
    async for attempt in memory.loop(lost if how == "lost" else closing(1001)):
        async with attempt as ws:
            if attempt.retry is not None:
                break
            await ws.wait_closed()
            ws.send("too late")
            await ws.drain()
            raise AssertionError("nothing was sent")
    assert len(memory.connections) == 2


async def test_error_of_ping_is_swallowed(memory: ScriptedServer, autojump_clock: object) -> None:
    async for attempt in memory.loop(closing(1001)):
        async with attempt as ws:
            if attempt.retry is not None:
                break
            await ws.wait_closed()
            await ws.ping()
            raise AssertionError("there was no answer")
    assert instance(CloseEvent, not_none(attempt.retry).cause).code == 1001
