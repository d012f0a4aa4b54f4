"""The command line at a plain pseudo-terminal: typing, reading, and leaving."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

import pytest
from support.cli import PATIENCE, Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.thread_server import ThreadServer

pytestmark = pytest.mark.real

ROW = re.compile(r"^\d\d:\d\d:\d\d\.\d\d\d [<>*!] ")


@pytest.fixture
def terminal(thread_server: ThreadServer) -> Iterator[Terminal]:
    """A conversation that has begun."""
    with Terminal("--plain", thread_server.url) as terminal:
        terminal.until_shown("* open, status 101")
        yield terminal


def rows(terminal: Terminal) -> list[str]:
    """What is shown, without the times."""
    return [ROW.sub(lambda found: found[0][-2:], line) for line in terminal.lines]


def test_typing_and_reading(terminal: Terminal, thread_server: ThreadServer) -> None:
    """What is typed is sent, what comes is shown: time, direction, type, size, text."""
    terminal.type("hellö\r")
    terminal.until_shown("< text")
    assert rows(terminal)[1:] == ["hellö", "< text          6  hellö"]
    assert ROW.match(terminal.last_line)
    assert thread_server.heard == ["hellö"]


def test_ctrl_d(terminal: Terminal, thread_server: ThreadServer) -> None:
    """The closing handshake with 1000, and 0."""
    terminal.type("\x04")
    assert terminal.wait() == 0
    assert rows(terminal)[-1] == "* closed, 1000"
    assert thread_server.left.wait(PATIENCE)
    assert thread_server.closes == [(1000, "")]


def test_ctrl_c(terminal: Terminal, thread_server: ThreadServer) -> None:
    """The closing handshake with 1001, and 130."""
    terminal.type("\x03")
    assert terminal.wait() == 128 + signal.SIGINT
    assert rows(terminal)[-1] == "* closed, 1001"
    assert thread_server.left.wait(PATIENCE)
    assert thread_server.closes == [(1001, "")]


def test_the_server_leaves(terminal: Terminal) -> None:
    """Its code and reason are the last that is shown, nothing in them commands the terminal."""
    terminal.type("kick\r")
    assert terminal.wait() == 4
    assert rows(terminal)[-1] == r"* closed, 4401 log in\x1b[31m"


def test_a_connection_is_lost(terminal: Terminal) -> None:
    """What is known of it, then 1006."""
    terminal.type("lose\r")
    assert terminal.wait() == 1
    assert rows(terminal)[-1] == "* closed, 1006, not clean"
    assert rows(terminal)[-2].startswith("! ws://localhost:")


def test_binary_as_a_dump(terminal: Terminal, thread_server: ThreadServer) -> None:
    """Where, in hexadecimal, and as ASCII; its start, if it is long."""
    thread_server.say(b"Hello\x00World \x1b[31m!")
    terminal.until_shown("00000010")
    kind, first, second = rows(terminal)[1:]
    assert kind == "< binary       18"
    dump = "00000000  48 65 6c 6c 6f 00 57 6f 72 6c 64 20 1b 5b 33 31  |Hello.World .[31|"
    assert first == 15 * " " + dump
    assert second.split() == ["00000010", "6d", "21", "|m!|"]
    assert second.index("|") == first.index("|")
    thread_server.say(bytes(1000))
    terminal.until_shown("... 256 of 1,000 bytes are shown")


def test_nothing_of_a_message_commands_the_terminal(
    terminal: Terminal, thread_server: ThreadServer
) -> None:
    """Escapes are shown as such; lines and tabs are what they are, and cannot pass for ours."""
    thread_server.say("\x1b[2J\x07red\x9b\u202e\r\nsecond\tline\x08\n12:00:00.000 * closed, 1000")
    terminal.until_shown("closed")
    assert rows(terminal)[1:] == [
        "< text         55",
        r"               \x1b[2J\x07red\x9b\u202e",
        "               second   line\\x08",
        "               12:00:00.000 * closed, 1000",
    ]
    assert b"\x1b[2J" not in terminal.output


def test_long_text_is_cut(terminal: Terminal, thread_server: ThreadServer) -> None:
    """On a terminal; a pipe gets all of it."""
    thread_server.say("x" * 20_000)
    terminal.until_shown("... 10,000 of 20,000 characters are shown")


def test_ping(terminal: Terminal) -> None:
    """The round trip is shown."""
    terminal.type("/ping\r")
    terminal.until_shown("* pong after ")
    assert re.search(r"pong after \d+\.\d ms$", terminal.last_line)


def test_close(terminal: Terminal, thread_server: ThreadServer) -> None:
    """With a code and a reason of the user's; that is a good end."""
    terminal.type("/close 3001 good night\r")
    assert terminal.wait() == 0
    assert rows(terminal)[-1] == "* closed, 3001 good night"
    assert thread_server.left.wait(PATIENCE)
    assert thread_server.closes == [(3001, "good night")]


def test_close_without_a_code(terminal: Terminal, thread_server: ThreadServer) -> None:
    """A Close without a body."""
    terminal.type("/close\r")
    assert terminal.wait() == 0
    assert rows(terminal)[-1] == "* closed, 1005"


def test_a_file(terminal: Terminal, thread_server: ThreadServer, tmp_path: Path) -> None:
    """It is sent as one binary message, and shown as such."""
    (tmp_path / "a file").write_bytes(b"\x00\x01")
    terminal.type(f"/file {tmp_path / 'a file'}\r")
    terminal.until_shown("< binary")
    assert "> binary        2" in rows(terminal)
    assert thread_server.heard == [b"\x00\x01"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/nope x", "! /nope: no such command; /help lists them"),
        ("/close 1001", "! /close: expected a close code of 1000 or from 3000 to 4999, got 1001"),
        ("/close soon", "! /close: expected a number as code, got soon"),
        ("/file", "! /file: expected a path"),
        ("/file /no/such/file", "! [Errno 2] No such file or directory: '/no/such/file'"),
        ("/help", "* Ctrl-D                  close with 1000"),
    ],
)
def test_commands_that_say_something(
    terminal: Terminal, thread_server: ThreadServer, line: str, said: str
) -> None:
    """Nothing is sent, and the conversation goes on."""
    terminal.type(f"{line}\r")
    terminal.until(lambda: said in rows(terminal))
    terminal.type("still here\r")
    terminal.until_shown("< text")
    assert thread_server.heard == ["still here"]


def test_a_slash_is_doubled(terminal: Terminal, thread_server: ThreadServer) -> None:
    """To be sent."""
    terminal.type("//help\r")
    terminal.until_shown("< text")
    assert thread_server.heard == ["/help"]


def test_events_for_machines_at_a_terminal(thread_server: ThreadServer) -> None:
    """Commands work there, too, and answer in JSON."""
    with Terminal("--json", thread_server.url) as terminal:
        terminal.until_shown('{"event": "open"')
        terminal.type("/ping\r/help\r")
        terminal.until_shown('{"event": "pong"')
        terminal.until_shown('{"event": "info"')


def test_messages_and_what_is_typed(terminal: Terminal, thread_server: ThreadServer) -> None:
    """A message that comes meanwhile has its own line; what was typed is kept, and Ctrl-R shows
    it again."""
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
    """Both directions are shown."""
    with Terminal("--plain", "--wait", "0.3", "-m", "hello", thread_server.url) as terminal:
        assert terminal.wait() == 0
        assert rows(terminal) == [
            "* open, status 101",
            "> text          5  hello",
            "< text          5  hello",
            "* closed, 1000",
        ]


def test_colours(thread_server: ThreadServer) -> None:
    """By direction; none if they are not wanted, or the terminal has none."""

    def output(*arguments: str, **env: str) -> bytes:
        with Terminal(
            "--wait", "0.3", "-m", "x", *arguments, thread_server.url, env=env
        ) as terminal:
            terminal.wait()
            return terminal.output

    assert re.search(rb"\x1b\[32m[0-9:.]+ < text +1  x\x1b\[0m", output())
    for plain in (output("--plain"), output(NO_COLOR="1"), output(TERM="dumb")):
        assert b"\x1b" not in plain


def test_a_dumb_terminal(thread_server: ThreadServer) -> None:
    """It gets no sequences at all, also where a person types."""
    with Terminal(thread_server.url, env={"TERM": "dumb"}) as terminal:
        terminal.until_shown("* open")
        terminal.type("hello\r")
        terminal.until_shown("< text")
        assert b"\x1b" not in terminal.output


def test_trace_at_a_terminal(thread_server: ThreadServer) -> None:
    """The handshake and each frame, among the messages."""
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
    """With -v."""
    with Terminal("--plain", "-v", "--wait", "0.3", "-m", "hello", thread_server.url) as terminal:
        assert terminal.wait() == 0
        assert any("ws://localhost:" in row and row.endswith(": dialled") for row in rows(terminal))
