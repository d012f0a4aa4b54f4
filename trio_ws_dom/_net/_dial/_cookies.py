"""Cookies for the opening handshake, by the rules of the standard library's jar.

https://fetch.spec.whatwg.org/#cookie-header
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._wire._http._request import check_header

if TYPE_CHECKING:
    from email.message import Message
    from http.cookiejar import CookieJar
    from urllib.request import Request

    from ..._wire._http._response import HandshakeFailure, Response
    from .._settings import Settings


def cookie_fields(jar: CookieJar | None, settings: Settings) -> tuple[tuple[str, str], ...]:
    """The Cookie header for this request, if the jar has something for it."""
    if jar is None or any(name.lower() == "cookie" for name, _ in settings.headers):
        return ()
    request = _request(settings)
    jar.add_cookie_header(request)
    pairs = (request.get_header("Cookie") or "").split("; ")
    value = "; ".join(pair for pair in pairs if _may_be_sent(pair))
    return (("Cookie", value),) if value else ()


def _may_be_sent(pair: str) -> bool:
    """Whether it fits into a header; a browser does not even keep one that does not
    (https://www.ietf.org/archive/id/draft-ietf-httpbis-rfc6265bis-20.html#section-5.6)."""
    try:
        check_header("Cookie", pair)
    except ValueError:
        return False
    return True


def store_cookies(
    jar: CookieJar | None, settings: Settings, answer: Response | HandshakeFailure
) -> None:
    """What the server's answer sets; also one that refuses the handshake."""
    if jar is not None:
        jar.extract_cookies(_Answer(answer.headers), _request(settings))  # type: ignore[arg-type]  # a look-alike, as the jar's documentation allows


def _request(settings: Settings) -> Request:
    """The request as the jar wants to see it; its schemes are those of HTTP."""
    from urllib.request import Request  # slow to import, and few have a jar

    scheme = "https" if settings.secure else "http"
    return Request(f"{scheme}://{settings.authority}{settings.target}")


class _Answer:
    def __init__(self, headers: Message) -> None:
        self._headers = headers

    def info(self) -> Message:
        return self._headers
