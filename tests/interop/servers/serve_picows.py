"""A server on picows, which leaves text, fragments and the answer to a Close to its user."""

from __future__ import annotations

import asyncio
from typing import Any

from interop.servers.serving import thirds, wait_until_stopped
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server  # pyright: ignore[reportUnknownVariableType]  # in part

LARGEST = 1 << 24  # bytes
OWN_CODE: Any = 3001  # its types know only the codes of RFC 6455


class Listener(WSListener):
    def __init__(self, path: bytes) -> None:
        self.path = path

    def on_ws_connected(self, transport: WSTransport) -> None:
        if self.path == b"/close":
            transport.send_close(OWN_CODE, b"the server's own")
        elif self.path == b"/ping":
            transport.send_ping(b"are you there?")

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()
        elif frame.msg_type == WSMsgType.PONG:
            transport.send(WSMsgType.TEXT, b"yes")
        elif self.path == b"/fragments":
            first, second, third = thirds(frame.get_payload_as_bytes())
            transport.send(frame.msg_type, first, fin=False)
            transport.send(WSMsgType.CONTINUATION, second, fin=False)
            transport.send(WSMsgType.CONTINUATION, third)
        else:
            transport.send(frame.msg_type, frame.get_payload_as_bytes())


def listen(request: WSUpgradeRequest) -> Listener:
    return Listener(request.path)


async def main() -> None:
    server = await ws_create_server(listen, "127.0.0.1", 0, max_frame_size=LARGEST)
    async with server:
        await wait_until_stopped(server.sockets[0].getsockname()[1])


asyncio.run(main())
