"""The server and its bots in one process: python -m examples.chat"""

import sys
from functools import partial

import trio
from trio_websocket import CloseReason, serve_websocket

from .abacus import abacus
from .greeter import greeter
from .server import Chat
from .visitor import ADA, BOB, visitor


async def main() -> None:
    goodbyes: list[int] = []

    def report(room: str, name: str, closed: CloseReason | None) -> None:
        code = closed.code if closed else 1006
        goodbyes.append(code)
        what = "lost without a Close" if code == 1006 else f"Close {code} received and answered"
        print(f"  server {room:7} {name}: {what}")

    chat = Chat(report)
    with trio.fail_after(20):
        async with trio.open_nursery() as members, trio.open_nursery() as listener:
            serve = partial(serve_websocket, chat.handle, "127.0.0.1", 0, None)
            server = await listener.start(partial(serve, handler_nursery=members))
            await talk(f"ws://127.0.0.1:{server.port}")
            listener.cancel_scope.cancel()
        # the server has seen the last of its members go
    if sorted(goodbyes) != [1000, 1000, 1001, 1001, 4000]:
        sys.exit(f"not every goodbye was a clean one: {goodbyes}")
    print(f"{len(goodbyes)} sockets, {len(goodbyes)} clean goodbyes")


async def talk(server: str) -> None:
    async with trio.open_nursery() as bots:
        # start() returns when the bot is in its rooms: it misses nobody who comes later
        await bots.start(abacus, [f"{server}/lobby?abacus", f"{server}/study?abacus"])
        await bots.start(greeter, f"{server}/lobby?greeter")
        async with trio.open_nursery() as visitors:
            visitors.start_soon(visitor, f"{server}/lobby?ada", ADA)
            visitors.start_soon(visitor, f"{server}/study?bob", BOB)
        # The abacus never leaves by itself. Cancelled, it says goodbye to each room with 1001.
        bots.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main)
