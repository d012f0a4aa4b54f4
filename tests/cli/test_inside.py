"""Parts of the command line that no other process shows: what is not blocking, and races."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
import trio
import trio.testing
from support.cli import PATIENCE, command, environment
from support.raw_listener import accept_raw, raw_listener

from trio_ws_dom._cli import _main
from trio_ws_dom._cli._input import End, _read
from trio_ws_dom._cli._output import FileSink, _write_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trio_ws_dom._cli._prompt import Prompt


def interrupt(*_: Any, **__: Any) -> NoReturn:
    raise KeyboardInterrupt


def test_ctrl_c_in_the_last_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The status says so, and there is no traceback."""
    monkeypatch.setattr(_main, "_main", interrupt)
    assert _main.main(["ws://peer.test/"]) == 128 + signal.SIGINT


def test_ctrl_c_while_it_opens(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is said that nothing was open."""
    monkeypatch.setattr("sys.stdin", None)
    monkeypatch.setattr(_main, "open_websocket", interrupt)
    assert _main.main(["ws://peer.test/"]) == 128 + signal.SIGINT
    assert "interrupted before the connection was open" in capfd.readouterr().err


class Shy:
    """A file that is not ready at first, as one that whoever shares it has made non-blocking."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.calls = 0
        self.written = b""

    def fileno(self) -> int:
        return self._fd

    def read(self, size: int) -> bytes | None:
        self.calls += 1
        return None if self.calls == 1 else b"data"

    def write(self, data: bytes) -> int | None:
        self.calls += 1
        if self.calls == 1:
            return None
        self.written += bytes(data[:3])
        return len(data[:3])


def test_a_file_that_does_not_block() -> None:
    """It is waited for, in either direction; what it takes in parts comes whole."""
    ours, theirs = os.pipe()
    os.write(theirs, b"ready")
    reader, writer = Shy(ours), Shy(theirs)
    assert _read(reader) == b"data"  # type: ignore[arg-type]  # a file's part that is used
    _write_all(writer, b"whole")  # type: ignore[arg-type]  # likewise
    assert (writer.written, writer.calls) == (b"whole", 3)
    os.close(ours)
    os.close(theirs)


@pytest.mark.real
def test_lost_while_much_is_unsent() -> None:
    """What cannot be sent any more is not waited for; the end is told."""
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


async def test_what_is_broken_takes_no_more() -> None:
    """A sink whose reader is gone raises, and holds nothing."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as file:
        sink = FileSink(file)
        sink.write("x\n")
        await sink.run()
        assert isinstance(sink.error, BrokenPipeError)
        sink.write("y" * 1_000_000)
        with pytest.raises(BrokenPipeError):
            await sink.drain()
        await sink.flush()


class Screen:
    """A terminal that keeps what is written."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str | bytes) -> None:
        self.text += str(text)

    async def drain(self) -> None:
        await trio.lowlevel.checkpoint()


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def prompt(screen: Screen) -> Iterator[Prompt]:
    """A prompt whose keys come from a pipe, and that draws nothing."""
    application = pytest.importorskip("prompt_toolkit.application")
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    from trio_ws_dom._cli._prompt import Prompt

    with create_pipe_input() as keys:
        with application.create_app_session(input=keys, output=DummyOutput()):
            made = Prompt(screen)
            made.keys = keys  # type: ignore[attr-defined]  # for the tests
            yield made


async def test_a_prompt_that_is_left_at_once(prompt: Prompt, screen: Screen) -> None:
    """Before its thread is there; what is written goes to the terminal, before and after."""
    prompt.write("before\n")
    with trio.CancelScope() as scope:
        scope.cancel()
        await prompt.run()
    prompt.write("after\n")
    assert screen.text == "before\nafter\n"


async def test_a_prompt_that_is_left_while_it_begins(
    prompt: Prompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread sees that it need not begin."""
    began, go_on, run = threading.Event(), threading.Event(), asyncio.run

    def late(main: Any) -> Any:
        began.set()
        assert go_on.wait(PATIENCE)
        return run(main)

    monkeypatch.setattr(asyncio, "run", late)
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(prompt.run)
            await trio.to_thread.run_sync(began.wait)
            nursery.cancel_scope.cancel()
            with trio.CancelScope(shield=True):
                await trio.testing.wait_all_tasks_blocked()
            go_on.set()


async def test_what_is_written_while_a_prompt_ends(
    prompt: Prompt, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind its thread's last look: it is not lost."""
    run = asyncio.run

    def and_then_write(main: Any) -> None:
        prompt.keys.send_text("\x04")  # type: ignore[attr-defined]  # set above
        run(main)
        prompt.write("late\n")

    monkeypatch.setattr(asyncio, "run", and_then_write)
    with trio.fail_after(PATIENCE):
        await prompt.run()
    assert screen.text == "late\n"


async def test_a_prompt_is_not_flooded(prompt: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who writes much waits until it is on the screen."""
    go_on, write = threading.Event(), prompt._write_all

    def late() -> None:
        assert go_on.wait(PATIENCE)
        write()

    monkeypatch.setattr(prompt, "_write_all", late)
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(prompt.run)
            while prompt._loop is None:
                await trio.sleep(0.01)
            for number in range(1001):
                prompt.write(f"{number}\n")
            waits = trio.Event()

            async def drain() -> None:
                await prompt.drain()
                waits.set()

            nursery.start_soon(drain)
            await trio.testing.wait_all_tasks_blocked()
            waited = not waits.is_set()
            go_on.set()
            assert waited
            await waits.wait()
            prompt.keys.send_text("hello\r\x04")  # type: ignore[attr-defined]  # set above
            assert await prompt.next() == "hello"
            assert await prompt.next() is End.EOF
    assert not prompt._written
