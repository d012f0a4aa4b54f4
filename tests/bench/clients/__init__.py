"""The clients, one file each.

A client in Python has ``receive``, ``send`` and ``echo``, each ``async def (url, work) ->
seconds``, measured from when the connection is open until the last message is there; ``connect``, a
context manager; and ``run``, which runs one of them. Each is written as its own documentation
writes such a program.

Our compiled build runs the same files as the pure one, in processes that import it from its own
folder. Those in JavaScript are measured where there is a Node.js with the packages ``ws`` and
``undici`` (NODE_PATH names the folder), and a Chromium.
"""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple


class Client(NamedTuple):
    """A client, which is a line of the table.

    Attributes:
      label: its name in the table.
      distributions: those whose versions describe what was measured.
      loop: the module of the event loop that its programs import in any case.
      package: the module that a program imports to use it.
      lacks: kinds of work, and "compressed", that it cannot do.
      file: its file in this folder, if that has another name than the client.
      compiled: whether it is our compiled build.
    """

    label: str
    distributions: list[str]
    loop: str
    package: str
    lacks: tuple[str, ...] = ()
    file: str = ""
    compiled: bool = False


COMPILED_BUILD = "TRIO_WS_DOM_COMPILED_BUILD"
"""The environment variable that names the folder where the compiled build is installed."""


def _compiled(file: str, label: str) -> Client:
    return Client(label, ["trio-ws-dom"], "trio", "trio_ws_dom", file=file, compiled=True)


CLIENTS: dict[str, Client] = {
    "ours_callbacks": Client("trio_ws_dom, onmessage", ["trio-ws-dom"], "trio", "trio_ws_dom"),
    "ours_iterating": Client("trio_ws_dom, async for", ["trio-ws-dom"], "trio", "trio_ws_dom"),
    "compiled_callbacks": _compiled("ours_callbacks", "compiled build, onmessage"),
    "compiled_iterating": _compiled("ours_iterating", "compiled build, async for"),
    "ours_stream": Client("trio_ws_dom, stream", ["trio-ws-dom"], "trio", "trio_ws_dom"),
    "ours_numpy": Client(
        "trio_ws_dom and numpy", ["trio-ws-dom", "numpy"], "trio", "numpy", ("idle", "load")
    ),
    "trio_websocket": Client(
        "trio-websocket", ["trio-websocket", "wsproto"], "trio", "trio_websocket", ("compressed",)
    ),
    "websockets_trio": Client("websockets, trio", ["websockets"], "trio", "websockets.trio.client"),
    "websockets_asyncio": Client(
        "websockets, asyncio", ["websockets"], "asyncio", "websockets.asyncio.client"
    ),
    "httpx_ws": Client(
        "httpx-ws, trio", ["httpx-ws", "httpx", "wsproto"], "trio", "httpx_ws", ("compressed",)
    ),
    "aiohttp": Client("aiohttp", ["aiohttp"], "asyncio", "aiohttp"),
    "picows": Client("picows", ["picows"], "asyncio", "picows", ("compressed",)),
    "node_ws": Client("Node.js, npm's ws", [], "", "", ("idle", "load")),
    "node_undici": Client("Node.js, undici", [], "", "", ("compressed", "idle", "load")),
    "chromium": Client("Chromium", [], "", "", ("idle", "load", "cycle")),
    "bare": Client("bare trio socket", ["trio"], "trio", "trio", ("compressed", "load")),
}


def installed() -> list[str]:
    """Return the clients that can run here."""
    return [name for name in CLIENTS if _is_there(name)]


def _is_there(name: str) -> bool:
    if CLIENTS[name].compiled:
        return COMPILED_BUILD in os.environ
    if name == "chromium":
        return any(map(shutil.which, ("chromium", "google-chrome"))) or "CHROMIUM" in os.environ
    if name in NODE:
        found = [Path(folder) / NODE[name] for folder in os.environ.get("NODE_PATH", "").split(":")]
        return shutil.which("node") is not None and any(folder.is_dir() for folder in found)
    return find_spec(CLIENTS[name].package.partition(".")[0]) is not None


NODE = {"node_ws": "ws", "node_undici": "undici"}
"""The packages of npm."""
