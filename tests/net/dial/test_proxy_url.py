"""The option ``proxy``, with its URLs, errors about bad ones, and secrets that are not shown."""

from __future__ import annotations

import copy
from http.cookiejar import CookieJar
from typing import Any

import pytest
import trio.testing
from support.copying import pickled

from trio_ws_dom import WebSocket, open_websocket, open_websocket_nursery, open_websocket_stream
from trio_ws_dom._net._dial._proxy import Proxy, ProxyError, parse_proxy
from trio_ws_dom._socket._options import Arguments
from trio_ws_dom._wire._http._response import message_of

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://proxy.example:3128", Proxy("http", "proxy.example", 3128)),
        ("http://proxy.example:3128/", Proxy("http", "proxy.example", 3128)),
        ("HTTP://Proxy.Example", Proxy("http", "proxy.example", 80)),
        ("https://proxy.example", Proxy("https", "proxy.example", 443)),
        ("https://[2001:DB8::1]:80", Proxy("https", "2001:db8::1", 80)),
        ("socks4://127.0.0.1", Proxy("socks4", "127.0.0.1", 1080)),
        ("socks4a://user@h", Proxy("socks4a", "h", 1080, b"user")),
        ("socks5://h:9050", Proxy("socks5", "h", 9050)),
        ("socks5h://user:pass@h", Proxy("socks5h", "h", 1080, b"user", b"pass")),
        ("http://user@h", Proxy("http", "h", 80, b"user")),
        ("http://a%3A%2Fb:%40%25%C3%BC%FF@h", Proxy("http", "h", 80, b"a:/b", b"@%\xc3\xbc\xff")),
        ("http://user:a@b:c@h:1", Proxy("http", "h", 1, b"user", b"a@b:c")),
        ("http://user:p\udcff@h", Proxy("http", "h", 80, b"user", b"p\xff")),
    ],
)
def test_proxy_url_is_parsed(url: str, proxy: Proxy) -> None:
    """Each scheme has its default port, and credentials are percent-decoded."""
    assert parse_proxy(url) == proxy


@pytest.mark.parametrize(
    "url",
    [
        "",
        "proxy.example:3128",
        f"user:{SECRET}@proxy.example:3128",
        f"user:{SECRET}@proxy.example://",
        f"http://user:{SECRET}",
        f"http://user:{SECRET}/2@proxy.example:3128",
        f"http://user:1/{SECRET}@proxy.example:3128",
        f"http://user:#{SECRET}@proxy.example:3128",
        f"http://user:?{SECRET}@proxy.example:3128",
        f"http://user:{SECRET}@",
        f"http://user:{SECRET}@[::1",
        f"http://user:{SECRET}@proxy.example:port",
        f"http://user:{SECRET}@proxy.example:65536",
        f"http://user:{SECRET}@proxy.example/path",
        f"http://user:{SECRET}@proxy.example?query",
        f"http://user:{SECRET}@pro xy.example",
        f"http://user:{SECRET}@proxy\r\n.example",
        f"http://user:{SECRET}@b\u00fccher.example",
        f" http://user:{SECRET}@proxy.example",
        f"ftp://user:{SECRET}@proxy.example",
        f"socks5://user:{SECRET}\u00fc@proxy.example",
        f"socks5://user:{SECRET * 40}@proxy.example",
        f"socks5h://:{SECRET}@proxy.example",
        f"socks4://{SECRET}%00@proxy.example",
    ],
)
def test_bad_proxy_url_is_a_value_error_without_the_password(url: str) -> None:
    with pytest.raises(ValueError, match=r"^expected a") as caught:
        Arguments("ws://peer.test/", (), {"proxy": url}).resolve()
    assert SECRET not in str(caught.value)
    assert caught.value.__context__ is None


def test_bad_proxy_scheme_is_shown_with_the_good_ones() -> None:
    with pytest.raises(ValueError, match=r"one of http, https, .* socks5h, got 'ftp'"):
        parse_proxy("ftp://h")


@pytest.mark.parametrize("proxy", [False, 3128, b"http://user:hunter2@h"])
def test_proxy_of_the_wrong_type_is_a_type_error_without_the_value(proxy: Any) -> None:
    with pytest.raises(TypeError, match=r"in a str, True or None, got (bool|int|bytes)$"):
        Arguments("ws://peer.test/", (), {"proxy": proxy}).resolve()


def test_proxy_beside_a_stream_is_a_value_error() -> None:
    stream, _ = trio.testing.memory_stream_pair()
    with pytest.raises(ValueError, match="got both"):
        Arguments("ws://peer.test/", (), {"proxy": "http://h", "stream": stream}).resolve()


@pytest.mark.parametrize("options", [{}, {"proxy": True}, {"proxy": None}])
def test_environments_proxy_is_not_for_a_given_stream(options: Any) -> None:
    stream, _ = trio.testing.memory_stream_pair()
    assert Arguments("ws://peer.test/", (), options | {"stream": stream}).resolve().proxy is None


async def test_every_entry_point_checks_the_proxy_before_dialling() -> None:
    bad: Any = {"proxy": "nonsense"}
    async with trio.open_nursery() as nursery, open_websocket_nursery() as sockets:
        with pytest.raises(ValueError, match="proxy"):
            WebSocket("ws://peer.test/", nursery=nursery, **bad)
        with pytest.raises(ValueError, match="proxy"):
            sockets.connect("ws://peer.test/", **bad)
        for door in (open_websocket, open_websocket_stream):
            with pytest.raises(ValueError, match="proxy"):
                async with door("ws://peer.test/", **bad):
                    pass


def test_proxy_in_a_message_has_scheme_host_and_port() -> None:
    assert str(parse_proxy("https://[2001:db8::1]")) == "proxy https://[2001:db8::1]:443"


def test_repr_of_a_proxy_and_of_settings_has_no_secrets() -> None:
    """Tracebacks with locals show them."""
    url = f"http://user:{SECRET}@h"
    proxy = parse_proxy(url)
    assert str(proxy) == "proxy http://h:80"

    class Jar(CookieJar):
        def __repr__(self) -> str:  # like a jar's own repr, which shows values
            return SECRET

    options: Any = {"proxy": url, "headers": {"X-Key": SECRET}, "cookies": Jar()}
    settings = Arguments(f"{url}/?token={SECRET}", [SECRET], options).resolve()
    for text in (repr(proxy), repr(settings)):
        assert SECRET not in text
        assert "user" not in text.replace("username", "")
        assert "Basic" not in text


@pytest.mark.parametrize(
    ("url", "authorization"),
    [
        ("http://h", ""),
        ("http://Aladdin:open%20sesame@h", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("http://user@h", "Basic dXNlcjo="),
        ("http://:pass@h", "Basic OnBhc3M="),
    ],
)
def test_proxy_authorization_is_basic(url: str, authorization: str) -> None:
    """RFC 7617 section 2, with its example."""
    assert parse_proxy(url).authorization == authorization


def test_proxy_error_is_an_os_error() -> None:
    """So code that handles OSError when it connects handles it."""
    error = ProxyError("proxy http://h:80", "no", 407)
    assert isinstance(error, OSError)
    assert (str(error), error.status, ProxyError("p", "m").status) == (
        "proxy http://h:80: no",
        407,
        None,
    )
    assert (error.headers.items(), error.wants_credentials) == ([], False)


@pytest.mark.parametrize("duplicate", [copy.copy, pickled])
def test_proxy_error_can_be_copied_and_pickled(duplicate: Any) -> None:
    headers = message_of([(b"Retry-After", b"5")])
    clone = duplicate(ProxyError("proxy http://h:80", "no", 407, headers, wants_credentials=True))
    assert type(clone) is ProxyError
    assert (str(clone), clone.status) == ("proxy http://h:80: no", 407)
    assert (clone.headers["Retry-After"], clone.wants_credentials) == ("5", True)
