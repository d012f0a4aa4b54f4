"""Chromium's behaviour, as it was recorded and as it is now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

from .recording import recorded, stored_departures, watch_chromium
from .scenarios import ALL

if TYPE_CHECKING:
    from .runner import Trace


@pytest.fixture(scope="session")
def recording() -> dict[str, Trace]:
    return recorded()


@pytest.fixture(scope="session")
def stored() -> dict[str, Trace]:
    return stored_departures()


@pytest.fixture(scope="session")
def live(request: pytest.FixtureRequest) -> dict[str, Trace]:
    """Return Chromium's traces, made now."""
    asked = {item.name.partition("[")[2].rstrip("]") for item in request.session.items}
    _, traces = trio.run(watch_chromium, [name for name in ALL if name in asked])
    return traces
