"""The program's exit statuses, as --help lists them."""

from __future__ import annotations

from typing import Final

GOOD: Final = 0
BROKEN: Final = 1
USAGE: Final = 2
NOT_OPENED: Final = 3
SENT_AWAY: Final = 4
SIGNALLED: Final = 128
"""Plus the signal's number, as in shells."""
