"""trio_ws_dom by ``onmessage``, in a program that has imported numpy."""

from __future__ import annotations

import importlib

from bench.clients.ours_callbacks import connect, echo, receive, run, send

importlib.import_module("numpy")  # once it is imported, it masks long messages

__all__ = ["connect", "echo", "receive", "run", "send"]
