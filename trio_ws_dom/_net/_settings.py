"""What a connection is made from, decided and checked by the layers above."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final, Literal, final

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from http.cookiejar import CookieJar

    import trio

    from .._trace._records import TraceRecord
    from ._address import Address
    from ._dial._proxy import Proxy

_numbers: Final = count(1)


def next_number() -> int:
    """Return a number that no other connection of this process has, for logs and traces."""
    return next(_numbers)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What holds for a connection of either end, as long as it lives."""

    max_buffered_amount: int | None
    close_timeout: float
    cancelled_close_timeout: float
    listener_timeout: float
    ping_interval: float | None
    ping_timeout: float | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The parameters of one connection's opening, dropped when it is open.

    ``ConnectOptions`` documents the options.

    Secrets stay out of ``repr()``, which tracebacks with locals show.

    Attributes:
      address: the URL's.
      connect_to: the host and port to dial, the URL's unless the program says otherwise.
      server_hostname: the name to verify by TLS and to send as SNI; likewise.
      proxy: True: what the environment says.
      number: the connection's own in this process, see :func:`next_number`.
    """

    bounds: Bounds
    address: Address
    connect_to: tuple[str, int]
    server_hostname: str
    protocols: tuple[str, ...] = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)  # among them an Authorization
    cookies: CookieJar | None = field(repr=False)
    ssl_context: ssl.SSLContext | None
    local_address: str | None
    address_timeout: float
    proxy_ssl_context: ssl.SSLContext | None
    stream: trio.abc.Stream | None
    proxy: Proxy | Literal[True] | None
    compression: bool
    max_message_size: int | None
    serialize_connects: bool
    open_timeout: float
    trace: Callable[[TraceRecord], object] | None
    number: int = field(default_factory=next_number)
