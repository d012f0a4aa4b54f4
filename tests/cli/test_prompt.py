"""The command line at a pseudo-terminal, with prompt_toolkit."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.cli import Terminal, environment
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.thread_server import ThreadServer

pytest.importorskip("prompt_toolkit")
pytestmark = pytest.mark.real

LEFT, UP, CTRL_U = "\x1b[D", "\x1b[A", "\x15"


@pytest.fixture
def terminal(thread_server: ThreadServer) -> Iterator[Terminal]:
    """The program, when its connection is open and its prompt is there."""
    with Terminal(thread_server.url) as terminal:
        terminal.until_shown("* open, status 101")
        terminal.until(lambda: terminal.last_line == ">")
        yield terminal


def test_a_line_is_sent_and_shown(terminal: Terminal, thread_server: ThreadServer) -> None:
    terminal.type("hellö\r")
    terminal.until_shown("< text          6  hellö")
    terminal.until(lambda: terminal.last_line == ">")
    assert [line[13:] for line in terminal.lines[1:3]] == [
        "> text          6  hellö",
        "< text          6  hellö",
    ]
    assert thread_server.heard == ["hellö"]


def test_messages_appear_above_the_line(terminal: Terminal, thread_server: ThreadServer) -> None:
    terminal.type("half line" + 4 * LEFT)
    terminal.until(lambda: terminal.last_line == "> half line")
    for number in range(3):
        thread_server.say(f"news {number}")
        terminal.until_shown(f"news {number}")
        terminal.until(lambda: terminal.last_line == "> half line")
    terminal.type("a \r")
    terminal.until(lambda: thread_server.heard == ["half a line"])


def test_many_messages_keep_their_order(terminal: Terminal, thread_server: ThreadServer) -> None:
    for number in range(300):
        thread_server.say(f"news {number}")
        if number % 100 == 50:
            terminal.type(f"line {number}\r")
    terminal.until_shown("news 299")
    # not on the screen: the answer may have come before "news 299", and have left it
    terminal.until(lambda: b"< text          8  line 250" in terminal.output)
    shown = terminal.output.decode()
    places = [shown.index(f"news {number}\x1b") for number in range(300)]
    assert places == sorted(places)
    assert thread_server.heard == ["line 50", "line 150", "line 250"]


def test_the_line_before_is_brought_back(terminal: Terminal, thread_server: ThreadServer) -> None:
    terminal.type("first\r")
    terminal.until_shown("< text          5  first")
    terminal.type(UP)
    terminal.until(lambda: terminal.last_line == "> first")
    terminal.type(" again\r")
    terminal.until_shown("< text         11  first again")
    assert thread_server.heard == ["first", "first again"]


def test_a_resized_window_shows_the_whole_line(
    terminal: Terminal, thread_server: ThreadServer
) -> None:
    terminal.type("x" * 60)
    terminal.until(lambda: terminal.last_line == "> " + "x" * 60)
    terminal.resize(40)
    thread_server.say("news")
    terminal.until(lambda: terminal.lines[-2:] == ["> " + "x" * 38, "x" * 22])
    terminal.type("\r")
    terminal.until(lambda: thread_server.heard == ["x" * 60])


def test_ctrl_d_closes_with_1000(terminal: Terminal, thread_server: ThreadServer) -> None:
    terminal.type("\x04")
    assert terminal.wait() == 0
    assert terminal.last_line.endswith("* closed, 1000")
    assert terminal.is_as_found
    assert thread_server.left.wait(PATIENCE)
    assert thread_server.closes == [(1000, "")]


def test_ctrl_c_closes_with_1001(terminal: Terminal, thread_server: ThreadServer) -> None:
    terminal.type("half a line\x03")
    assert terminal.wait() == 128 + signal.SIGINT
    assert terminal.last_line.endswith("* closed, 1001")
    assert terminal.is_as_found
    assert thread_server.left.wait(PATIENCE)
    assert thread_server.closes == [(1001, "")]


def test_a_close_of_the_servers_restores_the_terminal(terminal: Terminal) -> None:
    terminal.type("kick\rhalf a line")
    assert terminal.wait() == 4
    assert terminal.last_line.endswith(r"* closed, 4401 log in\x1b[31m")
    assert terminal.is_as_found


def test_the_server_closes_before_the_prompt_is_there(thread_server: ThreadServer) -> None:
    thread_server.react = lambda guest, message: guest.close(1000, "no time")  # type: ignore[method-assign]  # another part
    with Terminal(thread_server.url) as terminal:
        terminal.type("hello\r")
        assert terminal.wait() == 0
        assert terminal.last_line.endswith("* closed, 1000 no time")
        assert terminal.is_as_found


WITHOUT = """
import sys
sys.modules["prompt_toolkit"] = None  # importing it now raises
from trio_ws_dom.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def test_without_prompt_toolkit(thread_server: ThreadServer) -> None:
    with Terminal(thread_server.url, program=[sys.executable, "-c", WITHOUT]) as terminal:
        terminal.until_shown("* open, status 101")
        terminal.type("hello\r")
        terminal.until_shown("< text          5  hello")
        terminal.type("\x04")
        assert terminal.wait() == 0


def test_a_pipe_does_not_import_what_only_a_terminal_or_a_server_needs(
    thread_server: ThreadServer,
) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "trio_ws_dom", thread_server.url, "-m", "bye"],
        capture_output=True,
        env=environment(),
        timeout=PATIENCE,
    )
    assert done.returncode == 0
    assert b"trio_ws_dom._cli._conversation" in done.stderr
    for module in (b"prompt_toolkit", b"trio_websocket", b"http.cookiejar"):
        assert module not in done.stderr
