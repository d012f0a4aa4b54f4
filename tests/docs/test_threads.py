"""The programs of docs/threads.md, unchanged, against the server that the page starts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from support.child_process import environment
from support.echo_server import run_echo_server
from support.patience import PATIENCE

import trio_ws_dom

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.echo_server import EchoServer

pytestmark = pytest.mark.real

PAGE: Final = (Path(__file__).parents[2] / "docs" / "threads.md").read_text(encoding="utf-8")
PROGRAM: Final = re.compile(
    r"^```python\n# (?P<name>\w+\.py)\n(?P<code>.*?)^```\n\n```text\n(?P<output>.*?)^```\n",
    re.M | re.S,
)
PROGRAMS: Final = {found["name"]: found for found in PROGRAM.finditer(PAGE)}


@pytest.fixture(scope="module")
def server() -> Iterator[EchoServer]:
    with run_echo_server("--port", "0") as server:
        yield server


def test_every_block_that_can_run_without_a_screen_is_a_program_with_its_output() -> None:
    assert len(PROGRAMS) == PAGE.count("```python\n") - PAGE.count("<!-- not run: needs a screen")


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_what_the_page_shows(server: EchoServer, name: str) -> None:
    environ = environment()
    places = [str(Path(trio_ws_dom.__file__).parents[1]), environ["PYTHONPATH"]]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", server.adapt(PROGRAMS[name]["code"])],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**environ, "PYTHONPATH": os.pathsep.join(places)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == PROGRAMS[name]["output"]
