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
    from ._dial._proxy import Proxy

_numbers: Final = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What holds for a connection of either end.

    Attributes:
      number: the connection's own in this process, to tell it from others in logs and traces.
    """

    max_buffered_amount: int | None
    close_timeout: float
    cancelled_close_timeout: float
    listener_timeout: float
    ping_interval: float | None
    ping_timeout: float | None
    number: int = field(default_factory=_numbers.__next__)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(Bounds):
    """One connection's parameters; the options' own documentation is ``ConnectOptions``'s.

    Attributes:
      where: the URL without credentials, for messages.
      host: to be resolved and verified: a name in ASCII, or an address without brackets.
      port: TCP port.
      secure: whether the scheme is ``wss``.
      authority: the Host header's value.
      target: path and query.
      proxy: True: what the environment says.
    """

    where: str
    host: str
    port: int
    secure: bool
    authority: str
    target: str
    protocols: tuple[str, ...]
    headers: tuple[tuple[str, str], ...] = field(repr=False)  # among them an Authorization
    cookies: CookieJar | None
    ssl_context: ssl.SSLContext | None
    stream: trio.abc.Stream | None
    proxy: Proxy | Literal[True] | None
    compression: bool
    max_message_size: int | None
    serialize_connects: bool
    open_timeout: float
    trace: Callable[[TraceRecord], object] | None
