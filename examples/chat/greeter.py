"""A bot that greets each new member, until one wishes it good night.

It shows callbacks, as in a browser.
"""

import trio

from trio_ws_dom import Event, MessageEvent, WebSocket

from .show import show


async def greeter(
    url: str, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
) -> None:
    async with trio.open_nursery() as nursery:
        socket = WebSocket(url, nursery=nursery)
        show(socket)

        def onopen(event: Event) -> None:
            task_status.started()

        def onmessage(event: MessageEvent) -> None:
            assert isinstance(event.data, str)  # the chat is text
            match event.data.split():
                case ["*", name, "joined"] if name != "greeter":
                    socket.send(f"Hello, {name}!")
                case [name, "Good", "night,", "greeter!"]:
                    socket.send(f"Good night, {name.rstrip(':')}!")
                    socket.close(4000, "gone to bed")  # sent after what is queued
                case _:
                    pass  # the others talk to each other

        socket.onopen = onopen
        socket.onmessage = onmessage
