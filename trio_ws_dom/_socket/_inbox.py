"""The queue of received messages between a connection and the program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from .._dom._receive_queue import ReceiveQueue

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_WAITING: Final = 1024
"""Messages that may wait in the inbox before the reading stops until it is empty."""

MAX_WAITING_BYTES: Final = 256 * 1024
"""Bytes that may wait, likewise; text counts by the memory that its characters take, which is 1, 2
or 4 bytes each, by the widest of them."""

BURST: Final = 256
"""Messages that ``receive()`` returns at most without letting other tasks run."""

BURST_SECONDS: Final = 0.001
"""Seconds, by trio's clock, for which it does so at most."""

Inbox: TypeAlias = "ReceiveQueue[str | bytes]"


def new_inbox(on_room: Callable[[], object], on_sleep: Callable[[], object]) -> Inbox:
    """Return an empty inbox.

    Args:
      on_room: called when the reading may go on.
      on_sleep: called before the receiver sleeps.
    """
    return ReceiveQueue(
        max_items=MAX_WAITING,
        max_size=MAX_WAITING_BYTES,
        on_room=on_room,
        refill_when_empty=True,
        on_sleep=on_sleep,
        burst=BURST,
        burst_seconds=BURST_SECONDS,
        owner="socket",
    )
