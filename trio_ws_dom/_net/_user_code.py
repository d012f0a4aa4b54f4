"""Calls from our code, which is protected from Ctrl-C, into the program's, which is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec, TypeVar

import trio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

P = ParamSpec("P")
T = TypeVar("T")


@trio.lowlevel.disable_ki_protection
def call_user(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Call a function of the program, which Ctrl-C may interrupt."""
    return function(*arguments, **named)


@trio.lowlevel.disable_ki_protection
async def await_user(awaitable: Awaitable[T]) -> T:
    """Await an awaitable of the program, which Ctrl-C may interrupt."""
    return await awaitable
