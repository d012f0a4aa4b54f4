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

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'wss' if self.secure else 'ws'}://{host}:{self.port}"


class Interceptor(NamedTuple):
    """What connects to a fake server.

    Attributes:
      connect: returns the client's end of a new connection. For ``wss:`` TLS counts as done. It
        raises OSError as dialling does.
      only: whether endpoints without a fake server are refused.
    """

    connect: Callable[[], trio.abc.Stream]
    only: bool


interceptors: Final = trio.lowlevel.RunVar[dict[Endpoint, Interceptor]]("interceptors")
"""The fake servers within a trio run."""


def intercepted(settings: Settings) -> Callable[[], trio.abc.Stream] | None:
    """Return what to call instead of dialling.

    Returns None to dial.

    Raises:
      ValueError: a fake server refuses to let other addresses be dialled.
    """
    servers = interceptors.get({})
    if settings.stream is not None or not servers:
        return None
    endpoint = _endpoint_of(settings)
    if endpoint in servers:
        return servers[endpoint].connect
    if _are_exclusive(servers):
        raise ValueError(
            f"expected the address of a fake server ({_listed(servers)}), got {endpoint};"
            " open_fake_server(only=True) refuses all others"
        )
    return None


def note_fake_servers(settings: Settings, failure: Exception) -> None:
    """Add a note to a failure to open if there are fake servers, but not at this address."""
    servers = interceptors.get({})
    if not servers or settings.stream is not None or _are_exclusive(servers):
        return
    endpoint = _endpoint_of(settings)
    if endpoint not in servers:
        failure.add_note(
            f"{endpoint} was dialled by the network, as no fake server has this address; there are:"
            f" {_listed(servers)}"
        )


def _are_exclusive(servers: dict[Endpoint, Interceptor]) -> bool:
    return any(server.only for server in servers.values())


def _endpoint_of(settings: Settings) -> Endpoint:
    return Endpoint(settings.address.secure, settings.address.host, settings.address.port)


def _listed(servers: dict[Endpoint, Interceptor]) -> str:
    return ", ".join(map(str, servers))
