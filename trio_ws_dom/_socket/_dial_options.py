"""Checks of the options that say how a socket dials."""

from __future__ import annotations

import ipaddress
import re
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Literal

import trio

from .._dom._errors import DOMException
from .._net._dial._proxy import parse_proxy
from ._option_checks import flag_of, instance_of, seconds_of, text_of
from ._url import parse_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._net._address import Address
    from .._net._dial._proxy import Proxy

DEFAULT_OPEN_TIMEOUT: Final = 60.0
DEFAULT_ADDRESS_TIMEOUT: Final = 10.0

_NOT_OF_A_HOST: Final = re.compile(r"[\s/\\?#@:\[\]]")
"""What would end a host's name within a URL, or be left out of it."""


def dial_options(
    address: Address, options: Mapping[str, object], *, stream_follows: bool
) -> dict[str, Any]:
    """Check the options of dialling, and return them as arguments of ``Settings``.

    Args:
      stream_follows: whether the program will give a stream later.

    Raises:
      TypeError: for one of the wrong type.
      ValueError: for one out of range, or beside a stream, which leaves nothing to dial.
    """
    stream = instance_of(options, "stream", trio.abc.Stream)  # type: ignore[type-abstract]  # none is made
    has_stream = stream_follows or stream is not None
    if has_stream:
        _check_nothing_to_dial(options)
    return {
        "ssl_context": instance_of(options, "ssl_context", ssl.SSLContext),
        "server_hostname": _server_hostname(address, options),
        "connect_to": _connect_to(address, options),
        "local_address": _local_address(options),
        "address_timeout": seconds_of(options, "address_timeout", DEFAULT_ADDRESS_TIMEOUT),
        "proxy": None if has_stream else _proxy(options),
        "proxy_ssl_context": instance_of(options, "proxy_ssl_context", ssl.SSLContext),
        "stream": stream,
        "serialize_connects": flag_of(options, "serialize_connects", True),
        "open_timeout": seconds_of(options, "open_timeout", DEFAULT_OPEN_TIMEOUT),
    }


def _check_nothing_to_dial(options: Mapping[str, object]) -> None:
    _proxy(options)
    for name in ("proxy", "connect_to", "local_address"):
        if options.get(name) not in (None, True):  # a proxy of True is the default
            raise ValueError(
                f"expected {name} or stream, which is used instead of dialling, got both"
            )


def _connect_to(address: Address, options: Mapping[str, object]) -> tuple[str, int]:
    given = options.get("connect_to")
    if given is None:
        return address.host, address.port
    match given:
        case (str(host), int(port)) if not isinstance(port, bool):
            if 0 < port < 65536:
                return _host("connect_to", host), port
            raise ValueError(f"expected connect_to with a port from 1 to 65535, got {port}")
        case _:
            raise TypeError(f"expected connect_to as a host and a port, (str, int), got {given!r}")


def _server_hostname(address: Address, options: Mapping[str, object]) -> str:
    given = text_of(options, "server_hostname")
    if given is None:
        return address.tls_name
    return _host("server_hostname", given).removesuffix(".")  # RFC 6066 section 3


def _host(option: str, given: str) -> str:
    """Return a host's name as a URL would have it, and an IP address as it is."""
    try:
        ipaddress.ip_address(given)
    except ValueError:
        pass
    else:
        return given
    if not _NOT_OF_A_HOST.search(given):
        with suppress(DOMException):
            return parse_url(f"ws://{given}/", None).host
    raise ValueError(f"expected {option} with a host's name or IP address, got {given!r}")


def _local_address(options: Mapping[str, object]) -> str | None:
    given = text_of(options, "local_address")
    if given is not None:
        try:
            ipaddress.ip_address(given)
        except ValueError:
            raise ValueError(
                f"expected local_address as an IP address of this machine, got {given!r}"
            ) from None
    return given


def _proxy(options: Mapping[str, object]) -> Proxy | Literal[True] | None:
    given = options.get("proxy", True)
    if isinstance(given, str):
        return parse_proxy(given)
    if given is None or given is True:
        return given
    kind = type(given).__name__  # and not its value, as it may hold a password
    raise TypeError(f"expected proxy as a URL in a str, True or None, got {kind}")
