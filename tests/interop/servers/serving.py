"""The common part of the servers in Python, which report the port and serve until stdin ends."""

from __future__ import annotations

import asyncio
import sys


async def wait_until_stopped(port: int) -> None:
    """Print the port, and return when standard input ends."""
    print(port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def thirds(message: str | bytes) -> list[str | bytes]:
    """Return the fragments of a message, at least three, of which some may be empty."""
    third = len(message) // 3
    return [message[:third], message[third : 2 * third], message[2 * third :]]
