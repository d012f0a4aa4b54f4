"""Records of a trace, as a person reads them."""

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
def test_frames_as_lines(record: TraceFrame, line: str) -> None:
    """When, which way, what, how long, and the payload's start."""
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
def test_notes_behind_a_frame(fields: dict[str, Any], note: str) -> None:
    """What is not as usual."""
    assert str(frame(1, b"Hello", **fields)).endswith(f"  Hello  {note}")


def test_nothing_commands_the_terminal() -> None:
    """Control characters are escaped, in payloads, reasons, heads and errors."""
    bad = "\x1b[31m\r\n\x07\x9b\u202e"
    head = TraceHead(**COMMON, size=1, start_line=bad, headers=((bad, bad),))
    end = TraceEnd(**COMMON, size=0, error=bad)
    data = TraceData(**COMMON, size=1, payload=bad.encode())
    close = frame(8, b"\x03\xe8" + bad.encode())
    for record in (frame(1, bad.encode()), close, head, end, data):
        lines = str(record).split("\n")
        assert all(line.isprintable() for line in lines)
        assert lines[-1].endswith(r"\x1b[31m\r\n\x07\x9b\u202e")


def test_what_can_be_shown_is() -> None:
    """Beside what cannot."""
    assert str(frame(1, "é\n€".encode())).endswith("  é\\n€")


def test_long_payloads_are_cut() -> None:
    """At 80 characters, or 24 bytes; and where the record has no more."""
    assert columns(frame(1, b"x" * 81))[-1] == "x" * 80 + "..."
    assert columns(frame(1, b"x" * 80))[-1] == "x" * 80
    assert columns(frame(1, b"x", length=2))[-1] == "x..."
    assert columns(frame(2, bytes(25)))[4:] == ["00"] * 24 + ["..."]
    assert columns(frame(2, bytes(24)))[4:] == ["00"] * 24


def test_a_character_that_was_cut() -> None:
    """Is not shown; what is no UTF-8 is, as U+FFFD."""
    assert columns(frame(1, "a€".encode()[:3], length=4))[-1] == "a..."
    assert columns(frame(1, b"a\xffb"))[-1] == "a\ufffdb"


SECRETS = ("Authorization", "cookie", "Set-Cookie", "Proxy-Authorization")


def test_credentials_are_redacted() -> None:
    """In the lines and in the repr; the record itself has them."""
    headers = (*((name, "hunter2") for name in SECRETS), ("Host", "peer.test"))
    head = TraceHead(**COMMON, size=100, start_line="GET / HTTP/1.1", headers=headers)
    assert str(head).split("\n") == [
        "    1.500 > GET / HTTP/1.1",
        *(f"            {name}: [redacted]" for name in SECRETS),
        "            Host: peer.test",
    ]
    assert "hunter2" not in repr(head)
    assert head.headers == headers


def test_data_and_end_as_lines() -> None:
    """What is neither a head nor a frame; and how it ended."""
    data = TraceData(**COMMON, size=10, payload=b"not you")
    assert str(data) == "    1.500 > data               10  not you..."
    assert str(TraceData(**COMMON, size=0, payload=b"")) == "    1.500 > data                0"
    assert str(TraceEnd(**COMMON, size=0)) == "    1.500 > end"
    assert str(TraceEnd(**COMMON, size=0, error="reset")).endswith("> end          reset")
