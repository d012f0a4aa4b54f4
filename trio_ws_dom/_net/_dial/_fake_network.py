"""Addresses whose server is in this process: the way in for :mod:`trio_ws_dom.testing`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

import trio

if TYPE_CHECKING:
    from .._settings import Settings


class Place(NamedTuple):
    """Where a URL leads to."""

    secure: bool
    host: str
    port: int


interceptors: Final = trio.lowlevel.RunVar[dict[Place, Callable[[], trio.abc.Stream]]](
    "interceptors"
)
"""Within a trio run, for each place what gives the client's end of a new connection, with TLS
done; it raises OSError as dialling does."""


def intercepted(settings: Settings) -> Callable[[], trio.abc.Stream] | None:
    """What to call in place of dialling, if anything."""
    if settings.stream is not None:
        return None
    place = Place(settings.secure, settings.host, settings.port)
    return interceptors.get({}).get(place)
