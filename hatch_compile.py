"""Compile the hot modules from the same sources, if TRIO_WS_DOM_COMPILE=1 is in the environment.

Without it the hook does nothing, so that `pip install .` needs no compiler and makes the pure
wheel. With it, mypyc makes extension modules that lie beside the sources in the wheel, and are
imported instead of them. docs/performance.md says what is compiled, and what it gains.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "trio_ws_dom"
WIRE = f"{PACKAGE}/_wire"

MODULES = [
    f"{WIRE}/{name}.py"
    for name in (
        "_decoder",
        "_deflate",
        "_errors",
        "_frame_header",
        "_frames",
        "_memory",
        "_messages",
        "_outbox",
        "_protocol",
    )
]
XOR = f"{WIRE}/_xor"

REQUIRES = ["mypy>=2.4,<2.5", "setuptools>=77"]
"""For building alone. A minor release of mypy may compile to other code, so it is pinned."""

READ_AS = [
    "--config-file=",
    "--explicit-package-bases",
    "--follow-imports=silent",
    "--ignore-missing-imports",
]
"""How mypy reads the sources for types. The other modules need trio, which is not there where a
wheel is built; they are checked by the checkout's own configuration."""


class Compile(BuildHookInterface[Any]):
    """Hatchling's hook."""

    def dependencies(self) -> list[str]:
        return REQUIRES if is_on() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if not is_on() or version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        shutil.copytree(Path(self.root, PACKAGE), folder / PACKAGE)
        subprocess.run([sys.executable, __file__], cwd=folder, check=True)
        made = [path for suffix in (".so", ".pyd") for path in folder.rglob(f"*{suffix}")]
        for path in made:
            build_data["force_include"][str(path)] = path.relative_to(folder).as_posix()
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if is_on() and version != "editable":
            self._folder.cleanup()


def is_on() -> bool:
    return os.environ.get("TRIO_WS_DOM_COMPILE") == "1"


def compile_here() -> None:
    """Put extension modules beside the sources in the current folder."""
    from mypyc.build import mypycify
    from setuptools import Extension, setup

    optimized = [] if sys.platform == "win32" else ["-O3"]
    extensions = [
        *mypycify([*READ_AS, *MODULES], group_name=PACKAGE, opt_level="3"),
        Extension(XOR.replace("/", "."), [f"{XOR}.c"], extra_compile_args=optimized),
    ]
    setup(name=PACKAGE, ext_modules=extensions, script_args=["--quiet", "build_ext", "--inplace"])


if __name__ == "__main__":
    compile_here()
