"""Entry points with a second socket, whose peer accepts it and then sends nothing.

Its end takes all of its bound. However control waits for it, a cancellation must bound both sockets
from the moment of the cancellation.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import trio
from support.peer import Peer

from guarantee.case import BESIDE, BOTH, INNER, OUTER, Account
from guarantee.scenario import block, talk_and_end, wait_open
from trio_ws_dom import open_websocket, open_websocket_nursery

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

URL: Final = "ws://peer.test/"
SILENT_URL: Final = "ws://silent.test/"


def to_silent(options: dict[str, Any], stream: trio.abc.Stream) -> dict[str, Any]:
    """Return the same options, for a socket over this stream."""
    return options | {"stream": stream}


async def silent_peer(stream: trio.abc.Stream) -> None:
    with suppress(trio.BrokenResourceError, AssertionError):  # the client has closed already
        await Peer(stream).accept()


async def _in_another(account: Account, options: dict[str, Any], silent: trio.abc.Stream) -> None:
    async with (
        open_websocket(SILENT_URL, **to_silent(options, silent)),
        open_websocket(URL, **options) as ws,
    ):
        await block(account, ws)


async def _around_another(
    account: Account, options: dict[str, Any], silent: trio.abc.Stream
) -> None:
    async with open_websocket(URL, **options) as ws:
        try:
            async with open_websocket(SILENT_URL, **to_silent(options, silent)):
                await talk_and_end(account, ws)
        finally:
            account.mark("left")


async def _beside_another(
    account: Account, options: dict[str, Any], silent: trio.abc.Stream
) -> None:
    async with open_websocket_nursery() as sockets:
        try:
            other = sockets.connect(SILENT_URL, **to_silent(options, silent))
            ws = sockets.connect(URL, **options)
            await wait_open(ws)
            await talk_and_end(account, ws)
            await other.aclose()
        finally:
            account.mark("left")


async def _with_both(account: Account, options: dict[str, Any], silent: trio.abc.Stream) -> None:
    async with open_websocket_nursery() as sockets:
        other = sockets.connect(SILENT_URL, **to_silent(options, silent))
        ws = sockets.connect(URL, **options)
        await wait_open(ws)
        async with other, ws:
            await block(account, ws)


PAIRS: Final[dict[str, Callable[[Account, dict[str, Any], trio.abc.Stream], Awaitable[None]]]] = {
    OUTER: _in_another,
    INNER: _around_another,
    BESIDE: _beside_another,
    BOTH: _with_both,
}
