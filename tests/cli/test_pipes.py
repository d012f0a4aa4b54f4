"""The command line in a pipe, as a process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from support.cli import command, environment, run
from support.patience import PATIENCE
from support.raw_listener import accept_raw, raw_listener
from support.thread_server import ThreadServer, run_thread_server
from support.tls import AUTHORITY, server_context
from websockets.sync.server import unix_serve

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

QUICK = ("--wait", "0.3")


def test_each_line_is_a_message_and_each_message_a_line(thread_server: ThreadServer) -> None:
    done = run(thread_server.url, *QUICK, stdin="hello\nwörld\r\n\nno newline".encode())
    assert thread_server.heard == ["hello", "wörld", "", "no newline"]
    assert done.stdout.decode() == "hello\nwörld\n\nno newline\n"
    assert (done.returncode, done.stderr) == (0, b"")
    assert thread_server.left.wait(PATIENCE)
    assert thread_server.closes == [(1000, "")]


def test_a_url_needs_no_scheme(thread_server: ThreadServer) -> None:
    done = run(thread_server.url.removeprefix("ws://"), *QUICK, stdin=b"hello")
    assert (done.returncode, done.stdout) == (0, b"hello\n")


def test_lines_that_are_not_utf8_have_replacement_characters(thread_server: ThreadServer) -> None:
    assert run(thread_server.url, *QUICK, stdin=b"a\xffb\n").stdout.decode() == "a\ufffdb\n"


def test_stdout_of_a_pipe_is_not_escaped(thread_server: ThreadServer) -> None:
    done = run(thread_server.url, *QUICK, "-m", "\x1b[31mred\x07")
    assert done.stdout == b"\x1b[31mred\x07\n"


def test_binary_bytes_go_as_they_come_both_ways(thread_server: ThreadServer) -> None:
    data = bytes(range(256)) * 1000
    done = run(thread_server.url, *QUICK, "--binary", stdin=data)
    assert done.stdout == data
    assert b"".join(map(bytes, thread_server.heard)) == data  # type: ignore[arg-type]  # all are bytes
    assert all(isinstance(message, bytes) for message in thread_server.heard)


def test_messages_among_the_arguments_are_sent_in_order(
    thread_server: ThreadServer, tmp_path: Path
) -> None:
    """And stdin is not read."""
    path = tmp_path / "data"
    path.write_bytes(b"\x00\x01")
    arguments = ("-m", "one", "--send-file", str(path), "--text-file", str(path), "-m", "two")
    done = run(thread_server.url, *QUICK, *arguments, stdin=b"not read\n")
    assert thread_server.heard == ["one", b"\x00\x01", "\x00\x01", "two"]
    assert done.stdout == b"one\n0001\n\x00\x01\ntwo\n"


@pytest.mark.parametrize(
    ("option", "message"), [("--text-file", "öne\ntwo\n"), ("--send-file", "öne\ntwo\n".encode())]
)
def test_all_of_stdin_as_one_message(
    thread_server: ThreadServer, option: str, message: str | bytes
) -> None:
    run(thread_server.url, *QUICK, option, "-", stdin="öne\ntwo\n".encode())
    assert thread_server.heard == [message]


def test_a_file_that_cannot_be_sent(thread_server: ThreadServer, tmp_path: Path) -> None:
    nothing, binary = str(tmp_path / "nothing"), str(tmp_path / "binary")
    (tmp_path / "binary").write_bytes(b"a\xff")
    done = run(thread_server.url, *QUICK, "--send-file", nothing, "--text-file", binary)
    assert done.returncode == 1
    first, second = done.stderr.decode().splitlines()
    assert first.endswith(f"! {nothing}: No such file or directory")
    assert f"! {binary}: expected UTF-8, got other bytes at offset 1" in second


def test_stdin_that_cannot_be_read(thread_server: ThreadServer) -> None:
    with open(os.devnull, "wb") as write_only:
        for arguments in ((), ("--text-file", "-")):
            done = run(thread_server.url, *QUICK, *arguments, stdin=write_only)
            assert done.returncode == 1
            assert done.stderr.endswith(b"! stdin: Bad file descriptor\n")


def test_stdin_from_a_regular_file(thread_server: ThreadServer, tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_text("from a file\n")
    with path.open("rb") as file:
        done = run(thread_server.url, *QUICK, stdin=file)
    assert done.stdout == b"from a file\n"


def test_a_closed_stdin_has_no_lines(thread_server: ThreadServer) -> None:
    done = run(thread_server.url, *QUICK, stdin=None, preexec_fn=lambda: os.close(0))
    assert (done.returncode, done.stdout) == (0, b"")


def test_each_message_prolongs_the_wait_after_the_input() -> None:
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


def test_an_infinite_wait_ends_when_the_server_closes(thread_server: ThreadServer) -> None:
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
def test_the_exit_status_says_how_it_ended(
    thread_server: ThreadServer, message: str, status: int, said: bytes
) -> None:
    done = run(thread_server.url, "--wait", "inf", "-m", message)
    assert done.returncode == status
    assert said in done.stderr
    assert bool(done.stderr) == bool(said)


def test_a_refusal_has_its_status_and_body(thread_server: ThreadServer) -> None:
    done = run(thread_server.url.replace("/room", "/forbidden"), "-m", "x")
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"expected status 101, got 403" in done.stderr
    assert rb"! not you\x1b[31m" in done.stderr


def test_a_server_that_does_not_listen() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    done = run(f"ws://127.0.0.1:{port}/?hunter2", "--open-timeout", "30")
    assert done.returncode == 3
    (line,) = done.stderr.decode().splitlines()
    assert line.endswith(f"! ws://127.0.0.1:{port}/: connection refused (tried 127.0.0.1:{port})")


def test_the_options_of_the_handshake(thread_server: ThreadServer) -> None:
    arguments = ["-H", "X-One: 1", "-H", "X-Two:2", "-o", "https://page.test", "-b", "a=1"]
    run(thread_server.url, *QUICK, *arguments, "-b", "b=2", "--no-compression", "-m", "x")
    headers = thread_server.requests[0].headers
    assert (headers["X-One"], headers["X-Two"]) == ("1", "2")
    assert headers["Origin"] == "https://page.test"
    assert headers["Cookie"] == "a=1; b=2"
    assert "Sec-WebSocket-Extensions" not in headers
    run(thread_server.url, *QUICK, "-m", "x")
    assert "permessage-deflate" in thread_server.requests[1].headers["Sec-WebSocket-Extensions"]


def test_subprotocols_are_asked_for_in_order_and_not_shown_unless_asked_for() -> None:
    arguments = ("-s", "chat.v2", "-s", "chat.v1", "-v", "-m", "x")
    with run_thread_server(subprotocols=["chat.v1"]) as server:
        done = run(server.url, *QUICK, *arguments)
        asked = run(server.url, *QUICK, *arguments, "--show-secrets")
        assert server.requests[0].headers["Sec-WebSocket-Protocol"] == "chat.v2, chat.v1"
    assert b"* open, status 101, subprotocol [redacted], permessage-deflate" in done.stderr
    assert b"chat.v1" not in done.stderr
    assert b"* open, status 101, subprotocol chat.v1, permessage-deflate" in asked.stderr


def test_a_cookie_jar_keeps_cookies_for_the_next_process(
    thread_server: ThreadServer, tmp_path: Path
) -> None:
    jar = tmp_path / "jar"
    for _ in range(2):
        assert run(thread_server.url, *QUICK, "--cookie-jar", str(jar), "-m", "x").returncode == 0
    assert "Cookie" not in thread_server.requests[0].headers
    assert thread_server.requests[1].headers["Cookie"] == "visited=1"


def test_a_cookie_with_a_tab_does_not_break_the_cookie_jar(tmp_path: Path) -> None:
    jar = str(tmp_path / "jar")
    with run_thread_server() as server:
        server.cookie = "bad=a\tb"
        done = run(server.url, *QUICK, "--cookie-jar", jar, "-m", "x")
        assert (done.returncode, done.stdout) == (0, b"x\n")
        assert b"* 1 of the cookies cannot be saved" in done.stderr
        server.cookie = "good=\xe9"
        latin = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        for _ in range(2):
            done = run(server.url, *QUICK, "--cookie-jar", jar, "-m", "x", env=latin)
            assert (done.returncode, done.stderr) == (0, b"")
        assert server.requests[2].headers["Cookie"] == "good=\xe9"


def test_a_cookie_jar_that_cannot_be_saved(thread_server: ThreadServer, tmp_path: Path) -> None:
    done = run(thread_server.url, *QUICK, "--cookie-jar", str(tmp_path / "no" / "jar"), "-m", "x")
    assert done.returncode == 1
    assert done.stderr.endswith(b"/no/jar: No such file or directory\n")


def test_a_message_may_have_the_maximal_size(thread_server: ThreadServer) -> None:
    done = run(thread_server.url, *QUICK, "--max-size", "3", "-m", "long")
    assert done.returncode == 1
    assert b"expected a message of at most 3 bytes (max_message_size)" in done.stderr
    assert run(thread_server.url, *QUICK, "--max-size", "0", "-m", "long").stdout == b"long\n"


def test_pings_leave_at_intervals(thread_server: ThreadServer) -> None:
    arguments = ("--ping-interval", "0.1", "--ping-timeout", "30", "--close-timeout", "5")
    done = run(thread_server.url, "--wait", "0.5", *arguments, "--trace", "-m", "x")
    assert done.returncode == 0
    assert done.stderr.count(b"> ping") >= 2


def test_a_server_is_verified_unless_insecure(tmp_path: Path) -> None:
    authority = str(tmp_path / "ca.pem")
    AUTHORITY.cert_pem.write_to_path(authority)
    with run_thread_server(server_context("localhost")) as server:
        done = run(server.url, *QUICK, "-m", "x")
        assert done.returncode == 3
        assert b"certificate verify failed" in done.stderr
        assert run(server.url, *QUICK, "-m", "x", "--cacert", authority).stdout == b"x\n"
        assert run(server.url, *QUICK, "-m", "x", "--insecure").stdout == b"x\n"


def test_a_proxy_is_the_environments_or_named_or_none(thread_server: ThreadServer) -> None:
    env = {"http_proxy": "http://127.0.0.1:9", "no_proxy": ""}
    assert run(thread_server.url, *QUICK, "-m", "x", env=env).returncode == 3
    assert run(thread_server.url, *QUICK, "-m", "x", "--no-proxy", env=env).stdout == b"x\n"
    done = run(thread_server.url, *QUICK, "-m", "x", "--proxy", "http://127.0.0.1:9")
    assert done.returncode == 3
    assert b"proxy" in done.stderr


def test_a_unix_socket_takes_the_place_of_the_network(tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with unix_serve(lambda guest: guest.send(guest.recv()), path, compression=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        done = run("peer.test/room", *QUICK, "--unix-socket", path, "-m", "hello")
        assert (done.returncode, done.stdout) == (0, b"hello\n")
        done = run("http+x://peer.test", "--unix-socket", path)
        assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
        server.shutdown()
        thread.join()
    done = run("peer.test/room", "--unix-socket", path)
    assert done.returncode == 3
    assert done.stderr.endswith(f"! {path}: Connection refused\n".encode())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_closes_with_1001(thread_server: ThreadServer, number: int) -> None:
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


def test_the_end_of_the_reader_of_stdout_closes_with_1000(thread_server: ThreadServer) -> None:
    """As in ``trio-ws-dom URL | head -1``."""
    with subprocess.Popen(
        command(thread_server.url), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"one\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"one\n"
        process.stdout.close()
        pause = threading.Event()
        while process.poll() is None:
            thread_server.say("more")
            pause.wait(0.05)
        process.stdin.close()
    assert process.returncode == 0
    assert thread_server.left.wait(PATIENCE)
    assert thread_server.closes == [(1000, "")]


def test_the_end_of_the_reader_of_stdout_is_noticed_by_what_is_sent(
    thread_server: ThreadServer,
) -> None:
    thread_server.react = lambda guest, message: None  # type: ignore[method-assign]  # a silent one
    with subprocess.Popen(
        command(thread_server.url, "--json"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b'{"event": "open"')
        process.stdout.close()
        pause = threading.Event()
        while process.poll() is None:
            with suppress(BrokenPipeError):
                process.stdin.write(b"more\n")
                process.stdin.flush()
            pause.wait(0.05)
        with suppress(BrokenPipeError):
            process.stdin.close()
    assert process.returncode == 0


def test_a_full_disk_behind_stdout(thread_server: ThreadServer) -> None:
    with open("/dev/full", "wb") as full:
        done = run(thread_server.url, *QUICK, "-m", "x", stdout=full)
    assert done.returncode == 1
    assert b"No space left" in done.stderr


def test_pings_are_answered_while_nobody_reads_stdout(thread_server: ThreadServer) -> None:
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


def test_a_lost_connection_ends_it_while_much_is_unsent() -> None:
    with (
        raw_listener() as (listener, url),
        subprocess.Popen(
            command(url), stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
        ) as process,
    ):
        with accept_raw(listener):
            assert process.stdin is not None
            process.stdin.write(b"x" * 50_000_000 + b"\n")
        process.stdin.close()
        assert process.stderr is not None
        assert b"closed, 1006, not clean" in process.stderr.read()
        assert process.wait(PATIENCE) == 1
