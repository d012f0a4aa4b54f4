"""Run the chat's server and its bots in one process.

Start it with ``python -m examples.chat``. It prints each event of each socket.
"""

import sys
from functools import partial

import trio
from trio_websocket import serve_websocket

from trio_ws_dom import CloseEvent

from .abacus import abacus
from .baker import baker
from .eliza import eliza
from .greeter import greeter
from .server import Chat
from .show import show_end
from .visitor import ADA, BOB, CARL, DORA, visitor


async def main() -> None:
    closes: list[int] = []

    def report(room: str, name: str, event: CloseEvent) -> None:
        closes.append(event.code)
        show_end(room, name, event)

    chat = Chat(report)
    with trio.fail_after(20):
        async with trio.open_nursery() as members, trio.open_nursery() as listener:
            serve = partial(serve_websocket, chat.handle, "127.0.0.1", 0, None)
            server = await listener.start(partial(serve, handler_nursery=members))
            await talk(f"ws://127.0.0.1:{server.port}")
            listener.cancel_scope.cancel()
        # Here the server has seen the end of every member's connection.
    if sorted(closes) != [1000, 1000, 1000, 1000, 1001, 1001, 1001, 1001, 4000]:
        sys.exit(f"not every close was clean: {closes}")
    print(f"{len(closes)} sockets, {len(closes)} clean closes")


async def talk(server: str) -> None:
    async with trio.open_nursery() as bots:
        # start() returns once the bot is in its rooms, so it sees everybody who comes later.
        await bots.start(abacus, [f"{server}/lobby?abacus", f"{server}/study?abacus"])
        await bots.start(greeter, f"{server}/lobby?greeter")
        await bots.start(baker, f"{server}/kitchen?baker", 0.5)
        await bots.start(eliza, f"{server}/couch?eliza")
        async with trio.open_nursery() as visitors:
            visitors.start_soon(visitor, f"{server}/lobby?ada", ADA)
            visitors.start_soon(visitor, f"{server}/study?bob", BOB)
            visitors.start_soon(visitor, f"{server}/kitchen?carl", CARL)
            visitors.start_soon(visitor, f"{server}/couch?dora", DORA)
        # The other bots never leave by themselves. When they are cancelled they close with 1001.
        bots.cancel_scope.cancel()


if __name__ == "__main__":
    trio.run(main)
