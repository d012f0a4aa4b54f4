"""Make mistakes in the package, one at a time, and print which of them the plain tests notice.

``python -m meta.mistakes --mutants 20 --seed 1 -- PYTEST OPTIONS``. The mistakes are the seeded
faults of ``guarantee.faults``, and random changes of the sources. First the plain tests run without
a mistake, and must pass. For each mistake, the tests beside the changed module run first, and the
other plain ones only if none of them fails. So the answer is that of a plain run, and most of them
come within seconds. The output is a table in Markdown, which mutants.md keeps. A mistake that no
test notices either changes nothing or is a gap, so it is shown for a person to check.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from guarantee.faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = ROOT / "trio_ws_dom"
TESTS: Final = ROOT / "tests"

RUN_LIMIT: Final = 1800
"""Seconds after which a run counts as one that hangs, which a person would notice."""

TEST_LIMIT: Final = 60
"""Seconds after which one test counts as one that hangs."""

NO_TESTS: Final = 5
"""The exit status of pytest where there was no test to run."""

BESIDE: Final = {"socket": "websocket", "trace": "tracing"}
"""The folders of tests whose names differ from the package's, see CONTRIBUTING.md."""


class Mistake(NamedTuple):
    """One mistake.

    Attributes:
      name: for the table.
      nearest: the folder of the tests that are run first; empty if there is none.
      path: of the changed module, in the package; None if the mistake is a seeded fault.
      source: of that module, changed.
    """

    name: str
    nearest: str
    path: Path | None = None
    source: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m meta.mistakes", description=__doc__)
    parser.add_argument("--mutants", type=int, default=20, help="random changes (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("pytest", nargs="*", help="options of pytest")
    arguments = parser.parse_args()
    faults = FAULTS if arguments.faults else ()
    seeded = [Mistake(fault.__name__, "guarantee") for fault in faults]
    mistakes = [*seeded, *mutants(arguments.mutants, random.Random(arguments.seed))]
    unchanged = Mistake("nothing", "", Path("__init__.py"), (PACKAGE / "__init__.py").read_text())
    if (by := noticed(unchanged, arguments.pytest)) is not None:
        print(f"{by} fails without a mistake")
        return 1
    missed = 0
    print("| mistake | noticed by | seconds |\n|---|---|---|", flush=True)
    for mistake in mistakes:
        start = time.monotonic()
        by = noticed(mistake, arguments.pytest)
        missed += by is None
        name, by = (text.replace("|", "\\|") for text in (mistake.name, by or "**nothing**"))
        print(f"| `{name}` | {by} | {time.monotonic() - start:.0f} |", flush=True)
    print(f"\n{len(mistakes) - missed} of {len(mistakes)} mistakes were noticed.")
    return 0


def noticed(mistake: Mistake, options: Sequence[str]) -> str | None:
    """Run the tests until one fails, and return which, or None if none does."""
    with tempfile.TemporaryDirectory() as folder:
        changed = Path(folder) / PACKAGE.name
        shutil.copytree(PACKAGE, changed, ignore=shutil.ignore_patterns("__pycache__"))
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join([folder, str(TESTS)])}
        command = [sys.executable, "-m", "pytest", "-q", f"--timeout={TEST_LIMIT}", *options]
        if mistake.path is None:
            environ["SEEDED_FAULT"] = mistake.name
            command += ["-p", "meta.seeded_fault"]
        else:
            (changed / mistake.path).write_text(mistake.source)
        nearest = TESTS / mistake.nearest
        first = [["--exitfirst", "--numprocesses=0", str(nearest)]] if mistake.nearest else []
        others = ["--exitfirst", str(TESTS), *(f"--ignore={nearest}" for _ in first)]
        for which in [*first, others]:
            if (by := failing([*command, *which], folder, environ)) is not None:
                return by
    return None


def failing(command: Sequence[str], folder: str, environ: dict[str, str]) -> str | None:
    """Run tests, and return the name of the first that fails, or None if none does."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as running_tests:
        try:
            output, _ = running_tests.communicate(timeout=RUN_LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(running_tests.pid, signal.SIGKILL)  # its workers, too
            return "a run that hangs"
    if running_tests.returncode in (0, NO_TESTS):
        return None
    if "+ Timeout +" in output:
        return "a test that hangs"
    failures = re.search(
        r"^(?:FAILED|ERROR) (?:\S*?\btests/)?(.+?)(?: - .*)?$", output, re.MULTILINE
    )
    return f"`{failures[1]}`" if failures else f"status {running_tests.returncode}"


# Random changes.


def mutants(count: int, chance: random.Random) -> Iterator[Mistake]:
    """Make this many changes, each of another place, of modules by their size."""
    places = [
        (path.relative_to(PACKAGE), number)
        for path in sorted(PACKAGE.rglob("*.py"))
        for number in range(len(changes(ast.parse(path.read_text()))))
    ]
    for path, number in chance.sample(places, count):
        yield mutant(path, number)


def mutant(path: Path, number: int) -> Mistake:
    tree = ast.parse((PACKAGE / path).read_text())
    old, new = changes(tree)[number]
    name = f"{path}:{old.lineno} {shown(old)} -> {shown(new)}"
    replaced = Replace(old, new).visit(tree)
    return Mistake(name, nearest_to(path), path, ast.unparse(ast.fix_missing_locations(replaced)))


def nearest_to(path: Path) -> str:
    """Return the folder of the tests of a module, empty if there is none."""
    parts = [part.removeprefix("_") for part in path.parent.parts]
    return "/".join(BESIDE.get(part, part) for part in parts)


def shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


class Replace(ast.NodeTransformer):
    """Replace one node by another."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self._old = old
        self._new = new

    def visit(self, node: ast.AST) -> ast.AST:
        return self._new if node is self._old else super().generic_visit(node)


COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}

OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}


def changes(tree: ast.Module) -> list[tuple[ast.stmt | ast.expr, ast.AST]]:
    """Return every possible change, as a node that runs and its replacement."""
    found: list[tuple[ast.stmt | ast.expr, ast.AST]] = []
    for node in running(tree):
        match node:
            case ast.Compare(ops=[operator]):
                changed = copy.deepcopy(node)
                changed.ops = [COMPARISONS[type(operator)]()]
                found.append((node, changed))
            case ast.BinOp(op=operator) if type(operator) in OPERATORS:
                changed_operation = copy.deepcopy(node)
                changed_operation.op = OPERATORS[type(operator)]()
                found.append((node, changed_operation))
            case ast.BoolOp(op=operator):
                changed_logic = copy.deepcopy(node)
                changed_logic.op = ast.Or() if isinstance(operator, ast.And) else ast.And()
                found.append((node, changed_logic))
            case ast.UnaryOp(op=ast.Not()):
                found.append((node, node.operand))
            case ast.Constant(value=bool(value)):
                found.append((node, ast.Constant(not value)))
            case ast.Constant(value=int(value)):
                found.append((node, ast.Constant(value + 1)))
            case ast.Expr(value=ast.Call() | ast.Await()) | ast.AugAssign() | ast.Raise():
                found.append((node, ast.Pass()))
            case ast.Return(value=ast.expr()):
                found.append((node, ast.Return(ast.Constant(None))))
            case ast.If():
                changed_branch = copy.deepcopy(node)
                changed_branch.test = ast.UnaryOp(ast.Not(), changed_branch.test)
                found.append((node, changed_branch))
            case _:
                pass
    return found


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes below that run in a program, without types."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        children = cast("list[object]", value if isinstance(value, list) else [value])
        for child in children:
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            if isinstance(child, ast.AST):
                yield child
                yield from running(child)


if __name__ == "__main__":
    sys.exit(main())
