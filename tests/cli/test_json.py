"""Events as lines of JSON, and files that are saved."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from support.cli import run
from support.har import check_har
from support.thread_server import ThreadServer, run_thread_server

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

QUICK = ("--json", "--wait", "0.3")


def events(*arguments: str, **options: Any) -> list[dict[str, Any]]:
    """Run it to its end, and return the events without their times."""
    done = run(*QUICK, *arguments, **options)
    assert done.stderr == b""
    found = [json.loads(line) for line in done.stdout.splitlines()]
    times = [event.pop("time") for event in found]
    assert times == sorted(times)
    assert 1e9 < times[0] < 1e10
    return found


def test_the_events_of_a_conversation(thread_server: ThreadServer, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"\x00\xff")
    arguments = ("-m", "wörld\x1b\n", "--send-file", str(tmp_path / "data"))
    text = {"event": "message", "type": "text", "size": 8, "data": "wörld\x1b\n"}
    binary = {"event": "message", "type": "binary", "size": 2, "data": "AP8="}
    opened, *messages, closed = events(thread_server.url, *arguments)
    assert opened == {"event": "open", "status": 101, "protocol": "", "extensions": ""}
    assert closed == {"event": "close", "code": 1000, "reason": "", "wasClean": True}
    for direction in ("sent", "received"):
        ones = [message for message in messages if message["direction"] == direction]
        assert ones == [{**text, "direction": direction}, {**binary, "direction": direction}]


def test_the_event_of_an_error(thread_server: ThreadServer) -> None:
    (event, body) = events(thread_server.url.replace("/room", "/forbidden"))
    assert (event["event"], body["event"]) == ("error", "error")
    assert "got 403" in event["message"]
    assert body["message"] == "not you\x1b[31m"
    *_, error, close = events(thread_server.url, "-m", "lose")
    assert error["event"] == "error"
    assert close == {"event": "close", "code": 1006, "reason": "", "wasClean": False}


def test_the_events_of_a_trace(thread_server: ThreadServer) -> None:
    found = events(thread_server.url, "--trace", "-H", "Cookie: a=hunter2", "-m", "hello")
    heads = [event for event in found if event["event"] == "head"]
    assert [head["startLine"] for head in heads] == [
        "GET /room HTTP/1.1",
        "HTTP/1.1 101 Switching Protocols",
    ]
    assert ["Cookie", "[redacted]"] in heads[0]["headers"]
    frames = [event for event in found if event["event"] == "frame"]
    assert [(frame["direction"], frame["name"]) for frame in frames] == [
        ("sent", "text"),
        ("received", "text"),
        ("sent", "close"),
        ("received", "close"),
    ]
    assert base64.b64decode(frames[0]["payload"]) == b"hello"
    assert {key: frames[1][key] for key in ("opcode", "fin", "compressed", "length", "size")} == {
        "opcode": 1,
        "fin": True,
        "compressed": False,
        "length": 5,
        "size": 7,
    }
    ends = [event for event in found if event["event"] == "end"]
    assert {end["direction"] for end in ends} == {"sent", "received"}


def test_secrets_are_in_events_only_if_asked_for() -> None:
    arguments = ("--trace", "-s", "hunter2", "-H", "X-Token: hunter2", "-v", "-m", "x")
    with run_thread_server(subprotocols=["hunter2"]) as server:
        url = f"{server.url.replace('//', '//ada:hunter2@')}?hunter2"
        found = events(url, *arguments)
        (opened,) = [event for event in found if event["event"] == "open"]
        assert opened["protocol"] == "[redacted]"
        assert "hunter2" not in str(found)
        assert "hunter2" in str(events(url, *arguments, "--show-secrets"))


def test_the_trace_of_a_refusal(thread_server: ThreadServer) -> None:
    found = events(thread_server.url.replace("/room", "/forbidden"), "--trace")
    (data,) = [event for event in found if event["event"] == "data"]
    assert base64.b64decode(data["payload"]) == b"not you\x1b[31m\n"


def test_the_log_as_events(thread_server: ThreadServer) -> None:
    found = events(thread_server.url, "-v", "-m", "x")
    lines = [event["message"] for event in found if event["event"] == "log"]
    assert lines[0].endswith(": connecting")
    assert lines[-1].endswith(": closed: 1000 '', clean")


def test_a_har_file_has_whole_messages_and_no_credentials(
    thread_server: ThreadServer, tmp_path: Path
) -> None:
    path = tmp_path / "x.har"
    secret = ("-H", "Authorization: hunter2", "--har", str(path))
    run(thread_server.url, *QUICK, *secret, "-m", "x" * 10_000)
    har = json.loads(path.read_text())
    check_har(har)
    messages = har["log"]["entries"][0]["_webSocketMessages"]
    assert [message["data"] for message in messages[:2]] == ["x" * 10_000] * 2
    assert "hunter2" not in path.read_text()
    run(thread_server.url, *QUICK, *secret, "--show-secrets", "-m", "x")
    assert "hunter2" in path.read_text()


def test_a_har_file_of_a_refusal(thread_server: ThreadServer, tmp_path: Path) -> None:
    path = tmp_path / "x.har"
    run(thread_server.url.replace("/room", "/forbidden"), *QUICK, "--har", str(path))
    (entry,) = json.loads(path.read_text())["log"]["entries"]
    assert entry["response"]["status"] == 403


def test_a_har_file_that_cannot_be_saved(thread_server: ThreadServer, tmp_path: Path) -> None:
    done = run(
        thread_server.url, "--wait", "0.3", "-m", "x", "--har", str(tmp_path / "no" / "x.har")
    )
    assert done.returncode == 1
    assert b"No such file or directory" in done.stderr


def test_compressed_messages_are_traced_and_saved_inflated(tmp_path: Path) -> None:
    path = tmp_path / "x.har"
    with run_thread_server() as server:
        found = events(server.url, "--trace", "--har", str(path), "-m", "hello " * 100)
    frame = next(event for event in found if event["event"] == "frame")
    assert (frame["compressed"], frame["length"]) == (True, 600)
    assert base64.b64decode(frame["payload"]) == b"hello " * 100
    assert "hello hello" in path.read_text()
