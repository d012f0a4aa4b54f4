"""Send a file, with a progress bar.

Start it with ``python -m examples.send_file FILE [URL]``. Whoever runs ``examples.receive_file``
with the same URL receives it, and ``examples.meeting_point`` serves both. The bar needs ``pip
install rich``.
"""

import hashlib
import json
import sys

import trio
from rich.progress import Progress

from trio_ws_dom import WebSocketError, open_websocket_stream

URL = "ws://localhost:8080/file"
CHUNK = 64 * 1024


async def send_file(path: trio.Path, url: str) -> None:
    size, digest = (await path.stat()).st_size, hashlib.sha256()
    with Progress() as progress:
        bar = progress.add_task(path.name, total=size)
        async with open_websocket_stream(url) as stream, await trio.open_file(path, "rb") as file:
            await stream.writable.send(json.dumps({"name": path.name, "size": size}))
            while chunk := await file.read(CHUNK):
                await stream.writable.send(chunk)  # no faster than the receiver takes them
                digest.update(chunk)
                progress.advance(bar, len(chunk))
            if await stream.readable.receive() != digest.hexdigest():
                sys.exit("The receiver got something else.")


if __name__ == "__main__":
    try:
        trio.run(send_file, trio.Path(sys.argv[1]), sys.argv[2] if sys.argv[2:] else URL)
    except (WebSocketError, trio.EndOfChannel) as error:
        sys.exit(f"The connection was lost: {error}")
