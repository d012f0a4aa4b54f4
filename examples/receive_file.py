"""Receive a file, with a progress bar.

Start it with ``python -m examples.receive_file FOLDER [URL]``. The other end is
``examples.send_file``, and ``examples.meeting_point`` is the server for both. The bar needs ``pip
install rich``.
"""

import hashlib
import json
import sys
from pathlib import Path

import trio
from rich.progress import Progress

from trio_ws_dom import WebSocketError, open_websocket_stream

URL = "ws://localhost:8080/file"


async def receive_file(folder: Path, url: str) -> None:
    digest = hashlib.sha256()
    async with open_websocket_stream(url) as stream:
        header = json.loads(await stream.readable.receive())
        path, left = folder / Path(header["name"]).name, int(header["size"])
        with Progress() as progress:
            bar = progress.add_task(path.name, total=left)
            async with await trio.open_file(path, "xb") as file:
                while left > 0:
                    chunk = await stream.readable.receive()
                    assert isinstance(chunk, bytes), "the sender sends text at the start alone"
                    await file.write(chunk)  # a slow disk slows the sender
                    digest.update(chunk)
                    progress.advance(bar, len(chunk))
                    left -= len(chunk)
        await stream.writable.send(digest.hexdigest())


if __name__ == "__main__":
    try:
        trio.run(receive_file, Path(sys.argv[1]), sys.argv[2] if sys.argv[2:] else URL)
    except FileExistsError as error:
        sys.exit(str(error))
    except (WebSocketError, trio.EndOfChannel) as error:
        sys.exit(f"The connection was lost: {error}")
