"""Checks that a call comes from trio's run, and from the thread of that run."""

from __future__ import annotations

import threading
from typing import NoReturn

import sniffio
import trio


def require_trio_run(what: str) -> None:
    """Refuse what works only within ``trio.run()``.

    Args:
      what: the call, for the message, such as ``open_websocket()``.

    Raises:
      RuntimeError: there is no trio run in this thread.
    """
    try:
        trio.lowlevel.current_clock()  # raises outside of a run; in_trio_run() came in trio 0.29
    except RuntimeError:
        pass
    else:
        return
    try:
        found = f"a task of {sniffio.current_async_library()}"
    except sniffio.AsyncLibraryNotFoundError:
        found = "no trio run in this thread"
    raise RuntimeError(
        f"expected {what} within trio.run(), got {found}: start the program with"
        " trio.run(main), or from another thread with trio.from_thread.run()"
    )


def refuse_thread(what: str) -> NoReturn:
    """Refuse a call from another thread than the one of the object's trio run.

    Args:
      what: the call, for the message, such as ``send()``.

    Raises:
      RuntimeError: always.
    """
    name = threading.current_thread().name
    raise RuntimeError(
        f"expected {what} in the thread of its trio run, got it in the thread {name!r}:"
        f" call it by trio.from_thread.run_sync()"
    )
