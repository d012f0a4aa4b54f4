"""The library's options and URL that the command line's arguments ask for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .. import ConnectOptions
from ._bad_argument import BadArgument

if TYPE_CHECKING:
    from ._arguments import Arguments

_NUMBER_AS_HOST: Final = re.compile(r"(?:\w+://)?:?(\d{1,5})(?![^/?#])")
"""A URL whose host is a number. By the URL standard 9207 is the address 0.0.35.247, but
somebody who types it means a port."""

_SCHEME: Final = re.compile(r"\w[\w+.-]*://|(?:wss?|https?):(?!\d+(?:[/?#]|$))")


def connect_options(arguments: Arguments) -> ConnectOptions:
    """Return the options, but for a stream, which takes time to connect.

    Raises:
      BadArgument: says which argument is wrong, and why.
    """
    options = ConnectOptions(headers=_headers(arguments), compression=arguments.compression)
    if arguments.origin is not None:
        options["origin"] = arguments.origin
    if arguments.proxy is not None or arguments.no_proxy:
        options["proxy"] = arguments.proxy
    if arguments.connect_to is not None:
        options["connect_to"] = arguments.connect_to
    if arguments.interface is not None:
        options["local_address"] = arguments.interface
    if arguments.cookie_jar is not None:
        from ._cookie_file import load_cookies  # what it needs is slow to import

        options["cookies"] = load_cookies(arguments.cookie_jar)
    if arguments.cacert or arguments.cert or arguments.insecure:
        from ._tls import make_ssl_context

        options["ssl_context"] = make_ssl_context(arguments)
    if arguments.max_size is not None:
        options["max_message_size"] = arguments.max_size or None
    if arguments.open_timeout is not None:
        options["open_timeout"] = arguments.open_timeout
    if arguments.close_timeout is not None:
        options["close_timeout"] = arguments.close_timeout
    if arguments.ping_interval is not None:
        options["ping_interval"] = arguments.ping_interval
    if arguments.ping_timeout is not None:
        options["ping_timeout"] = arguments.ping_timeout
    return options


def complete_url(given: str) -> str:
    """Return the URL with a scheme, which is ws where none is given.

    Raises:
      BadArgument: it is a number.
    """
    number = _NUMBER_AS_HOST.match(given)
    if number is not None:
        raise BadArgument(
            f"expected a URL or a host, got the number {number[1]};"
            f" for that port of this machine: trio-ws-dom ws://localhost:{number[1]}"
        )
    return given if _SCHEME.match(given) else f"ws://{given}"


def _headers(arguments: Arguments) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]] = []
    for header in arguments.header:
        name, colon, value = header.partition(":")
        if not colon:  # it is not shown, as it may be a secret's value alone
            raise BadArgument("--header: expected 'NAME: VALUE', got no colon")
        headers.append((name.strip(), value.strip()))
    for cookie in arguments.cookie:
        if not cookie.partition("=")[1]:
            raise BadArgument("--cookie: expected NAME=VALUE, got no =")
    if arguments.cookie:
        headers.append(("Cookie", "; ".join(arguments.cookie)))
    return headers
