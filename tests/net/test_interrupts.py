"""Ctrl-C in the tasks in which trio dials, which are not protected from it."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable

import pytest
import trio

from trio_ws_dom import WebSocket, WebSocketStream, open_websocket, open_websocket_nursery
from trio_ws_dom._net._interrupts import uninterrupted

URL = "ws://127.0.0.1:65000/"  # nobody gets as far as that


class CtrlC(trio.abc.SocketFactory):
    """Presses it where a socket would be made."""

    def socket(self, *args: object) -> trio.socket.SocketType:
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("it was not raised here: trio's tasks are protected by now")


async def usual_door(sockets: list[WebSocket]) -> None:
    async with open_websocket(URL):
        raise AssertionError("it was opened")


async def nursery_door(sockets: list[WebSocket]) -> None:
    async with open_websocket_nursery() as scope:
        sockets.append(scope.connect(URL))
        await trio.sleep_forever()


@pytest.mark.parametrize("door", [usual_door, nursery_door])
def test_while_dialling(door: Callable[[list[WebSocket]], Awaitable[None]]) -> None:
    """The dialling fails, the socket is closed as ever, and KeyboardInterrupt comes out bare."""
    sockets: list[WebSocket] = []

    async def main() -> None:
        trio.socket.set_custom_socket_factory(CtrlC())
        with trio.fail_after(10):
            await door(sockets)

    with pytest.raises(KeyboardInterrupt):
        trio.run(main)
    for ws in sockets:
        assert (ws.readyState, ws.closeEvent.code) == (WebSocket.CLOSED, 1006)
        assert isinstance(ws.failure.__cause__, ConnectionAbortedError)


def test_it_comes_first() -> None:
    """Who waits for the opening gets the KeyboardInterrupt, not the failure that follows."""

    async def main() -> None:
        trio.socket.set_custom_socket_factory(CtrlC())
        async with trio.open_nursery() as nursery:
            await WebSocketStream(URL, nursery=nursery).opened

    with pytest.raises(BaseExceptionGroup) as caught:
        trio.run(main)
    assert [type(exc) for exc in caught.value.exceptions] == [KeyboardInterrupt]


@pytest.mark.parametrize("beside", [ValueError(), None])
async def test_what_is_not_ctrl_c(beside: Exception | None) -> None:
    """A group with anything else in it comes out as it is, and so does a mere cancellation."""
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
        await uninterrupted(connect)
    assert caught.value is group
