"""Cookies as a jar holds them."""

from __future__ import annotations

from http.cookiejar import Cookie, CookieJar
from typing import Any


def cookie(name: str, domain: str = "chat.example.com", **more: Any) -> Cookie:
    """Return a cookie. One whose domain begins with a dot is for all hosts below it, too."""
    fields: dict[str, Any] = {
        "version": 0,
        "value": "v",
        "port": None,
        "port_specified": False,
        "domain_specified": domain.startswith("."),
        "domain_initial_dot": domain.startswith("."),
        "path": "/",
        "path_specified": True,
        "secure": False,
        "expires": None,
        "discard": True,
        "comment": None,
        "comment_url": None,
        "rest": {},
    }
    fields.update(name=name, domain=domain, **more)
    return Cookie(**fields)


def jar_of(*cookies: Cookie) -> CookieJar:
    jar = CookieJar()
    for each in cookies:
        jar.set_cookie(each)
    return jar
