"""What a connection's pump asks of the object above it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._trace._records import TraceRecord
    from .._wire._http._response import Response
    from .._wire._messages import Message


class Owner(Protocol):
    """What the pump asks of the object above it. All of it is called from the pump's task."""

    @property
    def _wants_messages(self) -> bool:
        """Whether a message may be handed over now; else :meth:`Connection.resume` will tell."""
        ...

    def _connection_opened(self, response: Response) -> None: ...

    def _take_messages(self, messages: Sequence[Message], index: int) -> int:
        """Handle messages from ``index`` on, some or all; gives the index of the next."""
        ...

    def _bytes_left(self) -> None:
        """``outbox.amount`` fell."""

    def _traced(self, record: TraceRecord) -> None:
        """Something goes over the wire; called only where ``trace`` is set."""
