"""Endpoints whose server is in this process, which :mod:`trio_ws_dom.testing` registers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

import trio

if TYPE_CHECKING:
    from .._settings import Settings


class Endpoint(NamedTuple):
    """Where a URL leads to."""

    secure: bool
    host: str
    port: int


interceptors: Final = trio.lowlevel.RunVar[dict[Endpoint, Callable[[], trio.abc.Stream]]](
    "interceptors"
)
"""Within a trio run, for each endpoint the function that returns the client's end of a new
connection. For ``wss:`` TLS counts as done. It raises OSError as dialling does."""


def intercepted(settings: Settings) -> Callable[[], trio.abc.Stream] | None:
    """Return what to call instead of dialling; None: dial."""
    if settings.stream is not None:
        return None
    endpoint = Endpoint(settings.secure, settings.host, settings.port)
    return interceptors.get({}).get(endpoint)
