"""Rows and lines of JSON, without a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import trio

from trio_ws_dom import CloseEvent, TraceData
from trio_ws_dom._cli._display import PipeRows, Rows, no_paint
from trio_ws_dom._cli._json_lines import JsonLines

if TYPE_CHECKING:
    from collections.abc import Callable

    from trio_ws_dom._cli._display import Display


class Lines:
    """A sink that keeps what is written."""

    def __init__(self) -> None:
        self.text = ""
        self.is_full = False

    def write(self, text: str | bytes) -> None:
        self.text += str(text)

    async def drain(self) -> None:
        await trio.lowlevel.checkpoint()


@pytest.fixture
def lines() -> Lines:
    return Lines()


RECORD = TraceData(
    connection=1,
    url="ws://peer.test/",
    time=0.0,
    elapsed=0.0,
    direction="received",
    size=4,
    payload=b"data",
)


def rows(sink: Lines) -> Display:
    return Rows(sink, no_paint)


def pipe_rows(sink: Lines) -> Display:
    return PipeRows(Lines(), sink, no_paint, binary=False, verbose=False)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (rows, "2 lines of trace and log are missing"),
        (pipe_rows, "2 lines of trace and log are missing"),
        (JsonLines, '"event": "dropped"'),
    ],
)
@pytest.mark.parametrize("at_the_end", [False, True])
def test_trace_and_log_are_dropped_and_counted_while_their_sink_is_full(
    lines: Lines, make: Callable[[Lines], Display], said: str, at_the_end: bool
) -> None:
    display = make(lines)
    lines.is_full = True
    display.trace(RECORD)
    display.log("dialled")
    assert lines.text == ""
    display.note("but this is never dropped")
    lines.is_full = False
    if at_the_end:
        display.closed(CloseEvent("close", code=1000, wasClean=True))
    else:
        display.log("closed")
    assert "but this is never dropped" in lines.text
    assert lines.text.count(said) == 1
    display.trace(RECORD)
    assert lines.text.count(said) == 1


@pytest.mark.parametrize("unsafe", ["\x1b[2J", "\u202e", "\x9b31m", "\r", "\x07", "\u2028"])
def test_nothing_of_the_peers_commands_a_terminal(lines: Lines, unsafe: str) -> None:
    display = Rows(lines, no_paint)
    display.received(f"a{unsafe}b\n{unsafe}")
    display.received(unsafe.encode())
    display.error(unsafe)
    display.log(unsafe)
    display.refused(f"{unsafe}\n{unsafe}".encode())
    display.closed(CloseEvent("close", code=1000, reason=unsafe, wasClean=True))
    assert unsafe not in lines.text
    assert all(line.isprintable() for line in lines.text.split("\n"))


def test_a_hex_dump_fits_into_80_columns(lines: Lines) -> None:
    Rows(lines, no_paint).received(bytes(256))
    assert max(map(len, lines.text.splitlines())) <= 80


def test_the_body_of_a_refusal_has_its_lines_and_is_cut(lines: Lines) -> None:
    Rows(lines, no_paint).refused(b"  <h1>\nnot you\n" + b"x" * 300)
    assert [line.lstrip() for line in lines.text[15:].splitlines()] == [
        "<h1>",
        "not you",
        "x" * 287,
        "... 300 of 313 characters are shown",
    ]


def test_the_body_of_a_refusal_as_json(lines: Lines) -> None:
    JsonLines(lines).refused(b"x" * 301)
    assert json.loads(lines.text)["message"] == "x" * 300 + "..."
