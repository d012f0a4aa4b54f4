"""The program's entry point."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import trio

from ._arguments import EchoArguments, parse
from ._client import run_client
from ._exit_status import SIGNALLED

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status."""
    parsed = parse(arguments)
    status = SIGNALLED + signal.SIGINT
    try:
        if isinstance(parsed, EchoArguments):
            from ._echo import run_echo  # trio-websocket is slow to import

            status = trio.run(run_echo, parsed)
        else:
            status = trio.run(run_client, parsed)
    except* KeyboardInterrupt:
        pass  # pressed again while the last lines were written
    return status
