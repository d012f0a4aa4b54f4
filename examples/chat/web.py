"""The chat with a page for people.

Start it with ``python -m examples.chat.web``, and open the URL that it prints.

Quart-Trio on Hypercorn serves the page (``pip install quart-trio``), trio-websocket serves the room
on the next port, and the bots run in the same trio program.
"""

import argparse
import signal
from functools import partial
from pathlib import Path

import trio
from hypercorn.config import Config
from hypercorn.trio import serve  # pyright: ignore[reportUnknownVariableType]  # WSGI's part
from quart_trio import QuartTrio
from trio_websocket import serve_websocket

from .abacus import abacus
from .baker import baker
from .eliza import eliza
from .greeter import greeter
from .server import Chat
from .show import show_end

HOST = "127.0.0.1"
PAGE = Path(__file__).with_name("page.html")
NIGHT = 30
"""Seconds that the greeter stays away after it was wished good night."""


def page(room_port: int) -> QuartTrio:
    app = QuartTrio(__name__)

    @app.get("/")
    async def index() -> str:
        return PAGE.read_text(encoding="utf-8")

    @app.get("/room")
    async def room() -> dict[str, int | str]:
        return {"port": room_port, "path": "/lobby"}

    return app


async def invite_bots(room: str) -> None:
    async with trio.open_nursery() as bots:
        await bots.start(abacus, [f"{room}?abacus"])
        await bots.start(baker, f"{room}?baker", 5)
        await bots.start(eliza, f"{room}?eliza")
        while True:
            await greeter(f"{room}?greeter")
            await trio.sleep(NIGHT)


async def main(port: int) -> None:
    chat = Chat(show_end)
    config = Config()
    config.bind = [f"{HOST}:{port}"]
    async with trio.open_nursery() as bots:
        async with trio.open_nursery() as members, trio.open_nursery() as servers:
            room = partial(serve_websocket, chat.handle, HOST, port + 1, None)
            await servers.start(partial(room, handler_nursery=members))
            await servers.start(partial(serve, page(port + 1), config))
            bots.start_soon(invite_bots, f"ws://{HOST}:{port + 1}/lobby")
            print(f"Open http://{HOST}:{port}/ in a browser. Ctrl-C ends the server", flush=True)
            with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                await anext(signals)
            # First the servers stop accepting, then all members are closed with 1001.
            servers.cancel_scope.cancel()
            chat.close_all()
        bots.cancel_scope.cancel()  # the greeter may be away
    print("All connections are closed")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="examples.chat.web")
    parser.add_argument(
        "--port", type=int, default=8080, help="for the page; the room has the next"
    )
    trio.run(main, parser.parse_args().port)
