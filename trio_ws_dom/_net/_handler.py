"""The boundary between a connection and the object above it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._trace._records import TraceRecord
    from .._wire._http._response import Response
    from .._wire._messages import Message


class ConnectionHandler(ABC):
    """Callbacks from a connection to the object that owns it, all called from its tasks.

    It is here so that ``_net`` need not know of the layers above it.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def accepts_messages(self) -> bool:
        """Whether a message may be delivered now.

        If not, call the connection's ``resume()`` when it may be again.
        """

    @property
    @abstractmethod
    def must_pause(self) -> bool:
        """Whether :meth:`pause` must be awaited before anything else is delivered."""

    @abstractmethod
    async def pause(self) -> None:
        """Wait until what was delivered has had its effect."""

    @abstractmethod
    async def on_open(self, response: Response) -> None:
        """Handle a good opening handshake."""

    @abstractmethod
    def take_messages(self, messages: Sequence[Message], index: int) -> int:
        """Handle some or all of the messages from ``index`` on.

        Returns the index of the next.
        """

    @abstractmethod
    def reading_stopped(self, seconds: float) -> None:
        """Note that :attr:`accepts_messages` has been false for so long."""

    @abstractmethod
    def on_bytes_sent(self) -> None:
        """Note that the amount of buffered bytes fell."""

    @abstractmethod
    def on_record(self, record: TraceRecord) -> None:
        """Pass a record to the trace.

        It is called only where the option ``trace`` is set.
        """
