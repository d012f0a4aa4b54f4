"""The DOM's part of a socket, as signals of its listeners and mistakes with on* attributes."""

from __future__ import annotations

import gc
import weakref
from functools import partial
from typing import Any

import pytest
import trio
from support.fake_server import Accepted

from trio_ws_dom import AbortController, AbortSignal, Event, MessageEvent, WebSocket


def know(ws: WebSocket, event: MessageEvent) -> None:
    """Be a listener that knows its socket, as those of programs do."""


@pytest.mark.parametrize("dependent", [False, True])
async def test_a_long_lived_signal_does_not_keep_closed_sockets_alive(
    dependent: bool, accepted: Accepted, autojump_clock: Any
) -> None:
    controller = AbortController()
    gone: list[weakref.ref[object]] = []
    for _ in range(3):
        signal = AbortSignal.any([controller.signal]) if dependent else controller.signal
        ws, connection = await accepted()
        ws.addEventListener("message", partial(know, ws), signal=signal)
        await connection.close()
        await ws.wait_closed()
        gone.append(weakref.ref(ws))
    del ws, connection, signal
    await trio.lowlevel.checkpoint()  # the last turn of the socket's tasks
    gc.collect()
    assert [ref() for ref in gone] == [None] * 3
    assert not controller.signal._algorithms


async def test_a_signal_removes_the_listener_of_an_open_socket(
    accepted: Accepted, autojump_clock: Any
) -> None:
    controller = AbortController()
    heard: list[Event] = []
    ws, connection = await accepted()
    ws.addEventListener("message", heard.append, {"signal": controller.signal})
    gc.collect()
    controller.abort()
    with ws.when("message") as messages:
        await connection.send("hello")
        await messages.receive()
    assert heard == []


@pytest.mark.parametrize("name", ["on_message", "onmesage", "onMessage"])
async def test_a_misspelt_on_attribute_is_an_error(
    name: str, accepted: Accepted, autojump_clock: Any
) -> None:
    ws, _ = await accepted()
    with pytest.raises(AttributeError, match=f"got {name}; did you mean onmessage"):
        setattr(ws, name, print)
    program: Any = ws
    program.nickname, program.online = "ada", True
    assert (program.nickname, program.online) == ("ada", True)


async def test_what_cannot_be_called_is_refused_and_no_message_dropped_for_it(
    accepted: Accepted, autojump_clock: Any
) -> None:
    ws, connection = await accepted()
    heard: list[Any] = []
    ws.onmessage = heard.append
    junk: Any = "save"
    with pytest.raises(TypeError, match="expected onmessage as a callable or None, got 'save'"):
        ws.onmessage = junk
    with ws.when("message") as messages:
        await connection.send("hello")
        assert heard == [await messages.receive()]


async def test_an_async_listener_is_inside_the_dispatch_until_its_first_await(
    accepted: Accepted, autojump_clock: Any
) -> None:
    ws, connection = await accepted()
    heard: list[Any] = []

    async def stop(event: Any) -> None:
        heard.append(event.currentTarget)
        event.stopImmediatePropagation()
        await trio.sleep(1)
        heard.append(event.currentTarget)

    ws.addEventListener("message", stop)
    ws.addEventListener("message", lambda event: heard.append("next"))
    await connection.send("hello")
    await trio.sleep(2)
    assert heard == [ws, None]


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [((1000, None), 1000, ""), ((None, None), 1005, ""), ((3000.4, "bye"), 3000, "bye")],
)
async def test_close_converts_its_arguments(
    arguments: Any, code: int, reason: str, accepted: Accepted, autojump_clock: Any
) -> None:
    ws, _ = await accepted()
    ws.close(*arguments)
    event = await ws.wait_closed()
    assert (event.code, event.reason) == (code, reason)
