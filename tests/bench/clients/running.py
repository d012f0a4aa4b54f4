"""How the clients of either event loop are run, also many at once."""

from __future__ import annotations

import asyncio
import gc
from array import array
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from pathlib import Path
from time import perf_counter, thread_time
from typing import TYPE_CHECKING, Any, Protocol

import trio

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from bench.work import Work

    Does = Callable[[str, Work], Awaitable[float]]


AT_ONCE = 64
"""Connections that are opened at the same time, where opening them is not measured."""

HANG = 20
"""Seconds after which a client that is attacked counts as hanging."""


class Client(Protocol):
    """A module of this folder."""

    run: Callable[..., float]
    receive: Does
    send: Does
    echo: Does

    @staticmethod
    async def consume(url: str) -> bool: ...

    @staticmethod
    def connect(url: str, work: Work) -> AbstractAsyncContextManager[Any]: ...


def on_trio(does: Callable[..., Awaitable[float]], *arguments: object) -> float:
    return trio.run(does, *arguments)


def on_asyncio(does: Callable[..., Awaitable[float]], *arguments: object) -> float:
    async def main() -> float:
        return await does(*arguments)

    return asyncio.run(main())


async def cycle(client: Client, url: str, work: Work) -> float:
    """Make connections one after the other, each closed as soon as it is open."""
    start = perf_counter()
    for _ in range(work.count):
        async with client.connect(url, work):
            pass
    return perf_counter() - start


async def fan_in(client: Client, url: str, work: Work) -> float:
    """Do the work ``receive`` on many sockets at once."""
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
    """Return the bytes of resident memory that each open connection adds."""
    held = held_by_tasks if client.run is on_trio else held_by_stack
    async with held(client, url, work) as one_more:
        for _ in range(work.sockets // 10):  # what the first ones load does not count
            await one_more()
        before = resident()
        for _ in range(work.sockets):
            await one_more()
        return (resident() - before) / work.sockets


@asynccontextmanager
async def held_by_tasks(
    client: Client, url: str, work: Work
) -> AsyncGenerator[Callable[[], Awaitable[None]]]:
    """Hold each in a task, as their scopes cannot be in one task by the thousand."""

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
) -> AsyncGenerator[Callable[[], Awaitable[None]]]:
    async with AsyncExitStack() as stack:

        async def one_more() -> None:
            await stack.enter_async_context(client.connect(url, work))

        yield one_more


def resident() -> int:
    """Return the bytes of this process's memory, on Linux."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


async def side_by_side(count: int, does: Callable[[], Awaitable[object]]) -> None:
    """Do it this often, and up to AT_ONCE at a time."""
    left = iter(range(count))

    async def some() -> None:
        for _ in left:
            await does()

    async with trio.open_nursery() as nursery:
        for _ in range(min(count, AT_ONCE)):
            nursery.start_soon(some)


async def turns(client: Client, url: str, work: Work) -> dict[str, float]:
    """Return how late a task gets its turn while the same program receives messages, in seconds.

    The figures are what all but one moment in a hundred do not exceed, the longest time between two
    turns, and the most processor time between two, which other processes do not change.
    """

    async def receive() -> None:
        await client.receive(url, work)

    return await turns_beside(receive)


async def attack(client: Client, url: str, work: Work) -> dict[str, float]:
    """Return the same while a peer attacks, and whether the client refused what it sent."""
    refused, hung = False, False

    async def consume() -> None:
        nonlocal refused, hung
        with trio.move_on_after(HANG) as scope:
            refused = await client.consume(url)
        hung = scope.cancelled_caught

    return {**await turns_beside(consume), "refused": refused, "hung": hung}


async def turns_beside(does: Callable[[], Awaitable[None]]) -> dict[str, float]:
    ends, used = array("d"), array("d")

    async def take_turns() -> None:
        while True:
            ends.append(perf_counter())
            used.append(thread_time())
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(take_turns)
        await does()
        nursery.cancel_scope.cancel()
    gaps = [end - start for start, end in pairwise(ends)]
    cpu = max(end - start for start, end in pairwise(used))
    return {"late": lateness(gaps, 0.99), "worst": max(gaps), "cpu": cpu}


def lateness(gaps: Sequence[float], share: float) -> float:
    """Return how late, at most, this share of all moments gets its next turn.

    In a gap of g seconds there are g - d of moments which wait for longer than d. (A percentile of
    the gaps themselves would count a thousand idle turns of 10 us as much as a thousand long ones.)
    """
    longer = (1 - share) * sum(gaps)  # the seconds in which one waits for longer than that
    total = 0.0
    for count, gap in enumerate(sorted(gaps, reverse=True), 1):
        if total - (count - 1) * gap > longer:
            return (total - longer) / (count - 1)
        total += gap
    return (total - longer) / len(gaps)


GENERAL: dict[str, Callable[[Client, str, Work], Awaitable[Any]]] = {
    "cycle": cycle,
    "fan_in": fan_in,
    "idle": idle,
    "turns": turns,
    "attack": attack,
}
"""What needs only ``connect`` and ``receive`` of a client, which may have its own instead."""
