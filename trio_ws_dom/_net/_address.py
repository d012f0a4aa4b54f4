"""Where a connection goes, as its URL says."""

from __future__ import annotations

from typing import NamedTuple


class Address(NamedTuple):
    """A parsed WebSocket URL.

    Attributes:
      href: the whole URL, serialized, as the ``url`` attribute shows it.
      where: scheme, host, port and path, for messages, logs, traces and names of tasks.
      label: name of the socket's task.
      origin: the URL's origin, as ``MessageEvent.origin`` shows it.
      host: name or address to resolve, without the brackets of an IPv6 address.
      authority: value of the Host header.
      target: path and query.
      authorization: value of the Authorization header for the URL's credentials, or "".
    """

    href: str
    where: str
    label: str
    origin: str
    secure: bool
    host: str
    port: int
    authority: str
    target: str
    authorization: str

    def __repr__(self) -> str:
        # secrets are in it, and tracebacks can show local variables
        return f"<Address {self.where}>"

    @property
    def tls_name(self) -> str:
        """Name to verify and to send as SNI, which has no trailing dot (RFC 6066, section 3)."""
        return self.host.removesuffix(".")
