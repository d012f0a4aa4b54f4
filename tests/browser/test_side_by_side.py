"""Chromium and ours side by side, with one test for each scenario."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest
import trio

from .compare import differences
from .departures import expected_of_ours
from .recording import watch_chromium, watch_ours
from .scenarios import ALL

if TYPE_CHECKING:
    from .runner import Trace

MAX_AGAIN: Final = 5
"""Further runs of a scenario that differs from its recording."""


@pytest.mark.browser
@pytest.mark.parametrize("name", ALL)
def test_chromium_does_what_was_recorded(
    name: str, recording: dict[str, Trace], live: dict[str, Trace]
) -> None:
    """The recording is what today's browser does.

    Where two of its processes race, a busy machine may change which of them is first. So what
    differs is run again, alone, and must do what was recorded then.
    """
    trace = live[name]
    for _ in range(MAX_AGAIN):
        if not differences(recording[name], trace):
            break
        _, again = trio.run(watch_chromium, [name])
        trace = again[name]
    assert not differences(recording[name], trace)


@pytest.mark.real
@pytest.mark.parametrize("name", ALL)
async def test_ours_does_what_chromium_does(
    name: str, recording: dict[str, Trace], stored: dict[str, Trace]
) -> None:
    """Events, attributes, exceptions and bytes are the same, except for the departures."""
    expected = expected_of_ours(ALL[name], recording[name], stored.get(name))
    found = differences(expected, await watch_ours(name))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("name", [n for n, s in ALL.items() if s.departs])
def test_a_departure_departs(
    name: str, recording: dict[str, Trace], stored: dict[str, Trace]
) -> None:
    """A scenario that names a departure really differs by it."""
    plain = replace(ALL[name], departs=())
    assert differences(
        expected_of_ours(plain, recording[name], None),
        expected_of_ours(ALL[name], recording[name], stored.get(name)),
    )
