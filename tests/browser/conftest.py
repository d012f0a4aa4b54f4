"""`--browser`: compare with a Chromium that runs now, not only with the recording."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import trio

from .recording import recorded, stored_departures, watch_chromium
from .scenarios import ALL

if TYPE_CHECKING:
    from .runner import Trace


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--browser", action="store_true", help="run a Chromium too (see tests/browser/chromium.py)"
    )


@pytest.fixture(scope="session")
def recording() -> dict[str, Trace]:
    return recorded()


@pytest.fixture(scope="session")
def stored() -> dict[str, Trace]:
    return stored_departures()


@pytest.fixture(scope="session")
def live(request: pytest.FixtureRequest) -> dict[str, Trace]:
    """Chromium's traces, made now; skips unless asked for by `--browser` or the environment's
    TRIO_WS_DOM_BROWSER=1."""
    wanted = (
        request.config.getoption("--browser", default=False)
        or os.environ.get("TRIO_WS_DOM_BROWSER") == "1"
    )
    if not wanted:
        pytest.skip("no --browser")
    asked = {item.name.partition("[")[2].rstrip("]") for item in request.session.items}
    _, traces = trio.run(watch_chromium, [name for name in ALL if name in asked])
    return traces
