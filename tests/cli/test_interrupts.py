"""Ctrl-C before the connection is open, and during the closing handshake.

The processes run without coverage's tracer, as in all tests where a KeyboardInterrupt is raised
anywhere in Python code.
"""

from __future__ import annotations

import fcntl
import signal
import struct
import subprocess
import termios
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from support.cli import command, environment
from support.frames import TEXT, frame
from support.patience import PATIENCE
from support.raw_listener import accept_raw, raw_listener

if TYPE_CHECKING:
    from collections.abc import Generator

pytestmark = pytest.mark.real


@contextmanager
def running(url: str) -> Generator[subprocess.Popen[bytes]]:
    """Run the program with its log on stderr, and expect it to end as after Ctrl-C."""
    environ = {key: value for key, value in environment().items() if "COVERAGE" not in key}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command(url, "-v"), env=environ, stdin=pipe, stdout=pipe, stderr=pipe
    ) as process:
        yield process
        assert process.wait(PATIENCE) == 128 + signal.SIGINT
        assert process.stdin is not None
        process.stdin.close()


def wait_until_said(process: subprocess.Popen[bytes], text: bytes) -> None:
    assert process.stderr is not None
    assert any(text in line for line in process.stderr)


def wait_until_full(process: subprocess.Popen[bytes]) -> None:
    """Wait until the pipe that is its stdout takes no more."""
    assert process.stdout is not None
    size = 0
    while size < fcntl.fcntl(process.stdout, fcntl.F_GETPIPE_SZ):
        time.sleep(0.05)
        (size,) = struct.unpack("i", fcntl.ioctl(process.stdout, termios.FIONREAD, bytes(4)))


def test_ctrl_c_before_it_is_open() -> None:
    with raw_listener() as (listener, url), running(url) as process:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            process.send_signal(signal.SIGINT)
            wait_until_said(process, b"! interrupted before the connection was open")


def test_a_second_ctrl_c_resets() -> None:
    with (
        raw_listener() as (listener, url),
        running(url) as process,
        accept_raw(listener) as connection,
    ):
        wait_until_said(process, b"* open")
        process.send_signal(signal.SIGINT)
        wait_until_said(process, b"closing: sent 1001")
        assert connection.recv(65536)[0] == 0x88
        process.send_signal(signal.SIGINT)
        with pytest.raises(ConnectionResetError):
            while connection.recv(65536):
                pass


def test_one_ctrl_c_waits_for_a_second_at_most() -> None:
    with (
        raw_listener() as (listener, url),
        running(url) as process,
        accept_raw(listener) as connection,
    ):
        connection.sendall(frame(TEXT, b"ready"))
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"  # the session has begun
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        wait_until_said(process, b"closed, 1006, not clean")
        assert time.monotonic() - began > 0.9


def test_a_second_ctrl_c_does_not_wait_for_stdout_that_nobody_reads() -> None:
    with (
        raw_listener() as (listener, url),
        running(url) as process,
        accept_raw(listener) as connection,
    ):
        wait_until_said(process, b"* open")
        connection.sendall(frame(TEXT, b"x" * 300_000))
        wait_until_full(process)
        process.send_signal(signal.SIGINT)
        wait_until_said(process, b"closed, 1006")
        process.send_signal(signal.SIGINT)
