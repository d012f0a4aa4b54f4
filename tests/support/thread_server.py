"""A third-party server in a thread, for programs in other processes."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from support.patience import PATIENCE

if TYPE_CHECKING:
    import ssl
    from collections.abc import Generator

    from websockets.http11 import Request, Response
    from websockets.sync.server import ServerConnection


class ThreadServer:
    """A server that echoes messages, except for those that it knows.

    Attributes:
      url: of any room; it refuses the room "forbidden".
      cookie: the one that it sets.
      heard: all messages.
      requests: of the handshakes.
      closes: the code and reason of each received Close.
      left: set when a connection is over.
    """

    def __init__(self) -> None:
        self.url = ""
        self.cookie = "visited=1; Max-Age=3600"
        self.heard: list[str | bytes] = []
        self.requests: list[Request] = []
        self.closes: list[tuple[int, str]] = []
        self.left = threading.Event()
        self._guests: list[ServerConnection] = []
        self._came = threading.Event()

    def say(self, message: str | bytes) -> None:
        """Send to all connections once there is one.

        The client may know that it is open before its thread here runs.
        """
        assert self._came.wait(PATIENCE), "no client connected"
        for guest in self._guests:
            with suppress(ConnectionClosed):
                guest.send(message)

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        self.requests.append(request)
        if request.path == "/forbidden":
            response = connection.respond(403, "not you\x1b[31m\n")
            response.headers["Set-Cookie"] = "refused=1"
            return response
        return None

    def welcome(self, connection: ServerConnection, request: Request, response: Response) -> None:
        response.headers["Set-Cookie"] = self.cookie

    def handle(self, guest: ServerConnection) -> None:
        self._guests.append(guest)
        self._came.set()
        try:
            for message in guest:
                self.heard.append(message)
                self.react(guest, message)
        except ConnectionClosed:
            pass
        finally:
            self._guests.remove(guest)
            close = guest.protocol.close_rcvd
            if close is not None:
                self.closes.append((close.code, close.reason))
            self.left.set()

    def react(self, guest: ServerConnection, message: str | bytes) -> None:
        match message:
            case "bye":
                guest.close(1000, "bye")
            case "kick":
                guest.close(4401, "log in\x1b[31m")
            case "lose":
                guest.socket.shutdown(2)
            case _:
                guest.send(message)


@contextmanager
def run_thread_server(
    context: ssl.SSLContext | None = None, **options: Any
) -> Generator[ThreadServer]:
    """Run a server on loopback, from when it listens to the end of the block."""
    thread_server = ThreadServer()
    with serve(
        thread_server.handle,
        "127.0.0.1",
        0,
        ssl=context,
        process_request=thread_server.answer,
        process_response=thread_server.welcome,
        close_timeout=1,
        **options,
    ) as server:
        port = server.socket.getsockname()[1]
        thread_server.url = f"ws{'s' if context else ''}://localhost:{port}/room"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield thread_server
        finally:
            server.shutdown()
            thread.join()
