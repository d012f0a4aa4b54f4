"""The tutorial's programs, unchanged, against the server that the page starts."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest
from support.child_process import environment
from support.echo_server import run_echo_server, without_time
from support.patience import PATIENCE

import trio_ws_dom

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from support.echo_server import EchoServer

pytestmark = pytest.mark.real

PAGE: Final = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")
PROGRAM: Final = re.compile(
    r"^```python\n# (?P<name>\w+\.py)\n(?P<code>.*?)^```\n(?:\n```text\n(?P<output>.*?)^```\n)?",
    re.M | re.S,
)


class Program(NamedTuple):
    """A block of Python, with the output that the page shows after it."""

    name: str
    code: str
    output: str


PROGRAMS: Final = {
    found["name"]: Program(found["name"], found["code"], found["output"] or "")
    for found in PROGRAM.finditer(PAGE)
}
UNTIL_CTRL_C: Final = ("bot.py",)
FOR_PYTEST: Final = ("test_bot.py",)
FOR_A_RESTART: Final = ("comeback.py",)
TO_THE_END: Final = [
    name for name in PROGRAMS if name not in (*UNTIL_CTRL_C, *FOR_PYTEST, *FOR_A_RESTART)
]


@pytest.fixture
def server() -> Iterator[EchoServer]:
    with run_echo_server("--port", "0") as server:
        yield server


def save_programs(folder: Path, server: EchoServer) -> None:
    for program in PROGRAMS.values():
        (folder / program.name).write_text(server.adapt(program.code))


def anywhere() -> dict[str, str]:
    """Return an environment in which the package is found from every folder."""
    environ = environment()
    places = [str(Path(trio_ws_dom.__file__).parents[1]), environ["PYTHONPATH"]]
    return {**environ, "PYTHONPATH": os.pathsep.join(places)}


def matches(output: str, documented: str) -> bool:
    """Compare output with the page's, where "..." is any text within a line."""
    pattern = ".*".join(map(re.escape, documented.split("...")))
    return re.fullmatch(pattern, output) is not None


@contextmanager
def running(folder: Path, name: str) -> Generator[subprocess.Popen[str]]:
    """Run a program until the block ends, and then press Ctrl-C."""
    with subprocess.Popen(
        [sys.executable, "-W", "default", "-u", name],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=anywhere(),
    ) as process:
        try:
            yield process
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=PATIENCE)
            assert error.splitlines()[-1] == "KeyboardInterrupt"
        finally:
            process.kill()


def lines_of(process: subprocess.Popen[str], count: int) -> str:
    assert process.stdout is not None
    return "".join(process.stdout.readline() for _ in range(count))


def test_each_block_is_a_program_with_a_name() -> None:
    assert len(PROGRAMS) == PAGE.count("```python\n")
    assert {*UNTIL_CTRL_C, *FOR_PYTEST, *FOR_A_RESTART} < PROGRAMS.keys()


@pytest.mark.parametrize("name", TO_THE_END)
def test_a_program_prints_what_the_page_shows(
    server: EchoServer, tmp_path: Path, name: str
) -> None:
    save_programs(tmp_path, server)
    done = subprocess.run(
        [sys.executable, "-W", "error", name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=anywhere(),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert matches(done.stdout, server.adapt(PROGRAMS[name].output)), done.stdout


def test_the_server_shows_what_the_page_shows(server: EchoServer, tmp_path: Path) -> None:
    shown = re.search(r"terminal shows.*?```text\n(.*?)^```", PAGE, re.M | re.S)
    assert shown is not None
    test_a_program_prints_what_the_page_shows(server, tmp_path, "hello.py")
    assert server.stop() == [without_time(row) for row in shown[1].splitlines()]


@pytest.mark.parametrize("name", UNTIL_CTRL_C)
def test_ctrl_c_leaves_a_program_with_1001(server: EchoServer, tmp_path: Path, name: str) -> None:
    save_programs(tmp_path, server)
    output = PROGRAMS[name].output
    with running(tmp_path, name) as process:
        assert matches(lines_of(process, output.count("\n")), output)
    assert server.stop()[-1] == "client 1 closed, 1001"


@pytest.mark.parametrize("name", FOR_A_RESTART)
def test_a_program_comes_back_after_a_restart_of_the_server(tmp_path: Path, name: str) -> None:
    output = PROGRAMS["bot.py"].output
    with run_echo_server("--port", "0") as server:
        save_programs(tmp_path, server)
        with running(tmp_path, name) as process:
            assert matches(lines_of(process, 2), output)
            server.stop()
            with run_echo_server("--port", str(server.port)) as again:
                assert matches(lines_of(process, 2), output)
                assert again.stop(signal.SIGTERM)[0] == "client 1 open, /bot"


@pytest.mark.parametrize("name", FOR_PYTEST)
def test_the_test_of_the_bot_passes(server: EchoServer, tmp_path: Path, name: str) -> None:
    save_programs(tmp_path, server)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", name]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, env=anywhere()
    )
    assert "1 passed" in done.stdout, done.stdout
    assert server.stop() == []


def test_the_lines_for_trios_prompt(server: EchoServer) -> None:
    (session,) = re.findall(r"^```pycon\n(.*?)^```", PAGE, re.M | re.S)
    # a block's end is an empty line, which a formatter removes
    session = re.sub(r"^(\.\.\. .*\n)(?!\.\.\.)", r"\1...\n", session, flags=re.M)
    typed = [line[4:] for line in session.splitlines() if line[:3] in (">>>", "...")]
    done = subprocess.run(
        [sys.executable, "-m", "trio"],
        input=server.adapt("\n".join(typed) + "\n"),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=anywhere(),
    )
    # input is not echoed, as stdin is no terminal, so only the prompts are there
    expected = re.sub(r"^(>>>|\.\.\.).*\n", r"\1 ", session, flags=re.M)
    assert expected in done.stdout
