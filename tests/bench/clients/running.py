"""How the clients of either event loop are run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bench.work import Work

    Does = Callable[[str, Work], Awaitable[float]]


def on_trio(does: Does, url: str, work: Work) -> float:
    return trio.run(does, url, work)


def on_asyncio(does: Does, url: str, work: Work) -> float:
    async def main() -> float:
        return await does(url, work)

    return asyncio.run(main())
