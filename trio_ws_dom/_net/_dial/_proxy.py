"""A proxy, as its URL describes it, and its failures."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, final
from urllib.parse import unquote_to_bytes

from ..._wire._http._response import message_of

if TYPE_CHECKING:
    from email.message import Message

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
    """A proxy was not reached, refused, or did not follow its protocol.

    It is the ``__cause__`` of the :class:`WebSocketError`.

    Attributes:
      status: what the proxy answered: an HTTP status such as 407, or a SOCKS reply such as 5,
        "connection refused"; None: nothing of the kind.
      headers: those of an HTTP proxy's answer; without one, none.
      wants_credentials: whether it refused for want of credentials, or of others.
    """

    def __init__(
        self,
        where: object,
        message: str,
        status: int | None = None,
        headers: Message | None = None,
        *,
        wants_credentials: bool = False,
    ) -> None:
        super().__init__(f"{where}: {message}")
        self.status = status
        self.headers: Message = message_of(()) if headers is None else headers
        self.wants_credentials = wants_credentials

    def __reduce__(self) -> tuple[Any, ...]:  # not through __init__, which takes other arguments
        return _restore_error, (self.args[0],), self.__dict__


def _restore_error(message: str) -> ProxyError:
    error = ProxyError.__new__(ProxyError)
    OSError.__init__(error, message)
    return error


@final
@dataclass(frozen=True, slots=True)
class Proxy:
    """Where a proxy is, what it speaks, and its credentials, which ``str()`` and ``repr()`` omit.

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
    def tls_name(self) -> str:
        """The name to verify and to send as SNI, which has no trailing dot (RFC 6066 section 3)."""
        return self.host.removesuffix(".")

    @property
    def authorization(self) -> str:
        """The Proxy-Authorization header's value (RFC 7617 section 2), or ""."""
        if not (self.username or self.password):
            return ""
        return "Basic " + base64.b64encode(self.username + b":" + self.password).decode("ascii")


def host_and_port(host: str, port: int) -> str:
    """Return both as in a URL's authority, with an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_proxy(url: str) -> Proxy:
    """Return the proxy that a URL describes.

    Raises:
      ValueError: the URL is a bad one. Of it the message shows no more than the scheme, as a
        password may be anywhere in a URL that is not well formed.
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
