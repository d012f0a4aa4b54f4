"""Ctrl-C where no conversation goes on: before it is open, and in its goodbye.

Without coverage's tracer, as in all tests where a KeyboardInterrupt lands in Python code.
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
from support.cli import PATIENCE, command, environment
from support.frames import TEXT, frame
from support.raw_listener import accept_raw, raw_listener

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.real


@contextmanager
def running(url: str) -> Iterator[subprocess.Popen[bytes]]:
    """The program, with its log on stderr, to its end by Ctrl-C."""
    environ = {key: value for key, value in environment().items() if "COVERAGE" not in key}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command(url, "-v"), env=environ, **pipes) as process:
        yield process
        assert process.wait(PATIENCE) == 128 + signal.SIGINT
        assert process.stdin is not None
        process.stdin.close()


def until_said(process: subprocess.Popen[bytes], text: bytes) -> None:
    assert process.stderr is not None
    assert any(text in line for line in process.stderr)


def until_full(process: subprocess.Popen[bytes]) -> None:
    """Until the pipe that is its stdout takes no more."""
    assert process.stdout is not None
    size = 0
    while size < fcntl.fcntl(process.stdout, fcntl.F_GETPIPE_SZ):
        time.sleep(0.05)
        (size,) = struct.unpack("i", fcntl.ioctl(process.stdout, termios.FIONREAD, bytes(4)))


def test_ctrl_c_before_it_is_open() -> None:
    """It gives up, and says so."""
    with raw_listener() as (listener, url), running(url) as process:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            process.send_signal(signal.SIGINT)
            until_said(process, b"! interrupted before the connection was open")


def test_a_second_ctrl_c_resets() -> None:
    """The server does not answer the first one's Close, and sees a reset at once."""
    with (
        raw_listener() as (listener, url),
        running(url) as process,
        accept_raw(listener) as connection,
    ):
        until_said(process, b"* open")
        process.send_signal(signal.SIGINT)
        until_said(process, b"closing: sent 1001")
        assert connection.recv(65536)[0] == 0x88
        process.send_signal(signal.SIGINT)
        with pytest.raises(ConnectionResetError):
            while connection.recv(65536):
                pass


def test_one_ctrl_c_waits_for_a_second_at_most() -> None:
    """The server never answers; that is told."""
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
        until_said(process, b"closed, 1006, not clean")
        assert time.monotonic() - began > 0.9


def test_output_that_is_stuck_is_left() -> None:
    """Nobody reads stdout: the last lines are waited for, but not behind a second Ctrl-C."""
    with (
        raw_listener() as (listener, url),
        running(url) as process,
        accept_raw(listener) as connection,
    ):
        until_said(process, b"* open")
        connection.sendall(frame(TEXT, b"x" * 300_000))
        until_full(process)
        process.send_signal(signal.SIGINT)
        until_said(process, b"closed, 1006")
        process.send_signal(signal.SIGINT)
