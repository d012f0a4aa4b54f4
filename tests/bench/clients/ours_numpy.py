"""trio_ws_dom by ``onmessage``, in a program that has imported numpy."""

from __future__ import annotations

import numpy  # noqa: F401  # once it is imported, it masks long messages

from bench.clients.ours_callbacks import connect, echo, receive, run, send

__all__ = ["connect", "echo", "receive", "run", "send"]
