"""The soak as a test, by ``pytest -m soak -s``."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.soak

pytest.importorskip("resource")  # on Unix only

from guarantee import soak  # noqa: E402  # it needs resource


def test_thousands_of_sockets_and_cycles_leave_nothing() -> None:
    """5,000 sockets at once and 5,000 cycles leave nothing, with constant memory."""
    figures = soak.run(sockets=5000, count=5000)
    assert len(figures.rows) >= 5
