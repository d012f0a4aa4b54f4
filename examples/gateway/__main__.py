"""Run the bridge through simulated faults, and check that every line arrives once.

Start it with ``python -m examples.gateway [--seconds 20 | --days 3] [--seed 1]``.
"""

import argparse
import random
from collections import Counter
from dataclasses import dataclass
from functools import partial

import trio
import trio.testing

from trio_ws_dom import CloseEvent, HandshakeError, ReconnectOptions, Retry

from .bridge import Bridge
from .network import Network
from .server import Server
from .trouble import Pace, Trouble

ROOMS = ["lobby", "study", "garden"]


@dataclass
class World:
    """A server, the network to it, and what the bridge needs to know of both."""

    server: Server
    network: Network
    pace: Pace
    url: str
    options: ReconnectOptions


async def on_loopback(nursery: trio.Nursery) -> World:
    """Set up real sockets, in real time, through a real proxy."""
    pace = Pace(line=0.01, calm=0.5, outage=1, latency=0.002)
    server = Server(ROOMS, patience=1)
    port = await nursery.start(server.listen, nursery)
    network = Network(partial(trio.open_tcp_stream, "127.0.0.1", port), pace.latency)
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    nursery.start_soon(trio.serve_listeners, network.serve_as_proxy, [listener])
    options: ReconnectOptions = {
        "proxy": f"http://127.0.0.1:{listener.socket.getsockname()[1]}",
        "initial_delay": 0.1,
        "max_delay": 0.5,
        "stable_after": 1,
        "open_timeout": 1,
        "close_timeout": 1,
        "ping_interval": 0.4,
    }
    return World(server, network, pace, f"ws://127.0.0.1:{port}", options)


async def in_memory(nursery: trio.Nursery) -> World:
    """Set up connections in memory, for a clock that jumps ahead while nothing happens."""
    pace = Pace(line=20, calm=300, outage=180, latency=0.1)
    server = Server(ROOMS, patience=10)
    network = Network(partial(server.connect, nursery), pace.latency)
    options: ReconnectOptions = {
        "stream": partial(network.dial, nursery),
        "open_timeout": 20,
        "ping_interval": 50,
    }
    return World(server, network, pace, "ws://rooms.test", options)


async def run(seconds: float, seed: int, *, simulated: bool) -> None:
    """Let people talk while things go wrong, then wait until every line has arrived."""
    random.seed(seed)  # for the delays between tries
    retries: Counter[str] = Counter()
    async with trio.open_nursery() as nursery:
        world = await (in_memory if simulated else on_loopback)(nursery)
        server, pace = world.server, world.pace
        world.options["on_retry"] = lambda retry: retries.update([kind_of(retry)])
        urls = [f"{world.url}/{name}" for name in ROOMS]
        bridge = Bridge(urls, server.log_in, **world.options)
        trouble = Trouble(world.network, server, pace, random.Random(seed))
        async with trio.open_nursery() as running:
            running.start_soon(bridge.run)
            with trio.move_on_after(seconds):
                async with trio.open_nursery() as life:
                    life.start_soon(people, server, pace.line, random.Random(seed))
                    life.start_soon(trouble.run)
            for room in server.rooms:
                room.say()  # the last line, which also shows that each connection works
            with trio.fail_after(20 * pace.outage):
                while any(room.on_their_way for room in server.rooms):
                    await trio.sleep(pace.latency)
            running.cancel_scope.cancel()
        with trio.fail_after(10):
            while server.clean_closes < len(ROOMS):
                await trio.sleep(pace.latency)
        nursery.cancel_scope.cancel()
    summarize(server, bridge, trouble, retries)


async def people(server: Server, pause: float, dice: random.Random) -> None:
    while True:
        await trio.sleep(dice.expovariate(1 / pause))
        dice.choice(server.rooms).say()


def kind_of(retry: Retry) -> str:
    """Return in a few words why there is another try."""
    match retry.cause:
        case CloseEvent(code=code):
            return f"closed with {code}"
        case HandshakeError(status=status):
            return f"refused with {status}"
        case cause:
            return type(cause.__cause__ or cause).__name__


def summarize(server: Server, bridge: Bridge, trouble: Trouble, retries: Counter[str]) -> None:
    said = sum(room.said for room in server.rooms)
    posted = sum(room.posted for room in server.rooms)
    sessions = [room.session for room in server.rooms] + [room.session for room in bridge.rooms]
    assert said == posted
    print(f"{said} lines said, {posted} arrived: each once, and in order")
    print(f"{sum(session.duplicates for session in sessions)} duplicates dropped on the way")
    print(f"{max(room.slowest for room in server.rooms):.1f} s was the slowest delivery of a line")
    print(f"{sum(room.connections for room in bridge.rooms)} connections by {len(ROOMS)} sockets")
    for title, counter in (("trouble", trouble.seen), ("tried again", retries)):
        print(f"{title}: {', '.join(f'{kind} {counter[kind]}' for kind in sorted(counter))}")


def main() -> None:
    parser = argparse.ArgumentParser("python -m examples.gateway")
    parser.add_argument("--seconds", type=float, default=20, help="real seconds")
    parser.add_argument("--days", type=float, help="simulated days, instead of real seconds")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.days is None:
        trio.run(partial(run, arguments.seconds, arguments.seed, simulated=False))
    else:
        clock = trio.testing.MockClock(autojump_threshold=0)
        seconds = arguments.days * 86400
        trio.run(partial(run, seconds, arguments.seed, simulated=True), clock=clock)


if __name__ == "__main__":
    main()
