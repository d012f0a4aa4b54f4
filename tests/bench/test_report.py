"""The circumstances of a benchmark."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from bench.report import versions
from trio_ws_dom import __version__

if TYPE_CHECKING:
    import pytest


def test_our_version_is_known_where_we_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def of_others(distribution: str) -> str:
        if distribution == "trio-ws-dom":
            raise PackageNotFoundError(distribution)
        return version(distribution)

    monkeypatch.setattr("bench.report.version", of_others)
    assert versions(["ours_stream"])["trio-ws-dom"] == __version__
