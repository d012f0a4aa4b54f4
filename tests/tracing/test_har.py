"""HAR files: of their standard's form, with messages as Chromium's network panel has them."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import trio
import trio.testing
from support.frames import BINARY, PING, TEXT, close, frame
from support.har import check_har
from support.peer import Peer
from support.scope_harness import SHORT, ScopeHarness
from support.transports import MemoryTransport

from trio_ws_dom import (
    HandshakeError,
    HarRecorder,
    WebSocketError,
    __version__,
    open_websocket,
)

if TYPE_CHECKING:
    from pathlib import Path

URL = "ws://user:hunter2@peer.test/room?a=1&b="


@pytest.fixture
def harness(nursery: trio.Nursery, autojump_clock: trio.abc.Clock) -> ScopeHarness:
    return ScopeHarness(MemoryTransport(), nursery)


def messages(har: dict[str, Any], entry: int = 0) -> list[tuple[str, int, str]]:
    return [
        (message["type"], message["opcode"], message["data"])
        for message in har["log"]["entries"][entry]["_webSocketMessages"]
    ]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def headers(har: dict[str, Any]) -> dict[str, str]:
    return {
        field["name"]: field["value"] for field in har["log"]["entries"][0]["request"]["headers"]
    }


async def talk(harness: ScopeHarness, recorder: HarRecorder, **options: Any) -> dict[str, Any]:
    """One connection: both sides say something, the server pings, and closes."""

    async def part(peer: Peer) -> None:
        await peer.accept("Set-Cookie: session=hunter2")
        await peer.next()
        await peer.send(frame(TEXT, "wörld".encode()), frame(BINARY, b"\x00"), close(1000, "bye"))
        await peer.read_to_close()

    await harness.play(part)
    options = harness.transport.options(trace=recorder, **options)
    async with open_websocket(URL, **options) as ws:
        ws.send("hello")
        await ws.wait_closed()
    return recorder.to_dict()


async def test_a_har_has_its_form(harness: ScopeHarness) -> None:
    """All keys that it must have, none that it must not, and values of their types."""
    har = await talk(harness, HarRecorder())
    check_har(har)
    assert har["log"]["creator"] == {"name": "trio_ws_dom", "version": __version__}


async def test_the_check_of_the_form_finds_what_is_missing(harness: ScopeHarness) -> None:
    """Each key of an entry is missed, and one too many is noticed."""
    har = await talk(harness, HarRecorder())
    entry = har["log"]["entries"][0]
    for broken in (entry, entry["request"], entry["response"], entry["timings"]):
        broken["tooMany"] = 1
        with pytest.raises(jsonschema.ValidationError):
            check_har(har)
        del broken["tooMany"]
    for key in ("startedDateTime", "time", "request", "cache", "_webSocketMessages"):
        value = entry.pop(key)
        with pytest.raises(jsonschema.ValidationError):
            check_har(har)
        entry[key] = value


async def test_messages_of_a_har(harness: ScopeHarness) -> None:
    """Text as it is, all else in base64; those that go out and come in, in order."""
    har = await talk(harness, HarRecorder())
    assert messages(har) == [
        ("send", 1, "hello"),
        ("receive", 1, "wörld"),
        ("receive", 2, b64(b"\x00")),
        ("receive", 8, b64(b"\x03\xe8bye")),
        ("send", 8, b64(b"\x03\xe8bye")),
    ]
    times = [message["time"] for message in har["log"]["entries"][0]["_webSocketMessages"]]
    started = datetime.fromisoformat(har["log"]["entries"][0]["startedDateTime"]).timestamp()
    assert [started - 0.001, *times] == sorted([started - 0.001, *times])


async def test_the_handshake_of_a_har(harness: ScopeHarness) -> None:
    """Request and response, as they stood on the wire."""
    entry = (await talk(harness, HarRecorder()))["log"]["entries"][0]
    request, response = entry["request"], entry["response"]
    assert (request["method"], request["httpVersion"]) == ("GET", "HTTP/1.1")
    assert request["url"] == "ws://peer.test/room?a=1&b="
    assert request["queryString"] == [{"name": "a", "value": "1"}, {"name": "b", "value": ""}]
    assert (response["status"], response["statusText"]) == (101, "Switching Protocols")
    assert response["httpVersion"] == "HTTP/1.1"
    assert {"name": "Upgrade", "value": "websocket"} in response["headers"]


async def test_credentials_are_not_in_a_har(harness: ScopeHarness) -> None:
    """Unless they are asked for: then as sent, and still not in the URL."""
    sent = {"Cookie": "session=hunter2"}
    har = await talk(harness, HarRecorder(), headers=sent)
    assert headers(har)["Authorization"] == headers(har)["Cookie"] == "[redacted]"
    assert "hunter2" not in json.dumps(har)
    har = await talk(harness, HarRecorder(credentials=True), headers=sent)
    assert headers(har)["Cookie"] == "session=hunter2"
    assert "hunter2" not in har["log"]["entries"][0]["request"]["url"]


async def test_fragments_are_one_message(harness: ScopeHarness) -> None:
    """With the Ping between them before it; also where a character is cut."""
    recorder = HarRecorder()

    async def part(peer: Peer) -> None:
        euro = "€".encode()
        await peer.accept(
            then=frame(TEXT, euro[:1], fin=False) + frame(PING, b"?") + frame(0, euro[1:])
        )
        await peer.finish()

    await harness.play(part)
    async with open_websocket(URL, **harness.transport.options(trace=recorder)) as ws:
        assert await ws.receive() == "€"
    assert messages(recorder.to_dict())[:2] == [("receive", 9, b64(b"?")), ("receive", 1, "€")]


async def test_a_message_that_was_cut_off(harness: ScopeHarness) -> None:
    """What there was of it is there."""
    recorder = HarRecorder()

    async def part(peer: Peer) -> None:
        await peer.accept(then=frame(TEXT, b"Hel", fin=False) + frame(0, b"lo, World")[:4])
        await peer.stream.aclose()

    await harness.play(part)
    async with open_websocket(URL, **harness.transport.options(trace=recorder, **SHORT)) as ws:
        await ws.wait_closed()
    assert messages(recorder.to_dict()) == [("receive", 1, "Hello")]


async def test_long_messages_are_whole(harness: ScopeHarness) -> None:
    """Up to the recorder's limit, by default 16 MiB."""
    for recorder, size in ((HarRecorder(), 100_000), (HarRecorder(payload_limit=10), 10)):
        await harness.play()
        async with open_websocket(URL, **harness.transport.options(trace=recorder)) as ws:
            ws.send("x" * 100_000)
        assert messages(recorder.to_dict())[0] == ("send", 1, "x" * size)


async def test_a_refusal_in_a_har(harness: ScopeHarness) -> None:
    """The status, where it points to, and the body."""
    recorder = HarRecorder()

    async def part(peer: Peer) -> None:
        await peer.read_request()
        head = b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Type: text/plain\r\n"
        await peer.send(head + b"Content-Length: 5\r\n\r\nlogin")

    await harness.play(part)
    with pytest.raises(HandshakeError):
        async with open_websocket(URL, **harness.transport.options(trace=recorder)):
            raise AssertionError("the block is never entered")
    har = recorder.to_dict()
    check_har(har)
    response = har["log"]["entries"][0]["response"]
    assert (response["status"], response["redirectURL"]) == (302, "/login")
    assert response["content"] == {"size": 5, "mimeType": "text/plain", "text": "login"}


async def test_no_answer_at_all(harness: ScopeHarness) -> None:
    """An entry without a response is still one; the transport's word is kept."""
    recorder = HarRecorder()

    async def part(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(b"junk")

    await harness.play(part)
    with pytest.raises(WebSocketError):
        async with open_websocket(URL, **harness.transport.options(trace=recorder)):
            raise AssertionError("the block is never entered")
    har = recorder.to_dict()
    check_har(har)
    response = har["log"]["entries"][0]["response"]
    assert (response["status"], response["content"]["text"]) == (0, "junk")


async def test_a_lost_connection_in_a_har(harness: ScopeHarness) -> None:
    """What the transport said is Chromium's _error."""
    recorder = HarRecorder()
    ours, theirs = trio.testing.memory_stream_pair()

    async def broken(data: bytes) -> None:
        raise trio.BrokenResourceError("the cable is gone")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(Peer(theirs).accept)
        async with open_websocket(URL, stream=ours, trace=recorder, **SHORT) as ws:
            ours.send_all = broken  # type: ignore[assignment, method-assign]  # a fault
            ws.send("x")
            await ws.wait_closed()
    assert recorder.to_dict()["log"]["entries"][0]["response"]["_error"] == "the cable is gone"


async def test_many_connections(harness: ScopeHarness) -> None:
    """An entry for each, in the order in which they were made; none while there was none."""
    recorder = HarRecorder()
    assert recorder.to_dict()["log"]["entries"] == []
    await talk(harness, recorder)
    har = await talk(harness, recorder)
    check_har(har)
    first, second = har["log"]["entries"]
    assert messages(har, 0) == messages(har, 1)
    assert first["connection"] != second["connection"]


async def test_a_file(harness: ScopeHarness, tmp_path: Path) -> None:
    """The same as JSON, in place of what was there."""
    recorder = HarRecorder()
    har = await talk(harness, recorder)
    path = tmp_path / "x.har"
    path.write_text("x" * 100_000)
    recorder.save(path)
    assert json.loads(path.read_text(encoding="utf-8")) == har
