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
    """Return what to call instead of dialling; None: dial.

    Raises:
      PermissionError: a fake server refuses to let others be dialled.
    """
    servers = interceptors.get({})
    if settings.stream is not None or not servers:
        return None
    endpoint = _endpoint_of(settings)
    if endpoint in servers:
        return servers[endpoint].connect
    if any(server.only for server in servers.values()):
        raise PermissionError(
            f"expected the address of a fake server ({_listed(servers)}), got {endpoint};"
            " open_fake_server(only=True) refuses all others"
        )
    return None


def _endpoint_of(settings: Settings) -> Endpoint:
    return Endpoint(settings.secure, settings.host, settings.port)


def _listed(servers: dict[Endpoint, Interceptor]) -> str:
    return ", ".join(map(str, servers))
