"""The doors with one socket: a block that is entered when it is OPEN."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, final

import trio

from ._nursery import WebSocketNursery
from ._websocket import WebSocket

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType
    from typing import Unpack

    from ._options import ConnectOptions


class OneSocket(AbstractAsyncContextManager[WebSocket]):
    """A scope with one socket in it, which is OPEN when the block is entered."""

    def __init__(self) -> None:
        self._scope = WebSocketNursery()

    @abstractmethod
    async def _begin(self) -> WebSocket:
        """Make the socket, in the scope; what this raises comes out of ``async with``."""

    @trio.lowlevel.enable_ki_protection
    async def __aenter__(self) -> WebSocket:
        await self._scope.__aenter__()
        try:
            return await self._begin()
        except BaseException as exc:
            await self._scope.__aexit__(type(exc), exc, exc.__traceback__)
            raise

    @trio.lowlevel.enable_ki_protection
    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        return await self._scope.__aexit__(exc_type, exc, traceback)


@final
class _OpenWebSocket(OneSocket):
    """See :func:`open_websocket`."""

    def __init__(self, url: str, protocols: str | Iterable[str], options: ConnectOptions) -> None:
        super().__init__()
        self._arguments = url, protocols, options

    async def _begin(self) -> WebSocket:
        url, protocols, options = self._arguments
        ws = self._scope.connect(url, protocols, **options)
        await ws._opened.wait()
        if ws.status is None:
            assert ws.failure is not None  # it was closed without having been open
            raise ws.failure
        return ws


def open_websocket(
    url: str, protocols: str | Iterable[str] = (), **options: Unpack[ConnectOptions]
) -> AbstractAsyncContextManager[WebSocket]:
    """One connection, one block: ``async with open_websocket(url) as ws``.

    The block is entered once the socket is OPEN; messages wait until it looks at them (a
    ``message`` listener, receiving, ``wait_closed()``). However it is left, the closing handshake
    is over then, or was given up within its bounds: 1000 at the block's end, 1001 after an
    exception and under cancellation, for at most ``close_timeout`` seconds and at most
    ``cancelled_close_timeout`` from the cancellation on.

    Args:
      url, protocols, options: as :class:`WebSocket` takes them.

    Raises:
      WebSocketError: it could not be opened; ``__cause__`` is the true cause.
      HandshakeError: a WebSocketError, where the server answered; has status, headers and body.
      DOMException, TypeError, ValueError: as :class:`WebSocket` raises them.
      ExceptionGroup: what listeners raised, flat, the body's exception last; otherwise the body's
        own exception comes out as it is.
    """
    return _OpenWebSocket(url, protocols, options)
