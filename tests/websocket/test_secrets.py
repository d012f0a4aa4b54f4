"""A marker in every place for a secret, and a search for it in every text of the library's.

Local variables in tracebacks count as texts, too, except those of the tests, which are like a
program's.
"""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from http.cookiejar import Cookie, CookieJar
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

import pytest
import trio
import trio.testing
from support.cli import run
from support.frames import TEXT, close, frame
from support.peer import Peer
from support.proxies import FakeProxy
from support.scope_harness import SHORT
from support.thread_server import run_thread_server
from trio_websocket import wrap_server_stream

from trio_ws_dom import (
    DOMException,
    HarRecorder,
    Retry,
    TraceFrame,
    TraceRecord,
    WebSocket,
    WebSocketError,
    WebSocketStream,
    accept_websocket,
    connect_websocket,
    open_websocket,
    open_websocket_nursery,
    open_websocket_stream,
    reconnecting_websocket,
)

if TYPE_CHECKING:
    from trio_websocket import WebSocketRequest

PLACES: Final = (
    "user",
    "password",
    "query",
    "subprotocol",
    "header",
    "header-name",
    "authorization",
    "cookie",
    "jar",
    "set-cookie",
    "location",
    "malformed",
    "proxy-user",
    "proxy-password",
    "message",
    "fragment",
)
SECRET: Final = {place: f"s3cret{number:02}z" for number, place in enumerate(PLACES)}

USERINFO: Final = f"{SECRET['user']}:{SECRET['password']}"
QUERY: Final = f"token={SECRET['query']}"
URL: Final = f"ws://{USERINFO}@peer.test/room?{QUERY}"
PROTOCOLS: Final = [SECRET["subprotocol"], "chat"]
HEADERS: Final = {"X-Api-Key": SECRET["header"]}
PROXY: Final = f"{SECRET['proxy-user']}:{SECRET['proxy-password']}@"

ENCODED: Final = tuple(
    base64.b64encode(text.encode()).decode() for text in (USERINFO, PROXY.removesuffix("@"))
)
"""The same in Basic authentication."""

TESTS: Final = str(Path(__file__).parents[1])


@final
class Texts:
    """The texts that were produced, and those that have a secret."""

    def __init__(self) -> None:
        self.count = 0
        self.leaks: list[str] = []

    def add(self, what: str, text: str) -> None:
        self.count += 1
        found = [place for place, secret in SECRET.items() if secret in text]
        if found or any(encoded in text for encoded in ENCODED):
            self.leaks.append(f"{what} ({', '.join(found) or 'Basic'}): {text[:500]}")

    def add_object(self, thing: object) -> None:
        self.add(f"repr of {type(thing).__name__}", repr(thing))
        self.add(f"str of {type(thing).__name__}", str(thing))

    def add_record(self, record: TraceRecord) -> None:
        if not isinstance(record, TraceFrame):  # a trace should show messages
            self.add_object(record)

    def add_exception(self, exc: BaseException) -> None:
        """Add what a traceback prints, with local variables."""
        self.add_object(exc)
        for shown in chain(traceback.TracebackException.from_exception(exc, capture_locals=True)):
            self.add("exception", "".join(shown.format_exception_only()))
            for line in shown.stack:
                if not line.filename.startswith(TESTS):
                    place = f"{Path(line.filename).name}, {line.name}()"
                    for name, value in (line.locals or {}).items():
                        if SECRET["message"] not in value:  # of a failed send()
                            self.add(f"local variable {name} of {place}", value)

    def add_tasks(self) -> None:
        waiting = [trio.lowlevel.current_root_task()]
        while waiting:
            task = waiting.pop()
            assert task is not None
            self.add("task", f"{task.name} {task!r}")
            for nursery in task.child_nurseries:
                waiting += nursery.child_tasks


def chain(shown: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    yield shown
    for one in (shown.__cause__, shown.__context__, *(shown.exceptions or ())):
        if one is not None:
            yield from chain(one)


@pytest.fixture
def texts(caplog: pytest.LogCaptureFixture) -> Iterator[Texts]:
    """Collect texts. Those of the log are added at the end, and then none may have a secret."""
    caplog.set_level(logging.DEBUG, "trio_ws_dom")
    texts = Texts()
    yield texts
    for record in caplog.records:
        texts.add("log", f"{record.getMessage()} {record.__dict__!r}")
    print(f"{len(PLACES)} places, {texts.count} texts")  # shown by pytest -rP
    assert texts.leaks == []


def jar() -> CookieJar:
    jar = CookieJar()
    jar.set_cookie(
        Cookie(
            version=0,
            name="session",
            value=SECRET["jar"],
            port=None,
            port_specified=False,
            domain="peer.test",
            domain_specified=False,
            domain_initial_dot=False,
            path="/",
            path_specified=True,
            secure=False,
            expires=None,
            discard=True,
            comment=None,
            comment_url=None,
            rest={},
        )
    )
    return jar


def options(texts: Texts, **more: Any) -> dict[str, Any]:
    """Return options with secrets in them, for a connection in memory."""
    return {"headers": HEADERS, "cookies": jar(), "trace": texts.add_record, **SHORT, **more}


# What the server does, with the secrets that it has from us, or has made.

Part = Callable[[Peer], Awaitable[None]]


async def accept(peer: Peer, then: bytes = b"") -> None:
    await peer.accept(
        f"Sec-WebSocket-Protocol: {PROTOCOLS[0]}",
        f"Set-Cookie: a={SECRET['set-cookie']}",
        then=then,
    )


async def serve(peer: Peer) -> None:
    await accept(peer)
    await peer.finish()


async def answer(head: str, peer: Peer) -> None:
    await peer.read_request()
    cookie = f"Set-Cookie: a={SECRET['set-cookie']}"
    await peer.send(f"HTTP/1.1 {head}\r\n{cookie}\r\nContent-Length: 0\r\n\r\n".encode())
    await peer.stream.aclose()


async def choose_another(peer: Peer) -> None:
    await peer.accept(f"Sec-WebSocket-Protocol: {SECRET['subprotocol']}.v2")
    await peer.read_to_end()


async def choose_none(peer: Peer) -> None:
    await peer.accept()
    await peer.read_to_end()


async def send_malformed(peer: Peer) -> None:
    await peer.accept(f"Set-Cookie : a={SECRET['malformed']}")
    await peer.read_to_end()


async def vanish(peer: Peer) -> None:
    await peer.read_request()
    await peer.stream.aclose()


async def accept_and_vanish(peer: Peer) -> None:
    await accept(peer)
    await peer.stream.aclose()


async def break_utf8(peer: Peer) -> None:
    await accept(peer, frame(TEXT, b"\xff" + SECRET["message"].encode()))
    await peer.read_to_end()


async def send_too_much(peer: Peer) -> None:
    await accept(peer, frame(TEXT, SECRET["message"].encode() * 100))
    await peer.read_to_end()


async def break_a_frame(peer: Peer) -> None:
    await accept(peer, frame(TEXT, SECRET["message"].encode(), rsv=2))
    await peer.read_to_end()


async def close_badly(peer: Peer) -> None:
    await accept(peer, close(1005, SECRET["message"]))
    await peer.read_to_end()


async def hang(peer: Peer) -> None:
    await accept(peer)
    await peer.read_to_end()


PARTS: Final[list[Part]] = [
    serve,
    partial(answer, "403 Forbidden"),
    partial(answer, f"302 Found\r\nLocation: /login?{SECRET['location']}"),
    partial(answer, f"200 OK\r\nX Y: {SECRET['malformed']}"),
    choose_another,
    choose_none,
    send_malformed,
    vanish,
    accept_and_vanish,
    break_utf8,
    send_too_much,
    break_a_frame,
    close_badly,
    hang,
]

# What the program does.


async def use(texts: Texts, ws: WebSocket) -> None:
    """Use a socket until it ends, and look at all its texts."""
    texts.add_object(ws)
    texts.add_tasks()
    ws.onmessage = None
    for use in (lambda: ws.send(SECRET["message"]), ws.ping, ws.receive, ws.drain):
        try:
            result: Any = use()
            if result is not None:
                await result
        except (WebSocketError, trio.EndOfChannel) as exc:
            texts.add_exception(exc)
    ws.close()
    texts.add_object(await ws.wait_closed())


async def by_socket(texts: Texts, options: dict[str, Any]) -> None:
    async with open_websocket(URL, PROTOCOLS, **options) as ws:
        with trio.move_on_after(1):
            await use(texts, ws)
    if ws.failure is not None:
        texts.add_exception(ws.failure)
    texts.add_object(ws)


async def by_nursery(texts: Texts, options: dict[str, Any]) -> None:
    async with open_websocket_nursery() as sockets:
        texts.add_object(sockets)
        ws = sockets.connect(URL, PROTOCOLS, **options)
        ws.onerror = lambda event: texts.add("event", event.message)
        texts.add_object(ws)
        texts.add_tasks()
        with trio.move_on_after(1):
            await ws.wait_closed()
        ws.close()
        texts.add_object(await ws.wait_closed())
        if ws.failure is not None:
            texts.add_exception(ws.failure)


async def by_stream(texts: Texts, options: dict[str, Any]) -> None:
    async with open_websocket_stream(URL, PROTOCOLS, **options) as stream:
        texts.add_object(stream)
        texts.add_tasks()
        with trio.move_on_after(1):
            await stream.writable.send(SECRET["message"])
            async for _ in stream.readable:
                pass


async def by_constructor(texts: Texts, options: dict[str, Any]) -> None:
    async with trio.open_nursery() as nursery:
        stream = WebSocketStream(URL, protocols=PROTOCOLS, nursery=nursery, **options)
        texts.add_object(stream)
        texts.add_tasks()
        for promise in (stream.opened, stream.closed):
            try:
                texts.add_object(await promise)
            except WebSocketError as exc:
                texts.add_exception(exc)
            stream.close()


async def by_loop(texts: Texts, options: dict[str, Any]) -> None:
    stream = options.pop("stream")

    def retried(retry: Retry) -> None:
        texts.add_object(retry)
        raise retry.cause if isinstance(retry.cause, Exception) else trio.EndOfChannel

    options |= {"stream": lambda: stream, "on_retry": retried}
    loop = reconnecting_websocket(lambda: URL, lambda: PROTOCOLS, **options)
    texts.add_object(loop)
    async for attempt in loop:
        texts.add_object(attempt)
        async with attempt as ws:
            with trio.move_on_after(1):
                await use(texts, ws)


@pytest.mark.parametrize("way", [by_socket, by_nursery, by_stream, by_constructor, by_loop])
@pytest.mark.parametrize("part", PARTS, ids=range(len(PARTS)))
async def test_no_text_of_a_connection_has_a_secret(
    way: Callable[[Texts, dict[str, Any]], Awaitable[None]],
    part: Part,
    texts: Texts,
    autojump_clock: object,
) -> None:
    ours, theirs = trio.testing.memory_stream_pair()

    async def play() -> None:
        peer = Peer(theirs)
        await part(peer)
        await peer.stream.aclose()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(play)
        try:
            await way(texts, options(texts, stream=ours, max_message_size=200))
        except Exception as exc:
            texts.add_exception(exc)
        nursery.cancel_scope.cancel()
    assert texts.count > 5


async def test_no_text_about_a_proxy_has_a_secret(texts: Texts, nursery: trio.Nursery) -> None:
    proxy = FakeProxy(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
    await proxy.start(nursery)
    with pytest.raises(WebSocketError) as caught:
        async with open_websocket(URL, **options(texts, proxy=proxy.url(credentials=PROXY))):
            raise AssertionError("it is never open")
    texts.add_exception(caught.value)
    assert "407" in str(caught.value)
    nursery.cancel_scope.cancel()


async def test_no_text_of_the_servers_end_has_a_secret(
    texts: Texts, autojump_clock: object
) -> None:
    ours, theirs = trio.testing.memory_stream_pair()

    async def handle(request: WebSocketRequest) -> None:
        try:
            async with accept_websocket(request, PROTOCOLS[0]) as ws:
                await use(texts, ws)
        except WebSocketError as exc:
            texts.add_exception(exc)
        assert ws.failure is not None
        texts.add_exception(ws.failure)
        with pytest.raises(RuntimeError, match="was not answered yet") as caught:
            async with accept_websocket(request, PROTOCOLS[0], headers=HEADERS):
                raise AssertionError("it was accepted before")
        texts.add_exception(caught.value)

    async def listen() -> None:
        async with trio.open_nursery() as nursery:
            await handle(await wrap_server_stream(nursery, theirs))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(listen)
        async with open_websocket(URL, PROTOCOLS, **options(texts, stream=ours)) as ws:
            ws.send(SECRET["message"])
            await trio.sleep(1)
            await ours.aclose()
            await ws.wait_closed()


async def test_a_har_has_no_secret(texts: Texts, autojump_clock: object) -> None:
    har = HarRecorder()
    ours, theirs = trio.testing.memory_stream_pair()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve, Peer(theirs))
        given = options(texts, stream=ours)
        given["trace"] = har
        async with open_websocket(URL, PROTOCOLS, **given):
            pass
    texts.add("HAR", json.dumps(har.to_dict()))
    texts.add_object(har)


MISTAKES: Final[dict[str, tuple[Any, Any, dict[str, Any]]]] = {
    "port": (f"ws://{USERINFO}@peer.test:port/?{QUERY}", PROTOCOLS, {}),
    "at": (f"ws://ada:{SECRET['password']}", PROTOCOLS, {}),
    "slash": (f"ws://{SECRET['user']}:{SECRET['password']}/x@peer.test/", PROTOCOLS, {}),
    "scheme": (f"ftp://{USERINFO}@peer.test/?{QUERY}", PROTOCOLS, {}),
    "fragment": (f"{URL}#{SECRET['fragment']}", PROTOCOLS, {}),
    "base": ("//", PROTOCOLS, {"base_url": f"{URL}#{SECRET['fragment']}"}),
    "twice": (URL, [SECRET["subprotocol"]] * 2, {}),
    "token": (URL, [f"{SECRET['subprotocol']} x"], {}),
    "bytes": (URL, [SECRET["subprotocol"].encode()], {}),
    "url": (URL.encode(), PROTOCOLS, {}),
    "line": (URL, PROTOCOLS, {"headers": {"X": f"{SECRET['header']}\n"}}),
    "name": (URL, PROTOCOLS, {"headers": {f"X: {SECRET['header-name']}": ""}}),
    "text": (URL, PROTOCOLS, {"headers": f"Authorization: {SECRET['authorization']}"}),
    "lines": (URL, PROTOCOLS, {"headers": [f"Cookie: {SECRET['cookie']}"]}),
    "header": (URL, PROTOCOLS, {"headers": {"X": SECRET["header"].encode()}}),
    "jar": (URL, PROTOCOLS, {"cookies": {"a": SECRET["cookie"]}}),
    "proxy": (URL, PROTOCOLS, {"proxy": f"ftp://{PROXY}proxy.test"}),
    "proxies": (URL, PROTOCOLS, {"proxy": {"http": f"http://{PROXY}proxy.test"}}),
    "unknown": (URL, PROTOCOLS, {"extra_headers": {"X": SECRET["header"]}}),
}


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize(
    "entry_point", [open_websocket, open_websocket_stream, reconnecting_websocket]
)
async def test_no_text_about_a_mistake_has_a_secret(
    entry_point: Callable[..., Any], mistake: str, texts: Texts
) -> None:
    url, protocols, bad = MISTAKES[mistake]
    with pytest.raises((TypeError, ValueError, DOMException)) as caught:
        entered = entry_point(url, protocols, **{**options(texts), **bad})
        if entry_point is reconnecting_websocket:
            entered = await anext(entered)
        async with entered:
            raise AssertionError("it is never open")
    texts.add_exception(caught.value)


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("kind", [WebSocket, WebSocketStream])
async def test_no_text_about_a_constructors_mistake_has_a_secret(
    kind: Callable[..., Any], mistake: str, texts: Texts, nursery: trio.Nursery
) -> None:
    url, protocols, bad = MISTAKES[mistake]
    with pytest.raises((TypeError, ValueError, DOMException)) as caught:
        kind(url, protocols=protocols, nursery=nursery, **{**options(texts), **bad})
    texts.add_exception(caught.value)


@pytest.mark.parametrize("mistake", MISTAKES)
async def test_no_text_about_a_mistake_in_a_nursery_has_a_secret(
    mistake: str, texts: Texts, nursery: trio.Nursery
) -> None:
    url, protocols, bad = MISTAKES[mistake]
    arguments = {**options(texts), **bad}
    with pytest.raises((TypeError, ValueError, DOMException)) as caught:
        await connect_websocket(nursery, url, protocols, **arguments)
    texts.add_exception(caught.value)
    async with open_websocket_nursery() as sockets:
        with pytest.raises((TypeError, ValueError, DOMException)) as caught:
            sockets.connect(url, protocols, **arguments)
        texts.add_exception(caught.value)


@pytest.mark.parametrize(
    ("protocol", "more"),
    [
        (SECRET["header"], {}),
        (SECRET["subprotocol"], {"headers": {"X": f"{SECRET['header']}\n"}}),
        (SECRET["subprotocol"], {"headers": HEADERS, "close_timeout": -1}),
    ],
)
async def test_no_text_about_a_mistake_at_the_servers_end_has_a_secret(
    protocol: str, more: dict[str, Any], texts: Texts
) -> None:
    class Request:
        proposed_subprotocols = (SECRET["subprotocol"],)

    request: Any = Request()
    with pytest.raises((TypeError, ValueError)) as caught:
        accept_websocket(request, protocol, **more)
    texts.add_exception(caught.value)


ARGUMENTS: Final = [
    *("-s", SECRET["subprotocol"]),
    *("-H", f"X-Api-Key: {SECRET['header']}"),
    *("-b", f"a={SECRET['cookie']}"),
    *("-v", "--trace", "--wait", "0", "-m", "hello"),
]


@pytest.mark.real
@pytest.mark.parametrize("more", [[], ["--json"]])
@pytest.mark.parametrize("path", ["room", "forbidden"])
def test_no_text_of_the_command_line_has_a_secret(
    more: list[str], path: str, texts: Texts, tmp_path: Path
) -> None:
    har = tmp_path / "x.har"
    with run_thread_server(subprotocols=[SECRET["subprotocol"]]) as server:
        server.cookie = f"a={SECRET['set-cookie']}"
        url = server.url.replace("://", f"://{USERINFO}@").replace("room", f"{path}?{QUERY}")
        done = run(url, *ARGUMENTS, *more, "--har", str(har))
    texts.add("output", (done.stdout + done.stderr).decode())
    texts.add("HAR", har.read_text())
    assert b"connecting" in done.stdout + done.stderr
    assert server.requests[0].headers["Cookie"] == f"a={SECRET['cookie']}"


@pytest.mark.real
@pytest.mark.parametrize(
    "arguments",
    [
        [f"{URL}#{SECRET['fragment']}"],
        [f"ftp://{USERINFO}@peer.test/?{QUERY}"],
        ["ws://peer.test/", "-H", SECRET["header"]],
        ["ws://peer.test/", "-H", f"X {SECRET['header-name']}: x"],
        ["ws://peer.test/", "-b", SECRET["cookie"]],
        ["ws://peer.test/", "-s", f"{SECRET['subprotocol']} x"],
        ["ws://peer.test/", "--proxy", f"ftp://{PROXY}proxy.test"],
    ],
)
def test_no_text_about_a_wrong_argument_has_a_secret(arguments: list[str], texts: Texts) -> None:
    done = run(*arguments)
    texts.add("output", (done.stdout + done.stderr).decode())
    assert done.returncode == 2


def test_the_search_finds_a_secret() -> None:
    texts = Texts()
    texts.add_object(SECRET["password"])
    texts.add("header", f"Basic {ENCODED[0]}")
    try:
        json.loads(SECRET["query"])
    except ValueError as exc:
        texts.add_exception(exc)  # a local variable of the json module
    assert len(texts.leaks) > 3
