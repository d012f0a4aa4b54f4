"""The loop itself: what it tells, what it refuses, and what it leaves behind."""

from __future__ import annotations

import logging
import math
import re
import signal
from pathlib import Path
from typing import Any

import pytest
import trio
import trio.testing
from support.scripted_server import AT_ONCE, ScriptedServer, closing, down, lost, refusing

from trio_ws_dom import (
    ConnectOptions,
    HandshakeError,
    ReconnectOptions,
    Retry,
    reconnecting_websocket,
)

SECRET_URL = "ws://me:secret@peer.test/room?token=secret"

# What it tells.


async def test_attempt_tells_the_newest_retry(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    """None first; before the block why the turn before ended, in it which try succeeded."""
    seen: list[Retry | None] = []
    async for attempt in memory.loop(closing(1001), refusing(503)):
        seen.append(attempt.retry)
        async with attempt as ws:
            seen.append(attempt.retry)
            if len(memory.connections) == 2:
                break
            await ws.wait_closed()
    first, opened, closed, succeeded = seen
    assert (first, opened) == (None, None)
    assert (closed.number, closed.cause.code) == (1, 1001)
    assert (succeeded.number, succeeded.cause.status) == (2, 503)


async def test_on_retry_is_called_when_the_delay_begins(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    """For each try but the very first."""
    calls: list[tuple[float, Retry]] = []

    def on_retry(retry: Retry) -> None:
        calls.append((trio.current_time(), retry))

    loop = memory.loop(down, lost, on_retry=on_retry, initial_delay=9, max_delay=9)
    async for attempt in loop:
        async with attempt as ws:
            if len(calls) == 2:
                break
            await ws.receive()
    assert [moment for moment, _ in calls] == pytest.approx(memory.times[:2])
    assert calls[1][1] is attempt.retry


async def test_on_retry_that_raises(memory: ScriptedServer, autojump_clock: object) -> None:
    """It is how a program gives up."""

    def give_up(retry: Retry) -> None:
        if retry.number == 3:
            raise retry.cause

    with pytest.raises(HandshakeError, match="503"):
        async for attempt in memory.loop(*[refusing(503)] * 9, on_retry=give_up):
            async with attempt:
                raise AssertionError("it was never open")
    assert len(memory.times) == 3


async def test_log(
    memory: ScriptedServer, autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    """Each retry is told at INFO, with the URL, and without anybody's credentials."""
    caplog.set_level(logging.INFO, "trio_ws_dom")
    memory.parts += [refusing(503), closing(1001, "bye"), lost]
    async for attempt in reconnecting_websocket(SECRET_URL, **AT_ONCE):
        async with attempt as ws:
            if len(memory.times) == 4:
                break
            await ws.wait_closed()
    first, second, third = caplog.messages
    assert first.startswith("ws://peer.test/room: ")
    assert "503" in first
    assert first.endswith("; trying again in 0.0 s (1)")
    assert second == "ws://peer.test/room: closed with 1001 'bye'; trying again in 0.0 s (2)"
    assert third.startswith("ws://peer.test/room: ")
    assert "secret" not in caplog.text


async def test_log_of_a_servers_words(
    memory: ScriptedServer, autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    """Where a redirect points to may have somebody's token in it: the status is told."""
    caplog.set_level(logging.INFO, "trio_ws_dom")
    memory.parts += [refusing(307, ("Location", "https://ada:secret@peer.test/?token=secret"))]
    async for attempt in reconnecting_websocket(
        "ws://peer.test/", is_transient=lambda cause: True, **AT_ONCE
    ):
        async with attempt:
            break
    (told,) = caplog.messages
    assert told == "ws://peer.test/: Refused, status 307; trying again in 0.0 s (1)"


async def test_log_of_what_is_not_ours(
    autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    """Of an exception from the program's own function the type is told: the rest is its secret."""
    caplog.set_level(logging.INFO, "trio_ws_dom")

    def dial() -> trio.abc.Stream:
        raise OSError("my secret")

    with trio.CancelScope() as scope:
        async for attempt in reconnecting_websocket(
            SECRET_URL, stream=dial, on_retry=lambda retry: scope.cancel(), **AT_ONCE
        ):
            async with attempt:
                raise AssertionError("it was never open")
    assert caplog.messages == ["ws://peer.test/room: OSError; trying again in 0.0 s (1)"]
    assert "secret" not in caplog.text


async def test_failures_are_not_chained(memory: ScriptedServer, autojump_clock: object) -> None:
    """After an outage of months the last failure does not drag all others along."""
    numbers = iter(range(50))

    def url() -> str:
        for number in numbers:
            raise OSError(f"{number}")
        return memory.server.url

    async for attempt in reconnecting_websocket(url, **AT_ONCE):
        async with attempt:
            break
    cause = attempt.retry.cause
    assert str(cause) == "49"
    assert cause.__context__ is None


# What it refuses.


async def test_entering_twice(memory: ScriptedServer, autojump_clock: object) -> None:
    """An attempt is for one ``async with``, one after the other or nested."""
    async for attempt in memory.loop():
        async with attempt as ws:
            with pytest.raises(RuntimeError, match="entered once"):
                async with attempt:
                    pass
            assert ws.readyState == ws.OPEN
        with pytest.raises(RuntimeError, match="entered once"):
            async with attempt:
                pass
        break


async def test_next_turn_while_one_is_open(memory: ScriptedServer, autojump_clock: object) -> None:
    """There is one connection at a time; the open one is not touched."""
    loop = memory.loop()
    async for attempt in loop:
        async with attempt as ws:
            with pytest.raises(RuntimeError, match="to be over"):
                await anext(loop)
            assert ws.readyState == ws.OPEN
            break
    assert len(memory.connections) == 1


async def test_attempt_that_is_not_entered(memory: ScriptedServer, autojump_clock: object) -> None:
    """A body that forgets ``async with`` does not spin."""
    with pytest.raises(RuntimeError, match="to be over"):
        async for _ in memory.loop():
            pass


async def test_next_turn_while_one_is_connecting(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    """Nor is there a next one while another task waits for this one to open."""
    loop = memory.loop(down, initial_delay=9, max_delay=9)
    attempt = await anext(loop)
    async with trio.open_nursery() as tasks:
        tasks.start_soon(attempt.__aenter__)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(RuntimeError, match="to be over"):
            await anext(loop)
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("name", ["initial_delay", "max_delay", "stable_after"])
def test_bad_seconds(name: str) -> None:
    """They are checked at the call."""
    for bad in (-1, math.nan, math.inf):
        with pytest.raises(ValueError, match=name):
            reconnecting_websocket("ws://peer.test/", **{name: bad})
    with pytest.raises(TypeError, match=name):
        reconnecting_websocket("ws://peer.test/", **{name: "5"})


def test_unknown_option() -> None:
    """So are the options' names."""
    with pytest.raises(TypeError, match="colour"):
        reconnecting_websocket("ws://peer.test/", colour="red")


def test_options_are_in_the_table_of_the_docs() -> None:
    """Those that this layer adds to the doors' own."""
    docs = Path(__file__).parents[2] / "docs" / "reconnecting.md"
    added = ReconnectOptions.__annotations__.keys() - ConnectOptions.__annotations__.keys()
    rows = re.findall(r"^\| `(\w+)` \|", docs.read_text(encoding="utf-8"), re.M)
    assert sorted(rows) == sorted([*added, "stream"])  # which is another thing here


# What it leaves behind.


async def test_loop_is_taken_up_again(memory: ScriptedServer, autojump_clock: object) -> None:
    """After ``break`` the same object goes on where it was, with its delays."""
    loop = memory.loop(lost)
    async for attempt in loop:
        async with attempt as ws:
            await ws.wait_closed()
            break
    async for attempt in loop:
        async with attempt:
            break
    assert attempt.retry.cause is ws.failure


async def test_taken_up_again_after_a_cancelled_delay(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    """A delay that was cancelled is still to be waited for."""
    loop = memory.loop(down, initial_delay=9, max_delay=9)
    retries: list[Retry | None] = []
    for seconds in (0.001, 100):
        with trio.move_on_after(seconds):
            async for attempt in loop:
                retries.append(attempt.retry)
                async with attempt:
                    break
    assert [retry and retry.number for retry in retries] == [None, 1]
    assert memory.times[1] - memory.times[0] == pytest.approx(attempt.retry.delay)


async def test_next_turn_is_a_checkpoint(memory: ScriptedServer, autojump_clock: object) -> None:
    """As every async function is."""
    with trio.testing.assert_checkpoints():
        await anext(memory.loop())


missed: list[object] = []


def interrupted(*arguments: object) -> Any:
    signal.raise_signal(signal.SIGINT)
    missed.append(arguments)
    raise AssertionError("it was not interrupted")


async def interrupted_later() -> Any:
    await trio.lowlevel.checkpoint()
    interrupted()


async def refused() -> trio.abc.Stream:
    raise OSError("down")


@pytest.mark.parametrize(
    "functions",
    [
        {"url": interrupted},
        {"url": interrupted_later},
        {"stream": interrupted},
        {"stream": refused, "is_transient": interrupted},
        {"stream": refused, "on_retry": interrupted},
    ],
    ids=["url", "async url", "stream", "is_transient", "on_retry"],
)
def test_ctrl_c_in_a_function(functions: dict[str, Any]) -> None:
    """A function of the program's can be interrupted while it spins."""

    async def main() -> None:
        async for attempt in reconnecting_websocket(**{"url": "ws://peer.test/", **functions}):
            async with attempt:
                pass

    with pytest.raises(KeyboardInterrupt):
        trio.run(main)
    assert missed == []


async def test_ctrl_c_lands_in_the_programs_code_only(
    memory: ScriptedServer, autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    """While an attempt opens, and between turns, Ctrl-C waits for the next checkpoint."""
    protected: list[bool] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            protected.append(trio.lowlevel.currently_ki_protected())

    logger = logging.getLogger("trio_ws_dom")
    handler = Handler(logging.INFO)
    caplog.set_level(logging.INFO, "trio_ws_dom")
    logger.addHandler(handler)
    async for attempt in memory.loop(closing(1001), down):
        async with attempt as ws:
            if len(memory.connections) == 2:
                break
            await ws.wait_closed()
    logger.removeHandler(handler)
    assert protected == [True, True]
