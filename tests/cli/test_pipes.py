"""The command line in a pipe: lines in, messages out, and an exit status."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest
from support.cli import PATIENCE, command, environment, run
from support.thread_server import ThreadServer, run_thread_server
from support.tls import AUTHORITY, server_context

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

QUICK = ("--wait", "0.3")


def test_lines_are_messages(thread_server: ThreadServer) -> None:
    """Each line of stdin is sent, each message is a line of stdout; nothing else is said."""
    done = run(thread_server.url, *QUICK, stdin="hello\nwörld\r\n\nno newline".encode())
    assert thread_server.heard == ["hello", "wörld", "", "no newline"]
    assert done.stdout.decode() == "hello\nwörld\n\nno newline\n"
    assert (done.returncode, done.stderr) == (0, b"")
    assert thread_server.left.wait(PATIENCE)
    assert thread_server.closes == [(1000, "")]


def test_a_scheme_is_not_needed(thread_server: ThreadServer) -> None:
    """What has none is a host."""
    done = run(thread_server.url.removeprefix("ws://"), *QUICK, stdin=b"hello")
    assert (done.returncode, done.stdout) == (0, b"hello\n")


def test_what_is_no_utf8_is_replaced(thread_server: ThreadServer) -> None:
    """A message is a USVString."""
    assert run(thread_server.url, *QUICK, stdin=b"a\xffb\n").stdout.decode() == "a\ufffdb\n"


def test_output_of_a_pipe_is_verbatim(thread_server: ThreadServer) -> None:
    """Nothing is escaped where no terminal is; a binary message is a line of hexadecimal."""
    done = run(thread_server.url, *QUICK, "-m", "\x1b[31mred\x07")
    assert done.stdout == b"\x1b[31mred\x07\n"
    done = run(thread_server.url, *QUICK, "--send-file", os.devnull)
    assert done.stdout == b"\n"


def test_bytes(thread_server: ThreadServer) -> None:
    """With --binary they go as they come, both ways."""
    data = bytes(range(256)) * 1000
    done = run(thread_server.url, *QUICK, "--binary", stdin=data)
    assert done.stdout == data
    assert b"".join(map(bytes, thread_server.heard)) == data  # type: ignore[arg-type]  # all are bytes
    assert all(isinstance(message, bytes) for message in thread_server.heard)


def test_messages_among_the_arguments(thread_server: ThreadServer, tmp_path: Path) -> None:
    """They are sent in order, then files, each as one binary message; stdin is not read."""
    path = tmp_path / "data"
    path.write_bytes(b"\x00\x01")
    arguments = ("-m", "one", "--message", "two", "--send-file", str(path))
    done = run(thread_server.url, *QUICK, *arguments, stdin=b"not read\n")
    assert thread_server.heard == ["one", "two", b"\x00\x01"]
    assert done.stdout == b"one\ntwo\n0001\n"


def test_a_file_that_is_not_there(thread_server: ThreadServer, tmp_path: Path) -> None:
    """It is said, and the status is 1."""
    done = run(thread_server.url, *QUICK, "--send-file", str(tmp_path / "nothing"))
    assert done.returncode == 1
    assert b"No such file" in done.stderr


def test_input_from_a_file(thread_server: ThreadServer, tmp_path: Path) -> None:
    """A regular file as stdin."""
    path = tmp_path / "lines"
    path.write_text("from a file\n")
    with path.open("rb") as file:
        done = run(thread_server.url, *QUICK, stdin=file)
    assert done.stdout == b"from a file\n"


def test_no_input_at_all(thread_server: ThreadServer) -> None:
    """A closed stdin has no lines."""
    done = run(thread_server.url, *QUICK, stdin=None, preexec_fn=lambda: os.close(0))
    assert (done.returncode, done.stdout) == (0, b"")


def test_waits_until_it_is_quiet(thread_server: ThreadServer) -> None:
    """Behind the end of the input it goes on for as long as messages come in time."""
    with run_thread_server() as server:
        stop = threading.Event()

        def talk() -> None:
            for number in range(4):
                stop.wait(0.8)
                server.say(str(number))

        thread = threading.Thread(target=talk)
        with subprocess.Popen(
            command(server.url, "--wait", "3", "-m", "go"),
            stdout=subprocess.PIPE,
            env=environment(),
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"go\n"
            thread.start()
            assert process.stdout.read() == b"0\n1\n2\n3\n"
        thread.join()
        assert process.returncode == 0


def test_waits_for_the_server(thread_server: ThreadServer) -> None:
    """With --wait inf the server decides when it is over."""
    done = run(thread_server.url, "--wait", "inf", stdin=b"hello\nbye\n")
    assert (done.returncode, done.stdout) == (0, b"hello\n")


@pytest.mark.parametrize(
    ("message", "status", "said"),
    [
        ("bye", 0, b""),
        ("kick", 4, rb"closed, 4401 log in\x1b[31m"),
        ("lose", 1, b"closed, 1006, not clean"),
    ],
)
def test_status_tells_the_end(
    thread_server: ThreadServer, message: str, status: int, said: bytes
) -> None:
    """Clean, sent away, and lost; what is not good is told on stderr."""
    done = run(thread_server.url, "--wait", "inf", "-m", message)
    assert done.returncode == status
    assert said in done.stderr
    assert bool(done.stderr) == bool(said)


def test_refused(thread_server: ThreadServer) -> None:
    """The status and the body's start, escaped; 3."""
    done = run(thread_server.url.replace("/room", "/forbidden"), "-m", "x")
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"expected status 101, got 403" in done.stderr
    assert rb"! not you\x1b[31m" in done.stderr


def test_nobody_there() -> None:
    """3, and why."""
    done = run("ws://127.0.0.1:9/", "--open-timeout", "30")
    assert done.returncode == 3
    assert b"ws://127.0.0.1:9/: " in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "the following arguments are required: URL"),
        (
            ("http+x://a/",),
            "expected a URL with the scheme ws, wss, http or https, got 'http+x://a/'",
        ),
        (("ws://a/#b",), "without a fragment"),
        (("ws://a/", "-s", "bad name"), "expected a token of letters"),
        (("ws://a/", "-H", "hunter2"), "--header: expected 'NAME: VALUE', got no colon"),
        (
            ("ws://a/", "-H", "Upgrade: h2c"),
            "expected no header Upgrade, which the handshake sets itself",
        ),
        (("ws://a/", "-b", "hunter2"), "--cookie: expected NAME=VALUE, got no ="),
        (("ws://a/", "--cacert", "/no/such/file"), "--cacert: "),
        (("ws://a/", "--cert", "/no/such/file"), "--cert: "),
        (("ws://a/", "--key", "x"), "--key wants a --cert"),
        (("ws://a/", "--wait", "-1"), "expected 0 seconds or more, got -1"),
        (("ws://a/", "--open-timeout", "soon"), "invalid"),
        (("ws://a/", "--max-size", "-1"), "max_message_size"),
        (("ws://a/", "--ping-interval", "0"), "ping_interval"),
        (("ws://a/", "--cookie-jar", os.curdir), "--cookie-jar: "),
    ],
)
def test_wrong_arguments(arguments: tuple[str, ...], said: str) -> None:
    """2, and what was expected; secrets are not repeated."""
    done = run(*arguments)
    assert done.returncode == 2
    assert "trio-ws-dom: error: " in done.stderr.decode()
    assert said in done.stderr.decode()
    assert "hunter2" not in done.stderr.decode()


def test_help_and_version() -> None:
    """Each option, and the exit statuses; 0."""
    done = run("--help")
    text = done.stdout.decode()
    assert done.returncode == 0
    assert all(word in text for word in ("--subprotocol", "--har FILE", "exit status:", "demo"))
    assert max(map(len, text.splitlines())) <= 100
    assert run("--version").stdout.startswith(b"trio-ws-dom ")


def test_the_handshakes_options(thread_server: ThreadServer) -> None:
    """Protocols, headers, origin, cookies; compression is off if it is to be."""
    arguments = ["-H", "X-One: 1", "-H", "X-Two:2", "-o", "https://page.test", "-b", "a=1"]
    run(thread_server.url, *QUICK, *arguments, "-b", "b=2", "--no-compression", "-m", "x")
    headers = thread_server.requests[0].headers
    assert (headers["X-One"], headers["X-Two"]) == ("1", "2")
    assert headers["Origin"] == "https://page.test"
    assert headers["Cookie"] == "a=1; b=2"
    assert "Sec-WebSocket-Extensions" not in headers
    run(thread_server.url, *QUICK, "-m", "x")
    assert "permessage-deflate" in thread_server.requests[1].headers["Sec-WebSocket-Extensions"]


def test_subprotocols() -> None:
    """Asked for in order; the one that is in use is told."""
    with run_thread_server(subprotocols=["chat.v1"]) as server:
        done = run(server.url, *QUICK, "-s", "chat.v2", "-s", "chat.v1", "-v", "-m", "x")
        assert server.requests[0].headers["Sec-WebSocket-Protocol"] == "chat.v2, chat.v1"
    assert b"* open, status 101, protocol chat.v1, permessage-deflate" in done.stderr


def test_a_cookie_jar(thread_server: ThreadServer, tmp_path: Path) -> None:
    """What the server sets is there the next time, also in a new process."""
    jar = tmp_path / "jar"
    for _ in range(2):
        assert run(thread_server.url, *QUICK, "--cookie-jar", str(jar), "-m", "x").returncode == 0
    assert "Cookie" not in thread_server.requests[0].headers
    assert thread_server.requests[1].headers["Cookie"] == "visited=1"


def test_what_is_no_cookie_jar(thread_server: ThreadServer, tmp_path: Path) -> None:
    """2; what is in the file is not shown."""
    jar = tmp_path / "jar"
    jar.write_text("hunter2\n")
    done = run(thread_server.url, "--cookie-jar", str(jar))
    assert done.returncode == 2
    assert b"has not Netscape's form" in done.stderr
    assert b"hunter2" not in done.stderr


def test_limits(thread_server: ThreadServer) -> None:
    """A message that is too long fails the connection; 0 is no limit."""
    done = run(thread_server.url, *QUICK, "--max-size", "3", "-m", "long")
    assert done.returncode == 1
    assert b"expected a message of at most 3 bytes (max_message_size)" in done.stderr
    assert run(thread_server.url, *QUICK, "--max-size", "0", "-m", "long").stdout == b"long\n"


def test_keepalive_is_an_option(thread_server: ThreadServer) -> None:
    """Pings leave at intervals."""
    arguments = ("--ping-interval", "0.1", "--ping-timeout", "30", "--close-timeout", "5")
    done = run(thread_server.url, "--wait", "0.5", *arguments, "--trace", "-m", "x")
    assert done.returncode == 0
    assert done.stderr.count(b"> ping") >= 2


def test_tls(tmp_path: Path) -> None:
    """A server is verified, by the authority that is named, unless that is not wanted."""
    authority = str(tmp_path / "ca.pem")
    AUTHORITY.cert_pem.write_to_path(authority)
    with run_thread_server(server_context("localhost")) as server:
        done = run(server.url, *QUICK, "-m", "x")
        assert done.returncode == 3
        assert b"certificate verify failed" in done.stderr
        assert run(server.url, *QUICK, "-m", "x", "--cacert", authority).stdout == b"x\n"
        assert run(server.url, *QUICK, "-m", "x", "--insecure").stdout == b"x\n"


def test_no_proxy(thread_server: ThreadServer) -> None:
    """The environment's is not asked; --proxy names one."""
    env = {"http_proxy": "http://127.0.0.1:9", "no_proxy": ""}
    assert run(thread_server.url, *QUICK, "-m", "x", env=env).returncode == 3
    assert run(thread_server.url, *QUICK, "-m", "x", "--no-proxy", env=env).stdout == b"x\n"
    done = run(thread_server.url, *QUICK, "-m", "x", "--proxy", "http://127.0.0.1:9")
    assert done.returncode == 3
    assert b"proxy" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_close_with_the_handshake(thread_server: ThreadServer, number: int) -> None:
    """1001, answered; the status says which it was."""
    with subprocess.Popen(
        command(thread_server.url),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"hello\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"hello\n"
        process.send_signal(number)
        assert process.wait(PATIENCE) == 128 + number
        process.stdin.close()
    assert thread_server.left.wait(PATIENCE)
    assert thread_server.closes == [(1001, "")]


def test_the_reader_of_its_output_has_had_enough(thread_server: ThreadServer) -> None:
    """As under `| head -1`: it says goodbye, and that is no error."""
    with subprocess.Popen(
        command(thread_server.url), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"one\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"one\n"
        process.stdout.close()
        deaf = threading.Event()
        while process.poll() is None:
            thread_server.say("more")
            deaf.wait(0.05)
        process.stdin.close()
    assert process.returncode == 0
    assert thread_server.left.wait(PATIENCE)
    assert thread_server.closes == [(1000, "")]


def test_output_that_cannot_be_written(thread_server: ThreadServer) -> None:
    """1, and why."""
    with open("/dev/full", "wb") as full:
        done = run(thread_server.url, *QUICK, "-m", "x", stdout=full)
    assert done.returncode == 1
    assert b"No space left" in done.stderr


def test_a_reader_that_is_stuck_holds_up_no_pings(thread_server: ThreadServer) -> None:
    """stdout is full, and nobody reads it: the server's pings are answered all the same."""
    with subprocess.Popen(
        command(thread_server.url), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdin is not None
        process.stdin.write(b"x" * 300_000 + b"\n")
        process.stdin.flush()
        deadline = threading.Event()
        while not thread_server.heard:
            deadline.wait(0.05)
        (guest,) = thread_server._guests
        assert guest.ping().wait(PATIENCE)
        process.terminate()
        assert process.stdout is not None
        process.stdout.read()
        assert process.wait(PATIENCE) == 128 + signal.SIGTERM
        process.stdin.close()
