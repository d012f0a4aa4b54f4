"""One CONNECTING per host and port, as RFC 6455 section 4.1 asks of a client."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import trio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ._settings import Settings

_locks: trio.lowlevel.RunVar[WeakValueDictionary[tuple[str, int], trio.Lock]] = (
    trio.lowlevel.RunVar("trio_ws_dom_connecting")
)


@asynccontextmanager
async def turn(settings: Settings) -> AsyncIterator[None]:
    """Wait until nobody else in this trio run is connecting to the host and port.

    The queue is fair; a cancelled wait leaves it. A ready stream dials nobody, and waits for none.
    """
    if not settings.serialize_connects or settings.stream is not None:
        yield
        return
    where = settings.host, settings.port
    try:
        locks = _locks.get()
    except LookupError:
        locks = WeakValueDictionary()
        _locks.set(locks)
    lock = locks.get(where)
    if lock is None:
        locks[where] = lock = trio.Lock()
    async with lock:
        yield
