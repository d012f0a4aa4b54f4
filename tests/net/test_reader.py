"""How a plain socket is read."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
import trio

from trio_ws_dom._net._reader import receiver

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its sockets are no files")


@pytest.mark.real
async def test_a_read_that_finds_nothing_waits_again(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [BlockingIOError()]
    read: Callable[[int, int], bytes] = os.read

    def read_after_a_failure(descriptor: int, size: int) -> bytes:
        if failures:
            raise failures.pop()
        return read(descriptor, size)

    ours, theirs = trio.socket.socketpair()
    with ours, theirs:
        await theirs.send(b"data")
        monkeypatch.setattr(os, "read", read_after_a_failure)
        assert await receiver(trio.SocketStream(ours))(100) == b"data"
    assert not failures
