"""Type-check every program of the documentation and README, as ``python -m docs.check_types``.

Each block of Python is written to a file, under the name in its first line if it has one, beside
those of the same page. mypy and pyright, both strict, check all of them at once, so a program that
is shown is one that passes. ``nox -s types`` runs it.

A block that runs nothing is a fragment. It gets the imports that it lacks, and ``url``, and is the
body of an async function if it awaits. Blocks that are parts of something else, by the comment
before them (``<!-- not run: a part of … -->``), are left out.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from textwrap import indent
from typing import Final, NamedTuple

import trio_ws_dom

ROOT: Final = Path(__file__).parents[2]

BLOCK: Final = re.compile(
    r"(?:^<!-- (?P<comment>[^\n]+) -->\n)?^```python\n(?P<code>.*?)^```$", re.M | re.S
)
LEFT_OUT: Final = "not run: a part of "
NAME: Final = re.compile(r"# (\w+\.py)\n")
RUNS: Final = re.compile(r"^\w+\.run\(|^# \w+\.py$", re.M)

PRELUDE: Final = f"""\
# pyright: reportUnusedImport=false, reportUnusedFunction=false, reportUnusedVariable=false
# pyright: reportDuplicateImport=false
import json
import math
import ssl
import trio
from trio_ws_dom import {", ".join(name for name in trio_ws_dom.__all__ if name != "__version__")}
from trio_ws_dom.testing import open_fake_server
url = "wss://chat.example/room"
"""
FUNCTION: Final = "async def fragment() -> None:\n"


class Program(NamedTuple):
    """A block of a page, as a file.

    Attributes:
      page: the page's name without its ending.
      name: the file's.
      text: the file's.
      shift: lines of the page before the file's first line, less what was added.
    """

    page: str
    name: str
    text: str
    shift: int


def programs_of(path: Path) -> list[Program]:
    """Return the programs and fragments of a page."""
    text = path.read_text(encoding="utf-8")
    programs: list[Program] = []
    for found in BLOCK.finditer(text):
        if (found["comment"] or "").startswith(LEFT_OUT):  # another test has it
            continue
        line = text.count("\n", 0, found.start("code"))
        code = found["code"]
        named = NAME.match(code)
        name = named[1] if named else f"{path.stem.replace('-', '_')}_{line + 1}.py"
        if not RUNS.search(code):
            prelude = PRELUDE
            if awaits(code):
                prelude += FUNCTION
                code = indent(code, "    ")
            line -= prelude.count("\n")
            code = prelude + code
        programs.append(Program(path.stem, name, code, line))
    return programs


def awaits(code: str) -> bool:
    compiled = compile(code, "fragment", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    return bool(compiled.co_flags & inspect.CO_COROUTINE)


def all_programs() -> list[Program]:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    programs = [program for page in pages for program in programs_of(page)]
    names = [program.name for program in programs]
    assert len(names) == len(set(names)), "each name is used once, in one page"
    return programs


def check(programs: list[Program], folder: Path) -> list[str]:
    """Return what the type checkers found, each with its place in a page."""
    for program in programs:
        (folder / program.name).write_text(program.text, encoding="utf-8")
    settings = {"typeCheckingMode": "strict", "extraPaths": [str(ROOT)], "pythonVersion": "3.11"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    (folder / "mypy.ini").write_text(f"[mypy]\nstrict = true\nmypy_path = {ROOT}\n")
    lines = run(folder, "mypy", "--hide-error-context", "--no-pretty", ".")
    lines += run(folder, "pyright", "--warnings", "--pythonpath", sys.executable)
    of_files = {program.name: program for program in programs}
    return [place(line, folder, of_files) for line in lines if line.strip()]


def run(folder: Path, *command: str) -> list[str]:
    """Run a type checker in the folder, and return the lines that it writes if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, cwd=folder
    )
    return (done.stdout + done.stderr).splitlines() if done.returncode else []


def place(line: str, folder: Path, of_files: dict[str, Program]) -> str:
    """Return a checker's line with the page's place instead of the file's."""
    found = re.match(r"(\w+\.py):(\d+)(.*)", line.strip().removeprefix(f"{folder}/"))
    if found is None or found[1] not in of_files:
        return line
    program = of_files[found[1]]
    return f"{program.page}.md:{int(found[2]) + program.shift}{found[3]}"


def main() -> int:
    programs = all_programs()
    with tempfile.TemporaryDirectory() as folder:
        found = check(programs, Path(folder).resolve())
    for line in found:
        print(line)
    print(f"{len(programs)} blocks of {len({p.page for p in programs})} pages type-checked")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
