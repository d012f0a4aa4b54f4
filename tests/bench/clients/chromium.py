"""Chromium itself, in a headless page. Its many processes have no figure of processor time."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import trio
from browser.chromium import DevTools, open_browser

from bench.work import burst

if TYPE_CHECKING:
    from bench.work import Work

__all__ = ["cycle", "echo", "fan_in", "receive", "run", "send"]

SCRIPT = Path(__file__).with_name("javascript") / "dom.js"


def run(does: str, url: str, work: Work) -> float:
    texts = work.distinct if work.text else [message.decode() for message in work.distinct]
    order = {"work": vars(work), "url": url, "messages": texts, "burst": burst(work)}
    devtools, token = page()
    seconds: float = trio.from_thread.run(
        devtools.evaluate, f"inPage({json.dumps(order)})", trio_token=token
    )
    return seconds


cycle = echo = fan_in = receive = send = "the page knows the kind from the order"


IN_PAGE = """
function breathe() {
    return new Promise((resolve) => {
        const {port1, port2} = new MessageChannel();
        port1.onmessage = resolve;
        port2.postMessage(0);
    });
}
function inPage(order) {
    if (!order.work.text) {
        const encoder = new TextEncoder();
        order.messages = order.messages.map((text) => encoder.encode(text));
    }
    return domWork(WebSocket, {...order, breathe});
}
"""


@cache
def page() -> tuple[DevTools, trio.lowlevel.TrioToken]:
    """Return the one Chromium for all the work, in a thread, which ends with this process."""
    found: list[Any] = []
    ready = Event()

    async def main() -> None:
        async with AsyncExitStack() as stack:
            browser = await stack.enter_async_context(open_browser())
            await browser.devtools.evaluate(SCRIPT.read_text() + IN_PAGE)
            found.extend((browser.devtools, trio.lowlevel.current_trio_token()))
            ready.set()
            await trio.sleep_forever()

    Thread(target=trio.run, args=(main,), daemon=True).start()
    ready.wait()
    return found[0], found[1]
