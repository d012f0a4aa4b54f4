"""URLs and subprotocols, as the constructor's algorithm wants them.

https://websockets.spec.whatwg.org/#dom-websocket-websocket

Most programs give plain URLs: ASCII, lower case, nothing to normalise. `_PLAIN` matches those in
microseconds. All others go to ``pywhatwgurl``, which follows the URL Standard step by step and is
imported only then. Tests hold both ways against each other and against ``ada-url``.

No message quotes a password, a query or a subprotocol, even of a URL that cannot be parsed.
"""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from .._dom._errors import DOMException
from .._dom._webidl import usv_string
from .._net._address import Address
from .._wire._http._extensions import TOKEN
from .._wire._text import without_query

if TYPE_CHECKING:
    from collections.abc import Iterable

_SCHEMES: Final = {"ws": "ws", "wss": "wss", "http": "ws", "https": "wss"}
_DEFAULT_PORTS: Final = {"ws": 80, "wss": 443}

# What the URL Standard's parser leaves as it is, but for the scheme and a default port. A host
# whose last label begins with a digit would be an IPv4 address; a segment of one or two dots,
# however they are escaped, would be resolved.
_PLAIN: Final = re.compile(
    r"""(?P<scheme>wss?|https?)://
    (?:(?P<username>[A-Za-z0-9._~!$%&'()*+,-]+)(?::(?P<password>[A-Za-z0-9._~!$%&'()*+,-]+))?@)?
    (?P<host>
        (?:[a-z0-9_-]+\.)*[a-z_][a-z0-9_-]*\.?
        |(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?:\.(?=[0-9])|(?![.0-9]))){4}
        |\[::1\]
    )
    (?::(?P<port>[1-9][0-9]{0,4}))?
    (?P<path>(?:/(?!(?:\.|%2[eE]){1,2}(?:[/?]|\Z))[A-Za-z0-9._~!$%&'()*+,;=:@|\[\]-]*)*)
    (?P<query>\?[!$-&(-;=?-~]*)?""",
    re.VERBOSE,
)

# The parts of a URL that a message shows. Before the last "@" anything can be of a password.
_SHOWN: Final = r"""
    (?P<scheme>[A-Za-z][A-Za-z0-9+.-]*:[/\\]{2,})?
    (?P<userinfo>[^?\#]*[@\uFF20\uFE6B])?
    (?P<host>\[[^]/\\?\#]*\]|[^:/\\?\#]*)
    (?P<port>:[0-9]{0,5}(?=[/\\?\#]|\Z))?
    (?P<path>(?!:)[^?\#]*)?
    (?P<rest>.*)
"""
_MAX_SHOWN: Final = 200  # characters of a URL in a message


def parse_url(url: str, base: str | None) -> Address:
    """Return the URL as a browser reads it.

    Raises:
      DOMException: named "SyntaxError".
      TypeError: the URL or the base is ``bytes``.
    """
    text, base_text = _text("url", url), None if base is None else _text("base_url", base)
    for part in (text, base_text or ""):
        if "@" in part or "?" in part:  # what can hold a secret is not kept
            return _parse.__wrapped__(text, base_text)
    return _parse(text, base_text)


def _text(name: str, url: object) -> str:
    """Return what was given as a str, as Web IDL does, except for bytes."""
    if isinstance(url, bytes | bytearray):
        raise TypeError(f"{name}: expected a str, got {_kind(url)}")
    return str(url)


@lru_cache(maxsize=64)
def _parse(url: str, base: str | None) -> Address:
    plain = _parse_plain(url) if base is None else None
    return _parse_fully(url, base) if plain is None else plain


def _parse_plain(url: str) -> Address | None:
    match = _PLAIN.fullmatch(url)
    if match is None:
        return None
    scheme, port = _SCHEMES[match["scheme"]], match["port"] or ""
    if port == str(_DEFAULT_PORTS[scheme]):
        port = ""
    elif port and int(port) > 65535:
        return None
    target = (match["path"] or "/") + (match["query"] or "")
    user = match["username"] or "", match["password"] or ""
    return _address(scheme, match["host"], port, target, *user)


def _parse_fully(url: str, base: str | None) -> Address:
    from pywhatwgurl import URL  # slow to import, and few URLs need it

    try:
        parsed = URL(usv_string(url), None if base is None else usv_string(base))
    except ValueError:
        parsed = None  # raised below, as the parser's own error quotes the URL
    if parsed is None:
        raise _url_error("a valid URL such as wss://host/path", url, base)
    scheme = _SCHEMES.get(parsed.protocol[:-1])
    if scheme is None:
        raise _url_error("a URL with the scheme ws, wss, http or https", url, base)
    if "#" in parsed.href:
        raise _url_error("a URL without a fragment", url, base)
    target = "/" + parsed.href.split("/", 3)[3]  # with a "?" that has nothing after it
    return _address(scheme, parsed.hostname, parsed.port, target, parsed.username, parsed.password)


def _address(
    scheme: str, hostname: str, port: str, target: str, username: str = "", password: str = ""
) -> Address:
    authority = f"{hostname}:{port}" if port else hostname
    origin = f"{scheme}://{authority}"
    where = without_query(origin + target)
    href, authorization = origin + target, ""
    if username or password:
        userinfo = f"{username}:{password}" if password else username
        href = f"{scheme}://{userinfo}@{authority}{target}"
        plain = unquote_to_bytes(username) + b":" + unquote_to_bytes(password)
        authorization = "Basic " + base64.b64encode(plain).decode()
    return Address(
        href=href,
        where=where,
        label=f"WebSocket {where}",
        origin=origin,
        secure=scheme == "wss",
        host=hostname.strip("[]"),
        port=int(port or _DEFAULT_PORTS[scheme]),
        authority=authority,
        target=target,
        authorization=authorization,
    )


def _url_error(expected: str, url: str, base: str | None) -> DOMException:
    relative = "" if base is None else f" (relative to {shown_url(base)!r})"
    return _syntax_error(f"expected {expected}, got {shown_url(url)!r}{relative}")


def shown_url(url: str) -> str:
    """Return the URL for a message, with "…" for what may be a secret.

    That is what stands before the last "@", the query and the fragment, and all from a port on
    that is no number: it can be a password whose "@" was forgotten or escaped. The URL need not be
    one that can be parsed.
    """
    text = url.strip().translate({0x09: None, 0x0A: None, 0x0D: None})
    parts = re.fullmatch(_SHOWN, text, re.VERBOSE | re.DOTALL)  # compiled when it is needed
    assert parts, "each part may be empty, and the last one takes anything"
    scheme, rest = parts["scheme"] or "", parts["rest"]
    if "@" in rest:  # of credentials or of the query: nobody can say
        return f"{scheme}…"
    hidden = rest[:1] + "…" if rest else ""
    userinfo = "…@" if parts["userinfo"] else ""
    shown = scheme + userinfo + parts["host"] + (parts["port"] or "") + (parts["path"] or "")
    return shown[:_MAX_SHOWN] + ("…" if len(shown) > _MAX_SHOWN else hidden)


def parse_protocols(protocols: str | Iterable[object]) -> tuple[str, ...]:
    """Return the subprotocols to offer, in order of preference.

    Raises:
      DOMException: named "SyntaxError"; one is no token, or is given twice.
      TypeError: they are neither a str nor an iterable of str.
    """
    if isinstance(protocols, str):
        _check_token("protocols", protocols)
        return (protocols,)
    offered: dict[str, tuple[int, str]] = {}
    for index, protocol in enumerate(_several(protocols)):
        name = f"protocols[{index}]"
        if not isinstance(protocol, str):
            raise TypeError(f"{name}: expected a str, got {_kind(protocol)}")
        _check_token(name, protocol)
        # in any case, as web-platform-tests ask for, though Chromium takes two that differ by case
        first, _ = offered.setdefault(protocol.lower(), (index, protocol))
        if first != index:
            raise _syntax_error(
                f"{name}: expected each subprotocol once, got protocols[{first}] again"
            )
    return tuple(protocol for _, protocol in offered.values())


def _several(protocols: Iterable[object]) -> Iterable[object]:
    expected = "protocols: expected a str or an iterable of str"
    if isinstance(protocols, bytes | bytearray):  # their items are numbers
        raise TypeError(f"{expected}, got {_kind(protocols)}")
    try:
        return iter(protocols)
    except TypeError:
        raise TypeError(f"{expected} (() for none), got {_kind(protocols)}") from None


def _check_token(name: str, protocol: str) -> None:
    if TOKEN.fullmatch(protocol):
        return
    match = TOKEN.match(protocol)
    index = match.end() if match else 0
    got = f"{protocol[index]!r} at index {index}" if protocol else "an empty one"
    expected = "a token of letters, digits and !#$%&'*+-.^_`|~"
    raise _syntax_error(f"{name}: expected {expected}, got {got}")


def _kind(value: object) -> str:
    return "None" if value is None else type(value).__name__


def _syntax_error(message: str) -> DOMException:
    return DOMException(message, "SyntaxError")
