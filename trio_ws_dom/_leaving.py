"""Waiting for the end of sockets, whatever happens to the one who waits."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import trio

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._net._connection import Connection


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
    ends: Iterable[trio.Event], connections: Iterable[Connection]
) -> BaseException | None:
    """Wait for all of ``ends``, come what may.

    A cancellation hurries the connections' closing, and so does a first Ctrl-C; a second one
    aborts it. The wait goes on in each case, and is bounded by the connections' own deadlines.

    Returns:
      The KeyboardInterrupt or Cancelled that came meanwhile, for the caller to raise.
    """
    pending: BaseException | None = None
    connections = list(connections)
    for end in ends:
        while True:
            try:
                with trio.CancelScope(shield=pending is not None):
                    await end.wait()
                break
            except trio.Cancelled as exc:
                pending = exc
                _hurry(connections)
            except KeyboardInterrupt as exc:
                if isinstance(pending, KeyboardInterrupt):
                    for connection in connections:
                        connection.abort()
                else:
                    pending = exc
                    _hurry(connections)
    return pending


def _hurry(connections: Iterable[Connection]) -> None:
    for connection in connections:
        connection.hurry()
