"""Faults of a network that is the kernel's own: a cable between namespaces, pulled and plugged."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING

import pytest
from support.child_process import TESTS, environment

from guarantee.namespaces import SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from guarantee.namespaces import Network

pytestmark = pytest.mark.real


def in_a_namespace(command: list[str]) -> subprocess.CompletedProcess[str]:
    user = [] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["--user", "--map-root-user"]
    return subprocess.run(
        ["unshare", *user, "--net", *command],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=TESTS,
        env=environment(),
    )


@cache
def are_permitted() -> bool:
    """Whether this user may make namespaces on this machine, and cables between them."""
    command = "ip link add c0 type veth peer name s0"
    try:
        return in_a_namespace(command.split()).returncode == 0
    except OSError:  # there is no unshare
        return False


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
def test_namespaces(scenario: Callable[[Network], Awaitable[None]]) -> None:
    """Bounded, and the truth is told; each scenario says what that is."""
    if not are_permitted():
        pytest.skip("no network namespaces with a veth pair may be made here: the relay stands for")
    ran = in_a_namespace([sys.executable, "-m", "guarantee.namespaces", scenario.__name__])
    assert (ran.returncode, ran.stderr) == (0, "")
