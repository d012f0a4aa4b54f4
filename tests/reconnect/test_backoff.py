"""When the next try is made: the delays, their growth and their start over, and Retry-After."""

from __future__ import annotations

import random
from email.message import Message
from itertools import pairwise
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from support.scripted_server import ScriptedServer, down, lost, lost_after, refusing

from trio_ws_dom import Retry
from trio_ws_dom._reconnect._backoff import MAX_RETRY_AFTER, Backoff, retry_after


async def run(memory: ScriptedServer, *parts: Any, **options: Any) -> list[Retry]:
    """Go through connections that end in these ways, to a last good one; gives the retries."""
    retries: list[Retry] = []
    async for attempt in memory.loop(*parts, on_retry=retries.append, **options):
        async with attempt as ws:
            if len(memory.times) > len(parts):
                break
            await ws.wait_closed()
    return retries


async def test_first_try_is_at_once(memory: ScriptedServer, autojump_clock: object) -> None:
    """There is no delay before the very first."""
    start = trio.current_time()
    assert await run(memory, initial_delay=100, max_delay=100) == []
    assert memory.times == [start]


async def test_delays(memory: ScriptedServer, autojump_clock: object) -> None:
    """They are as told, random below limits that double up to the cap, and numbered."""
    random.seed(9)
    retries = await run(memory, *[down] * 5, lost, initial_delay=5, max_delay=60)
    dice = random.Random(9)
    assert [retry.delay for retry in retries] == [
        dice.uniform(0, limit) for limit in (5, 10, 20, 40, 60, 60)
    ]
    assert [later - sooner for sooner, later in pairwise(memory.times)] == pytest.approx(
        [retry.delay for retry in retries]
    )
    assert [retry.number for retry in retries] == [1, 2, 3, 4, 5, 6]


async def test_delay_is_counted_from_the_end(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    """What the program does between two turns is part of the delay."""
    random.seed(9)
    async for attempt in memory.loop(lost, initial_delay=50, max_delay=50):
        async with attempt as ws:
            if attempt.retry is not None:
                break
            await ws.wait_closed()
        await trio.sleep(1)
    assert attempt.retry.delay > 1
    assert memory.times[1] - memory.times[0] == pytest.approx(attempt.retry.delay)


def test_whole_range_is_used() -> None:
    """Full jitter: from nothing to the limit, and no more."""
    random.seed(9)
    delays = [Backoff(5, 60).next(OSError()).delay for _ in range(1000)]
    assert 0 <= min(delays) < 0.1
    assert 4.9 < max(delays) <= 5


def test_first_limit_is_capped_too() -> None:
    """An ``initial_delay`` over ``max_delay`` counts as that."""
    random.seed(9)
    assert max(Backoff(60, 2).next(OSError()).delay for _ in range(100)) <= 2


async def test_stable_connection_starts_over(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    """Open for ``stable_after`` seconds, it makes the next try the first again; sooner it does
    not, though it was open."""
    parts = [down, lost_after(59.9), down, lost_after(60)]
    retries = await run(memory, *parts, stable_after=60)
    assert [retry.number for retry in retries] == [1, 2, 3, 1]


async def test_limit_starts_over_with_the_number(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    """After a stable connection delays are short again."""
    random.seed(9)
    parts = [*[down] * 6, lost_after(60)]
    retries = await run(memory, *parts, initial_delay=1, max_delay=1000)
    assert retries[5].delay > 1 >= retries[6].delay


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after(status: int, memory: ScriptedServer, autojump_clock: object) -> None:
    """What the server asks for is waited, and the random delay on top."""
    random.seed(9)
    part = refusing(status, ("Retry-After", "120"))
    (retry,) = await run(memory, part, initial_delay=5, max_delay=5)
    assert retry.delay == 120 + random.Random(9).uniform(0, 5)
    assert memory.times[1] - memory.times[0] == pytest.approx(retry.delay)


def headers(**fields: str) -> Message:
    message = Message()
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    return message


NOON = "Sun, 06 Nov 2044 12:00:00 GMT"


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({}, 0),
        ({"Retry_After": "7"}, 7),
        ({"Retry_After": " 7 "}, 7),
        ({"Retry_After": "0"}, 0),
        ({"Retry_After": "-7"}, 0),
        ({"Retry_After": "7.5"}, 0),
        ({"Retry_After": "²"}, 0),
        ({"Retry_After": "soon"}, 0),
        ({"Retry_After": "9" * 5000}, MAX_RETRY_AFTER),
        ({"Retry_After": "Sun, 06 Nov 2044 12:00:30 GMT", "Date": NOON}, 30),
        ({"Retry_After": "Sun Nov  6 12:00:30 2044", "Date": NOON}, 30),
        ({"Retry_After": "Sunday, 06-Nov-44 12:00:30 GMT", "Date": NOON}, 30),
        ({"Retry_After": "Sun, 06 Nov 2044 11:00:00 GMT", "Date": NOON}, 0),
        ({"Retry_After": "Mon, 07 Nov 2044 12:00:00 GMT", "Date": NOON}, MAX_RETRY_AFTER),
        ({"Retry_After": "Sun, 06 Nov 1994 08:49:37 GMT"}, 0),
        ({"Retry_After": "Sun, 06 Nov 9994 08:49:37 GMT"}, MAX_RETRY_AFTER),
        ({"Retry_After": "Sun, 06 Nov 99999999999999999999 08:49:37 GMT"}, 0),
    ],
)
def test_forms_of_retry_after(fields: dict[str, str], seconds: float) -> None:
    """Seconds or a date, held against the server's own Date, else against the clock; bounded; and
    what cannot be read asks for nothing."""
    assert retry_after(headers(**fields)) == seconds


@given(st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"])))
def test_any_retry_after(value: str) -> None:
    """Nothing that a server can send is an error, or out of bounds."""
    assert 0 <= retry_after(headers(Retry_After=value, Date=value)) <= MAX_RETRY_AFTER
