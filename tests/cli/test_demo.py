"""``trio-ws-dom demo``, a chat with a bot."""

from __future__ import annotations

import pytest
from support.cli import Terminal, run

pytestmark = pytest.mark.real


def test_the_bot_greets_and_answers_at_a_terminal() -> None:
    with Terminal("--plain", "demo", columns=120) as terminal:
        terminal.until_shown('bot: Hello! Say "time"')
        for said, answer in (
            ("time", "bot: It is "),
            ("json", '"members": ['),
            ("bytes", "0000  00 01 02 03"),
            ("anything", "bot: You said 8 characters."),
        ):
            terminal.type(f"{said}\r")
            terminal.until_shown(answer)
        terminal.type("bye\r")
        assert terminal.wait() == 0
        assert terminal.last_line.endswith("* closed, 1000 it was nice to meet you")


def test_the_demo_in_a_pipe() -> None:
    done = run("demo", "--wait", "0.5", "--send-file", __file__)
    assert done.returncode == 0
    assert done.stdout.startswith(b"bot: Hello!")
    done = run("demo", "--wait", "inf", "-m", "boom")
    assert done.returncode == 4
    assert b"closed, 1011 something broke" in done.stderr


def test_the_log_does_not_show_the_bots_connection() -> None:
    done = run("demo", "-v", "--wait", "0.3", "-m", "hello")
    assert b"/you: connecting" in done.stderr
    assert b"/bot: " not in done.stderr
