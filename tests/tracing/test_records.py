"""Records of a trace, as lines for a person, and without secrets."""

from __future__ import annotations

from typing import Any

import pytest

from trio_ws_dom._trace._records import TraceData, TraceEnd, TraceFrame, TraceHead

COMMON: dict[str, Any] = {
    "connection": 1,
    "url": "ws://peer.test/",
    "time": 0.0,
    "elapsed": 1.5,
    "direction": "sent",
}


def frame(opcode: int = 1, payload: bytes = b"", **fields: Any) -> TraceFrame:
    known: dict[str, Any] = {
        "size": len(payload) + 2,
        "fin": True,
        "text": opcode == 1,
        "compressed": False,
        "inflated": False,
        "length": len(payload),
        "complete": True,
    }
    return TraceFrame(**COMMON | known | fields, opcode=opcode, payload=payload)


def columns(record: TraceFrame) -> list[str]:
    return str(record).split()


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (frame(1, b"Hello"), "    1.500 > text                5  Hello"),
        (frame(2, b"\x00\xff"), "    1.500 > binary              2  00 ff"),
        (frame(8, b"\x03\xe8bye"), "    1.500 > close               5  1000 bye"),
        (frame(8, b"\x03\xe8"), "    1.500 > close               2  1000"),
        (frame(8, b"\x03\xe8by", length=5), "    1.500 > close               5  1000 by..."),
        (frame(8), "    1.500 > close               0"),
        (frame(8, b"\x03"), "    1.500 > close               1  03"),
        (frame(9, b"?", direction="received"), "    1.500 < ping                1  3f"),
        (frame(11), "    1.500 > opcode 11           0"),
        (frame(0, b"lo", text=True), "    1.500 > continuation        2  lo"),
    ],
)
def test_a_frame_is_one_line(record: TraceFrame, line: str) -> None:
    assert str(record) == line


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ({"fin": False}, "(to be continued)"),
        ({"compressed": True, "inflated": True, "size": 9}, "(9 on the wire)"),
        ({"compressed": True}, "(compressed)"),
        ({"complete": False}, "(cut off)"),
        ({"fin": False, "complete": False}, "(to be continued, cut off)"),
    ],
)
def test_what_is_unusual_about_a_frame_is_noted(fields: dict[str, Any], note: str) -> None:
    assert str(frame(1, b"Hello", **fields)).endswith(f"  Hello  {note}")


def test_control_characters_are_escaped_everywhere() -> None:
    bad = "\x1b[31m\r\n\x07\x9b\u202e"
    heading = TraceHead(**COMMON, size=1, start_line=bad, headers=((bad, bad),))
    end = TraceEnd(**COMMON, size=0, error=bad)
    data = TraceData(**COMMON, size=1, payload=bad.encode())
    close = frame(8, b"\x03\xe8" + bad.encode())
    for record in (frame(1, bad.encode()), close, heading, end, data):
        lines = str(record).split("\n")
        assert all(line.isprintable() for line in lines)
        assert lines[-1].endswith(r"\x1b[31m\r\n\x07\x9b\u202e")


def test_printable_characters_are_shown_beside_escapes() -> None:
    assert str(frame(1, "é\n€".encode())).endswith("  é\\n€")


def test_long_payloads_are_cut() -> None:
    assert columns(frame(1, b"x" * 81))[-1] == "x" * 80 + "..."
    assert columns(frame(1, b"x" * 80))[-1] == "x" * 80
    assert columns(frame(1, b"x", length=2))[-1] == "x..."
    assert columns(frame(2, bytes(25)))[4:] == ["00"] * 24 + ["..."]
    assert columns(frame(2, bytes(24)))[4:] == ["00"] * 24


def test_a_character_that_is_cut_in_two_is_not_shown() -> None:
    assert columns(frame(1, "a€".encode()[:3], length=4))[-1] == "a..."
    assert columns(frame(1, b"a\xffb"))[-1] == "a\ufffdb"


def head(direction: str, line: str, *headers: tuple[str, str]) -> TraceHead:
    common: dict[str, Any] = COMMON | {"direction": direction, "url": "ws://peer.test/?hunter2"}
    return TraceHead(**common, size=100, start_line=line, headers=headers)


HARMLESS = [("Host", "peer.test"), ("Origin", "https://page.test"), ("User-Agent", "x")]
SECRET_IN_REQUESTS = (
    "Authorization",
    "cookie",
    "Proxy-Authorization",
    "Sec-WebSocket-Protocol",
    "X-Api-Key",
)
SECRET_IN_RESPONSES = ("Set-Cookie", "sec-websocket-protocol", "Authentication-Info")


def test_a_request_is_redacted_but_for_harmless_headers() -> None:
    secrets = [(name, "hunter2") for name in SECRET_IN_REQUESTS]
    redacted = head("sent", "GET /?hunter2 HTTP/1.1", *secrets, *HARMLESS).redacted()
    assert "hunter2" not in repr(redacted)
    assert str(redacted).split("\n") == [
        "    1.500 > GET /?[redacted] HTTP/1.1",
        *(f"            {name}: [redacted]" for name in SECRET_IN_REQUESTS),
        *(f"            {name}: {value}" for name, value in HARMLESS),
    ]


def test_a_response_is_redacted_where_secrets_are_known_to_be() -> None:
    secrets = [(name, "hunter2") for name in SECRET_IN_RESPONSES]
    shown = [("Server", "x"), ("Location", "/login")]
    response = head("received", "HTTP/1.1 302 What?", *secrets, ("Location", "/?hunter2"), *shown)
    assert response.redacted().start_line == "HTTP/1.1 302 What?"
    assert response.redacted().headers == (
        *((name, "[redacted]") for name in SECRET_IN_RESPONSES),
        ("Location", "/?[redacted]"),
        *shown,
    )


def test_user_and_password_of_a_location_are_redacted() -> None:
    response = head("received", "HTTP/1.1 302 Found", ("Location", "//me:hunter2@peer.test/x?y"))
    expected = "//[redacted]@peer.test/x?[redacted]"
    assert response.redacted().headers == (("Location", expected),)


@pytest.mark.parametrize("name", ["Set-Cookie : a=hunter2", "Set-Cookie ", " folded=hunter2", ""])
def test_a_malformed_line_of_a_response_is_redacted_whole(name: str) -> None:
    """It may be a part of a cookie, with its name as a value."""
    response = head("received", "HTTP/1.1 101 x", (name, "hunter2"))
    assert response.redacted().headers == (("[redacted]", "[redacted]"),)


def test_data_and_ends_are_one_line() -> None:
    data = TraceData(**COMMON, size=10, payload=b"not you")
    assert str(data) == "    1.500 > data               10  not you..."
    assert str(TraceData(**COMMON, size=0, payload=b"")) == "    1.500 > data                0"
    assert str(TraceEnd(**COMMON, size=0)) == "    1.500 > end"
    assert str(TraceEnd(**COMMON, size=0, error="reset")).endswith("> end          reset")
