"""MDN's example of a WebSocket, line for line.

Start it with ``python -m examples.mdn_example [URL]``.
"""

import sys

import trio

from trio_ws_dom import WebSocket


async def main(url: str) -> None:
    async with trio.open_nursery() as nursery:
        # Create WebSocket connection.
        socket = WebSocket(url, nursery=nursery)

        # Connection opened
        socket.addEventListener("open", lambda event: socket.send("Hello Server!"))

        # Listen for messages
        socket.addEventListener("message", lambda event: print("Message from server ", event.data))

    # The nursery stays open until the socket is CLOSED.
    if socket.failure is not None:  # a browser shows it in its console
        sys.exit(str(socket.failure))


if __name__ == "__main__":
    trio.run(main, sys.argv[1] if sys.argv[1:] else "ws://localhost:8080")
