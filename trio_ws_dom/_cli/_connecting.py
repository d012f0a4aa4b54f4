"""The options of the library that the command line's arguments make."""

from __future__ import annotations

import ssl
from http.cookiejar import LoadError, MozillaCookieJar
from pathlib import Path
from typing import TYPE_CHECKING

from .. import ConnectOptions

if TYPE_CHECKING:
    from ._arguments import Arguments


class BadArgument(Exception):
    """An argument, or a file that it names, is of no use."""


def options_of(arguments: Arguments) -> ConnectOptions:
    """What to connect with.

    Raises:
      BadArgument: says which, and why.
    """
    options = ConnectOptions(headers=_headers(arguments), compression=arguments.compression)
    if arguments.origin is not None:
        options["origin"] = arguments.origin
    if arguments.proxy is not None or arguments.no_proxy:
        options["proxy"] = arguments.proxy
    if arguments.cookie_jar is not None:
        options["cookies"] = _cookie_jar(arguments.cookie_jar)
    if arguments.cacert or arguments.cert or arguments.insecure:
        options["ssl_context"] = _ssl_context(arguments)
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


def url_of(arguments: Arguments) -> str:
    """The URL; what has no scheme is a host."""
    return arguments.url if "://" in arguments.url else f"ws://{arguments.url}"


def _headers(arguments: Arguments) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]] = []
    for header in arguments.header:
        name, colon, value = header.partition(":")
        if not colon:  # it is not shown: it may be a secret's value alone
            raise BadArgument("--header: expected 'NAME: VALUE', got no colon")
        headers.append((name.strip(), value.strip()))
    for cookie in arguments.cookie:
        if not cookie.partition("=")[1]:
            raise BadArgument("--cookie: expected NAME=VALUE, got no =")
    if arguments.cookie:
        headers.append(("Cookie", "; ".join(arguments.cookie)))
    return headers


def _cookie_jar(path: str) -> MozillaCookieJar:
    jar = MozillaCookieJar(path)
    if Path(path).exists():
        try:
            jar.load(ignore_discard=True)
        except (LoadError, UnicodeDecodeError):  # whose messages quote the line, so the cookie
            raise BadArgument(f"--cookie-jar: {path} has not Netscape's form") from None
        except OSError as exc:
            raise BadArgument(f"--cookie-jar: {exc}") from exc
    return jar


def _ssl_context(arguments: Arguments) -> ssl.SSLContext:
    option = "--cacert"
    try:
        context = ssl.create_default_context(cafile=arguments.cacert)
        if arguments.cert is not None:
            option = "--cert"
            context.load_cert_chain(arguments.cert, arguments.key)
    except OSError as exc:  # ssl.SSLError is one
        raise BadArgument(f"{option}: {exc}") from exc
    if arguments.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context
