"""A bot that takes orders, starts a job for each, and reports its progress until it is done.

Its listener is an ``async def``, of which each call is a task of the connection. So several loaves
are in the oven at once, and no task remains when the connection ends.
"""

import itertools
import re

import trio

from trio_ws_dom import MessageEvent, open_websocket

ORDER = re.compile(r"([\w-]+): baker, bake (?:an? |some )?(.{1,40}?)(?:,? please)?[.!]?")


class Oven:
    """Simulate a slow service that starts a job and is then asked for its progress."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds  # for each job
        self._started: dict[int, float] = {}
        self._numbers = itertools.count(1)

    async def start(self) -> int:
        """Start a job and return its number."""
        await trio.lowlevel.checkpoint()
        number = next(self._numbers)
        self._started[number] = trio.current_time()
        return number

    async def progress(self, number: int) -> int:
        """Return the progress of a job in percent."""
        await trio.lowlevel.checkpoint()
        passed = trio.current_time() - self._started[number]
        return min(100, int(100 * passed / self._seconds))


async def baker(
    url: str, seconds: float, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    oven = Oven(seconds)
    async with open_websocket(url) as ws:

        async def onmessage(event: MessageEvent) -> None:
            assert isinstance(event.data, str)  # the chat is text
            order = ORDER.fullmatch(event.data)
            if order is None:
                return
            name, what = order.groups()
            job = await oven.start()
            while (done := await oven.progress(job)) < 100:
                ws.send(f"{name}, {what}: {done} %")
                await trio.sleep(seconds / 5)
            ws.send(f"{name}, {what}: done")

        ws.onmessage = onmessage
        task_status.started()
        await ws.wait_closed()
