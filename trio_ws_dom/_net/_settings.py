"""What a connection is made from, decided and checked by the layers above."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    import ssl
    from http.cookiejar import CookieJar

    import trio


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One connection's parameters; the options' own documentation is ``ConnectOptions``'s.

    Attributes:
      where: the URL without credentials, for messages.
      host: to be resolved and verified: a name in ASCII, or an address without brackets.
      port: TCP port.
      secure: whether the scheme is ``wss``.
      authority: the Host header's value.
      target: path and query.
    """

    where: str
    host: str
    port: int
    secure: bool
    authority: str
    target: str
    protocols: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    cookies: CookieJar | None
    ssl_context: ssl.SSLContext | None
    stream: trio.abc.Stream | None
    compression: bool
    max_message_size: int | None
    max_buffered_amount: int | None
    serialize_connects: bool
    open_timeout: float
    close_timeout: float
    cancelled_close_timeout: float
