"""Make an environment of Python 2.7 with the Autobahn suite.

Run it by ``python -m autobahn.make_env DIR``. It does nothing where DIR has one. ``--find`` only
prints the Python 2.7 that would be used, or nothing. The suite compiles one small extension module,
so it needs a C compiler, too.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
VIRTUALENV = "virtualenv==20.21.1"  # the last that makes environments of Python 2.7
SEEDS = ["--pip=20.3.4", "--setuptools=44.1.1", "--wheel=0.37.1"]  # the last for Python 2.7


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dir", type=Path, nargs="?")
    parser.add_argument("--find", action="store_true")
    arguments = parser.parse_args()
    python27 = find_python27()
    if arguments.find or arguments.dir is None:
        print(python27 or "", end="")
        return 0
    if works(arguments.dir):
        return 0
    if python27 is None:
        print("no Python 2.7 found: name one in PYTHON27", file=sys.stderr)
        return 3
    make(arguments.dir, python27)
    return 0 if works(arguments.dir) else 1


def find_python27() -> str | None:
    """Return a Python 2.7, by PYTHON27, by pyenv without its shim, or on PATH.

    The shim refuses if 2.7 is not made global.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [
        os.environ.get("PYTHON27"),
        *map(str, pyenv.glob("2.7.*/bin/python2.7")),
        *map(shutil.which, ("python2.7", "python2")),
    ]
    return next((found for found in candidates if found and is_python27(found)), None)


def is_python27(python: str) -> bool:
    check = "import sys; sys.exit(sys.version_info[:2] != (2, 7))"
    try:
        return subprocess.run([python, "-c", check], capture_output=True).returncode == 0
    except OSError:
        return False


def works(env: Path) -> bool:
    wstest = env / "bin" / "wstest"
    return wstest.exists() and subprocess.run([wstest, "-a"], capture_output=True).returncode == 0


def make(env: Path, python27: str) -> None:
    bootstrap = env.with_name(f"{env.name}-bootstrap")
    venv.create(bootstrap, clear=True, with_pip=True)
    tool = str(bootstrap / "bin" / "python")
    subprocess.run([tool, "-m", "pip", "install", "-q", VIRTUALENV], check=True)
    virtualenv = [tool, "-m", "virtualenv", "-q", "--clear", "-p", python27, *SEEDS, str(env)]
    subprocess.run(virtualenv, check=True)
    shutil.rmtree(bootstrap)
    install = [str(env / "bin" / "python"), "-W", "ignore", "-m", "pip", "install", "-q", "-r"]
    subprocess.run([*install, str(REQUIREMENTS)], check=True)


if __name__ == "__main__":
    sys.exit(main())
