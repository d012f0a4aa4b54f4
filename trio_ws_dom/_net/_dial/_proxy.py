"""A proxy, as its URL describes it, and what goes wrong with one."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import Any, Final, final
from urllib.parse import unquote_to_bytes

_DEFAULT_PORTS: Final = {
    "http": 80,
    "https": 443,
    "socks4": 1080,
    "socks4a": 1080,
    "socks5": 1080,
    "socks5h": 1080,
}

_MAX_PORT: Final = 0xFFFF

# by a pattern of its own: the message of urlsplit()'s ValueError quotes the URL
_URL: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://"
    r"(?:(?P<username>[^:/?#@]*)(?::(?P<password>[^/?#]*))?@)?"
    r"(?:\[(?P<address>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._~-]+))"  # an IDN in its ASCII form
    r"(?::(?P<port>[0-9]{1,5}))?/?",
    re.ASCII | re.IGNORECASE,
)

_SOCKS_CREDENTIAL: Final = re.compile(rb"[\x01-\x7f]{0,255}")
"""RFC 1929 has a byte for the length, SOCKS4 ends its user with NUL; python-socks takes ASCII."""


@final
class ProxyError(OSError):
    """A proxy was not there, refused, or did not speak as it should: the ``__cause__`` of the
    :class:`WebSocketError`.

    Attributes:
      status: what the proxy answered: an HTTP status such as 407, or a SOCKS reply such as 5,
        "connection refused"; None: nothing of the kind.
    """

    def __init__(self, where: object, message: str, status: int | None = None) -> None:
        super().__init__(f"{where}: {message}")
        self.status = status

    def __reduce__(self) -> tuple[Any, ...]:  # not through __init__, which takes other arguments
        return _restore_error, (self.args[0],), self.__dict__


def _restore_error(message: str) -> ProxyError:
    error = ProxyError.__new__(ProxyError)
    OSError.__init__(error, message)
    return error


@final
@dataclass(frozen=True, slots=True)
class Proxy:
    """Where a proxy is, what it speaks, and what it is told; ``str()`` and ``repr()`` are without
    credentials.

    Attributes:
      scheme: http, https, socks4, socks4a, socks5 or socks5h.
      host: a name, or an address without brackets.
      username: percent-decoded; empty: none.
      password: likewise.
    """

    scheme: str
    host: str
    port: int
    username: bytes = field(default=b"", repr=False)
    password: bytes = field(default=b"", repr=False)

    def __str__(self) -> str:
        return f"proxy {self.scheme}://{host_and_port(self.host, self.port)}"

    @property
    def authorization(self) -> str:
        """The Proxy-Authorization header's value (RFC 7617 section 2), or ""."""
        if not (self.username or self.password):
            return ""
        return "Basic " + base64.b64encode(self.username + b":" + self.password).decode("ascii")


def host_and_port(host: str, port: int) -> str:
    """As in a URL's authority: an IPv6 address is in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_proxy(url: str) -> Proxy:
    """The proxy that a URL is of.

    Raises:
      ValueError: says what was expected. Of what came it shows the scheme at most, as a password
        may be anywhere in a URL that is not well formed.
    """
    parsed = _URL.fullmatch(url)
    if parsed is None or int(parsed["port"] or 0) > _MAX_PORT:
        raise ValueError(
            "expected a proxy as a URL such as http://user:password@proxy.example:3128 (a / ? or #"
            " in the password is percent-encoded), got one of another form"
        )
    scheme = parsed["scheme"].lower()
    if scheme not in _DEFAULT_PORTS:
        known = ", ".join(_DEFAULT_PORTS)
        raise ValueError(f"expected a proxy whose scheme is one of {known}, got {scheme!r}")
    username, password = _decoded(parsed["username"]), _decoded(parsed["password"])
    if scheme.startswith("socks"):
        _check_socks(scheme, username, password)
    host = (parsed["address"] or parsed["name"]).lower()
    return Proxy(scheme, host, int(parsed["port"] or _DEFAULT_PORTS[scheme]), username, password)


def _decoded(text: str | None) -> bytes:
    # an environment variable's bytes that are no UTF-8 are surrogates here
    return unquote_to_bytes((text or "").encode("utf-8", "surrogateescape"))


def _check_socks(scheme: str, username: bytes, password: bytes) -> None:
    for text in (username, password):
        if not _SOCKS_CREDENTIAL.fullmatch(text):
            raise ValueError("expected a SOCKS user and password of at most 255 ASCII characters")
    if scheme.startswith("socks5") and bool(username) != bool(password):
        raise ValueError("expected a SOCKS5 user and password, or neither, got one of them")
