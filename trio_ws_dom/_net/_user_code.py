"""Where code of ours, which is protected from Ctrl-C, runs the program's, which is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec, TypeVar

import trio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

P = ParamSpec("P")
T = TypeVar("T")


@trio.lowlevel.disable_ki_protection
def call(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Call a function of the program's, which Ctrl-C may interrupt."""
    return function(*arguments, **named)


@trio.lowlevel.disable_ki_protection
async def wait_for(awaitable: Awaitable[T]) -> T:
    """Await what is the program's, where Ctrl-C may land."""
    return await awaitable
