"""URLs and subprotocols, as the constructor's algorithm wants them."""

from __future__ import annotations

from typing import Any

import pytest

from trio_ws_dom import DOMException
from trio_ws_dom._socket import _url
from trio_ws_dom._socket._url import parse_protocols, parse_url


@pytest.mark.parametrize(
    ("url", "href"),
    [
        ("ws://host", "ws://host/"),
        ("WSS://HOST:443/A/./B", "wss://host/A/B"),
        ("http://host:80/", "ws://host/"),
        ("https://host:8443/?q", "wss://host:8443/?q"),
        ("  ws://host/\n", "ws://host/"),
        ("ws:host", "ws://host/"),
        ("ws://0x7f.1/", "ws://127.0.0.1/"),
        ("ws://host/%23", "ws://host/%23"),
        ("ws://host/ä?ä", "ws://host/%C3%A4?%C3%A4"),
    ],
)
def test_serialization(url: str, href: str) -> None:
    """By the WHATWG's algorithm."""
    assert parse_url(url, None).href == href


@pytest.mark.parametrize(
    "url",
    [
        "",
        "host",
        "/path",
        "ws://",
        "ws://host:99999/",
        "ws://a b/",
        "ftp://host/",
        "mailto:x",
        "blob:ws://host/",
        "ws://host/#",
        "ws://host/?#x",
        "http://host/#",
    ],
)
def test_syntax_errors(url: str) -> None:
    """Each is a SyntaxError."""
    with pytest.raises(DOMException) as caught:
        parse_url(url, None)
    assert caught.value.name == "SyntaxError"
    assert isinstance(caught.value.message, str)


@pytest.mark.parametrize(
    ("url", "href"),
    [
        ("chat", "ws://host/dir/chat"),
        ("/chat?q", "ws://host/chat?q"),
        ("//other/x", "ws://other/x"),
        ("wss://else/", "wss://else/"),
        ("?q", "ws://host/dir/page?q"),
    ],
)
def test_relative(url: str, href: str) -> None:
    """By a base they become absolute; the base's fragment is not inherited."""
    assert parse_url(url, "http://host/dir/page#part").href == href


def test_bad_base() -> None:
    """The error shows both."""
    with pytest.raises(DOMException, match=r"'chat' \(relative to 'nonsense'\)"):
        parse_url("chat", "nonsense")


def test_lone_surrogates() -> None:
    """A URL is a USVString."""
    assert parse_url("ws://host/\ud800", None).href == "ws://host/%EF%BF%BD"


def test_parts() -> None:
    """What dialling and the handshake need."""
    address = parse_url("wss://bücher.test/a?b", None)
    assert (address.secure, address.host, address.port) == (True, "xn--bcher-kva.test", 443)
    assert (address.authority, address.target) == ("xn--bcher-kva.test", "/a?b")
    assert (address.origin, address.authorization) == ("wss://xn--bcher-kva.test", "")


def test_ipv6() -> None:
    """Brackets are for URLs and headers, not for resolvers."""
    address = parse_url("ws://[::1]:81/", None)
    assert (address.host, address.port, address.authority) == ("::1", 81, "[::1]:81")
    assert address.origin == "ws://[::1]:81"


def test_empty_query() -> None:
    """A bare ``?`` is no part of the request that could matter; the path always is there."""
    assert parse_url("ws://host", None).target == "/"
    assert parse_url("ws://host?x=1", None).target == "/?x=1"


@pytest.mark.parametrize(
    ("credentials", "authorization"),
    [
        ("u:p", "Basic dTpw"),
        ("u", "Basic dTo="),
        (":p", "Basic OnA="),
        ("%75:%C3%A4", "Basic dTrDpA=="),
    ],
)
def test_credentials(credentials: str, authorization: str) -> None:
    """They are decoded for the header, shown in ``href``, and kept from messages and origin."""
    address = parse_url(f"ws://{credentials}@host/", None)
    assert address.authorization == authorization
    assert credentials in address.href
    assert (address.where, address.origin) == ("ws://host/", "ws://host")


class Spelled:
    """Something that has a spelling."""

    def __str__(self) -> str:
        return "ws://spelled/"


def test_url_is_stringified() -> None:
    """As Web IDL has it for a USVString: URL objects of other libraries can be given."""
    url: Any = Spelled()
    assert parse_url(url, None).href == "ws://spelled/"


def test_one_protocol_or_several() -> None:
    """A str is one; any iterable is several, in order."""
    assert parse_protocols(()) == ()
    assert parse_protocols("chat") == ("chat",)
    assert parse_protocols(name for name in ("a", "b")) == ("a", "b")
    assert parse_protocols("!#$%&'*+-.^_`|~09azAZ") == ("!#$%&'*+-.^_`|~09azAZ",)


@pytest.mark.parametrize(
    "protocols",
    ["", [""], "a b", "a\n", "a,b", "a/b", "ä", "{}", '"a"', ["a", "b", "a"], ["soap", "SOAP"]],
)
def test_bad_protocols(protocols: Any) -> None:
    """What is no token, and what is given twice, is a SyntaxError."""
    with pytest.raises(DOMException) as caught:
        parse_protocols(protocols)
    assert caught.value.name == "SyntaxError"


def test_protocols_of_other_types() -> None:
    """They are refused, not stringified: ``[None]`` is a mistake."""
    with pytest.raises(TypeError, match="None"):
        parse_protocols([None])  # type: ignore[list-item]  # the wrong type is the subject


@pytest.mark.parametrize(
    ("url", "base"), [("ws://ada:secret@host/x", None), ("/x", "wss://ada:secret@host/")]
)
def test_credentials_are_not_kept(url: str, base: str | None) -> None:
    """Addresses are, as to parse them takes time; these hold a secret."""
    parse_url("ws://host/kept", None)
    before = _url._parse.cache_info()
    assert parse_url(url, base).authorization
    assert _url._parse.cache_info() == before
    parse_url("ws://host/kept", None)
    assert _url._parse.cache_info().hits == before.hits + 1
