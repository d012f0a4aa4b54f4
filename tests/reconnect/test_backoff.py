"""When the next try is made, by delays, their growth and reset, and Retry-After."""

from __future__ import annotations

import random
from email.message import Message
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from support.checked import not_none
from support.scripted_server import ScriptedServer, down, greatest, lost, lost_after, refusing

from trio_ws_dom import Retry
from trio_ws_dom._reconnect._backoff import MAX_RETRY_AFTER, Backoff, retry_after
from trio_ws_dom._reconnect._end import End


async def run(memory: ScriptedServer, *parts: Any, **options: Any) -> list[Retry]:
    """Go through connections that end in these ways, to a last good one, and return the retries."""
    retries: list[Retry] = []
    async for attempt in memory.loop(*parts, on_retry=retries.append, **options):
        async with attempt as ws:
            if len(memory.times) > len(parts):
                break
            await ws.wait_closed()
    return retries


async def test_first_try_is_at_once(memory: ScriptedServer, autojump_clock: object) -> None:
    start = trio.current_time()
    assert await run(memory, initial_delay=100, max_delay=100) == []
    assert memory.times == [start]


async def test_delays_are_random_below_limits_that_double(
    memory: ScriptedServer, autojump_clock: object
) -> None:
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


async def test_delay_counts_from_the_end_of_the_last_connection(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    random.seed(9)
    async for attempt in memory.loop(lost, initial_delay=50, max_delay=50):
        async with attempt as ws:
            if attempt.retry is not None:
                break
            await ws.wait_closed()
        await trio.sleep(1)
    assert not_none(attempt.retry).delay > 1
    assert memory.times[1] - memory.times[0] == pytest.approx(not_none(attempt.retry).delay)


def failure() -> End:
    return End(OSError(), "", time=0)


def test_jitter_uses_the_whole_range() -> None:
    random.seed(9)
    delays = [Backoff(5, 60, 60).next(failure()).delay for _ in range(1000)]
    assert 0 <= min(delays) < 0.1
    assert 4.9 < max(delays) <= 5


def limits(backoff: Backoff, count: int) -> list[float]:
    """Return the next delays, where chance always picks the greatest."""
    with patch("random.uniform", greatest):
        return [backoff.next(failure()).delay for _ in range(count)]


@pytest.mark.parametrize(
    ("initial", "maximum", "expected"),
    [
        (5, 60, [5, 10, 20, 40, 60, 60]),
        (60, 2, [2, 2]),
        (0, 10, [0, 1, 2, 4, 8, 10]),
        (0, 0.5, [0, 0.5, 0.5]),
        (0.25, 10, [0.25, 0.5, 1, 2]),
        (0, 0, [0, 0, 0]),
    ],
)
def test_limits_grow_up_to_the_maximum(
    initial: float, maximum: float, expected: list[float]
) -> None:
    """They grow from 0, too, up to the maximum, and only a maximum of 0 means no delays."""
    assert limits(Backoff(initial, maximum, 60), len(expected)) == expected


def test_server_that_accepts_and_drops_is_not_called_without_a_pause() -> None:
    """This also holds with an initial delay of 0, and where any connection counts as stable."""
    backoff = Backoff(0, 60, 0)
    assert limits(backoff, 2) == [0, 1]
    backoff.was_open_for(0.9)
    assert limits(backoff, 1) == [2]
    backoff.was_open_for(1)
    assert limits(backoff, 2) == [0, 1]


async def test_numbers_begin_again_after_a_connection_that_was_open_for_stable_after(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    parts = [down, lost_after(59.9), down, lost_after(60)]
    retries = await run(memory, *parts, stable_after=60)
    assert [retry.number for retry in retries] == [1, 2, 3, 1]


async def test_limits_begin_again_with_the_numbers(
    memory: ScriptedServer, autojump_clock: object
) -> None:
    random.seed(9)
    parts = [*[down] * 6, lost_after(60)]
    retries = await run(memory, *parts, initial_delay=1, max_delay=1000)
    assert retries[5].delay > 1 >= retries[6].delay


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_added_to_the_random_delay(
    status: int, memory: ScriptedServer, autojump_clock: object
) -> None:
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
    """They are seconds, or a date, which counts from the server's own Date or else from our clock.

    The delay is bounded. An unreadable value asks for nothing.
    """
    assert retry_after(headers(**fields)) == seconds


@given(st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"])))
def test_no_retry_after_is_an_error_or_out_of_bounds(value: str) -> None:
    assert 0 <= retry_after(headers(Retry_After=value, Date=value)) <= MAX_RETRY_AFTER
