"""A HAR file in Chromium's own network panel."""

from __future__ import annotations

import json
from functools import partial

import pytest
import trio
from support.frames import PING, frame
from support.peer import Peer
from support.transports import MemoryTransport

from trio_ws_dom import HarRecorder, open_websocket

from .chromium import DevTools, open_browser

pytestmark = [pytest.mark.browser, pytest.mark.real]

LOAD = """(async () => {
  const ui = await import('./ui/legacy/legacy.js');
  await ui.ViewManager.ViewManager.instance().showView('network');
  const network = await import('./panels/network/network.js');
  const panel = network.NetworkPanel.NetworkPanel.instance();
  await panel.networkLogView.onLoadFromFile(new File([%s], 'x.har'));
  const logs = await import('./models/logs/logs.js');
  return logs.NetworkLog.NetworkLog.instance().requests().map((request) => ({
    url: request.url(),
    type: request.resourceType().name(),
    status: request.statusCode,
    headers: request.requestHeaders().map(({name}) => name),
    frames: request.frames().map((frame) => [frame.type, frame.opCode, frame.text]),
  }));
})()"""


async def recorded() -> HarRecorder:
    """Return the HAR of a short conversation."""
    transport, recorder = MemoryTransport(), HarRecorder()

    async def play() -> None:
        peer = await transport.peer()
        await peer.accept(then=frame(PING, b"?"))
        await serve(peer)

    async def serve(peer: Peer) -> None:
        await peer.next()
        await peer.send(frame(1, "wörld".encode()), frame(2, b"\x00\xff"))
        await peer.finish()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(play)
        async with open_websocket(transport.url, **transport.options(trace=recorder)) as ws:
            ws.send("hello")
            assert [await ws.receive(), await ws.receive()] == ["wörld", b"\x00\xff"]
    return recorder


async def load(har: str) -> list[dict[str, object]]:
    """Return what Chromium makes of a HAR."""
    async with open_browser() as browser:
        devtools: DevTools = browser.devtools
        devtools._session = None  # the browser's own
        target = await devtools.call(
            "Target.createTarget", url="devtools://devtools/bundled/devtools_app.html"
        )
        attached = await devtools.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        devtools._session = attached["sessionId"]
        while not await devtools.evaluate("document.querySelector('.root-view') !== null"):
            await trio.sleep(0.05)
        found: list[dict[str, object]] = await devtools.evaluate(LOAD % json.dumps(har))
        return found


def test_chromium_imports_what_we_save() -> None:
    """The panel shows the handshake and every message as it shows its own."""
    har = json.dumps(trio.run(recorded).to_dict())
    (entry,) = trio.run(partial(load, har))
    assert (entry["url"], entry["type"], entry["status"]) == ("ws://peer.test/", "websocket", 101)
    assert "Sec-WebSocket-Key" in entry["headers"]  # type: ignore[operator]  # a list
    frames: list[list[object]] = entry["frames"]  # type: ignore[assignment]  # likewise
    assert [kind for kind in frames if kind[1] in (1, 2)] == [
        ["send", 1, "hello"],
        ["receive", 1, "wörld"],
        ["receive", 2, "AP8="],
    ]
    assert {(kind[0], kind[1]) for kind in frames} >= {("receive", 9), ("send", 10), ("send", 8)}
