"""What the system and the resolver say when nothing can be connected to, in the words of errors."""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SHOWN: Final = 6
"""Addresses that a message names, as a resolver may return any number."""

_WORDS: Final = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection closed",
    errno.ETIMEDOUT: "timed out",
    errno.EHOSTUNREACH: "host unreachable",
    errno.ENETUNREACH: "network unreachable",
}
"""The commonest errors, in the same words on every system."""

_NOT_OF_THE_HOST: Final = frozenset((errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL))
"""Errors that say what this machine lacks, mostly IPv6, and nothing about the host."""


def failure_of(failures: Mapping[str, OSError]) -> OSError:
    """Return one error for what all addresses of a host said.

    Args:
      failures: by address, in order.

    Returns:
      an OSError with the ``errno`` of the others if they failed alike, which makes it a
      ConnectionRefusedError and the like; its cause is then the first of them. Otherwise one
      without ``errno``, whose cause is the group of them.
    """
    said = list(failures.values())
    of_the_host = [exc for exc in said if exc.errno not in _NOT_OF_THE_HOST] or said
    codes = {exc.errno for exc in of_the_host}
    words = {words_of(exc) for exc in said}
    if len(words) == 1:
        message = f"{words.pop()} (tried {listed(list(failures))})"
    else:
        each = [f"{address} ({words_of(exc)})" for address, exc in failures.items()]
        message = f"no address accepts connections: {listed(each)}"
    code = codes.pop()
    if codes or code is None:
        failure = OSError(message)
        group = ExceptionGroup("what each address said", said)
        failure.__cause__ = said[0] if len(said) == 1 else group
    else:
        failure = OSError(code, message)
        failure.__cause__ = of_the_host[0]
    return failure


def describe(exc: Exception) -> str:
    """Return what an error says, without its number."""
    said = exc.strerror if isinstance(exc, OSError) else None
    return said or str(exc) or type(exc).__name__


def not_found(host: str, exc: socket.gaierror) -> socket.gaierror:
    """Return a resolver's error with the name in it."""
    words = "name not found" if exc.errno == socket.EAI_NONAME else "name not resolved"
    return socket.gaierror(exc.errno, f"{words}: {host} ({describe(exc)})")


def words_of(exc: OSError) -> str:
    """Return what the system says, in as few words as there are."""
    if exc.errno is None:
        return describe(exc)
    return _WORDS.get(exc.errno) or os.strerror(exc.errno)


def listed(names: Sequence[str]) -> str:
    """Return a list for a message, which names the first ones."""
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
