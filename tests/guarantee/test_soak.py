"""The soak as a test: ``pytest -m soak -s``."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.soak

pytest.importorskip("resource")  # of Unix

from guarantee import soak  # noqa: E402  # it needs what was just looked for


def test_soak() -> None:
    """5,000 sockets at once, 5,000 cycles: nothing is left over, and memory is flat."""
    figures = soak.run(sockets=5000, count=5000)
    assert len(figures.rows) >= 5
