"""The server that is connected to again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
from support.line import Line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def line(
    kind: str, clock: trio.abc.Clock | None, nursery: trio.Nursery
) -> AsyncIterator[Line]:
    """Over memory streams in virtual time first, then over real sockets; ``clock`` is to be asked
    for beside it."""
    if kind == "memory":
        yield Line(nursery, None)
        return
    listener = (await trio.open_tcp_listeners(0, host="127.0.0.1"))[0]
    async with listener:
        yield Line(nursery, listener)


@pytest.fixture
async def memory(nursery: trio.Nursery) -> Line:
    """In memory and virtual time only; ``autojump_clock`` is to be asked for beside it."""
    return Line(nursery, None)
