"""What must hold of the exception that a scope raises, by its owner and shape."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

import trio
from support.checked import parts

from guarantee.case import OWN_NURSERY, STUCK, Account
from guarantee.sweep import only_interrupts
from trio_ws_dom import WebSocketError

if TYPE_CHECKING:
    from collections.abc import Iterator

ENTERED_OPEN: Final = ("open_websocket", "connect_websocket", "open_websocket_stream")
"""Entry points whose block is entered once the socket is open."""


def exact_exception(account: Account) -> Iterator[str]:
    """What comes out is the same object that was raised, and nothing else.

    A bare socket's exceptions come through the program's own nursery, which makes groups.
    """
    problem = _problem_with_outcome(account)
    if problem:
        yield f"{problem}: outcome {account.outcome!r}, swallowed a Cancelled: {account.caught}"


def interrupt_comes_out(account: Account) -> Iterator[str]:
    """A Ctrl-C is never lost."""
    lost = not account.interrupted_later and not has_interrupt(account.outcome)
    if "interrupt" in account.moments and lost:
        yield f"outcome {account.outcome!r}"


def has_interrupt(exc: BaseException | None) -> bool:
    return isinstance(exc, KeyboardInterrupt) or any(map(has_interrupt, parts(exc)))


def _problem_with_outcome(account: Account) -> str | None:
    case, exc = account.case, account.outcome
    bare = case.entry in OWN_NURSERY
    if exc is None and account.caught:
        return None if case.cancel else "a cancellation without a cause"
    if account.listener_raised:
        return _problem_with_listeners(account, exc, bare)
    if case.ctrl_c and isinstance(exc, BaseException) and only_interrupts(exc):
        if bare and account.session is None:
            return None  # it came before there was a socket, and maybe before there was a nursery
        good = isinstance(exc, KeyboardInterrupt) != bare
        return None if good else "Ctrl-C in the wrong shape"
    if account.raised:
        members = (parts(exc) if bare else ()) or (exc,)
        if case.ctrl_c and (bare or case.press) and isinstance(exc, BaseExceptionGroup):
            return None  # both are possible, as it lands in the program's nursery or in a listener
        if case.cancel and exc is None:
            return "the block's exception is lost"
        return None if members == (account.boom,) else "expected the block's exception"
    if exc is None:
        return _problem_with_silence(account)
    if case.way == STUCK and (found := parts(exc)):
        kinds = [type(member) for member in found]
        allowed: list[list[type[BaseException]]] = [[trio.TooSlowError]]
        if case.ctrl_c:
            allowed.append([trio.TooSlowError, KeyboardInterrupt])
        return None if kinds in allowed else "expected a TooSlowError for the listener"
    if case.entry == "connect_websocket" and isinstance(exc, Exception) and (found := parts(exc)):
        (exc,) = found
        bare = False
    if isinstance(exc, WebSocketError) and not bare:
        if account.step("open") < account.step("out"):
            return "an error of opening, but it was open"
        return None if exc.__cause__ is not None else "an error of opening without its cause"
    return "an exception without a cause"


def _problem_with_listeners(account: Account, exc: BaseException | None, bare: bool) -> str | None:
    if account.case.ctrl_c and exc is not None and not isinstance(exc, Exception):
        return None  # a group that contains the Ctrl-C
    members = parts(exc)
    if not members or not isinstance(exc, Exception):
        return "expected the listener's exception in a group"
    if bare:
        if len(members) != 1 or not parts(members[0]) or not isinstance(members[0], Exception):
            return "expected a group from the nursery with the socket's one group"
        members = parts(members[0])
    return None if members == (account.boom,) else "expected the listener's exception"


def _problem_with_silence(account: Account) -> str | None:
    if account.case.entry in ENTERED_OPEN and "open" not in account.moments:
        return "it was never open, and nothing was raised"
    left = account.step("left")
    if account.case.way == STUCK and account.begun and account.step("cancel") == inf:
        return "an async listener was cut without a word"
    if account.step("cancel") < left and account.case.way not in ("aclose", "leave"):
        # in those two the rest of the block may have no checkpoint
        return None if account.step("close") <= account.step("cancel") else "Cancelled is lost"
    return None
