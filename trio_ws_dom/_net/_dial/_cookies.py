"""Cookies for the opening handshake, by the rules of the standard library's jar and of browsers.

The jar and its policy decide what is stored and sent
(https://fetch.spec.whatwg.org/#cookie-header). They come from a time before some rules that keep a
server from filling a client's memory or replacing another's cookies. Those are obeyed here, before
the jar sees what the server sets:
https://www.ietf.org/archive/id/draft-ietf-httpbis-rfc6265bis-20.html, "6265bis" below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from ..._wire._http._request import check_header

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from http.cookiejar import Cookie, CookieJar
    from urllib.request import Request

    from ..._wire._http._response import HandshakeFailure, Response
    from .._settings import Settings

MAX_COOKIE: Final = 4096
"""Bytes of a cookie's name and value, and of its attributes; Chromium's and Firefox's limit."""

MAX_COOKIES: Final = 180
"""Cookies that a jar may have for one host; Chromium's and Firefox's limit for a site."""

MAX_COOKIE_HEADER: Final = 16 * 1024
"""Bytes of the Cookie header. Node.js takes a head of so many, other servers half of it."""

_SECURE_PREFIX: Final = "__secure-"
_HOST_PREFIX: Final = "__host-"


class _SetCookie(NamedTuple):
    """What a Set-Cookie header says, as far as it matters here (6265bis section 5.6).

    Attributes:
      attributes: by their names in lower case; of several the last.
    """

    name: str
    attributes: dict[str, str]


def cookie_fields(jar: CookieJar | None, settings: Settings) -> tuple[tuple[str, str], ...]:
    """Return the Cookie header for a request, if the jar has cookies for it."""
    if jar is None or any(name.lower() == "cookie" for name, _ in settings.headers):
        return ()
    request = _request(settings)
    jar.add_cookie_header(request)
    value = "; ".join(_fitting((request.get_header("Cookie") or "").split("; ")))
    return (("Cookie", value),) if value else ()


def _fitting(pairs: list[str]) -> Iterator[str]:
    """Yield the pairs that fit into a header, as long as there is room.

    A browser does not even keep those that do not (6265bis section 5.6).
    """
    room = MAX_COOKIE_HEADER
    for pair in pairs:
        try:
            check_header("Cookie", pair)
        except ValueError:
            continue
        if len(pair) <= room:
            room -= len(pair) + len("; ")
            yield pair


def store_cookies(
    jar: CookieJar | None, settings: Settings, answer: Response | HandshakeFailure
) -> None:
    """Store what the server's answer sets, also if it refuses the handshake."""
    if jar is None:
        return
    lines = answer.headers.get_all("Set-Cookie", [])
    good = [line for line in lines if _may_be_set(line, jar, settings)]
    if good:
        before = {id(cookie) for cookie in jar}
        jar.extract_cookies(_Answer(good), _request(settings))  # type: ignore[arg-type]  # a look-alike, as the jar's documentation allows
        _evict(jar, settings.address.host, before)


def _may_be_set(line: str, jar: CookieJar, settings: Settings) -> bool:
    """Return whether a browser would store a cookie, but for its own policy."""
    pair, _, rest = line.partition(";")
    if len(pair) > MAX_COOKIE or len(rest) > MAX_COOKIE:
        return False
    cookie = _parse(pair, rest)
    secure = settings.address.secure and "secure" in cookie.attributes
    name = cookie.name.lower()
    if name.startswith(_SECURE_PREFIX) and not secure:
        return False
    if name.startswith(_HOST_PREFIX) and not (secure and _is_of_the_whole_host(cookie)):
        return False
    if settings.address.secure:
        return True
    # 6265bis section 5.7: what came without TLS may come from anybody
    return "secure" not in cookie.attributes and not _would_replace_a_secure_one(
        cookie, jar, settings
    )


def _parse(pair: str, rest: str) -> _SetCookie:
    attributes: dict[str, str] = {}
    for attribute in rest.split(";"):
        name, _, value = attribute.partition("=")
        attributes[name.strip().lower()] = value.strip()
    return _SetCookie(pair.partition("=")[0].strip(), attributes)


def _is_of_the_whole_host(cookie: _SetCookie) -> bool:
    return cookie.attributes.get("path") == "/" and "domain" not in cookie.attributes


def _would_replace_a_secure_one(cookie: _SetCookie, jar: CookieJar, settings: Settings) -> bool:
    """Return whether a cookie would shadow, replace or delete one that is for TLS only."""
    domain = cookie.attributes.get("domain", settings.address.host)
    path = cookie.attributes.get("path", "")
    if not path.startswith("/"):
        path = settings.address.target.partition("?")[0].rpartition("/")[0] or "/"
    return any(
        other.secure
        and other.name == cookie.name
        and (_is_within(domain, other.domain) or _is_within(other.domain, domain))
        and _is_below(path, other.path)
        for other in jar
    )


def _is_within(host: str, domain: str) -> bool:
    """Return whether a host is that of a domain, or below it."""
    host, domain = _plain(host), _plain(domain)
    return host == domain or host.endswith(f".{domain}")


def _plain(domain: str) -> str:
    """Return a domain without what the jar adds.

    The jar adds a dot before it, and ``.local`` after a bare name.
    """
    return domain.lower().removeprefix(".").removesuffix(".local").strip("[]")


def _is_below(path: str, other: str) -> bool:
    """Return whether one path matches another (6265bis section 5.1.4)."""
    return path == other or path.startswith(other if other.endswith("/") else f"{other}/")


def _evict(jar: CookieJar, host: str, before: set[int]) -> None:
    """Remove what a host has too many cookies of, those first that the last answer did not set."""
    cookies: list[Cookie] = [cookie for cookie in jar if _is_within(host, cookie.domain)]
    cookies.sort(key=lambda cookie: id(cookie) not in before)  # stable: else in the jar's order
    for cookie in cookies[: max(0, len(cookies) - MAX_COOKIES)]:
        jar.clear(cookie.domain, cookie.path, cookie.name)


def _request(settings: Settings) -> Request:
    """Return the request as the jar wants to see it, with a scheme of HTTP."""
    from urllib.request import Request  # slow to import, and few have a jar

    scheme = "https" if settings.address.secure else "http"
    return Request(f"{scheme}://{settings.address.authority}{settings.address.target}")


class _Answer:
    """An answer as the jar wants to see it, with no headers but these Set-Cookie."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def info(self) -> Message:
        from email.message import Message  # slow to import, too

        headers = Message()
        for line in self._lines:
            headers["Set-Cookie"] = line  # adds, replaces nothing
        return headers
