"""A bot that answers sums in several rooms at once, until it is cancelled.

It shows many sockets in one scope.
"""

import operator
import re
from collections.abc import Iterable
from functools import partial

import trio

from trio_ws_dom import MessageEvent, WebSocket, open_websocket_nursery

from .show import show

QUESTION = re.compile(r"(\w+): abacus, what is (\d{1,9}) ([-+*]) (\d{1,9})\?")
OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul}


async def abacus(
    urls: Iterable[str], *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    async with open_websocket_nursery() as sockets:
        rooms = [sockets.connect(url) for url in urls]
        # Nothing is dispatched before the first await, so no event of any room is missed.
        opened = [ws.when("open") for ws in rooms]
        for ws in rooms:
            show(ws)
            ws.onmessage = partial(answer, ws)
        for events in opened:
            async with events:
                await events.receive()
        task_status.started()
        for ws in rooms:
            await ws.wait_closed()


def answer(ws: WebSocket, event: MessageEvent) -> None:
    assert isinstance(event.data, str)  # the chat is text
    question = QUESTION.fullmatch(event.data)
    if question:
        name, left, sign, right = question.groups()
        ws.send(f"{name}, {left} {sign} {right} is {OPERATORS[sign](int(left), int(right))}")
