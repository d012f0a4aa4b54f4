"""Ctrl-C where the program is not in a conversation."""

from __future__ import annotations

import signal
from typing import Any, NoReturn

import pytest

from trio_ws_dom._cli import _client, _main


def interrupt(*_: Any, **__: Any) -> NoReturn:
    raise KeyboardInterrupt


def test_ctrl_c_during_the_last_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_main, "run_client", interrupt)
    assert _main.main(["ws://peer.test/"]) == 128 + signal.SIGINT


def test_ctrl_c_while_it_opens(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    monkeypatch.setattr(_client, "open_websocket", interrupt)
    assert _main.main(["ws://peer.test/"]) == 128 + signal.SIGINT
    assert "interrupted before the connection was open" in capfd.readouterr().err
