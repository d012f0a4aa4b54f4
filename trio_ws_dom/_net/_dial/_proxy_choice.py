"""Which proxy a connection takes, by the option, the environment or the system.

The environment is read as the standard library reads it, on which other Python clients rely, too.
"""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import trio

from ._proxy import ProxyError, host_and_port, parse_proxy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._settings import Settings
    from ._proxy import Proxy

# RFC 6455 section 4.1 would have a client take a SOCKS proxy if there is one, else that for HTTPS,
# else that for HTTP; browsers do so. For wss one that is meant for plain HTTP is not taken.
_KINDS: Final = {
    True: ("wss", "socks", "https", "all"),
    False: ("ws", "socks", "https", "http", "all"),
}

_DOT_AT_THE_END: Final = re.compile(r"\.(?=(?::[0-9]+)?\Z)")
"""Of a name, before its port if there is one."""

_SYSTEMS_WITH_SETTINGS: Final = ("darwin", "win32")


async def choose_proxy(settings: Settings) -> Proxy | None:
    """Return the proxy to dial through.

    Returns None to dial the server itself.

    Raises:
      ProxyError: the environment's value is no proxy.
    """
    if settings.proxy is not True:
        return settings.proxy
    if sys.platform not in _SYSTEMS_WITH_SETTINGS and not _environment_names_any():
        return None
    # slow to import
    from urllib.request import getproxies, getproxies_environment, proxy_bypass

    configured = getproxies()
    kind = next((kind for kind in _KINDS[settings.address.secure] if kind in configured), None)
    if kind is None:
        return None
    host, port = settings.connect_to
    host = host.removesuffix(".")  # which says the same in DNS
    if getproxies_environment():
        bypassed = _is_excepted(host, port, configured.get("no", ""))
    else:  # the system's settings, on macOS and Windows: to compare, these may ask the resolver
        bypassed = await trio.to_thread.run_sync(
            proxy_bypass, host_and_port(host, port), abandon_on_cancel=True
        )
    return None if bypassed else _parse(kind, configured[kind])


def _environment_names_any() -> bool:
    """Return quickly whether there may be any, as most often there is none.

    By the standard library this takes a quarter of the time of a connection, and by going through
    ``os.environb`` a thirtieth, so its own dict is asked where it has one.
    """
    names: Iterable[bytes] = getattr(os.environb, "_data", os.environb)
    return b"_proxy" in b" ".join(names).lower()


def _parse(kind: str, value: str) -> Proxy:
    scheme, separator, rest = value.strip().partition("://")
    if not separator:  # as curl takes them
        scheme, rest = "http", scheme
    # macOS has a SOCKS proxy as http://, Windows as socks://, and so has GNOME in all_proxy
    if scheme == "socks" or (kind == "socks" and scheme == "http"):
        scheme = "socks5h"
    try:
        return parse_proxy(f"{scheme}://{rest}")
    except ValueError as exc:
        raise ProxyError(f"{kind}_proxy of the environment", str(exc)) from None


def _is_excepted(host: str, port: int, no_proxy: str) -> bool:
    """Return whether ``no_proxy`` has a host.

    As the standard library reads it, which knows names, what is below them, and ports; and as other
    programs do, with ``*.example.com``, a trailing dot, and networks such as ``10.0.0.0/8``.
    """
    if no_proxy.strip() == "*":
        return True
    entries = [entry.strip().lower() for entry in no_proxy.split(",")]
    with_port = host_and_port(host, port)
    without = with_port.rpartition(":")[0]
    for entry in entries:
        name = "." + _DOT_AT_THE_END.sub("", entry.removeprefix("*.").lstrip("."))
        if name != "." and (f".{without}".endswith(name) or f".{with_port}".endswith(name)):
            return True
    return _is_in_networks(host, entries)


def _is_in_networks(host: str, entries: list[str]) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:  # a name
        return False
    for entry in entries:
        with suppress(ValueError):  # a name
            if address in ipaddress.ip_network(entry, strict=False):
                return True
    return False
