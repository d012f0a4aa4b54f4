"""What is held, or how long it takes, at the bounds of ``docs/security.md``.

``python -m bench.bounds`` prints a line for each. Memory is by tracemalloc, at most; times of work
are of the processor; times of waiting are of a virtual clock.
"""

from __future__ import annotations

import inspect
import logging
import time
import tracemalloc
from contextlib import suppress
from functools import partial
from http.cookiejar import CookieJar
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final

import trio
import trio.testing
from support.answers import REQUEST, head, padded
from support.attacks import attacks
from support.fake_network import FakeNetwork
from support.floods import Peak
from support.frames import BINARY, FIN, close, raw_frame
from support.peer import Peer

from trio_ws_dom import (
    Event,
    HandshakeError,
    WebSocketError,
    open_websocket,
    open_websocket_stream,
    reconnecting_websocket,
)
from trio_ws_dom._net._dial._cookies import MAX_COOKIE, MAX_COOKIES
from trio_ws_dom._net._pings import Pings
from trio_ws_dom._net._writer import MAX_AT_ONCE
from trio_ws_dom._wire._decoder import Decoder
from trio_ws_dom._wire._deflate import DeflateParameters, Inflater
from trio_ws_dom._wire._frames import RSV1
from trio_ws_dom._wire._http._handshake import ClientHandshake
from trio_ws_dom._wire._http._response_heads import MAX_RESPONSE_HEAD
from trio_ws_dom._wire._outbox import Outbox
from trio_ws_dom.testing import open_fake_server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

KIB: Final = 1024
MIB: Final = 1024 * KIB

MEASURED: Final[dict[str, Callable[[], str]]] = {}
AWAITED: Final[dict[str, Callable[[], Awaitable[str]]]] = {}


def row(name: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    def register(measure: Callable[[], Any]) -> Callable[[], Any]:
        (AWAITED if inspect.iscoroutinefunction(measure) else MEASURED)[name] = measure
        return measure

    return register


def main() -> None:
    logging.disable()
    for name, measure in MEASURED.items():
        print(f"{name:<40}{measure()}", flush=True)
    for name, wait in AWAITED.items():
        clock = trio.testing.MockClock(autojump_threshold=0)
        print(f"{name:<40}{trio.run(wait, clock=clock)}", flush=True)


def kib(peak: Peak) -> str:
    return f"{peak.bytes / KIB:,.0f} KiB"


class Seconds:
    """By trio's clock, of a block."""

    def __enter__(self) -> Seconds:
        self._start = trio.current_time()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.text = f"{trio.current_time() - self._start:.1f} s"


def decoder(takeover: bool = True) -> Decoder:
    parameters = DeflateParameters(server_no_context_takeover=not takeover)
    return Decoder(max_message_size=16 * MIB, inflater=Inflater(parameters))


def longest_take(tried: Decoder, data: bytes) -> float:
    """Decode it, and return the processor time of the longest call."""
    tried.feed(data)
    longest = 0.0
    while True:
        start = time.thread_time()
        tried.take()
        longest = max(longest, time.thread_time() - start)
        if tried.hungry:
            return longest


# ---- memory, and work


@row("1,024 final blocks of a byte")
def final_blocks() -> str:
    message = raw_frame(FIN | RSV1 | BINARY, b"\x4b\x04\x00" * 1024)
    tried = decoder()
    start = time.thread_time()
    tried_longest = longest_take(tried, message)
    took = time.thread_time() - start
    with Peak() as peak:
        longest_take(decoder(), message)
    return f"{took * 1e3:.1f} ms, {tried_longest * 1e3:.1f} at once; {kib(peak)}"


@row("a batch, of any attack")
def batch() -> str:
    longest: dict[str, float] = {}
    for name, attack in attacks().items():
        if "16 MiB" not in name:
            tried = decoder(attack.takeover)
            chunk = attack.chunks(1)[0][: 64 * KIB]
            longest[name] = longest_take(tried, chunk)
    name = max(longest, key=longest.__getitem__)
    return f"{longest[name] * 1e3:.1f} ms ({name})"


@row("payloads of Pings")
def pings() -> str:
    with Peak() as peak:
        held = Pings()
        for number in range(1000):
            held.next(b"%0125d" % number)
    return kib(peak)


@row("1 MiB written at once")
def written() -> str:
    outbox = Outbox(lambda: cycle([b"mask"]))
    outbox.put(FIN | BINARY, bytes(4 * MIB), 4 * MIB)
    start, size = time.thread_time(), 0
    while size < MAX_AT_ONCE and outbox.fill():
        size += len(outbox.head)
        outbox.sent(len(outbox.head))
    return f"{(time.thread_time() - start) * 1e3:.1f} ms of masking"


@row("headers of 64 KiB")
def headers() -> str:
    data = padded(MAX_RESPONSE_HEAD)
    with Peak() as peak:
        handshake = ClientHandshake(REQUEST)
        for start in range(0, len(data), KIB):
            handshake.receive(data[start : start + KIB])
    return kib(peak)


@row("a refusal's body")
def refusal() -> str:
    data = head("500 Oh", [("Content-Length", str(10 * MIB))]) + b"x" * 64 * KIB
    with Peak() as peak, suppress(Exception):
        handshake = ClientHandshake(REQUEST)
        for start in range(0, len(data), KIB):
            handshake.receive(data[start : start + KIB])
    return kib(peak)


# ---- with a peer


@row("a stream's queue")
async def stream_queue() -> str:
    ours, theirs = trio.testing.lockstep_stream_pair()  # each byte waits until it is read
    async with trio.open_nursery() as nursery:
        nursery.start_soon(Peer(theirs).accept)
        with suppress(WebSocketError):
            async with open_websocket_stream("ws://peer.test/", stream=ours) as stream:
                with Peak() as peak, trio.move_on_after(1):
                    while True:
                        await stream.writable.send(bytes(MIB))
    return f"{peak.bytes / MIB:.1f} MiB with messages of 1 MiB"


@row("180 cookies of 4 KiB")
async def cookies() -> str:
    jar, sent = CookieJar(), ""
    tracemalloc.start()
    for number in range(2 * MAX_COOKIES // 10):
        value = "x" * (MAX_COOKIE - 20)
        lines = [("Set-Cookie", f"c{number}_{one}={value}") for one in range(10)]
        async with open_fake_server("wss://peer.test") as fake, trio.open_nursery() as nursery:
            nursery.start_soon(partial(fake.accept, headers=lines))
            async with open_websocket(fake.url, cookies=jar):
                sent = fake.requests[-1].headers.get("cookie") or ""
    with_jar, count = tracemalloc.get_traced_memory()[0], len(jar)
    jar.clear()
    held = with_jar - tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return f"{count} held, {held / MIB:.1f} MiB; {len(sent) / KIB:.1f} KiB sent"


@row("a refusal's body that trickles")
async def trickling_refusal() -> str:
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:

        async def refuse() -> None:
            peer = Peer(theirs)
            await peer.read_request()
            with suppress(trio.BrokenResourceError):
                await peer.send(head("500 Oh", [("Content-Length", "100")]))
                while True:
                    await trio.sleep(0.1)
                    await peer.send(b"x")

        nursery.start_soon(refuse)
        with Seconds() as seconds, suppress(HandshakeError):
            async with open_websocket("ws://peer.test/", stream=ours):
                pass
    return seconds.text


@row("a Retry-After of a week")
async def retry_after() -> str:
    async with open_fake_server("ws://peer.test") as fake, trio.open_nursery() as nursery:

        async def refuse() -> None:
            await fake.refuse(503, headers=[("Retry-After", "604800")])
            await fake.accept()

        nursery.start_soon(refuse)
        with Seconds() as seconds:
            async for attempt in reconnecting_websocket(fake.url, initial_delay=0, max_delay=0):
                async with attempt:
                    break
    return seconds.text


@row("a silent address of two")
async def silent_address() -> str:
    network = FakeNetwork({"peer.test": ["192.0.2.1", "192.0.2.2"]})
    async with trio.open_nursery() as nursery:

        async def serve() -> None:
            while len(network.accepted) < 2:
                await trio.sleep(0.1)
            await Peer(network.accepted[1]).serve()

        nursery.start_soon(serve)
        with Seconds() as seconds:
            async with open_websocket("ws://peer.test/"):
                pass
    network.close()
    return seconds.text


@row("a server that trickles")
async def trickling() -> str:
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:

        async def trickle() -> None:
            peer = Peer(theirs)
            await peer.read_request()
            with suppress(trio.BrokenResourceError):
                await peer.send(head("101 Oh")[:-2] + b"X: ")
                while True:
                    await peer.send(b"x")
                    await trio.sleep(1)

        nursery.start_soon(trickle)
        with Seconds() as seconds, suppress(WebSocketError):
            async with open_websocket("ws://peer.test/", stream=ours):
                pass
        nursery.cancel_scope.cancel()
    return seconds.text


async def closing(then: bytes, *, cancelled: bool = False) -> str:
    """Leave a block whose peer sends this after its 101, and no more."""
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(Peer(theirs).accept, then=then))
        seconds = Seconds()
        with suppress(WebSocketError), trio.CancelScope() as scope:
            async with open_websocket("ws://peer.test/", stream=ours):
                await trio.testing.wait_all_tasks_blocked()
                seconds.__enter__()
                if cancelled:
                    scope.cancel()
        seconds.__exit__()
    return seconds.text


@row("closing, silent; cancelled; TCP's end")
async def silent_closes() -> str:
    ends = [await closing(b""), await closing(b"", cancelled=True), await closing(close(1000))]
    return "; ".join(ends)


@row("an async listener after its block")
async def listener() -> str:
    ours, theirs = trio.testing.memory_stream_pair()

    async def sleep(event: object) -> None:
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(Peer(theirs).serve)
        with Seconds() as seconds, suppress(ExceptionGroup):
            async with open_websocket("ws://peer.test/", stream=ours) as ws:
                ws.addEventListener("keep", sleep)
                ws.dispatchEvent(Event("keep"))
    return seconds.text


if __name__ == "__main__":
    main()
