"""The beginning and the end of prompt_toolkit's thread, and what it prints."""

from __future__ import annotations

import asyncio
import io
import threading
from typing import TYPE_CHECKING, Any

import pytest
import trio
import trio.testing
from support.patience import PATIENCE

from trio_ws_dom._cli._input import End
from trio_ws_dom._cli._output import FULL, HIGH_WATER, FileSink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trio_ws_dom._cli._prompt import Prompt


class Screen:
    """A terminal that keeps what is written, when its ``sink`` is run."""

    def __init__(self) -> None:
        self._bytes = io.BytesIO()
        self._file = io.TextIOWrapper(self._bytes)
        self.sink = FileSink(self._file)

    @property
    def text(self) -> str:
        return self._bytes.getvalue().decode()


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
            made = Prompt(screen.sink)
            made.keys = keys  # type: ignore[attr-defined]  # for the tests
            yield made


async def test_before_and_after_a_prompt_text_goes_to_the_terminal(
    prompt: Prompt, screen: Screen, nursery: trio.Nursery
) -> None:
    prompt.write("before\n")
    with trio.CancelScope() as scope:
        scope.cancel()
        await prompt.run()
    prompt.write("after\n")
    nursery.start_soon(screen.sink.run)
    await screen.sink.flush()
    assert screen.text == "before\nafter\n"


async def test_a_prompt_appears_after_all_that_was_written_before_it(
    prompt: Prompt,
    screen: Screen,
    nursery: trio.Nursery,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, shown = asyncio.run, list[str]()

    def look(main: Any) -> None:
        shown.append(screen.text)
        prompt.keys.send_text("\x04")  # type: ignore[attr-defined]  # set above
        run(main)

    monkeypatch.setattr(asyncio, "run", look)
    prompt.write("open\n")
    nursery.start_soon(prompt.run)
    await trio.testing.wait_all_tasks_blocked()
    prompt.write("news\n")  # for the prompt, which is not there yet
    nursery.start_soon(screen.sink.run)
    assert await prompt.next() is End.EOF
    assert shown == ["open\n"]


async def test_a_prompt_that_is_cancelled_before_its_thread_runs(
    prompt: Prompt, monkeypatch: pytest.MonkeyPatch
) -> None:
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


async def test_text_that_is_written_while_a_prompt_ends_is_not_lost(
    prompt: Prompt, screen: Screen, nursery: trio.Nursery, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = asyncio.run

    def and_then_write(main: Any) -> None:
        prompt.keys.send_text("\x04")  # type: ignore[attr-defined]  # set above
        run(main)
        prompt.write("late\n")

    monkeypatch.setattr(asyncio, "run", and_then_write)
    with trio.fail_after(PATIENCE):
        await prompt.run()
    nursery.start_soon(screen.sink.run)
    await screen.sink.flush()
    assert screen.text == "late\n"
    assert not prompt.is_full


async def test_a_prompt_that_does_not_print_fills_up(
    prompt: Prompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, print_rows = threading.Event(), prompt._print_rows

    def late() -> None:
        assert go_on.wait(PATIENCE)
        print_rows()

    monkeypatch.setattr(prompt, "_print_rows", late)
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(prompt.run)
            while prompt._loop is None:
                await trio.sleep(0.01)
            prompt.write("x" * (HIGH_WATER - 1))
            await prompt.drain()
            prompt.write("x")
            full = [prompt.is_full]
            with trio.move_on_after(0.05) as waited:
                await prompt.drain()
            prompt.write("x" * (FULL - HIGH_WATER))
            full.append(prompt.is_full)
            go_on.set()
            assert waited.cancelled_caught
            await prompt.drain()
            assert [*full, prompt.is_full] == [False, True, False]
            prompt.keys.send_text("hello\r\x04")  # type: ignore[attr-defined]  # set above
            assert await prompt.next() == "hello"
            assert await prompt.next() is End.EOF
