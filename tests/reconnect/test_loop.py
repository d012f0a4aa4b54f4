"""The loop itself, with its reports, its errors, and its state."""

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
from support.checked import instance, not_none
from support.scripted_server import AT_ONCE, ScriptedServer, closing, down, lost, refusing, stalling

from trio_ws_dom import (
    CloseEvent,
    ConnectOptions,
    HandshakeError,
    ReconnectOptions,
    Retry,
    WebSocketError,
    reconnecting_websocket,
)

SECRET_URL = "ws://me:secret@peer.test/room?token=secret"

# Its reports.


async def test_attempt_has_the_newest_retry(memory: ScriptedServer, autojump_clock: object) -> None:
    """It is None first, before the block why the last turn ended, and in it which try succeeded."""
    seen: list[Retry | None] = []
    async for attempt in memory.loop(closing(1001), refusing(503)):
        seen.append(attempt.retry)
        async with attempt as ws:
            seen.append(attempt.retry)
            if len(memory.connections) == 2:
                break
            await ws.wait_closed()
    assert seen[:2] == [None, None]
    closed, succeeded = map(not_none, seen[2:])
    assert (closed.number, instance(CloseEvent, closed.cause).code) == (1, 1001)
    assert (succeeded.number, instance(HandshakeError, succeeded.cause).status) == (2, 503)


async def test_on_retry_is_called_when_the_delay_begins(
    memory: ScriptedServer, autojump_clock: object
) -> None:
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


async def test_what_on_retry_raises_ends_the_loop(
    memory: ScriptedServer, autojump_clock: object
) -> None:

    def give_up(retry: Retry) -> None:
        if retry.number == 3:
            raise instance(HandshakeError, retry.cause)

    with pytest.raises(HandshakeError, match="503"):
        async for attempt in memory.loop(*[refusing(503)] * 9, on_retry=give_up):
            async with attempt:
                raise AssertionError("it was never open")
    assert len(memory.times) == 3


async def test_each_retry_is_in_the_log_without_credentials_and_query(
    memory: ScriptedServer, autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "trio_ws_dom")
    memory.parts += [refusing(503), closing(1001, "bye"), lost]
    async for attempt in reconnecting_websocket(SECRET_URL, **AT_ONCE):
        async with attempt as ws:
            if len(memory.times) == 4:
                break
            await ws.wait_closed()
    again = "; trying again in 0.0 s"
    assert caplog.messages == [
        f"ws://peer.test/room: Refused, status 503{again} (1)",
        f"ws://peer.test/room: closed with 1001 'bye', by the server{again} (2)",
        f"ws://peer.test/room: EOFError: the server ended TCP without a Close frame{again} (3)",
    ]
    assert "secret" not in caplog.text


async def test_failures_are_not_chained(memory: ScriptedServer, autojump_clock: object) -> None:
    """After an outage of months the last failure must not keep all others alive."""
    numbers = iter(range(50))

    def url() -> str:
        for number in numbers:
            raise OSError(f"{number}")
        return memory.server.url

    async for attempt in reconnecting_websocket(url, **AT_ONCE):
        async with attempt:
            break
    cause = instance(OSError, not_none(attempt.retry).cause)
    assert str(cause) == "49"
    assert cause.__context__ is None


# Keepalive.


async def test_keepalive_is_on_by_default(memory: ScriptedServer, autojump_clock: object) -> None:
    async for attempt in memory.loop(stalling):
        async with attempt as ws:
            if attempt.retry is not None:
                break
            await ws.receive()
    assert memory.times[1] - memory.times[0] == pytest.approx(40)
    cause = instance(WebSocketError, not_none(attempt.retry).cause)
    assert isinstance(cause.__cause__, TimeoutError)


async def test_keepalive_can_be_turned_off(memory: ScriptedServer, autojump_clock: object) -> None:
    with trio.move_on_after(500) as scope:
        async for attempt in memory.loop(stalling, ping_interval=None):
            async with attempt as ws:
                await ws.receive()
    assert scope.cancelled_caught
    assert len(memory.times) == 1


# Its errors.


async def test_attempt_cannot_be_entered_twice(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    """It is entered a second time after its end, or within it."""
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


async def test_there_is_no_next_turn_while_one_is_open(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    """The open one is not changed."""
    loop = memory.loop()
    async for attempt in loop:
        async with attempt as ws:
            with pytest.raises(RuntimeError, match="to be over"):
                await anext(loop)
            assert ws.readyState == ws.OPEN
            break
    assert len(memory.connections) == 1


async def test_body_that_forgets_async_with_does_not_spin(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    with pytest.raises(RuntimeError, match="to be over"):
        async for _ in memory.loop():
            pass


async def test_there_is_no_next_turn_while_one_is_connecting(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    loop = memory.loop(down, initial_delay=9, max_delay=9)
    attempt = await anext(loop)
    async with trio.open_nursery() as tasks:
        tasks.start_soon(attempt.__aenter__)
        await trio.testing.wait_all_tasks_blocked()
        with pytest.raises(RuntimeError, match="to be over"):
            await anext(loop)
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("name", ["initial_delay", "max_delay", "stable_after"])
def test_seconds_are_checked_at_the_call(name: str) -> None:
    junk: dict[str, Any] = {}
    for junk[name] in (-1, math.nan, math.inf):
        with pytest.raises(ValueError, match=name):
            reconnecting_websocket("ws://peer.test/", **junk)
    junk[name] = "5"
    with pytest.raises(TypeError, match=name):
        reconnecting_websocket("ws://peer.test/", **junk)


def test_names_of_options_are_checked_at_the_call() -> None:
    junk: dict[str, Any] = {"colour": "red"}
    with pytest.raises(TypeError, match="colour"):
        reconnecting_websocket("ws://peer.test/", **junk)


def test_options_are_in_the_table_of_the_docs() -> None:
    """The table has those that the loop adds or changes."""
    docs = Path(__file__).parents[2] / "docs" / "reconnecting.md"
    added = ReconnectOptions.__annotations__.keys() - ConnectOptions.__annotations__.keys()
    rows = re.findall(r"^\| `(\w+)` \|", docs.read_text(encoding="utf-8"), re.M)
    assert sorted(rows) == sorted([*added, "stream", "ping_interval"])


# Its state.


async def test_loop_can_be_taken_up_again(memory: ScriptedServer, autojump_clock: object) -> None:
    loop = memory.loop(lost)
    async for attempt in loop:
        async with attempt as ws:
            await ws.wait_closed()
            break
    async for attempt in loop:
        async with attempt:
            break
    assert not_none(attempt.retry).cause is ws.failure


async def test_delay_that_was_cancelled_is_still_due(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    loop = memory.loop(down, initial_delay=9, max_delay=9)
    retries: list[Retry | None] = []
    for seconds in (0.001, 100):
        with trio.move_on_after(seconds):
            async for attempt in loop:
                retries.append(attempt.retry)
                async with attempt:
                    break
    assert [retry and retry.number for retry in retries] == [None, 1]
    assert memory.times[1] - memory.times[0] == pytest.approx(not_none(attempt.retry).delay)


async def test_next_turn_is_a_checkpoint(memory: ScriptedServer, autojump_clock: object) -> None:
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
def test_ctrl_c_interrupts_the_programs_functions(functions: dict[str, Any]) -> None:

    async def main() -> None:
        options: dict[str, Any] = {"url": "ws://peer.test/", **functions}
        async for attempt in reconnecting_websocket(**options):
            async with attempt:
                pass

    with pytest.raises(KeyboardInterrupt):
        trio.run(main)
    assert missed == []


async def test_ctrl_c_lands_in_the_programs_code_only(
    memory: ScriptedServer, autojump_clock: object, caplog: pytest.LogCaptureFixture
) -> None:
    """While an attempt opens, and between turns, it waits for the next checkpoint."""
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
