"""HAR files in their standard's form, with messages as Chromium's network panel has them."""

from __future__ import annotations

import base64
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

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
    __compiled__,
    __version__,
    open_websocket,
)

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
    """Run one connection, on which both sides send, and the server pings and closes."""

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


async def test_a_har_fits_its_schema(harness: ScopeHarness) -> None:
    har = await talk(harness, HarRecorder())
    check_har(har)
    build = "compiled" if __compiled__ else "pure Python"
    creator = {"name": "trio_ws_dom", "version": __version__, "comment": build}
    assert har["log"]["creator"] == creator


async def test_the_schema_finds_missing_and_extra_keys(harness: ScopeHarness) -> None:
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


async def test_messages_are_in_order_text_plain_and_binary_in_base64(harness: ScopeHarness) -> None:
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


async def test_a_har_has_request_and_response(harness: ScopeHarness) -> None:
    entry = (await talk(harness, HarRecorder()))["log"]["entries"][0]
    request, response = entry["request"], entry["response"]
    assert (request["method"], request["httpVersion"]) == ("GET", "HTTP/1.1")
    assert (request["url"], request["queryString"]) == ("ws://peer.test/room", [])
    assert (response["status"], response["statusText"]) == (101, "Switching Protocols")
    assert response["httpVersion"] == "HTTP/1.1"
    assert {"name": "Upgrade", "value": "websocket"} in response["headers"]


async def test_secrets_are_not_in_a_har(harness: ScopeHarness) -> None:
    har = await talk(harness, HarRecorder(), headers={"Cookie": "session=hunter2"})
    assert headers(har)["Authorization"] == headers(har)["Cookie"] == "[redacted]"
    assert "hunter2" not in json.dumps(har)
    check_har(har)


async def test_secrets_are_in_a_har_if_they_are_asked_for(harness: ScopeHarness) -> None:
    """They are there as they were sent, so user and password are not in the URL."""
    recorder = HarRecorder(secrets=True)
    har = await talk(harness, recorder, headers={"Cookie": "session=hunter2"})
    assert headers(har)["Cookie"] == "session=hunter2"
    request = har["log"]["entries"][0]["request"]
    assert request["url"] == "ws://peer.test/room?a=1&b="
    assert request["queryString"] == [{"name": "a", "value": "1"}, {"name": "b", "value": ""}]
    check_har(har)


async def test_fragments_are_one_message_after_the_ping_between_them(harness: ScopeHarness) -> None:
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


async def test_the_start_of_a_message_that_was_cut_off_is_kept(harness: ScopeHarness) -> None:
    recorder = HarRecorder()

    async def part(peer: Peer) -> None:
        await peer.accept(then=frame(TEXT, b"Hel", fin=False) + frame(0, b"lo, World")[:4])
        await peer.stream.aclose()

    await harness.play(part)
    async with open_websocket(URL, **harness.transport.options(trace=recorder, **SHORT)) as ws:
        await ws.wait_closed()
    assert messages(recorder.to_dict()) == [("receive", 1, "Hello")]


async def test_messages_are_kept_up_to_the_payload_limit(harness: ScopeHarness) -> None:
    for recorder, size in ((HarRecorder(), 100_000), (HarRecorder(payload_limit=10), 10)):
        await harness.play()
        async with open_websocket(URL, **harness.transport.options(trace=recorder)) as ws:
            ws.send("x" * 100_000)
        assert messages(recorder.to_dict())[0] == ("send", 1, "x" * size)


async def test_a_har_has_a_refusals_status_redirect_and_body(harness: ScopeHarness) -> None:
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


async def test_an_answer_that_is_no_http_is_an_entry_without_status(harness: ScopeHarness) -> None:
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


async def test_a_har_has_the_transports_error(harness: ScopeHarness) -> None:
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


async def test_each_connection_is_an_entry(harness: ScopeHarness) -> None:
    recorder = HarRecorder()
    assert recorder.to_dict()["log"]["entries"] == []
    await talk(harness, recorder)
    har = await talk(harness, recorder)
    check_har(har)
    first, second = har["log"]["entries"]
    assert messages(har, 0) == messages(har, 1)
    assert first["connection"] != second["connection"]


def test_a_saved_har_replaces_a_file_and_is_its_owners_alone(tmp_path: Path) -> None:
    recorder = HarRecorder()
    path = tmp_path / "x.har"
    path.write_text("x" * 100_000)
    path.chmod(0o666)
    recorder.save(path)
    assert json.loads(path.read_text(encoding="utf-8")) == recorder.to_dict()
    assert list(tmp_path.iterdir()) == [path]
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_har_that_cannot_be_written_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.har"
    path.write_text("old")

    def fail(*names: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="the disk is full"):
        HarRecorder().save(path)
    assert [found.read_text() for found in tmp_path.iterdir()] == ["old"]


def test_a_har_is_saved_where_a_link_points_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "x.har")
    HarRecorder().save(tmp_path / "link")
    assert json.loads((tmp_path / "x.har").read_text())["log"]["entries"] == []


def test_a_har_is_written_into_what_is_no_file() -> None:
    HarRecorder().save(os.devnull)
    assert not Path(os.devnull).is_file()
