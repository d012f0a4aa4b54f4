"""The first program of README and index, and the README's commands and links."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from support.echo_server import run_echo_server
from support.patience import PATIENCE

CHECKOUT: Final = Path(__file__).parents[2]
README: Final = (CHECKOUT / "README.md").read_text(encoding="utf-8")
INDEX: Final = (CHECKOUT / "docs" / "index.md").read_text(encoding="utf-8")


@pytest.mark.real
@pytest.mark.parametrize("page", [README, INDEX], ids=["README.md", "docs/index.md"])
def test_the_first_program_runs_beside_the_server_that_its_page_names(page: str) -> None:
    assert "`trio-ws-dom echo --port 8080`" in page
    (program,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    with run_echo_server("--port", "0") as server:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-"],
            input=server.adapt(program),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "Hello Server!\nclosed 1000 True\n"
        assert server.stop() == ["client 1 open, /", "client 1 closed, 1000"]


def test_a_newcomers_two_commands_are_one_line_each() -> None:
    chat, checks = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert chat.endswith("/python -m examples.chat")
    assert checks.endswith("/nox")


def test_links_lead_to_files() -> None:
    """Links without a host, which pyproject.toml makes absolute for PyPI, lead to files."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert len(links) > 20
    assert [link for link in links if not (CHECKOUT / link).exists()] == []
