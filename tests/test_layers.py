"""The shape of the code, by imports, the length of functions, and reasons beside suppressions."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, is_typeddict

import pytest

import trio_ws_dom

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(trio_ws_dom.__file__).parent
CHECKOUT = Path(__file__).parents[1]
MODULES = {path.relative_to(PACKAGE).as_posix(): path for path in sorted(PACKAGE.rglob("*.py"))}

# Each layer with the layers that it may import, besides itself. "" is the package's own module.
BELOW = {
    "_version": {"_wire"},
    "_wire": set[str](),
    "_trace": {"_wire"},
    "_dom": set[str](),
    "_net": {"_wire", "_trace"},
    "_socket": {"_wire", "_trace", "_dom", "_net"},
    "_stream": {"_wire", "_dom", "_net", "_socket"},
    "_reconnect": {"_wire", "_dom", "_net", "_socket"},
    "_server": {"_wire", "_net", "_socket"},
    "": {"_trace", "_dom", "_net", "_socket", "_stream", "_reconnect", "_server"},
    "testing": {"", "_dom", "_net", "_socket"},
    "_cli": {""},
}

SUPPRESSION = re.compile(
    r"#\s*(noqa(:[A-Z0-9, ]+)?|(type|pyright):\s*ignore(\[[^]]*\])?|pragma:\s*no \w+)(?P<rest>.*)"
)


def layer_of(name: str) -> str:
    if name in ("__main__.py", "_version.py", "_public.py"):
        return {"__main__.py": "_cli"}.get(name, "_version")
    return name.split("/")[0] if "/" in name else ""


def imports_of(name: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the full name of each module that this one imports, and the names taken from it."""
    package = ["trio_ws_dom", *name.split("/")[:-1]]
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield module, [alias.name for alias in node.names]


def layers_imported(name: str) -> Iterator[str]:
    for module, names in imports_of(name):
        root, *rest = module.split(".")
        if root == "trio_ws_dom":
            named = (part if part in BELOW else "" for part in rest[:1] or names)
            yield from (layer for layer in named if layer != "_version")  # a number, for all


@pytest.mark.parametrize("name", MODULES)
def test_imports_go_down_only(name: str) -> None:
    """A module imports its own layer and those below it."""
    layer = layer_of(name)
    assert set(layers_imported(name)) <= BELOW[layer] | {layer}


@pytest.mark.parametrize("name", [name for name in MODULES if layer_of(name) == "_cli"])
def test_the_command_line_takes_public_names_only(name: str) -> None:
    """It is a program like any user's, and takes only what the package exports."""
    for module, names in imports_of(name):
        if module == "trio_ws_dom":
            assert set(names) <= set(trio_ws_dom.__all__)
        else:
            assert not module.startswith("trio_ws_dom") or module.startswith("trio_ws_dom._cli.")


@pytest.mark.parametrize("name", [name for name in MODULES if layer_of(name) == "_wire"])
def test_the_wire_imports_no_trio(name: str) -> None:
    """What is sans-I/O imports no library that does I/O."""
    roots = {module.split(".")[0] for module, _ in imports_of(name)}
    assert roots.isdisjoint({"trio", "trio_websocket", "socket", "ssl", "asyncio", "time"})


def test_the_wire_loads_without_trio() -> None:
    """Every module of _wire can be imported without trio."""
    modules = [
        "trio_ws_dom." + name.removesuffix(".py").replace("/", ".")
        for name in MODULES
        if layer_of(name) == "_wire"
    ]
    program = f"""
import importlib, sys, types
sys.modules["trio"] = None  # importing it now raises
package = types.ModuleType("trio_ws_dom")  # without its __init__, which imports everything
package.__path__ = [{str(PACKAGE)!r}]
sys.modules["trio_ws_dom"] = package
for module in {modules!r}:
    importlib.import_module(module)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_init_only_re_exports() -> None:
    """The package's own module has a docstring, imports and ``__all__``."""
    for statement in ast.parse(MODULES["__init__.py"].read_text()).body:
        match statement:
            case ast.Expr(ast.Constant(str())) | ast.ImportFrom():
                pass
            case ast.Assign(targets=[ast.Name("__all__")]):
                pass
            case ast.Expr(ast.Call(ast.Name("show_public_path"))):
                pass  # the name in tracebacks
            case _:
                pytest.fail(f"__init__.py, line {statement.lineno}: more than a re-export")


def test_all_lists_what_is_imported() -> None:
    """``__all__`` and the imports of the package's module agree."""
    imported = {
        name
        for module, names in imports_of("__init__.py")
        if module not in ("__future__", "trio_ws_dom._public")
        for name in names
    }
    assert imported == set(trio_ws_dom.__all__)


def test_public_names_show_as_the_packages() -> None:
    for name in trio_ws_dom.__all__:
        value = getattr(trio_ws_dom, name)
        if isinstance(value, type | FunctionType) and not is_typeddict(value):
            assert value.__module__ == "trio_ws_dom", name


def sources() -> list[Path]:
    roots = ["trio_ws_dom", "tests", "examples"]
    return [
        CHECKOUT / "noxfile.py",
        *(path for root in roots for path in (CHECKOUT / root).rglob("*.py")),
    ]


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_suppressions_give_their_reason(path: Path) -> None:
    """A check that is switched off for a line has its reason on that line."""
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        found = SUPPRESSION.search(line)
        assert not found or found["rest"].strip(" #-:()"), f"{path}:{number}: {line.strip()}"


# Files of the package that use private attributes of other modules' objects, each with its reason
# at its top. pyright checks that all others do not.
PRIVATE_USAGE = {
    "_dom/_abort.py",
    "_dom/_errors.py",
    "_dom/_event_handler.py",
    "_dom/_event_target.py",
    "_dom/_listener.py",
    "_reconnect/_loop.py",
    "_socket/_flow.py",
    "_socket/_nursery.py",
    "_socket/_session.py",
    "_socket/_websocket.py",
    "_stream/_readable.py",
    "_stream/_websocket_stream.py",
    "_stream/_writable.py",
    "testing/_connection.py",
    "testing/_server.py",
}


def test_private_usage_is_listed() -> None:
    marked = {
        name
        for name, path in MODULES.items()
        if "# pyright: reportPrivateUsage" in path.read_text()
    }
    assert marked == PRIVATE_USAGE
