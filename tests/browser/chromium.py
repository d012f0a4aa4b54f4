"""A headless Chromium, driven over its DevTools protocol.

There must be one on the machine. On Debian, run ``apt-get install chromium``; elsewhere any
Chromium, Chrome or Edge will do. It is found on PATH, or by the environment variable CHROMIUM.
Nothing is downloaded.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio
from support.patience import PATIENCE
from trio_websocket import WebSocketConnection, open_websocket_url

from . import tls

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP *.example 127.0.0.1, MAP *.example. 127.0.0.1",
    "--remote-debugging-port=0",
)
HOW_TO_GET_ONE = (
    "no Chromium found: install one (Debian: apt-get install chromium; Fedora: dnf "
    "install chromium; macOS: brew install --cask chromium), "
    "or give its path in the environment variable CHROMIUM. Without a browser, `pytest "
    "tests/browser` compares with the recording."
)
"""Seconds. A Chromium that starts on a cold and busy machine takes about ten."""
SCRIPTS = ("page.js", "streams.js")
PAGE = b"<!doctype html><meta charset=utf-8><base>" + b"".join(
    b"<script src=%s></script>" % script.encode() for script in SCRIPTS
)


class NoBrowser(Exception):
    """There is no Chromium on this machine. The message says how to install one."""


class PageError(Exception):
    """The page's script raised, which is a mistake in the comparison and not a finding."""


def find_chromium() -> str:
    named = os.environ.get("CHROMIUM")
    found = (
        named
        if named and shutil.which(named)
        else next(filter(None, map(shutil.which, NAMES)), None)
    )
    if found is None:
        raise NoBrowser(HOW_TO_GET_ONE)
    return found


class DevTools:
    """One DevTools connection with one page attached, with calls, answers and the page's
    ``tellServer``."""

    def __init__(self, connection: WebSocketConnection) -> None:
        self._connection = connection
        self._answers: dict[int, trio.MemorySendChannel[dict[str, Any]]] = {}
        self._session: str | None = None
        self._calls = 0
        self.on_tell: Callable[[str], None] = lambda name: None

    async def read(self) -> None:
        while True:
            message = json.loads(await self._connection.get_message())
            if "id" in message:
                self._answers.pop(message["id"]).send_nowait(message)
            elif message["method"] == "Runtime.bindingCalled":
                self.on_tell(message["params"]["payload"])

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._calls += 1
        number = self._calls
        send, receive = trio.open_memory_channel[dict[str, Any]](1)
        self._answers[number] = send
        request = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            request["sessionId"] = self._session
        await self._connection.send_message(json.dumps(request))
        answer = await receive.receive()
        if "error" in answer:
            raise PageError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def evaluate(self, expression: str) -> Any:
        """Return the value of an expression in the page. A promise is awaited."""
        result = await self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in result:
            raise PageError(json.dumps(result["exceptionDetails"]))
        return result["result"].get("value")

    async def open_page(self, url: str) -> None:
        target = await self.call("Target.createTarget", url=url)
        attached = await self.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        self._session = attached["sessionId"]
        await self.call("Runtime.enable")
        await self.call("Runtime.addBinding", name="tellServer")
        while not await self.evaluate(
            "typeof Program === 'function' && 'do_stream' in Program.prototype"
        ):
            await trio.sleep(0.02)


class Browser:
    """A Chromium with one blank page of ours.

    ``version`` and ``page_port`` are facts, and ``devtools`` speaks to the page.
    """

    def __init__(self, devtools: DevTools, version: str, page_port: int) -> None:
        self.devtools = devtools
        self.version = version
        self.page_port = page_port


@asynccontextmanager
async def open_browser() -> AsyncGenerator[Browser]:
    """Start Chromium with a new profile and our page, and end it afterwards with its profile."""
    executable = find_chromium()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        async with trio.open_nursery() as nursery:
            (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
            page_port = listener.socket.getsockname()[1]
            nursery.start_soon(trio.serve_listeners, _serve_page, [listener])
            trusted = f"--ignore-certificate-errors-spki-list={tls.pin()}"
            command = [executable, *FLAGS, trusted, f"--user-data-dir={profile}", "about:blank"]
            run = partial(
                trio.run_process,
                command,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
            )
            process: trio.Process = await nursery.start(run)
            with trio.fail_after(PATIENCE):
                url = await _devtools_url(trio.Path(profile) / "DevToolsActivePort", process)
            async with open_websocket_url(url, max_message_size=1 << 26) as connection:
                devtools = DevTools(connection)
                nursery.start_soon(devtools.read)
                version = (await devtools.call("Browser.getVersion"))["product"]
                await devtools.open_page(f"http://127.0.0.1:{page_port}/")
                yield Browser(devtools, version, page_port)
                nursery.cancel_scope.cancel()


async def _devtools_url(announcement: trio.Path, process: trio.Process) -> str:
    """Return the URL that Chromium writes to a file once it listens."""
    while True:
        if process.poll() is not None:
            raise NoBrowser(f"Chromium ended at once with exit code {process.returncode}")
        announced = await announcement.exists() and await announcement.read_text()
        lines = announced.split("\n") if announced else []
        if len(lines) == 2:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        await trio.sleep(0.05)


async def _serve_page(stream: trio.SocketStream) -> None:
    request = b""
    async with stream:
        while b"\r\n\r\n" not in request:
            data = await stream.receive_some()
            if not data:
                return
            request += data
        path = request.split(b" ")[1].decode().removeprefix("/")
        if not path:
            kind, body = "text/html", PAGE
        elif path in SCRIPTS:
            kind, body = "text/javascript", Path(__file__).with_name(path).read_bytes()
        else:
            kind, body = "text/plain", b""
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: "
            f"{len(body)}\r\nConnection: close\r\n\r\n"
        )
        await stream.send_all(head.encode() + body)
