"""Ctrl-C in tasks that are not protected from it, namely those in which python-socks dials."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final, TypeVar, cast

import trio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

_T = TypeVar("_T")

DELIVERY_TURNS: Final = 2
"""Scheduler steps until a deferred KeyboardInterrupt is on its way to the main task.

trio's task for calls from elsewhere delivers it.
"""


async def redeliver_interrupt(connect: Callable[[], Awaitable[_T]]) -> _T:
    """Await ``connect()``, and raise a Ctrl-C that comes out of it where trio raises every other.

    The caller must be protected from KeyboardInterrupt. python-socks dials by
    ``trio.open_tcp_stream()``, which connects in child tasks that are not protected, so a Ctrl-C
    that lands there ends the dialling.

    Raises:
      ConnectionAbortedError: it was interrupted; the main task gets the KeyboardInterrupt.
      BaseException: as ``connect()``.
    """
    try:
        return await connect()
    except (KeyboardInterrupt, BaseExceptionGroup) as exc:
        if set(_kinds(exc)) - {trio.Cancelled} != {KeyboardInterrupt}:
            raise
        signal.raise_signal(signal.SIGINT)  # again, where it is deferred
        # the program should see the interrupt before it sees the failed dial
        for _ in range(DELIVERY_TURNS):
            await trio.lowlevel.cancel_shielded_checkpoint()
        raise ConnectionAbortedError("interrupted by Ctrl-C while connecting") from None


def _kinds(exc: BaseException) -> Iterator[type[BaseException]]:
    """Yield the types of a group's members, also of nested groups."""
    if isinstance(exc, BaseExceptionGroup):
        for member in cast("BaseExceptionGroup[BaseException]", exc).exceptions:
            yield from _kinds(member)
    else:
        yield type(exc)
