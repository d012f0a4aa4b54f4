"""The compiled build is measured in processes that import it, and the pure one in others."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from bench.clients import CLIENTS, COMPILED_BUILD, installed
from bench.runner import environment
from bench.worker import check_build

if TYPE_CHECKING:
    from pathlib import Path

PAIRS = [("ours_callbacks", "compiled_callbacks"), ("ours_iterating", "compiled_iterating")]


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(COMPILED_BUILD, str(tmp_path))
    return str(tmp_path)


def test_the_compiled_build_comes_first(build: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    assert environment("compiled_callbacks")["PYTHONPATH"] == f"{build}{os.pathsep}elsewhere"
    monkeypatch.delenv("PYTHONPATH")
    assert environment("compiled_callbacks")["PYTHONPATH"] == build


def test_the_pure_build_is_the_installed_one(build: str) -> None:
    assert environment("ours_callbacks") == dict(os.environ)


def test_the_compiled_build_takes_part_where_there_is_one(
    build: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = {name for name in CLIENTS if CLIENTS[name].compiled}
    assert compiled <= set(installed())
    monkeypatch.delenv(COMPILED_BUILD)
    assert compiled.isdisjoint(installed())


@pytest.mark.parametrize(("pure", "compiled"), PAIRS)
@pytest.mark.parametrize("is_compiled", [False, True])
def test_a_worker_refuses_the_other_build(
    pure: str, compiled: str, is_compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = SimpleNamespace(__compiled__=is_compiled, __file__="where.py")
    monkeypatch.setitem(sys.modules, "trio_ws_dom", package)
    right, wrong = (compiled, pure) if is_compiled else (pure, compiled)
    check_build(right)
    with pytest.raises(RuntimeError, match=rf"expected the other build for {wrong}, got where\.py"):
        check_build(wrong)


@pytest.mark.parametrize(("pure", "compiled"), PAIRS)
def test_both_builds_run_the_same_program(pure: str, compiled: str) -> None:
    assert CLIENTS[compiled].file == pure
    assert not CLIENTS[pure].compiled
