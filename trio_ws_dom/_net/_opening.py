"""The opening of one connection: its turn, dialling, the handshake, and their bound."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, final

import trio

from ._dial import dial, shake_hands
from ._turns import Turn

if TYPE_CHECKING:
    from .._wire._response import Response
    from ._settings import Settings


@final
class Opening:
    """From CONNECTING to the server's 101.

    Attributes:
      stream: as soon as there is one, also if the handshake fails on it.
    """

    def __init__(self, settings: Settings) -> None:
        self.stream: trio.abc.Stream | None = None
        self._settings = settings
        self._scope = trio.CancelScope()
        self._turn: Turn | None = None

    def queue_up(self) -> None:
        """Take a place among those who connect to the same server; :meth:`run` is to follow."""
        settings = self._settings
        if settings.serialize_connects and settings.stream is None:
            self._turn = Turn(settings.host, settings.port)

    def give_up(self) -> None:
        """Let :meth:`run` end at once."""
        self._scope.cancel()

    async def run(self) -> Response:
        """Connect, timed from dialling on: waiting for a turn does not count.

        Raises:
          TimeoutError: ``open_timeout`` is over, or it was given up.
          HandshakeFailure, OSError, trio.BrokenResourceError: as ``dial`` and ``shake_hands``.
        """
        settings = self._settings
        with self._scope:
            async with self._turn or nullcontext():
                self._scope.deadline = trio.current_time() + settings.open_timeout
                self.stream = await dial(settings)
                return await shake_hands(self.stream, settings)
        raise TimeoutError(f"not open within open_timeout ({settings.open_timeout:g} seconds)")
