"""Closing sockets, and waiting for that, whatever happens to the task that waits.

A cancellation does not end the wait. It bounds the sockets' closing by ``cancelled_close_timeout``,
counted from the moment of the cancellation, and so does a first Ctrl-C; a second one aborts it. So
the waits below are shielded, and bounded by the connections' own deadlines.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final, cast

import trio

from ._enclosure import waiting_for_sockets

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from .._net._one_shot import OneShotEvent
    from .._wire._frames import Close
    from ._session import Session

_QUIET: Final = (trio.Cancelled, GeneratorExit)
"""Exceptions that say nothing beside others: control is on its way out."""


def is_cancelled() -> bool:
    """Return whether the next checkpoint of the calling task would raise ``trio.Cancelled``."""
    return trio.current_effective_deadline() == -inf


def without_cancelled(exc: BaseException | None) -> BaseException | None:
    """Return the exception without its ``Cancelled`` and ``GeneratorExit`` parts, which are not
    worth telling beside other exceptions.

    Returns None if nothing remains.
    """
    if isinstance(exc, _QUIET):
        return None
    if isinstance(exc, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", exc)
        quiet, others = group.split(_QUIET)
        return group if quiet is None else others
    return exc


def is_interrupt(exc: BaseException | None) -> bool:
    """Return whether this is a KeyboardInterrupt, or a group with one in it, as trio's nurseries
    make them."""
    if isinstance(exc, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", exc)
        return any(map(is_interrupt, group.exceptions))
    return isinstance(exc, KeyboardInterrupt)


def begin_close(session: Session, close: Close, blocked_seconds: float = 0) -> None:
    """Start the closing handshake for a program that is done with the socket.

    Args:
      blocked_seconds: what has passed already of the bound of a cancelled close.
    """
    cancelled = is_cancelled()
    session.leave(close, flush=not cancelled)
    if cancelled:  # which may leave no time for a Close
        session.limit_close(trio.current_time() - blocked_seconds)


@trio.lowlevel.enable_ki_protection
async def close_and_wait(
    session: Session, close: Close, *, interrupted: bool = False
) -> BaseException | None:
    """Close a socket, drop what is unread, and wait until it is CLOSED.

    Args and returns as :func:`wait_closed_shielded`.
    """
    begin_close(session, close)
    return await wait_closed_shielded([session.closed], [session], interrupted=interrupted)


@trio.lowlevel.enable_ki_protection
async def wait_closed_shielded(
    ends: Iterable[OneShotEvent],
    sessions: Collection[Session],
    *,
    interrupted: bool = False,
) -> BaseException | None:
    """Wait for sockets to close, even if the waiting task is cancelled or interrupted.

    Args:
      ends: set at the ends.
      sessions: which are closing already.
      interrupted: whether Ctrl-C ended the caller's block: that counts as the first one.

    Returns:
      The KeyboardInterrupt or Cancelled that came meanwhile, for the caller to raise.
    """
    pending: BaseException | None = None
    if interrupted:
        _interrupt(sessions)
    with waiting_for_sockets():
        for number, end in enumerate(ends):
            while number == 0 or not end.is_set():  # a checkpoint in any case
                try:
                    with trio.CancelScope(shield=pending is not None):
                        await end.wait()
                    break
                except trio.Cancelled as exc:
                    pending = exc
                    for session in sessions:
                        session.limit_close(trio.current_time())
                except KeyboardInterrupt as exc:
                    if interrupted:
                        for session in sessions:
                            session.connection.abort()
                    else:
                        interrupted, pending = True, exc
                        _interrupt(sessions)
    return pending


def _interrupt(sessions: Iterable[Session]) -> None:
    for session in sessions:
        session.interrupt()
