"""What the clients of either event loop have in common: how they are run, and many at once."""

from __future__ import annotations

import asyncio
import gc
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

import trio

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from bench.work import Work

    Does = Callable[[str, Work], Awaitable[float]]


class Client(Protocol):
    """A module of this folder."""

    run: Callable[..., float]
    receive: Does
    send: Does
    echo: Does

    @staticmethod
    def connect(url: str, work: Work) -> AbstractAsyncContextManager[Any]: ...


def on_trio(does: Callable[..., Awaitable[float]], *arguments: object) -> float:
    return trio.run(does, *arguments)


def on_asyncio(does: Callable[..., Awaitable[float]], *arguments: object) -> float:
    async def main() -> float:
        return await does(*arguments)

    return asyncio.run(main())


async def cycle(client: Client, url: str, work: Work) -> float:
    """Connections one after the other, each closed as soon as it is open."""
    start = perf_counter()
    for _ in range(work.count):
        async with client.connect(url, work):
            pass
    return perf_counter() - start


async def fan_in(client: Client, url: str, work: Work) -> float:
    """The same as `receive`, on many sockets at once."""
    start = perf_counter()
    if client.run is on_trio:
        async with trio.open_nursery() as nursery:
            for _ in range(work.sockets):
                nursery.start_soon(client.receive, url, work.share)
    else:
        async with asyncio.TaskGroup() as group:
            for _ in range(work.sockets):
                group.create_task(client.receive(url, work.share))  # type: ignore[arg-type]  # a coroutine
    return perf_counter() - start


async def idle(client: Client, url: str, work: Work) -> float:
    """Bytes of resident memory that each open connection adds."""
    held = held_by_tasks if client.run is on_trio else held_by_stack
    async with held(client, url, work) as one_more:
        for _ in range(work.sockets // 10):  # what the first ones load is not theirs
            await one_more()
        before = resident()
        for _ in range(work.sockets):
            await one_more()
        return (resident() - before) / work.sockets


@asynccontextmanager
async def held_by_tasks(
    client: Client, url: str, work: Work
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """A task for each, as their scopes cannot be in one task by the thousand."""

    async def hold(task_status: trio.TaskStatus[None]) -> None:
        async with client.connect(url, work):
            task_status.started()
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:

        async def one_more() -> None:
            await nursery.start(hold)

        yield one_more
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def held_by_stack(
    client: Client, url: str, work: Work
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    async with AsyncExitStack() as stack:

        async def one_more() -> None:
            await stack.enter_async_context(client.connect(url, work))

        yield one_more


def resident() -> int:
    """Bytes of this process's memory; Linux."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


GENERAL: dict[str, Callable[[Client, str, Work], Awaitable[float]]] = {
    "cycle": cycle,
    "fan_in": fan_in,
    "idle": idle,
}
"""What needs nothing of a client but `connect` and `receive`; a client may have its own."""
