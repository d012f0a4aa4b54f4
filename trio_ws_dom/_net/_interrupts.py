"""Ctrl-C that lands beside the pump's protection: in the tasks that trio makes while it dials."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final, TypeVar, cast

import trio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

_T = TypeVar("_T")

DELIVERY_TURNS: Final = 2
"""Turns of the scheduler until a KeyboardInterrupt that was deferred is on its way: trio's task
for calls from elsewhere hands it to the main task."""


async def uninterrupted(connect: Callable[[], Awaitable[_T]]) -> _T:
    """Have a Ctrl-C that comes out of ``connect()`` raised where every other one is.

    To be called where it is protected from KeyboardInterrupt. ``trio.open_tcp_stream()`` dials in
    tasks of its own, which are not: one that lands there ends the dialling.

    Raises:
      ConnectionAbortedError: it was interrupted; the main task gets the KeyboardInterrupt.
      BaseException: as ``connect()``.
    """
    try:
        return await connect()
    except (KeyboardInterrupt, BaseExceptionGroup) as exc:
        if set(_kinds(exc)) - {trio.Cancelled} != {KeyboardInterrupt}:
            raise
        signal.raise_signal(signal.SIGINT)  # pressed again where it is protected
        for _ in range(DELIVERY_TURNS):  # that it ended the dialling is the lesser news
            await trio.lowlevel.cancel_shielded_checkpoint()
        raise ConnectionAbortedError("interrupted by Ctrl-C while connecting") from None


def _kinds(exc: BaseException) -> Iterator[type[BaseException]]:
    """The types of what is in a group, and in groups within it."""
    if isinstance(exc, BaseExceptionGroup):
        for member in cast("BaseExceptionGroup[BaseException]", exc).exceptions:
            yield from _kinds(member)
    else:
        yield type(exc)
