"""What the servers in Python share: telling the port, and serving until standard input ends."""

from __future__ import annotations

import asyncio
import sys


async def until_told(port: int) -> None:
    """Tell where we listen; return when whoever started us is gone, or wants us gone."""
    print(port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def thirds(message: str | bytes) -> list[str | bytes]:
    """The fragments of a message; at least three, of which some may be empty."""
    third = len(message) // 3
    return [message[:third], message[third : 2 * third], message[2 * third :]]
