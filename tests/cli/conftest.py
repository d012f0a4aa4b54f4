"""Fixtures of the tests of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.thread_server import ThreadServer, run_thread_server

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def thread_server() -> Iterator[ThreadServer]:
    """A server to talk to, without compression."""
    with run_thread_server(compression=None) as server:
        yield server
