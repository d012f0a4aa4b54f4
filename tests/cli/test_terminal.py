"""The command line at a pseudo-terminal, without prompt_toolkit."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

import pytest
from support.cli import Terminal
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.thread_server import ThreadServer

pytestmark = pytest.mark.real

ROW = re.compile(r"^\d\d:\d\d:\d\d\.\d\d\d [<>*!] ")


@pytest.fixture
def terminal(thread_server: ThreadServer) -> Iterator[Terminal]:
    """The program, when its connection is open."""
    with Terminal("--plain", thread_server.url) as terminal:
        terminal.until_shown("* open, status 101")
        yield terminal


def rows(terminal: Terminal) -> list[str]:
    """Return the lines of the screen without their times."""
    return [ROW.sub(lambda found: found[0][-2:], line) for line in terminal.lines]


def test_what_is_typed_is_sent_and_what_comes_is_shown(
    terminal: Terminal, thread_server: ThreadServer
) -> None:
    terminal.type("hellö\r")
    terminal.until_shown("< text")
    assert rows(terminal)[1:] == ["hellö", "< text          6  hellö"]
    assert ROW.match(terminal.last_line)
    assert thread_server.heard == ["hellö"]


def test_ctrl_d_closes_with_1000(terminal: Terminal, thread_server: ThreadServer) -> None:
    terminal.type("\x04")
    assert terminal.wait() == 0
    assert rows(terminal)[-1] == "* closed, 1000"
    assert thread_server.left.wait(PATIENCE)
    assert thread_server.closes == [(1000, "")]


def test_ctrl_c_closes_with_1001(terminal: Terminal, thread_server: ThreadServer) -> None:
    terminal.type("\x03")
    assert terminal.wait() == 128 + signal.SIGINT
    assert rows(terminal)[-1] == "* closed, 1001"
    assert thread_server.left.wait(PATIENCE)
    assert thread_server.closes == [(1001, "")]


def test_the_servers_code_and_reason_are_shown(terminal: Terminal) -> None:
    terminal.type("kick\r")
    assert terminal.wait() == 4
    assert rows(terminal)[-1] == r"* closed, 4401 log in\x1b[31m"


def test_a_lost_connection_has_its_cause_and_1006(terminal: Terminal) -> None:
    terminal.type("lose\r")
    assert terminal.wait() == 1
    assert rows(terminal)[-1] == "* closed, 1006, not clean"
    assert rows(terminal)[-2].startswith("! ws://localhost:")


def test_binary_messages_are_a_hex_dump(terminal: Terminal, thread_server: ThreadServer) -> None:
    thread_server.say(b"Hello\x00World \x1b[31m!")
    terminal.until_shown("|m!|")
    kind, first, second = rows(terminal)[1:]
    assert kind == "< binary       18"
    dump = "0000  48 65 6c 6c 6f 00 57 6f 72 6c 64 20 1b 5b 33 31  |Hello.World .[31|"
    assert first == 4 * " " + dump
    assert second.split() == ["0010", "6d", "21", "|m!|"]
    assert second.index("|") == first.index("|")
    thread_server.say(bytes(1000))
    terminal.until_shown("... 256 of 1,000 bytes are shown")


def test_a_message_is_escaped_and_its_lines_are_indented(
    terminal: Terminal, thread_server: ThreadServer
) -> None:
    thread_server.say("\x1b[2J\x07red\x9b\u202e\r\nsecond\tline\x08\n12:00:00.000 * closed, 1000")
    terminal.until_shown("closed")
    assert rows(terminal)[1:] == [
        "< text         55",
        r"    \x1b[2J\x07red\x9b\u202e",
        "    second      line\\x08",
        "    12:00:00.000 * closed, 1000",
    ]
    assert b"\x1b[2J" not in terminal.output


def test_long_text_is_cut(terminal: Terminal, thread_server: ThreadServer) -> None:
    thread_server.say("x" * 20_000)
    terminal.until_shown("... 10,000 of 20,000 characters are shown")


def test_ping_shows_the_round_trip(terminal: Terminal) -> None:
    terminal.type("/ping\r")
    terminal.until_shown("* pong after ")
    assert re.search(r"pong after \d+\.\d ms$", terminal.last_line)


def test_data_of_a_ping_and_of_a_pong(thread_server: ThreadServer) -> None:
    with Terminal("--plain", "--trace", thread_server.url) as terminal:
        terminal.until_shown("* open, status 101")
        terminal.type("/ping hi\r")
        terminal.until_shown("* pong after ")
        terminal.type("/pong höre\r")
        terminal.until_shown("> pong                5  68 c3 b6 72 65")
        shown = "\n".join(terminal.lines)
    assert re.search(r"> ping +2  68 69\n.*< pong +2  68 69\n", shown, re.S)


def test_close_with_a_code_and_a_reason(terminal: Terminal, thread_server: ThreadServer) -> None:
    terminal.type("/close 3001 good night\r")
    assert terminal.wait() == 0
    assert rows(terminal)[-1] == "* closed, 3001 good night"
    assert thread_server.left.wait(PATIENCE)
    assert thread_server.closes == [(3001, "good night")]


def test_close_without_a_code(terminal: Terminal, thread_server: ThreadServer) -> None:
    terminal.type("/close\r")
    assert terminal.wait() == 0
    assert rows(terminal)[-1] == "* closed, 1005"


def test_files_are_sent_as_binary_or_text(
    terminal: Terminal, thread_server: ThreadServer, tmp_path: Path
) -> None:
    (tmp_path / "a file").write_bytes(b"\x00\x01")
    terminal.type(f"/send-file {tmp_path / 'a file'}\r")
    terminal.until_shown("< binary")
    assert "> binary        2" in rows(terminal)
    terminal.type(f"/text-file {tmp_path / 'a file'}\r")
    terminal.until_shown("< text")
    assert r"> text          2  \x00\x01" in rows(terminal)
    assert thread_server.heard == [b"\x00\x01", "\x00\x01"]


SHOWN_BY_COMMANDS = [
    ("/nope x", "! /nope: no such command; /help lists them"),
    ("/clsoe", "! /clsoe: no such command; did you mean /close? /help lists them"),
    ("/close 1001", "! /close: expected a close code of 1000 or from 3000 to 4999, got 1001"),
    ("/close soon", "! /close: expected a number as code, got soon"),
    ("/ping " + "ö" * 63, "! /ping: expected at most 125 bytes, got 126"),
    ("/pong " + "x" * 126, "! /pong: expected at most 125 bytes, got 126"),
    ("/send-file", "! /send-file: expected a path"),
    ("/text-file ", "! /text-file: expected a path"),
    ("/send-file /no/such/file", "! /no/such/file: No such file or directory"),
    ("/text-file -", "! -: No such file or directory"),
    ("/help", "* Ctrl-D                  close with 1000"),
]
"""What is typed, and a row that it shows."""


def test_commands_that_show_something(terminal: Terminal, thread_server: ThreadServer) -> None:
    for line, said in SHOWN_BY_COMMANDS:
        terminal.type(f"{line}\r")
        terminal.until_shown(said)
    terminal.type("still here\r")
    terminal.until_shown("< text")
    assert thread_server.heard == ["still here"]


def test_a_double_slash_sends_one(terminal: Terminal, thread_server: ThreadServer) -> None:
    terminal.type("//help\r")
    terminal.until_shown("< text")
    assert thread_server.heard == ["/help"]


def test_commands_answer_in_json(thread_server: ThreadServer) -> None:
    with Terminal("--json", thread_server.url) as terminal:
        terminal.until_shown('{"event": "open"')
        terminal.type("/ping\r/help\r")
        terminal.until_shown('{"event": "pong"')
        terminal.until_shown('{"event": "info"')


def test_ctrl_r_shows_again_what_was_typed_before_a_message(
    terminal: Terminal, thread_server: ThreadServer
) -> None:
    terminal.type("half of ")
    terminal.until(lambda: terminal.last_line == "half of")
    thread_server.say("news")
    terminal.until_shown("< text          4  news")
    assert terminal.lines[-1].endswith("news")
    terminal.type("\x12")
    terminal.until(lambda: terminal.last_line == "half of")
    terminal.type("a line\r")
    terminal.until(lambda: thread_server.heard == ["half of a line"])


def test_one_shot_at_a_terminal(thread_server: ThreadServer) -> None:
    with Terminal("--plain", "--wait", "0.3", "-m", "hello", thread_server.url) as terminal:
        assert terminal.wait() == 0
        assert rows(terminal) == [
            "* open, status 101",
            "> text          5  hello",
            "< text          5  hello",
            "* closed, 1000",
        ]


def test_colours_only_where_they_are_wanted(thread_server: ThreadServer) -> None:

    def output(*arguments: str, **env: str) -> bytes:
        with Terminal(
            "--wait", "0.3", "-m", "x", *arguments, thread_server.url, env=env
        ) as terminal:
            terminal.wait()
            return terminal.output

    assert re.search(rb"\x1b\[32m[0-9:.]+ < text +1  x\x1b\[0m", output())
    for plain in (output("--plain"), output(NO_COLOR="1"), output(TERM="dumb")):
        assert b"\x1b" not in plain


def test_a_dumb_terminal_gets_no_sequences(thread_server: ThreadServer) -> None:
    with Terminal(thread_server.url, env={"TERM": "dumb"}) as terminal:
        terminal.until_shown("* open")
        terminal.type("hello\r")
        terminal.until_shown("< text")
        assert b"\x1b" not in terminal.output


def test_trace_at_a_terminal(thread_server: ThreadServer) -> None:
    arguments = ("--trace", "-H", "Authorization: hunter2", "-m", "hello")
    with Terminal("--plain", "--wait", "0.3", *arguments, thread_server.url) as terminal:
        assert terminal.wait() == 0
        shown = "\n".join(terminal.lines)
    assert "> GET /room HTTP/1.1" in shown
    assert "            Authorization: [redacted]" in shown
    assert "< HTTP/1.1 101 Switching Protocols" in shown
    assert re.search(r"\d\.\d{3} > text +5  hello", shown)
    assert re.search(r"\d\.\d{3} < close +2  1000", shown)


def test_log_at_a_terminal(thread_server: ThreadServer) -> None:
    with Terminal("--plain", "-v", "--wait", "0.3", "-m", "hello", thread_server.url) as terminal:
        assert terminal.wait() == 0
        assert any("ws://localhost:" in row and row.endswith(": dialled") for row in rows(terminal))
