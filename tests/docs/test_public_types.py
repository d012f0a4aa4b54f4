"""Every name in the signature of something public can be imported by a program.

Either it is public itself, or it comes from the standard library, trio, or another project.
"""

from __future__ import annotations

import ast
import builtins
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import trio_ws_dom
import trio_ws_dom.testing

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
PACKAGE: Final = Path(trio_ws_dom.__file__).parent

PUBLIC: Final = {*trio_ws_dom.__all__, *trio_ws_dom.testing.__all__}

REFERENCE: Final = "".join(
    page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "reference").glob("*.md")
)
MADE_BY_US: Final = set(re.findall(r"autoclass:: (\w+)\(\)", REFERENCE))
"""Classes whose constructors the reference leaves out, as only the package calls them."""

BUILTINS: Final = set(dir(builtins))

DESCRIPTORS: Final = {"EventHandler", "Constant"}
"""What makes an attribute. A program sees the type of its value."""

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)


class Module:
    """The source of a module, and where its names come from.

    Attributes:
      path: the file's.
      foreign: names imported from other projects.
      imported: names imported from the package, each with the module's path and its name there.
      variables: type variables.
      defined: classes and functions.
    """

    def __init__(self, path: Path) -> None:
        self.path: Path = path
        self.foreign: set[str] = set()
        self.imported: dict[str, tuple[Path, str]] = {}
        self.variables: set[str] = set()
        self.defined: dict[str, Definition] = {}
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Import():
                    self.foreign |= {alias.asname or alias.name for alias in node.names}
                case ast.ImportFrom(level=0):
                    self.foreign |= {alias.asname or alias.name for alias in node.names}
                case ast.ImportFrom(module=str(name)):
                    folder = path.parents[node.level - 1].joinpath(*name.split("."))
                    source = (
                        folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
                    )
                    for alias in node.names:
                        self.imported[alias.asname or alias.name] = source, alias.name
                case ast.Assign(targets=[ast.Name(name)], value=ast.Call(ast.Name("TypeVar"))):
                    self.variables.add(name)
                case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                    self.defined.setdefault(node.name, node)
                case _:
                    pass


module_at: Final = cache(Module)


def find(path: Path, name: str) -> tuple[Module, Definition | None]:
    """Return the module that defines a name, and its class or function, if it is one."""
    module = module_at(path)
    while name in module.imported:
        path, name = module.imported[name]
        module = module_at(path)
    return module, module.defined.get(name)


def annotated(module: Module, node: Definition) -> Iterator[tuple[Module, ast.expr]]:
    """Yield the annotations of a function, or of what a class shows, with the module of each."""
    if isinstance(node, FUNCTIONS):
        for one in ast.walk(node.args):
            if isinstance(one, ast.arg) and one.annotation is not None:
                yield module, one.annotation
        if node.returns is not None:
            yield module, node.returns
        return
    for part in flat(node.body):
        if isinstance(part, ast.AnnAssign):
            if isinstance(part.target, ast.Name) and part.target.id[0] != "_":
                yield module, part.annotation
        elif isinstance(part, FUNCTIONS) and is_shown(node.name, part.name):
            yield from annotated(module, part)
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id not in PUBLIC | module.foreign | BUILTINS:
            its_module, definition = find(module.path, base.id)
            assert definition is not None
            yield from annotated(its_module, definition)


def flat(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements, also those under ``if TYPE_CHECKING``."""
    for part in body:
        yield from part.body if isinstance(part, ast.If) else [part]


def is_shown(owner: str, method: str) -> bool:
    return method[0] != "_" or (method == "__init__" and owner not in MADE_BY_US)


def unknown(module: Module, annotation: ast.expr) -> Iterator[str]:
    for node in ast.walk(annotation):
        if isinstance(node, ast.Name) and node.id not in (
            PUBLIC | DESCRIPTORS | module.foreign | module.variables | BUILTINS
        ):
            yield node.id


@pytest.mark.parametrize("folder", [PACKAGE, PACKAGE / "testing"], ids=["package", "testing"])
def test_names_in_public_signatures_can_be_imported(folder: Path) -> None:
    names = trio_ws_dom.testing.__all__ if folder.name == "testing" else trio_ws_dom.__all__
    for name in names:
        module, definition = find(folder / "__init__.py", name)
        if definition is not None:
            for source, annotation in annotated(module, definition):
                assert list(unknown(source, annotation)) == [], f"{name}: {ast.unparse(annotation)}"
