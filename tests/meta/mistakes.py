"""Make mistakes in the package, one at a time, and tell which of them the plain tests notice.

``python -m meta.mistakes --mutants 20 --seed 1 -- PYTEST ARGUMENTS``. The mistakes are the seeded
faults of ``guarantee.faults``, and random changes of the sources. One that no test notices either
changes nothing or is a gap: it is shown, to be looked at.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from guarantee.faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "trio_ws_dom"

LIMIT = 1800
"""Seconds after which a run counts as one that hangs, which somebody would notice."""


class Mistake(NamedTuple):
    """One mistake.

    Attributes:
      name: for the table.
      path: of the changed module, in the package; None: the mistake is a seeded fault.
      source: of that module, changed.
    """

    name: str
    path: Path | None = None
    source: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m meta.mistakes", description=__doc__)
    parser.add_argument("--mutants", type=int, default=20, help="random changes (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("pytest", nargs="*", help="arguments of pytest")
    arguments = parser.parse_args()
    seeded = [Mistake(f"fault {fault.__name__}") for fault in FAULTS] if arguments.faults else []
    mistakes = [*seeded, *mutants(arguments.mutants, random.Random(arguments.seed))]
    missed = 0
    for mistake in mistakes:
        start = time.monotonic()
        by = noticed(mistake, arguments.pytest)
        missed += by is None
        print(
            f"{time.monotonic() - start:5.0f} s  {mistake.name}: {by or 'NOT NOTICED'}", flush=True
        )
    print(f"{len(mistakes) - missed} of {len(mistakes)} mistakes were noticed")
    return 0


def noticed(mistake: Mistake, arguments: Sequence[str]) -> str | None:
    """Run the tests until one fails, and return which; None if none does."""
    with tempfile.TemporaryDirectory() as folder:
        changed = Path(folder) / PACKAGE.name
        shutil.copytree(PACKAGE, changed, ignore=shutil.ignore_patterns("__pycache__"))
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join([folder, str(ROOT / "tests")])}
        command = [sys.executable, "-m", "pytest", "--maxfail=1", "-q", *arguments]
        if mistake.path is None:
            environ["SEEDED_FAULT"] = mistake.name.removeprefix("fault ")
            command += ["-p", "meta.seeded_fault"]
        else:
            (changed / mistake.path).write_text(mistake.source)
        try:
            ran = subprocess.run(
                command, cwd=folder, env=environ, capture_output=True, text=True, timeout=LIMIT
            )
        except subprocess.TimeoutExpired:
            return "it hangs"
        if ran.returncode == 0:
            return None
        failures = re.search(r"^(?:FAILED|ERROR) (\S+)", ran.stdout, re.MULTILINE)
        return failures[1] if failures else f"status {ran.returncode}"


# Random changes.


def mutants(count: int, chance: random.Random) -> Iterator[Mistake]:
    """Make so many changes, each of another place, of modules by their size."""
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
    return Mistake(name, path, ast.unparse(ast.fix_missing_locations(replaced)))


def shown(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 60 else f"{text[:57]}..."


class Replace(ast.NodeTransformer):
    """Replace this node by that one."""

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
    """Return every change that there is: a node that runs, and what stands there instead."""
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
    """Yield the nodes below that run in a program: no types, and nothing for types alone."""
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
