"""Ctrl-C in the child tasks in which python-socks dials, which are not protected from it."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trio
from support.checked import close_event, not_none
from support.patience import PATIENCE

from trio_ws_dom import WebSocket, WebSocketStream, open_websocket, open_websocket_nursery
from trio_ws_dom._net._interrupts import redeliver_interrupt

URL = "ws://127.0.0.1:65000/"
PROXY = "socks5://127.0.0.1:65001"  # no connection is made to it


class CtrlC(trio.abc.SocketFactory):
    """Press Ctrl-C when a socket is made."""

    def socket(self, family: Any = 0, type: Any = 0, proto: int = 0) -> trio.socket.SocketType:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("it was not raised here, so trio's tasks are protected now")


async def open_one(sockets: list[WebSocket]) -> None:
    async with open_websocket(URL, proxy=PROXY):
        raise AssertionError("it was opened")


async def open_in_nursery(sockets: list[WebSocket]) -> None:
    async with open_websocket_nursery() as scope:
        sockets.append(scope.connect(URL, proxy=PROXY))
        await trio.sleep_forever()


@pytest.mark.parametrize("entry_point", [open_one, open_in_nursery])
def test_interrupt_while_dialling_closes_the_socket_and_comes_out_bare(
    entry_point: Callable[[list[WebSocket]], Awaitable[None]],
) -> None:
    sockets: list[WebSocket] = []

    async def main() -> None:
        trio.socket.set_custom_socket_factory(CtrlC())
        with trio.fail_after(PATIENCE):
            await entry_point(sockets)

    with pytest.raises(KeyboardInterrupt):
        trio.run(main)
    for ws in sockets:
        assert (ws.readyState, close_event(ws).code) == (WebSocket.CLOSED, 1006)
        assert isinstance(not_none(ws.failure).__cause__, ConnectionAbortedError)


def test_interrupt_comes_before_the_failure_that_it_causes() -> None:

    async def main() -> None:
        trio.socket.set_custom_socket_factory(CtrlC())
        async with trio.open_nursery() as nursery:
            await WebSocketStream(URL, nursery=nursery, proxy=PROXY).opened

    with pytest.raises(BaseExceptionGroup) as caught:
        trio.run(main)
    assert [type(exc) for exc in caught.value.exceptions] == [KeyboardInterrupt]


@pytest.mark.parametrize("beside", [ValueError(), None])
async def test_group_with_anything_but_interrupts_comes_out_unchanged(
    beside: Exception | None,
) -> None:
    """The second group is of a cancellation alone."""
    with trio.CancelScope() as scope:
        scope.cancel()
        with pytest.raises(BaseExceptionGroup) as raised:
            async with trio.open_nursery():
                await trio.lowlevel.checkpoint()
    members = [KeyboardInterrupt(), beside] if beside else raised.value.exceptions
    group = BaseExceptionGroup("of a nursery", members)

    async def connect() -> None:
        raise group

    with pytest.raises(BaseExceptionGroup) as caught:
        await redeliver_interrupt(connect)
    assert caught.value is group
