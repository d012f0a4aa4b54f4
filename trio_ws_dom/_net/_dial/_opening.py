"""The opening of one connection: its turn, dialling, the handshake, and their bound."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, final

import trio

from .._log import Log
from .._traced import TracedStream
from ._connect_queue import Slot
from ._fake_network import intercepted
from ._proxy_choice import choose_proxy
from ._transport import dial, shake_hands

if TYPE_CHECKING:
    from ..._wire._http._response import Response
    from .._owner import Owner
    from .._settings import Settings


@final
class Opening:
    """From CONNECTING to the server's 101.

    Attributes:
      stream: as soon as there is one, also if the handshake fails on it.
    """

    def __init__(self, settings: Settings, owner: Owner) -> None:
        self.stream: trio.abc.Stream | None = None
        self._settings = settings
        self._owner = owner
        self._scope = trio.CancelScope()
        self._slot: Slot | None = None

    def enqueue(self) -> None:
        """Take a slot in the queue of the server's host and port; :meth:`run` must follow."""
        settings = self._settings
        if settings.serialize_connects and settings.stream is None:
            self._slot = Slot(settings.host, settings.port)

    def cancel(self) -> None:
        """Make :meth:`run` end at once."""
        self._scope.cancel()

    async def run(self) -> Response:
        """Connect, timed from dialling on: waiting in the queue does not count.

        Raises:
          TimeoutError: ``open_timeout`` is over, or it was cancelled.
          HandshakeFailure, OSError, trio.BrokenResourceError: as ``choose_proxy``, ``dial`` and
            ``shake_hands``.
        """
        settings = self._settings
        log = Log(settings.number, settings.where)
        proxy = None
        with self._scope:
            async with self._slot or nullcontext():
                self._scope.deadline = trio.current_time() + settings.open_timeout
                connect = intercepted(settings)
                if connect is not None:
                    self.stream = connect()
                else:
                    proxy = await choose_proxy(settings)
                    self.stream = await dial(settings, proxy)
                log.dialled()
                if settings.trace is not None:
                    self.stream = TracedStream(self.stream, settings, self._owner._traced)
                response = await shake_hands(self.stream, settings)
                log.answered(response)
                return response
        through = "" if proxy is None else f" through {proxy}"
        raise TimeoutError(
            f"not open{through} within open_timeout ({settings.open_timeout:g} seconds)"
        )
