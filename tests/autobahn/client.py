"""Echo whatever comes, case by case, as Autobahn asks of a client.

Run it by ``python -m autobahn.client URL``. Each case is a separate connection, so how many run at
once changes no verdict.
"""

from __future__ import annotations

import argparse

import trio

from trio_ws_dom import open_websocket

AGENT = "trio_ws_dom"
MAX_MESSAGE_SIZE = 32 * 1024 * 1024  # bytes; section 9 sends 16 MiB in one message


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--agent", default=AGENT)
    parser.add_argument("--jobs", type=int, default=10, help="cases at once (%(default)s)")
    parser.add_argument("--compression", action=argparse.BooleanOptionalAction, default=True)
    arguments = parser.parse_args()

    count = await case_count(arguments.url)
    cases = iter(range(1, count + 1))

    async def worker() -> None:
        for case in cases:
            url = f"{arguments.url}/runCase?case={case}&agent={arguments.agent}"
            await echo(url, compression=arguments.compression)

    async with trio.open_nursery() as nursery:
        for _ in range(arguments.jobs):
            nursery.start_soon(worker)
    async with open_websocket(f"{arguments.url}/updateReports?agent={arguments.agent}") as ws:
        await ws.wait_closed()
    print(f"{count} cases run", flush=True)


async def case_count(url: str) -> int:
    async with open_websocket(f"{url}/getCaseCount") as ws:
        return int(await ws.receive())


async def echo(url: str, *, compression: bool) -> None:
    """Send back each message with its type until the server closes, or breaks the protocol."""
    async with open_websocket(
        url,
        compression=compression,
        max_message_size=MAX_MESSAGE_SIZE,
        serialize_connects=False,  # a browser would connect the jobs one after the other
    ) as ws:
        ws.binaryType = "arraybuffer"
        ws.onmessage = lambda event: ws.send(event.data)
        await ws.wait_closed()  # whichever way it ends, as the server's report judges it


if __name__ == "__main__":
    trio.run(main)
