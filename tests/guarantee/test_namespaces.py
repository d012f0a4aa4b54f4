"""Faults of the kernel's network, by a cable between namespaces that is pulled and plugged in."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from typing import TYPE_CHECKING

import pytest
from support.child_process import run

from guarantee.namespaces import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from guarantee.namespaces import Network

pytestmark = [pytest.mark.real, pytest.mark.slow]


def namespace() -> tuple[str, ...]:
    """Return the command that runs another one in a new network namespace."""
    user = [] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ("unshare", *user, "--net")


@cache
def are_permitted() -> bool:
    """Return whether this user may make namespaces, and cables between them, on this machine."""
    command = [*namespace(), "ip", "link", "add", "c0", "type", "veth", "peer", "name", "s0"]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:  # unshare is not installed
        return False


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_network_faults_between_namespaces(scenario: Callable[[Network], Awaitable[None]]) -> None:
    """Each scenario ends in bounded time, with the result that it describes."""
    if not are_permitted():
        pytest.skip("no network namespaces with a veth pair may be made here: the relay replaces")
    run("-m", "guarantee.namespaces", scenario.__name__, prefix=namespace())
