"""Which proxy a connection takes: the option's, the environment's or the system's, or none.

The environment is read as the standard library reads it, which other Python clients lean on, too.
"""

from __future__ import annotations

import ipaddress
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import trio

from ._proxy import ProxyError, host_and_port, parse_proxy

if TYPE_CHECKING:
    from .._settings import Settings
    from ._proxy import Proxy

# RFC 6455 section 4.1 would have a client take a SOCKS proxy if there is one, else that for HTTPS,
# else that for HTTP; browsers do so. For wss one that is meant for plain HTTP is not taken.
_KINDS: Final = {
    True: ("wss", "socks", "https", "all"),
    False: ("ws", "socks", "https", "http", "all"),
}

_SYSTEMS_WITH_SETTINGS: Final = ("darwin", "win32")


async def choose_proxy(settings: Settings) -> Proxy | None:
    """The proxy to dial through; None: dial the server.

    Raises:
      ProxyError: the environment names one that is none.
    """
    if settings.proxy is not True:
        return settings.proxy
    if sys.platform not in _SYSTEMS_WITH_SETTINGS and not _environment_names_any():
        return None
    from urllib.request import getproxies, getproxies_environment  # slow to import

    configured = getproxies()
    kind = next((kind for kind in _KINDS[settings.secure] if kind in configured), None)
    if kind is None:
        return None
    if getproxies_environment():
        bypassed = _is_bypassed(settings, configured)
    else:  # the system's settings, on macOS and Windows: to compare, these may ask the resolver
        bypassed = await trio.to_thread.run_sync(
            _is_bypassed, settings, configured, abandon_on_cancel=True
        )
    return None if bypassed else _parse(kind, configured[kind])


def _environment_names_any() -> bool:
    """A quick look, as the standard library's takes a tenth of the time of a connection."""
    return b"_proxy" in b" ".join(os.environb).lower()


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


def _is_bypassed(settings: Settings, configured: dict[str, str]) -> bool:
    """Whether ``no_proxy``, or the system's list of exceptions, has the server."""
    from urllib.request import proxy_bypass

    listed = proxy_bypass(host_and_port(*settings.connect_to))
    return bool(listed) or _is_in_networks(settings.connect_to[0], configured.get("no", ""))


def _is_in_networks(host: str, no_proxy: str) -> bool:
    """Whether an address is in ``no_proxy``, also by a network such as ``10.0.0.0/8``, which the
    standard library does not look for."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:  # a name
        return False
    for entry in no_proxy.split(","):
        with suppress(ValueError):  # a name
            if address in ipaddress.ip_network(entry.strip(), strict=False):
                return True
    return False
