"""Waiting for the end of sockets, whatever happens to the one who waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import trio

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from .._net._one_shot import Moment
    from ._dispatcher import Dispatcher


def is_cancelled() -> bool:
    """Whether the next checkpoint of the calling task would raise ``trio.Cancelled``."""
    return trio.current_effective_deadline() == -float("inf")


def without_cancelled(exc: BaseException | None) -> BaseException | None:
    """What is left to tell of an exception, where others are raised beside it."""
    if isinstance(exc, trio.Cancelled):
        return None
    if isinstance(exc, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", exc)
        cancelled, others = group.split(trio.Cancelled)
        return group if cancelled is None else others
    return exc


@trio.lowlevel.enable_ki_protection
async def outlast(
    ends: Iterable[trio.Event | Moment],
    sockets: Collection[Dispatcher],
    raised: BaseException | None = None,
) -> BaseException | None:
    """Wait for all of ``ends``, come what may.

    A cancellation hurries the sockets' closing, and so does a first Ctrl-C; a second one aborts it.
    The wait goes on, bounded by the connections' own deadlines.

    Args:
      ends: set at the ends.
      sockets: to be hurried and aborted; they are closing already.
      raised: with what the caller's block was left; a KeyboardInterrupt counts as the first.

    Returns:
      The KeyboardInterrupt or Cancelled that came meanwhile, for the caller to raise.
    """
    pending: BaseException | None = None
    if isinstance(raised, KeyboardInterrupt):
        pending = raised
        _interrupt(sockets)
    for number, end in enumerate(ends):
        while number == 0 or not end.is_set():  # a checkpoint in any case
            try:
                with trio.CancelScope(shield=pending is not None):
                    await end.wait()
                break
            except trio.Cancelled as exc:
                pending = exc
                for ws in sockets:
                    ws._connection.hurry()
            except KeyboardInterrupt as exc:
                if isinstance(pending, KeyboardInterrupt):
                    for ws in sockets:
                        ws._connection.abort()
                else:
                    pending = exc
                    _interrupt(sockets)
    return pending


def _interrupt(sockets: Iterable[Dispatcher]) -> None:
    for ws in sockets:
        ws._interrupt()
