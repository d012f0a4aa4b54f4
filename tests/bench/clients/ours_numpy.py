"""trio_ws_dom with `onmessage`, in a program that has imported numpy."""

from __future__ import annotations

import numpy  # noqa: F401  # where it is imported, long messages are masked by it

from bench.clients.ours_callbacks import connect, echo, receive, run, send

__all__ = ["connect", "echo", "receive", "run", "send"]
