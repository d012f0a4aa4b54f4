"""The modules that ``import trio_ws_dom`` imports, beside those of trio."""

from __future__ import annotations

import subprocess
import sys

# They take from 3 to 60 ms, and few programs need any of them, or only with the first connection.
SLOW = {
    "asyncio",
    "concurrent.futures",
    "email.message",
    "email.parser",
    "http.client",
    "http.cookiejar",
    "json",
    "multiprocessing",
    "urllib.request",
}

PROGRAM = """
import sys
import trio
before = set(sys.modules)
import trio_ws_dom
print(*sorted(set(sys.modules) - before))
"""


def imported() -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_import_loads_no_other_library() -> None:
    """h11, wsproto, trio-websocket and pywhatwgurl are imported when they are needed."""
    assert {name.partition(".")[0] for name in imported()} <= {
        "trio_ws_dom",
        "trio_ws_dom__mypyc",  # the compiled build's
        *sys.stdlib_module_names,
    }


def test_import_loads_no_slow_module() -> None:
    assert imported().isdisjoint(SLOW)
