"""Fixtures of the tests of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.talker import Talker, talking

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def talker() -> Iterator[Talker]:
    """A server to talk to; without compression."""
    with talking(compression=None) as server:
        yield server
